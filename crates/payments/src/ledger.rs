//! The books, inside somebody else's transaction: what booking's batch writer and its reconciler call.
//!
//! Each function takes many items and checks the state it starts from in the same statement, so that a repeated call
//! changes nothing. The events of a claim, a confirmation and a failure are booking's (they name the payment); the
//! events of money going back are appended here. After the commit call [`crate::Payments::wake_captures`] or
//! [`crate::Payments::wake_refunds`].

use std::collections::HashMap;

use marquee_bus::{Event, Pen};
use marquee_db::{Result, Tx};
use marquee_kernel::{Money, PaymentId, Timestamp};
use serde_json::json;

use crate::model::{NewPayment, PaymentState, Refund, RefundRequest, RefundStatus, Step};
use crate::store;

/// Records payments whose outcome is not known yet: part of the claim, before the gateway is called.
///
/// # Errors
/// [`marquee_db::Error::Conflict`] for an id that exists; what the database says.
pub fn initiate(tx: &mut Tx<'_>, payments: &[NewPayment]) -> Result<()> {
    store::insert_payments(tx, payments)
}

/// Records that the gateway promised the money, from when on its capture is due; a free payment is captured at once.
/// Answers how many rows each item changed: 0 when the payment was decided before.
///
/// # Errors
/// What the database says.
pub fn authorised(tx: &mut Tx<'_>, payments: &[(PaymentId, Money, Timestamp)]) -> Result<Vec<usize>> {
    store::authorise(tx, payments)
}

/// As [`authorised`], of payments that are known to be without an outcome, as a pending booking's is: nobody waits to hear of it.
///
/// # Errors
/// What the database says.
pub fn promised(tx: &mut Tx<'_>, payments: &[(PaymentId, Money, Timestamp)]) -> Result<()> {
    store::promise(tx, payments)
}

/// Records declines with the gateway's code. Answers how many rows each item changed.
///
/// # Errors
/// What the database says.
pub fn declined(tx: &mut Tx<'_>, payments: &[(PaymentId, String)], at: Timestamp) -> Result<Vec<usize>> {
    store::decline(tx, payments, at)
}

/// Records that there was no charge: the gateway never got the request. Answers how many rows each item changed.
///
/// # Errors
/// What the database says.
pub fn failed(tx: &mut Tx<'_>, payments: &[PaymentId], at: Timestamp) -> Result<Vec<usize>> {
    store::step(tx, Step::Fail, payments, at)
}

/// Orders payments to be given back, each at most once: a payment that has a refund answers with that one. Whether it
/// becomes a void or a refund is the job's to find out. `None` for a payment that holds no money: declined, failed,
/// unknown, or still without an outcome. Decide that one first.
///
/// # Errors
/// What the database says.
pub fn request_refunds(tx: &mut Tx<'_>, journal: &mut Pen, requests: &[RefundRequest]) -> Result<Vec<Option<Refund>>> {
    let mut events = Vec::new();
    let mut refunds = Vec::with_capacity(requests.len());
    for request in requests {
        refunds.push(request_refund(tx, request, &mut events)?);
    }
    journal.append(tx, &events)?;
    Ok(refunds)
}

fn request_refund(tx: &mut Tx<'_>, request: &RefundRequest, events: &mut Vec<Event>) -> Result<Option<Refund>> {
    if let Some(known) = store::refund_of(tx, request.payment_id)? {
        return Ok(Some(known));
    }
    let Some(payment) = store::payment(tx, request.payment_id)? else { return Ok(None) };
    if !payment.state.holds_money() {
        return Ok(None);
    }
    let mut refund = Refund {
        refund_id: request.refund_id,
        payment_id: payment.payment_id,
        booking_id: payment.booking_id,
        amount: payment.amount,
        status: RefundStatus::Pending,
        attempts: 0,
        last_error: None,
        created_at: request.at,
        accepted_at: None,
        settled_at: None,
    };
    let mut tell = |kind, payload| {
        let subject = request.refund_id.to_string();
        events.push(Event { kind, actor: request.actor, show_id: Some(payment.show_id), subject, payload });
    };
    tell(
        "RefundRequested",
        json!({
            "booking_id": payment.booking_id,
            "payment_id": payment.payment_id,
            "amount": payment.amount,
            "reason": request.reason.word(),
        }),
    );
    let only = [payment.payment_id];
    // From here on nothing may capture it.
    store::stop_captures(tx, &[payment.payment_id])?;
    store::step(tx, Step::StartRefund, &only, request.at)?;
    if payment.amount.amount == 0 {
        // Nothing was taken, so nothing has to come back.
        store::step(tx, Step::SettleRefund, &only, request.at)?;
        refund.settled(request.at);
        tell("RefundSettled", json!({ "booking_id": payment.booking_id, "amount": payment.amount }));
    }
    // What was paid at a till, a clerk gives back.
    let by_hand = !store::till::methods(tx, &only)?.is_empty();
    store::insert_refund(tx, &refund, if by_hand { store::BY_HAND } else { refund.created_at })?;
    Ok(Some(refund))
}

/// The refunds of those payments that have one.
///
/// # Errors
/// What the database says.
pub fn refunds_of(tx: &mut Tx<'_>, payments: &[PaymentId]) -> Result<HashMap<PaymentId, Refund>> {
    store::refunds_of(tx, payments)
}

/// The refunds that were ordered between two instants.
///
/// # Errors
/// What the database says.
pub fn refunds_between(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> Result<Vec<Refund>> {
    store::refunds_between(tx, from, until)
}

/// How far a payment has come; `None` when there is none of that id.
///
/// # Errors
/// What the database says.
pub fn state_of(tx: &mut Tx<'_>, payment_id: PaymentId) -> Result<Option<PaymentState>> {
    Ok(store::payment(tx, payment_id)?.map(|payment| payment.state))
}
