//! What must hold of seating's tables, for `marquee check`.

use marquee_db::{Result, Tx};
use marquee_kernel::{BookingId, SeatId, ShowId};

const WITHOUT_OWNER: &str = "
    SELECT show_id, seat_id, status FROM show_seats
    WHERE (status <> 'blocked' AND booking_id IS NULL) OR (status = 'blocked' AND booking_id IS NOT NULL)
       OR status NOT IN ('booked', 'blocked')
    ORDER BY show_id, seat_id";
const TORN: &str = "
    SELECT DISTINCT one.show_id, one.seat_id FROM show_seats one
    JOIN show_seats other ON other.booking_id = one.booking_id
    WHERE one.show_id <> other.show_id
    ORDER BY one.show_id, one.seat_id";

const WITHOUT_SEATS: &str = "
    SELECT booking_id FROM open_claims EXCEPT SELECT booking_id FROM show_seats ORDER BY booking_id";

/// What is wrong with seating's tables; empty when all is well.
///
/// # Errors
/// What the database says.
pub fn check(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let all = [
        (WITHOUT_OWNER, "is sold to no booking, or blocked and sold, or in a state that does not exist"),
        (TORN, "belongs to a booking that is of two shows"),
    ];
    for (statement, fault) in all {
        for row in tx.query(statement, &[])? {
            let (show_id, seat_id) = (row.get::<ShowId>("show_id")?, row.get::<SeatId>("seat_id")?);
            faults.push(format!("seating: seat {seat_id} of show {show_id} {fault}"));
        }
    }
    for row in tx.query(WITHOUT_SEATS, &[])? {
        let booking_id = row.get::<BookingId>("booking_id")?;
        faults.push(format!("seating: the claim of booking {booking_id} is open, and it has no seats"));
    }
    Ok(faults)
}
