//! The rows of who was let in.

use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{BookingId, ShowId, TicketId};

use super::ids;
use crate::model::{Admission, Contested};

/// One admission of a ticket: the primary key refuses the second, and the nonce another scan's.
pub(super) const ADMIT: &str = "
    INSERT INTO admissions (show_id, ticket_id, booking_id, gate, nonce, admitted_by, scanned_at, admitted_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (show_id, ticket_id) DO NOTHING";
pub(super) const CONTEST: &str = "
    INSERT INTO contested_admissions (show_id, nonce, ticket_id, booking_id, code, gate, let_in_by, scanned_at, noted_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (show_id, nonce) DO NOTHING";
const OF_TICKET: &str = "
    SELECT show_id, ticket_id, booking_id, gate, nonce, admitted_by, scanned_at, admitted_at
    FROM admissions WHERE show_id = $1 AND ticket_id = $2";
const OF_NONCE: &str = "
    SELECT show_id, ticket_id, booking_id, gate, nonce, admitted_by, scanned_at, admitted_at
    FROM admissions WHERE show_id = $1 AND nonce = $2";
pub(super) const OF_SHOW: &str = "
    SELECT show_id, ticket_id, booking_id, gate, nonce, admitted_by, scanned_at, admitted_at
    FROM admissions WHERE show_id = $1";
const AFTER: &str = "
    SELECT show_id, ticket_id, booking_id, gate, nonce, admitted_by, scanned_at, admitted_at
    FROM admissions WHERE (show_id, ticket_id) > ($1, $2) ORDER BY show_id, ticket_id LIMIT $3";
pub(super) const CONTESTED_OF_SHOW: &str = "
    SELECT show_id, nonce, ticket_id, booking_id, code, gate, let_in_by, scanned_at, noted_at
    FROM contested_admissions WHERE show_id = $1";
const OF_BOOKING: &str = "SELECT ticket_id FROM admissions WHERE booking_id = $1 LIMIT 1";
/// What of a show is at its door, or may be: failed and cancelled bookings have no seats.
const AT_THE_DOOR: &str = "
    SELECT booking_id FROM bookings_now WHERE show_id = $1 AND status IN ('pending', 'confirmed') ORDER BY booking_id";
const SHOWS_AFTER: &str = "
    SELECT DISTINCT show_id FROM admissions WHERE show_id > $1 ORDER BY show_id LIMIT $2";

/// Lets somebody in; false when somebody was with that ticket.
pub(crate) fn admit(tx: &mut Tx<'_>, one: &Admission) -> Result<bool> {
    let row = params![
        one.show_id,
        one.ticket_id,
        one.booking_id,
        one.gate.as_str(),
        one.nonce.as_str(),
        one.admitted_by,
        one.scanned_at,
        one.admitted_at,
    ];
    Ok(tx.execute(ADMIT, &row)? > 0)
}

/// Notes that somebody was let in who should not have been; false when that scan is noted.
pub(crate) fn contest(tx: &mut Tx<'_>, one: &Contested) -> Result<bool> {
    let row = params![
        one.show_id,
        one.nonce.as_str(),
        one.ticket_id,
        one.booking_id,
        one.code.as_str(),
        one.gate.as_str(),
        one.let_in_by,
        one.scanned_at,
        one.noted_at,
    ];
    Ok(tx.execute(CONTEST, &row)? > 0)
}

/// Who was let in with a ticket.
pub(crate) fn of_ticket(tx: &mut Tx<'_>, show_id: ShowId, ticket_id: TicketId) -> Result<Option<Admission>> {
    tx.query_opt(OF_TICKET, &params![show_id, ticket_id])?.as_ref().map(admission).transpose()
}

/// Who was let in by a scan.
pub(crate) fn of_nonce(tx: &mut Tx<'_>, show_id: ShowId, nonce: &str) -> Result<Option<Admission>> {
    tx.query_opt(OF_NONCE, &params![show_id, nonce])?.as_ref().map(admission).transpose()
}

/// Everybody who was let in to a show.
pub(crate) fn of_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Vec<Admission>> {
    tx.query(OF_SHOW, &params![show_id])?.iter().map(admission).collect()
}

/// Everybody who was let in to a show and should not have been.
pub(crate) fn contested_of_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Vec<Contested>> {
    tx.query(CONTESTED_OF_SHOW, &params![show_id])?.iter().map(contested).collect()
}

/// Bookings of a show that have seats.
pub(crate) fn at_the_door(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Vec<BookingId>> {
    ids(&tx.query(AT_THE_DOOR, &params![show_id])?)
}

/// Whether somebody was let in with a ticket of a booking.
pub(crate) fn has_entered(tx: &mut Tx<'_>, booking_id: BookingId) -> Result<bool> {
    Ok(tx.query_opt(OF_BOOKING, &params![booking_id])?.is_some())
}

/// Up to `limit` admissions, in order after `(show, ticket)`.
pub(crate) fn after(tx: &mut Tx<'_>, after: (ShowId, TicketId), limit: u32) -> Result<Vec<Admission>> {
    tx.query(AFTER, &params![after.0, after.1, limit])?.iter().map(admission).collect()
}

/// Up to `limit` shows that somebody was let in to, in order after `after`.
///
/// # Errors
/// What the database says.
pub fn entered_shows_after(tx: &mut Tx<'_>, after: ShowId, limit: u32) -> Result<Vec<ShowId>> {
    tx.query(SHOWS_AFTER, &params![after, limit])?.iter().map(|row| row.get("show_id")).collect()
}

fn admission(row: &Row) -> Result<Admission> {
    Ok(Admission {
        show_id: row.get("show_id")?,
        ticket_id: row.get("ticket_id")?,
        booking_id: row.get("booking_id")?,
        gate: row.get("gate")?,
        nonce: row.get("nonce")?,
        admitted_by: row.get("admitted_by")?,
        scanned_at: row.get("scanned_at")?,
        admitted_at: row.get("admitted_at")?,
    })
}

fn contested(row: &Row) -> Result<Contested> {
    Ok(Contested {
        show_id: row.get("show_id")?,
        ticket_id: row.get("ticket_id")?,
        booking_id: row.get("booking_id")?,
        code: row.get("code")?,
        gate: row.get("gate")?,
        nonce: row.get("nonce")?,
        let_in_by: row.get("let_in_by")?,
        scanned_at: row.get("scanned_at")?,
        noted_at: row.get("noted_at")?,
    })
}
