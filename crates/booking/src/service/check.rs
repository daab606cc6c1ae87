//! What must hold of bookings, for `marquee check`.

use std::collections::HashMap;

use marquee_db::{Result, Tx};
use marquee_kernel::{BookingId, Money, PaymentId, SeatId, ShowId, TicketId};
use marquee_payments::{PaymentState, Refund, ledger};
use marquee_seating::claims;
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
    faults.extend(store::pending_faults(tx)?);
    orphans(tx, &mut faults)?;
    admissions(tx, &mut faults)?;
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
                standing_fault(tx, sale)?,
                payment_fault(sale, ledger::state_of(tx, sale.payment_id)?, &refunds),
            ];
            faults.extend(found.into_iter().flatten().map(|fault| format!("booking {}: {fault}", sale.booking_id)));
        }
    }
}

/// Seats that are sold, but to no booking that has them.
fn orphans(tx: &mut Tx<'_>, faults: &mut Vec<String>) -> Result<()> {
    let mut after = (ShowId::from(Uuid::nil()), SeatId::from(""));
    loop {
        let page = claims::sold_after(tx, &after, PAGE_ROWS)?;
        let Some((show_id, seat_id, _)) = page.last() else { return Ok(()) };
        after = (*show_id, seat_id.clone());
        let mut owners: Vec<BookingId> = page.iter().map(|(_, _, booking_id)| *booking_id).collect();
        owners.sort_unstable();
        owners.dedup();
        let sales: HashMap<BookingId, Sale> =
            store::find(tx, &owners)?.into_iter().map(|sale| (sale.booking_id, sale)).collect();
        for (show_id, seat_id, booking_id) in page {
            let owned = sales.get(&booking_id).is_some_and(|sale| {
                let live = matches!(sale.status, Status::Pending | Status::Confirmed);
                live && sale.show_id == show_id && sale.seats.iter().any(|seat| seat.seat_id == seat_id)
            });
            if !owned {
                faults
                    .push(format!("seat {seat_id} of show {show_id}: sold to booking {booking_id}, which has it not"));
            }
        }
    }
}

/// People who were let in with what is no ticket of that show, or with one that was given back while the show goes on.
fn admissions(tx: &mut Tx<'_>, faults: &mut Vec<String>) -> Result<()> {
    let mut after = (ShowId::from(Uuid::nil()), TicketId::from(Uuid::nil()));
    loop {
        let page = store::admissions::after(tx, after, PAGE_ROWS)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.show_id, last.ticket_id);
        let bookings: Vec<BookingId> = page.iter().map(|one| one.booking_id).collect();
        let sales: HashMap<BookingId, Sale> =
            store::find(tx, &bookings)?.into_iter().map(|sale| (sale.booking_id, sale)).collect();
        for one in page {
            let sale = sales.get(&one.booking_id).filter(|sale| sale.show_id == one.show_id);
            let sale = sale.filter(|sale| sale.seats.iter().any(|seat| seat.ticket_id == one.ticket_id));
            let fault = match sale.map(|sale| sale.status) {
                Some(Status::Confirmed) => continue,
                Some(Status::Cancelled) if claims::is_closed(tx, one.show_id)? => continue,
                Some(status) => format!("and its booking {} is {}", one.booking_id, status.word()),
                None => format!("and booking {} of show {} has it not", one.booking_id, one.show_id),
            };
            faults.push(format!("ticket {}: somebody was let in with it, {fault}", one.ticket_id));
        }
    }
}

/// A live booking has each of its seats; one that is over has none.
fn standing_fault(tx: &mut Tx<'_>, sale: &Sale) -> Result<Option<String>> {
    let seats = sale.seats.iter().map(|seat| seat.seat_id.clone());
    let found = claims::standing(tx, sale.show_id, sale.booking_id, seats)?;
    let due = match sale.status {
        Status::Pending => (sale.seats.len(), 0),
        Status::Confirmed => (0, sale.seats.len()),
        Status::Failed | Status::Cancelled => (0, 0),
    };
    let (claimed, booked) = found;
    Ok((found != due).then(|| format!("{}, and has {claimed} seats claimed, {booked} booked", sale.status.word())))
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
