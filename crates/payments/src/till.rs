//! What is paid at a till: a clerk takes cash, or has a card charged by a terminal of its own, and says so. No gateway hears
//! of it, at no time: not to charge, not to capture, not to give back. As [`crate::ledger`], inside somebody else's transaction.

use std::collections::HashMap;

use marquee_bus::{Actor, Event, Journal, Pen};
use marquee_db::{Result, Tx};
use marquee_kernel::{BookingId, CinemaId, Money, PaymentId, ShowId, Timestamp, UserId};
use serde_json::json;

use crate::jobs::refund_settled;
use crate::model::{Refund, RefundStatus, Step};
use crate::store;

/// How somebody pays at a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TillMethod)]
pub enum Method {
    /// Notes and coins.
    Cash,
    /// A card, by a terminal that stands at the till.
    Terminal,
}

impl Method {
    const ALL: [Method; 2] = [Method::Cash, Method::Terminal];

    /// The word in the store, in events and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Method::Cash => "cash",
            Method::Terminal => "terminal",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }

    /// The method that a payment token names; none when it is a word of the gateway's.
    #[must_use]
    pub fn of_token(payment_token: &str) -> Option<Self> {
        payment_token.strip_prefix("pm_till_").and_then(Self::of_word)
    }
}

/// A payment to be taken at a till.
#[derive(Clone, Copy, Debug)]
pub struct Taking {
    /// The payment.
    pub payment_id: PaymentId,
    /// What it pays for.
    pub booking_id: BookingId,
    /// The booking's show.
    pub show_id: ShowId,
    /// How much.
    pub amount: Money,
    /// How it is paid.
    pub method: Method,
    /// Where the till is.
    pub cinema_id: CinemaId,
    /// Who stands at it.
    pub clerk: UserId,
    /// When.
    pub at: Timestamp,
}

/// What one clerk took or paid out in one way and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Who.
    pub clerk: UserId,
    /// How.
    pub method: Method,
    /// How many payments.
    pub payments: i64,
    /// All of them.
    pub amount: Money,
}

/// The books of a cinema's tills over some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What came in, also what went back later.
    pub taken: Vec<Total>,
    /// What went back.
    pub paid_out: Vec<Total>,
}

/// Notes that these payments are a till's: part of the claim, after [`crate::ledger::initiate`].
///
/// # Errors
/// [`marquee_db::Error::Conflict`] for an id that exists; what the database says.
pub fn open(tx: &mut Tx<'_>, takings: &[Taking]) -> Result<()> {
    store::till::insert(tx, takings)
}

/// Records that the clerk has the money: part of the confirmation. What was decided before stays.
///
/// # Errors
/// What the database says.
pub fn taken(tx: &mut Tx<'_>, journal: &mut Pen, takings: &[Taking]) -> Result<()> {
    if takings.is_empty() {
        return Ok(());
    }
    let changed = store::till::take(tx, takings)?;
    let fresh = takings.iter().zip(changed).filter(|(_, rows)| *rows > 0);
    let events: Vec<_> = fresh.map(|(taking, _)| taken_event(taking)).collect();
    journal.append(tx, &events)
}

fn taken_event(taking: &Taking) -> Event {
    let Taking { booking_id, amount, method, .. } = *taking;
    Event {
        kind: "PaymentTaken",
        actor: Actor::User(taking.clerk),
        show_id: Some(taking.show_id),
        subject: taking.payment_id.to_string(),
        payload: json!({ "booking_id": booking_id, "amount": amount, "method": method.word() }),
    }
}

/// How those of these payments are paid that are a till's.
///
/// # Errors
/// What the database says.
pub fn methods_of(tx: &mut Tx<'_>, payments: &[PaymentId]) -> Result<HashMap<PaymentId, Method>> {
    Ok(store::till::methods(tx, payments)?.into_iter().collect())
}

/// Records that `clerk` gave a till's payment back by hand. Done again, the refund stays as it is. `None` when nothing is to be
/// given back by hand.
///
/// # Errors
/// What the database says.
pub fn pay_out(
    tx: &mut Tx<'_>,
    journal: &Journal,
    payment_id: PaymentId,
    clerk: UserId,
    at: Timestamp,
) -> Result<Option<Refund>> {
    let Some(method) = methods_of(tx, &[payment_id])?.remove(&payment_id) else { return Ok(None) };
    let (refund, payment) = (store::refund_of(tx, payment_id)?, store::payment(tx, payment_id)?);
    let (Some(mut refund), Some(payment)) = (refund, payment) else { return Ok(None) };
    if refund.status == RefundStatus::Succeeded || !store::till::pay_out(tx, payment_id, clerk, at)? {
        return Ok(Some(refund));
    }
    refund.settled(at);
    store::update_refund(tx, &refund, None)?;
    store::step(tx, Step::StartRefund, &[payment_id], at)?;
    store::step(tx, Step::SettleRefund, &[payment_id], at)?;
    let payload = json!({ "booking_id": refund.booking_id, "amount": refund.amount, "method": method.word() });
    let (actor, subject) = (Actor::User(clerk), refund.refund_id.to_string());
    let paid_out = Event { kind: "RefundPaidOut", actor, show_id: Some(payment.show_id), subject, payload };
    journal.append(tx, &[paid_out, refund_settled(payment.show_id, &refund, actor)])?;
    Ok(Some(refund))
}

/// What the clerks of a cinema took and paid out from `from` until before `until`.
///
/// # Errors
/// What the database says.
pub fn totals(tx: &mut Tx<'_>, cinema_id: CinemaId, from: Timestamp, until: Timestamp) -> Result<Totals> {
    store::till::totals(tx, cinema_id, from, until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_the_till_is_no_token_of_the_gateway() {
        assert_eq!(Method::of_token("pm_till_cash"), Some(Method::Cash));
        assert_eq!(Method::of_token("pm_till_terminal"), Some(Method::Terminal));
        for other in ["pm_card_visa", "cash", "pm_till_", "pm_till_Cash", "pm_till_cash "] {
            assert_eq!(Method::of_token(other), None, "{other}");
        }
    }
}
