//! What must hold of bookings, for `marquee check`.

use std::collections::HashMap;

use marquee_db::{Result, Tx};
use marquee_kernel::{BookingId, Money, PaymentId};
use marquee_payments::{PaymentState, Refund, ledger};
use uuid::Uuid;

use crate::model::{Sale, Status};
use crate::store;

/// Bookings looked at at a time.
const PAGE_ROWS: u32 = 500;

/// What is wrong with the bookings, each beside its payment; empty when all is well.
///
/// # Errors
/// What the database says.
pub fn check(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let mut faults = store::key_faults(tx)?;
    let mut after = BookingId::from(Uuid::nil());
    loop {
        let page = store::after(tx, after, PAGE_ROWS)?;
        let Some(last) = page.last() else { return Ok(faults) };
        after = *last;
        let sales = store::find(tx, &page)?;
        let payments: Vec<PaymentId> = sales.iter().map(|sale| sale.payment_id).collect();
        let refunds = ledger::refunds_of(tx, &payments)?;
        for sale in &sales {
            let found = [
                seats_fault(sale).map(str::to_owned),
                payment_fault(sale, ledger::state_of(tx, sale.payment_id)?, &refunds),
            ];
            faults.extend(found.into_iter().flatten().map(|fault| format!("booking {}: {fault}", sale.booking_id)));
        }
    }
}

fn seats_fault(sale: &Sale) -> Option<&'static str> {
    match Money::sum(sale.seats.iter().map(|seat| seat.price)) {
        Ok(None) => Some("has no seats"),
        Ok(Some(sum)) if sum == sale.total => None,
        Ok(Some(_)) | Err(_) => Some("its total is not the sum of its seats"),
    }
}

fn payment_fault(sale: &Sale, state: Option<PaymentState>, refunds: &HashMap<PaymentId, Refund>) -> Option<String> {
    use PaymentState::{Authorised, Captured, Declined, Failed, Initiated};
    let Some(state) = state else { return Some("has no payment".to_owned()) };
    let refund = refunds.get(&sale.payment_id);
    let fits = match sale.status {
        Status::Pending => state == Initiated && refund.is_none(),
        Status::Confirmed => matches!(state, Authorised | Captured) && refund.is_none(),
        // Declined or never charged, or what was promised is on its way back.
        Status::Failed => matches!(state, Declined | Failed) != refund.is_some(),
        Status::Cancelled => refund.is_some_and(|refund| refund.amount == sale.total),
    };
    let refunded = refund.map_or("without a refund", |refund| refund.status.word());
    (!fits).then(|| format!("{}, and its payment is {}, {refunded}", sale.status.word(), state.word()))
}
