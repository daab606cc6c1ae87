//! Claims: the durable word on who has a seat. They run inside booking's transactions, many at a time.
//!
//! The primary key of `show_seats` decides: a seat is claimed by the row that gets in, whatever any layer above believes. And one row of
//! `open_claims` decides what becomes of a claim: whoever takes it away settles it, once, for all its seats.

use std::borrow::Borrow;
use std::collections::HashSet;

use marquee_db::{Later, Result, Row, Tx, Value, params};
use marquee_kernel::{BookingId, SeatId, ShowId};

/// The primary key (show_id, seat_id) refuses a seat that is claimed, booked or blocked.
const CLAIM: &str = "
    INSERT INTO show_seats (show_id, seat_id, status, booking_id) VALUES ($1, $2, 'booked', $3)
    ON CONFLICT (show_id, seat_id) DO NOTHING";
pub(super) const OPEN: &str = "INSERT INTO open_claims (booking_id) VALUES ($1)";
const SETTLE: &str = "DELETE FROM open_claims WHERE booking_id = $1";
const CLOSED: &str = "SELECT show_id FROM closed_shows WHERE show_id = $1";
const FREE: &str = "DELETE FROM show_seats WHERE show_id = $1 AND seat_id = $2 AND booking_id = $3";

const STANDING: &str = "SELECT status, booking_id FROM seats_now WHERE show_id = $1 AND seat_id = $2";
const OWNERS: &str = "
    SELECT DISTINCT booking_id FROM seats_now WHERE show_id = $1 AND status = $2 ORDER BY booking_id LIMIT $3";
const SOLD_AFTER: &str = "
    SELECT show_id, seat_id, booking_id FROM show_seats
    WHERE (show_id, seat_id) > ($1, $2) AND status <> 'blocked' ORDER BY show_id, seat_id LIMIT $3";

/// Seats that a booking wants for itself, or has, all of one show, each once.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The show.
    pub show_id: ShowId,
    /// Who claims.
    pub booking_id: BookingId,
    /// What.
    pub seats: Vec<SeatId>,
}

/// How a booking has a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its payment is not settled yet.
    Claimed,
    /// It is sold.
    Booked,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every seat is the booking's.
    Claimed,
    /// None is, because these are not free.
    Taken(Vec<SeatId>),
    /// None is, because the show sells no more.
    Closed,
}

/// Claims seats, all or none per item; the earlier of two items over one seat wins. A loser leaves no row.
///
/// # Errors
/// What the database says; then the whole transaction is to be given up.
pub fn claim(tx: &mut Tx<'_>, claims: &[impl Borrow<Claim>]) -> Result<Vec<Verdict>> {
    let closed = ask_closed(tx, claims)?.shows(tx)?;
    let claims = claims.iter().map(Borrow::borrow);
    let open: Vec<&Claim> = claims.clone().filter(|claim: &&Claim| !closed.contains(&claim.show_id)).collect();
    let refused = insert(tx, &open)?;
    let verdicts = if refused.iter().all(Vec::is_empty) {
        vec![Verdict::Claimed; open.len()]
    } else {
        // A loser's rows stood in the way of those after it: undo all, then one after the other.
        undo(tx, &open)?;
        open.iter().map(|claim| claim_alone(tx, claim)).collect::<Result<Vec<_>>>()?
    };
    let won = open.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Claimed);
    tx.run_each(OPEN, won.map(|(claim, _)| params![claim.booking_id]))?;
    let mut verdicts = verdicts.into_iter();
    let verdict = |claim: &Claim| match closed.contains(&claim.show_id) {
        true => Some(Verdict::Closed),
        false => verdicts.next(),
    };
    Ok(claims.filter_map(verdict).collect())
}

/// Claims the seats of all of them as if none could be taken, and asks which of their shows are closed; for [`Tx::venture`],
/// which takes them back when one is, or when a seat was taken. Nothing is waited for.
///
/// # Errors
/// As [`Tx::insert_each`].
pub fn claim_all(tx: &mut Tx<'_>, claims: &[impl Borrow<Claim>]) -> Result<Closed> {
    let closed = ask_closed(tx, claims)?;
    tx.insert_each(CLAIM, rows(claims))?;
    tx.run_each(OPEN, bookings(claims))?;
    Ok(closed)
}

/// Which shows of some claims are closed, as it was asked.
#[derive(Debug)]
pub struct Closed(Later<Vec<Vec<Row>>>);

impl Closed {
    /// Whether any is.
    ///
    /// # Errors
    /// What the database says, of this and of whatever is not waited for yet.
    pub fn any(&self, tx: &mut Tx<'_>) -> Result<bool> {
        Ok(!self.shows(tx)?.is_empty())
    }

    fn shows(&self, tx: &mut Tx<'_>) -> Result<HashSet<ShowId>> {
        tx.answer(&self.0)?.iter().flatten().map(|row| row.get("show_id")).collect()
    }
}

fn ask_closed(tx: &mut Tx<'_>, claims: &[impl Borrow<Claim>]) -> Result<Closed> {
    let shows: HashSet<ShowId> = claims.iter().map(|claim| claim.borrow().show_id).collect();
    tx.query_each_later(CLOSED, shows.into_iter().map(|show_id| params![show_id])).map(Closed)
}

fn claim_alone(tx: &mut Tx<'_>, claim: &Claim) -> Result<Verdict> {
    let taken: Vec<SeatId> = insert(tx, &[claim])?.into_iter().flatten().collect();
    if taken.is_empty() {
        return Ok(Verdict::Claimed);
    }
    undo(tx, &[claim])?;
    Ok(Verdict::Taken(taken))
}

/// Inserts what is not there; the seats that were, for each claim.
fn insert(tx: &mut Tx<'_>, claims: &[&Claim]) -> Result<Vec<Vec<SeatId>>> {
    let mut inserted = tx.execute_each(CLAIM, rows(claims))?.into_iter();
    let refused = claims.iter().map(|claim| {
        let rows = claim.seats.iter().zip(inserted.by_ref());
        rows.filter(|(_, inserted)| *inserted == 0).map(|(seat_id, _)| seat_id.clone()).collect()
    });
    Ok(refused.collect())
}

/// Takes back what was just inserted: what a claim did not get is not its own.
fn undo(tx: &mut Tx<'_>, claims: &[&Claim]) -> Result<()> {
    tx.run_each(FREE, rows(claims))
}

/// Settles claims: their seats are sold, unless they are freed. 1 for each that was open; who gets 0 has nothing to decide any more.
///
/// # Errors
/// What the database says.
pub fn settle(tx: &mut Tx<'_>, claims: &[impl Borrow<Claim>]) -> Result<Vec<usize>> {
    tx.execute_each(SETTLE, bookings(claims))
}

/// As [`settle`], and says whether every claim was open; for [`Tx::venture`]. Nothing is waited for.
///
/// # Errors
/// What the database says, of this and of whatever is not waited for yet.
pub fn settle_all(tx: &mut Tx<'_>, claims: &[impl Borrow<Claim>]) -> Result<Settled> {
    tx.execute_each_later(SETTLE, bookings(claims)).map(Settled)
}

/// What became of the claims that were all to be settled.
#[derive(Debug)]
pub struct Settled(Later<Vec<usize>>);

impl Settled {
    /// Whether each was open.
    ///
    /// # Errors
    /// What the database says, of this and of whatever is not waited for yet.
    pub fn is_all(&self, tx: &mut Tx<'_>) -> Result<bool> {
        Ok(tx.answer(&self.0)?.iter().all(|rows| *rows == 1))
    }
}

/// Frees the seats, claimed or booked.
///
/// # Errors
/// What the database says.
pub fn free(tx: &mut Tx<'_>, claims: &[impl Borrow<Claim>]) -> Result<()> {
    tx.run_each(SETTLE, bookings(claims))?;
    tx.run_each(FREE, rows(claims))
}

/// One parameter list for each claim.
fn bookings(claims: &[impl Borrow<Claim>]) -> impl Iterator<Item = [Value; 1]> {
    claims.iter().map(|claim| params![claim.borrow().booking_id])
}

/// One parameter list for each seat.
fn rows(claims: &[impl Borrow<Claim>]) -> impl Iterator<Item = [Value; 3]> {
    claims
        .iter()
        .map(Borrow::borrow)
        .flat_map(|claim: &Claim| claim.seats.iter().map(|seat_id| params![claim.show_id, seat_id, claim.booking_id]))
}

/// Up to `limit` bookings that have seats of the show, by how they have them.
///
/// # Errors
/// What the database says.
pub fn owners(tx: &mut Tx<'_>, show_id: ShowId, standing: Standing, limit: u32) -> Result<Vec<BookingId>> {
    let status = match standing {
        Standing::Claimed => "claimed",
        Standing::Booked => "booked",
    };
    tx.query(OWNERS, &params![show_id, status, limit])?.iter().map(|row| row.get("booking_id")).collect()
}

/// How many of a booking's seats stand as claimed and as booked, as `(claimed, booked)`; for `marquee check`.
///
/// # Errors
/// What the database says.
pub fn standing(
    tx: &mut Tx<'_>,
    show_id: ShowId,
    booking_id: BookingId,
    seats: impl IntoIterator<Item = SeatId>,
) -> Result<(usize, usize)> {
    let (mut claimed, mut booked) = (0, 0);
    for row in tx.query_each(STANDING, seats.into_iter().map(|seat_id| params![show_id, seat_id]))?.iter().flatten() {
        if row.get::<Option<BookingId>>("booking_id")? == Some(booking_id) {
            let status: String = row.get("status")?;
            claimed += usize::from(status == "claimed");
            booked += usize::from(status == "booked");
        }
    }
    Ok((claimed, booked))
}

/// Whether a show was closed for good; for `marquee check`.
///
/// # Errors
/// What the database says.
pub fn is_closed(tx: &mut Tx<'_>, show_id: ShowId) -> Result<bool> {
    Ok(tx.query_opt(CLOSED, &params![show_id])?.is_some())
}

/// Up to `limit` seats that are claimed or booked, and by which booking, in order after `(show, seat)`; for `marquee check`.
///
/// # Errors
/// What the database says.
pub fn sold_after(tx: &mut Tx<'_>, after: &(ShowId, SeatId), limit: u32) -> Result<Vec<(ShowId, SeatId, BookingId)>> {
    let rows = tx.query(SOLD_AFTER, &params![after.0, &after.1, limit])?;
    rows.iter().map(|row| Ok((row.get("show_id")?, row.get("seat_id")?, row.get("booking_id")?))).collect()
}
