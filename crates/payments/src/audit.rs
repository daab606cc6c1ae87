//! What must be true of the books at any moment, and of the books beside the gateway's.

use std::collections::HashMap;
use std::time::Duration;

use marquee_db::{Result, Tx};
use marquee_kernel::{BookingId, PaymentId, Timestamp};

use crate::gateway::{Charge, ChargeState};
use crate::model::{PaymentState, RefundStatus, later};
use crate::store::{self, Audited, AuditedRefund, BY_HAND};

/// How long a payment may be without an outcome.
const UNDECIDED_MAX: Duration = Duration::from_secs(60);
/// Payments read at a time.
const CHECK_ROWS: u32 = 1_000;

/// What is wrong with the books as of `now`, one line each; empty when all is well.
///
/// # Errors
/// What the database says.
pub fn check(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (of, without) in store::without_payment(tx)?.into_iter().filter(|(_, without)| *without > 0) {
        faults.push(format!("payments: {without} {of} belong to no payment"));
    }
    each_payment(tx, |audited| {
        let found = books_fault(audited, now);
        faults.extend(found.map(|fault| format!("payment {}: {fault}", audited.payment.payment_id)));
    })?;
    Ok(faults)
}

/// Where the books and the gateway's `charges` disagree, one line each; empty when all is well. Exact when nothing is
/// under way: beside a running server a line may be a change that came between the two readings, and is gone at the
/// next check.
///
/// # Errors
/// What the database says.
pub fn check_charges(tx: &mut Tx<'_>, charges: &[Charge]) -> Result<Vec<String>> {
    let mut unseen: HashMap<BookingId, &Charge> = charges.iter().map(|charge| (charge.key, charge)).collect();
    let mut faults = Vec::new();
    each_payment(tx, |audited| {
        let charge = unseen.remove(&audited.payment.booking_id);
        let found = charge_fault(audited, charge);
        faults.extend(found.map(|fault| format!("payment {}: {fault}", audited.payment.payment_id)));
    })?;
    faults.extend(unseen.into_keys().map(|key| format!("gateway: the charge of booking {key} has no payment")));
    Ok(faults)
}

fn each_payment(tx: &mut Tx<'_>, mut see: impl FnMut(&Audited)) -> Result<()> {
    let mut after = PaymentId::from(uuid::Uuid::nil());
    loop {
        let page = store::payments_after(tx, after, CHECK_ROWS)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.payment.payment_id;
        page.iter().for_each(&mut see);
    }
}

fn books_fault(audited: &Audited, now: Timestamp) -> Option<String> {
    use PaymentState::{Authorised, Captured, Initiated, RefundFailed, RefundPending, Refunded, Voided};
    let (payment, state) = (&audited.payment, audited.payment.state);
    if state == Initiated && later(audited.created_at, UNDECIDED_MAX) < now {
        return Some(format!("without an outcome since {}", audited.created_at));
    }
    if let Some(fault) = till_fault(audited) {
        return Some(fault.to_owned());
    }
    if audited.capture_due_at.is_some() && (state != Authorised || audited.refund.is_some()) {
        return Some(format!("{}, and yet to be captured", state.word()));
    }
    let Some(refund) = &audited.refund else {
        let forgotten = state == Authorised && audited.capture_due_at.is_none();
        let returned = matches!(state, RefundPending | RefundFailed | Refunded | Voided);
        return (forgotten || returned).then(|| format!("{}, with neither capture nor refund to come", state.word()));
    };
    if refund.amount.currency != payment.amount.currency || refund.amount.amount > payment.amount.amount {
        return Some(format!("{} refunded of {}", refund.amount, payment.amount));
    }
    if refund.next_attempt_at.is_none() != (refund.status == RefundStatus::Succeeded) {
        return Some(format!("its refund is {} and nobody sees to it", refund.status.word()));
    }
    let fits = match refund.status {
        RefundStatus::Succeeded => matches!(state, Voided | Refunded),
        RefundStatus::Pending => matches!(state, Authorised | Captured | RefundPending),
        RefundStatus::Failed => matches!(state, Authorised | Captured | RefundFailed),
    };
    (!fits).then(|| format!("{}, while its refund is {}", state.word(), refund.status.word()))
}

/// What a clerk takes is taken at once, and what a clerk gives back nobody else does.
fn till_fault(audited: &Audited) -> Option<&'static str> {
    let gateways = audited.payment.state == PaymentState::Authorised || audited.capture_due_at.is_some();
    match (&audited.refund, audited.paid_out_at) {
        (_, None) if !audited.at_till => None,
        _ if gateways => Some("paid at a till, and yet to be captured"),
        (None, None) => None,
        (None, Some(_)) => Some("paid out at a till, without a refund"),
        (Some(AuditedRefund { next_attempt_at: Some(due), .. }), None) if *due == BY_HAND => None,
        (Some(AuditedRefund { next_attempt_at: None, .. }), Some(_)) => None,
        // Of what was free nothing comes back.
        (Some(AuditedRefund { next_attempt_at: None, amount, .. }), None) if amount.amount == 0 => None,
        (Some(_), _) => Some("paid at a till, and its refund is not by hand"),
    }
}

fn charge_fault(audited: &Audited, charge: Option<&Charge>) -> Option<String> {
    use PaymentState::{
        Authorised, Captured, Declined, Failed, Initiated, RefundFailed, RefundPending, Refunded, Voided,
    };
    let (payment, state) = (&audited.payment, audited.payment.state);
    if audited.at_till {
        return charge.map(|charge| format!("paid at a till, and its charge is {:?}", charge.state));
    }
    let Some(charge) = charge else {
        let needs_none = payment.amount.amount == 0 || matches!(state, Initiated | Failed | Declined);
        return (!needs_none).then(|| format!("{} without a charge", state.word()));
    };
    if charge.amount != payment.amount {
        return Some(format!("{} charged for {}", charge.amount, payment.amount));
    }
    let ordered = audited.refund.is_some();
    // Of work under way the gateway knows first: there it may be ahead of the books, never behind.
    let agrees = match state {
        Initiated => true,
        Authorised => match charge.state {
            ChargeState::Authorised | ChargeState::Captured => true,
            ChargeState::Voided => ordered,
            ChargeState::Declined => false,
        },
        Declined | Failed => charge.state == ChargeState::Declined,
        Voided => charge.state == ChargeState::Voided,
        Captured | RefundPending | RefundFailed => charge.state == ChargeState::Captured,
        Refunded => charge.state == ChargeState::Captured && charge.refunded == charge.amount.amount,
    };
    let unasked = charge.refunded > 0 && !ordered;
    (!agrees || unasked).then(|| {
        let (refunded, amount) = (charge.refunded, charge.amount.amount);
        format!("{}, while its charge is {:?} with {refunded} of {amount} given back", state.word(), charge.state)
    })
}
