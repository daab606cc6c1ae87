//! What was sold, summed up.

use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{BookingId, CinemaId, Money, Timestamp};

use super::read_status;
use crate::model::takings::Taking;

/// Every seat of a booking has its ticket, which is counted where it stands: one text for both engines.
const BETWEEN: &str = "
    SELECT cinema_id, currency, status, created_at / 900000000 AS quarter, COUNT(*) AS bookings,
        CAST(SUM(total) AS BIGINT) AS amount,
        CAST(SUM((LENGTH(seats) - LENGTH(REPLACE(seats, '\"ticket_id\"', ''))) / 11) AS BIGINT) AS seats
    FROM bookings_now WHERE booking_id >= $1 AND booking_id < $2
    GROUP BY cinema_id, currency, status, created_at / 900000000";
const PLACE: &str = "SELECT cinema_id, status FROM bookings_now WHERE booking_id = $1";

/// What was booked between two instants, by cinema, currency, status and quarter of an hour.
pub(crate) fn between(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> Result<Vec<Taking>> {
    let span = params![BookingId::earliest_at(from), BookingId::earliest_at(until)];
    tx.query(BETWEEN, &span)?.iter().map(taking).collect()
}

/// Where each of these bookings was, of those that were sold.
pub(crate) fn places_of_sold(tx: &mut Tx<'_>, bookings: &[BookingId]) -> Result<Vec<Option<CinemaId>>> {
    let rows = tx.query_each(PLACE, bookings.iter().map(|booking_id| params![*booking_id]))?;
    let place = |row: &Row| {
        let sold = read_status(row)? == crate::model::Status::Cancelled;
        Ok(if sold { Some(row.get("cinema_id")?) } else { None })
    };
    rows.iter().map(|rows| rows.first().map_or(Ok(None), place)).collect()
}

fn taking(row: &Row) -> Result<Taking> {
    Ok(Taking {
        cinema_id: row.get("cinema_id")?,
        status: read_status(row)?,
        quarter: row.get("quarter")?,
        bookings: row.get("bookings")?,
        seats: row.get("seats")?,
        amount: Money::new(row.get("amount")?, row.get("currency")?),
    })
}
