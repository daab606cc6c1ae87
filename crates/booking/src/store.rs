//! The rows of bookings, their seats, and idempotency keys.

mod across;
pub(crate) mod admissions;
pub(crate) mod desk;
pub(crate) mod takings;

use std::borrow::Cow;

use bytes::Bytes;
use marquee_cluster::Portion;
use marquee_db::{Error, Result, Row, Tx, Value, params};
use marquee_kernel::{BookingId, Currency, Money, SeatId, ShowId, TicketId, Timestamp, UserId};
use marquee_payments::till;
use marquee_tickets::Proof;
use serde::{Deserialize, Serialize};

use crate::model::{Answer, FirstAnswer, Key, Record, Sale, SoldSeat, Status};

pub use across::{KeyUse, keys_after, shows_after, uses_of};
pub use admissions::entered_shows_after;

const INSERT: &str = "
    INSERT INTO bookings (booking_id, user_id, show_id, cinema_id, hold_id, outcome, total, currency, payment_id, booked_by,
        idempotency_key, created_at, seats, proof)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const NOTE_PENDING: &str = "INSERT INTO pending_bookings (booking_id) VALUES ($1)";
/// The guard of every change: who takes it away settles the booking.
const SETTLE: &str = "DELETE FROM pending_bookings WHERE booking_id = $1";
const FAIL: &str = "UPDATE bookings SET outcome = 'failed' WHERE booking_id = $1 AND outcome = 'confirmed'";
const CANCEL: &str = "
    UPDATE bookings SET outcome = 'cancelled', cancelled_at = $2, cancel_reason = $3
    WHERE booking_id = $1 AND outcome = 'confirmed'
        AND NOT EXISTS (SELECT 1 FROM pending_bookings p WHERE p.booking_id = $1)";
/// The same for a booking that nobody was let in with.
const CANCEL_UNUSED: &str = "
    UPDATE bookings SET outcome = 'cancelled', cancelled_at = $2, cancel_reason = $3
    WHERE booking_id = $1 AND outcome = 'confirmed'
        AND NOT EXISTS (SELECT 1 FROM pending_bookings p WHERE p.booking_id = $1)
        AND NOT EXISTS (SELECT 1 FROM admissions a WHERE a.booking_id = $1)";

const FIND: &str = "
    SELECT booking_id, user_id, show_id, cinema_id, hold_id, status, total, currency, payment_id, booked_by, idempotency_key,
        created_at, cancelled_at, seats, proof
    FROM bookings_now WHERE booking_id = $1";
const STATUS: &str = "SELECT status FROM bookings_now WHERE booking_id = $1";
const OF_USER: &str = "
    SELECT booking_id FROM bookings
    WHERE user_id = $1 AND booking_id < $2 ORDER BY booking_id DESC LIMIT $3";
const OF_USER_NEWEST: &str = "
    SELECT booking_id FROM bookings WHERE user_id = $1 ORDER BY booking_id DESC LIMIT $2";
const PENDING: &str = "
    SELECT booking_id FROM pending_bookings WHERE booking_id > $1 ORDER BY booking_id LIMIT $2";
const COUNT_PENDING: &str = "SELECT COUNT(*) AS n FROM pending_bookings";
const ODD_OUTCOMES: &str = "
    SELECT booking_id, outcome FROM bookings WHERE outcome NOT IN ('confirmed', 'failed', 'cancelled') ORDER BY booking_id";
/// To be settled, and over, or never there.
const STRAY_PENDING: &str = "
    SELECT p.booking_id FROM pending_bookings p
    WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.booking_id = p.booking_id AND b.outcome = 'confirmed')";
/// What the show's bookings come to, those whose payment is not settled yet beside the others.
const OF_SHOW: &str = "
    SELECT status, currency, COUNT(*) AS bookings, CAST(SUM(total) AS BIGINT) AS total FROM bookings_now
    WHERE show_id = $1 AND status IN ('confirmed', 'pending') GROUP BY status, currency ORDER BY currency, status";
const AFTER: &str = "SELECT booking_id FROM bookings WHERE booking_id > $1 ORDER BY booking_id LIMIT $2";

const CLAIM_KEY: &str = "
    INSERT INTO idempotency_keys (user_id, key, request_hash, booking_id)
    VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, key) DO NOTHING";
/// The first answer stays.
const ANSWER: &str = "
    INSERT INTO idempotency_answers (booking_id, user_id, key, status, body)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (booking_id) DO NOTHING";
const FORGET_KEY: &str = "
    DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND booking_id = $3
    AND NOT EXISTS (SELECT 1 FROM idempotency_answers a WHERE a.booking_id = $3)";
const FIND_KEY: &str = "
    SELECT k.request_hash, k.booking_id, a.status, a.body
    FROM idempotency_keys k LEFT JOIN idempotency_answers a ON a.booking_id = k.booking_id
    WHERE k.user_id = $1 AND k.key = $2";
/// Ids sort by birth: those before `$1` are the old ones, and the look ends at the first that is not.
const OLD_KEYS: &str = "
    SELECT k.booking_id, k.user_id, k.key FROM idempotency_keys k
    WHERE k.booking_id < $1
        AND NOT EXISTS (SELECT 1 FROM pending_bookings p WHERE p.booking_id = k.booking_id)
    ORDER BY k.booking_id LIMIT $2";
const PURGE_KEY: &str = "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND booking_id = $3";
const PURGE_ANSWER: &str = "DELETE FROM idempotency_answers WHERE booking_id = $1";

const KEYS_LEFT_OPEN: &str = "
    SELECT b.booking_id FROM idempotency_keys k
    JOIN bookings b ON b.booking_id = k.booking_id
    LEFT JOIN idempotency_answers a ON a.booking_id = k.booking_id
    WHERE a.booking_id IS NULL AND b.outcome = 'failed' ORDER BY b.booking_id";
const ODD_ANSWERS: &str = "SELECT COUNT(*) AS n FROM idempotency_answers WHERE status NOT IN (201, 202, 402, 409)";
/// What a guest wrote.
const ERASE_GUEST: &str = "UPDATE bookings SET cancel_reason = NULL WHERE user_id = $1 AND cancel_reason IS NOT NULL";

/// What a show has of these tables, when it is moved to another shard. Keys of calls that claimed nothing are of no show, and stay.
pub const PORTIONS: [Portion; 6] = [
    Portion::of::<16>(
        "bookings",
        "SELECT booking_id, user_id, show_id, cinema_id, hold_id, outcome, total, currency, payment_id, booked_by,
             idempotency_key, created_at, cancelled_at, cancel_reason, seats, proof
         FROM bookings WHERE show_id = $1",
        "DELETE FROM bookings WHERE show_id = $1",
        "INSERT INTO bookings (booking_id, user_id, show_id, cinema_id, hold_id, outcome, total, currency, payment_id, booked_by,
             idempotency_key, created_at, cancelled_at, cancel_reason, seats, proof)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    ),
    Portion::of::<1>(
        "pending_bookings",
        "SELECT p.booking_id FROM bookings b JOIN pending_bookings p ON p.booking_id = b.booking_id WHERE b.show_id = $1",
        "DELETE FROM pending_bookings WHERE booking_id IN (SELECT booking_id FROM bookings WHERE show_id = $1)",
        NOTE_PENDING,
    ),
    Portion::of::<4>(
        "idempotency_keys",
        "SELECT k.user_id, k.key, k.request_hash, k.booking_id
         FROM bookings b JOIN idempotency_keys k
             ON k.user_id = b.booked_by AND k.key = b.idempotency_key AND k.booking_id = b.booking_id
         WHERE b.show_id = $1",
        "DELETE FROM idempotency_keys WHERE (user_id, key, booking_id) IN (
             SELECT booked_by, idempotency_key, booking_id FROM bookings
             WHERE show_id = $1 AND idempotency_key IS NOT NULL)",
        CLAIM_KEY,
    ),
    Portion::of::<5>(
        "idempotency_answers",
        "SELECT a.booking_id, a.user_id, a.key, a.status, a.body
         FROM bookings b JOIN idempotency_answers a ON a.booking_id = b.booking_id WHERE b.show_id = $1",
        "DELETE FROM idempotency_answers WHERE booking_id IN (SELECT booking_id FROM bookings WHERE show_id = $1)",
        ANSWER,
    ),
    Portion::of::<8>(
        "admissions",
        admissions::OF_SHOW,
        "DELETE FROM admissions WHERE show_id = $1",
        admissions::ADMIT,
    ),
    Portion::of::<9>(
        "contested_admissions",
        admissions::CONTESTED_OF_SHOW,
        "DELETE FROM contested_admissions WHERE show_id = $1",
        admissions::CONTEST,
    ),
];

/// Writes new bookings, all of them pending: what they will be once they are sold.
pub(crate) fn insert<'s>(tx: &mut Tx<'_>, sales: impl Iterator<Item = &'s Sale> + Clone) -> Result<()> {
    let rows = sales.clone().map(|sale| {
        params![
            sale.booking_id,
            sale.user_id,
            sale.show_id,
            sale.cinema_id,
            sale.hold_id,
            Status::Confirmed.word(),
            sale.total.amount,
            sale.currency(),
            sale.payment_id,
            sale.booked_by,
            sale.key.as_ref().map(Key::as_str),
            sale.created_at,
            seats_text(&sale.seats),
            sale.proof.as_ref().map(Proof::to_bytes),
        ]
    });
    tx.run_each(INSERT, rows)?;
    tx.run_each(NOTE_PENDING, sales.map(|sale| params![sale.booking_id]))
}

/// Confirms bookings that are known to be pending.
pub(crate) fn confirm(tx: &mut Tx<'_>, bookings: impl Iterator<Item = BookingId>) -> Result<()> {
    tx.run_each(SETTLE, bookings.map(|booking_id| params![booking_id]))
}

/// Fails each booking that is pending; 0 for one that is not.
pub(crate) fn fail(tx: &mut Tx<'_>, bookings: impl Iterator<Item = BookingId> + Clone) -> Result<Vec<usize>> {
    let settled = tx.execute_each(SETTLE, bookings.clone().map(|booking_id| params![booking_id]))?;
    let failed = bookings.zip(&settled).filter(|(_, settled)| **settled > 0);
    tx.run_each(FAIL, failed.map(|(booking_id, _)| params![booking_id]))?;
    Ok(settled)
}

/// Cancels each confirmed booking; 0 for one that is not confirmed.
pub(crate) fn cancel(
    tx: &mut Tx<'_>,
    bookings: impl Iterator<Item = BookingId>,
    now: Timestamp,
    reason: Option<&str>,
) -> Result<Vec<usize>> {
    tx.execute_each(CANCEL, bookings.map(|booking_id| params![booking_id, now, reason]))
}

/// As [`cancel`]; 0 also for one that somebody was let in with.
pub(crate) fn cancel_unused(
    tx: &mut Tx<'_>,
    bookings: impl Iterator<Item = BookingId>,
    now: Timestamp,
    reason: Option<&str>,
) -> Result<Vec<usize>> {
    tx.execute_each(CANCEL_UNUSED, bookings.map(|booking_id| params![booking_id, now, reason]))
}

/// The bookings of those ids, in their order; what does not exist is left out.
pub(crate) fn find(tx: &mut Tx<'_>, bookings: &[BookingId]) -> Result<Vec<Sale>> {
    let rows = tx.query_each(FIND, bookings.iter().map(|booking_id| params![*booking_id]))?;
    let mut sales = rows.iter().filter_map(|rows| rows.first()).map(sale).collect::<Result<Vec<_>>>()?;
    let payments: Vec<_> = sales.iter().map(|sale| sale.payment_id).collect();
    // How it was paid is what payments knows.
    let tills = till::methods_of(tx, &payments)?;
    sales.iter_mut().for_each(|sale| sale.till = tills.get(&sale.payment_id).copied());
    Ok(sales)
}

/// How many bookings of the show stand, and what they come to, by status and currency.
pub(crate) fn of_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Vec<(Status, u32, Money)>> {
    let rows = tx.query(OF_SHOW, &params![show_id])?;
    let sums = rows.iter().map(|row| {
        let currency: Currency = row.get("currency")?;
        Ok((read_status(row)?, row.get("bookings")?, Money::new(row.get("total")?, currency)))
    });
    sums.collect()
}

/// Where a booking stands.
pub(crate) fn status(tx: &mut Tx<'_>, booking_id: BookingId) -> Result<Option<Status>> {
    tx.query_opt(STATUS, &params![booking_id])?.map(|row| read_status(&row)).transpose()
}

/// A user's bookings, newest first, older than `before`.
pub(crate) fn of_user(
    tx: &mut Tx<'_>,
    user_id: UserId,
    before: Option<BookingId>,
    limit: u32,
) -> Result<Vec<BookingId>> {
    let rows = match before {
        Some(before) => tx.query(OF_USER, &params![user_id, before, limit])?,
        None => tx.query(OF_USER_NEWEST, &params![user_id, limit])?,
    };
    ids(&rows)
}

/// Erases what a guest wrote about their bookings.
pub(crate) fn erase_guest(tx: &mut Tx<'_>, user_id: UserId) -> Result<usize> {
    tx.execute(ERASE_GUEST, &params![user_id])
}

/// Pending bookings, oldest first, after `after`.
pub(crate) fn pending(tx: &mut Tx<'_>, after: BookingId, limit: u32) -> Result<Vec<BookingId>> {
    ids(&tx.query(PENDING, &params![after, limit])?)
}

/// How many bookings are pending.
pub(crate) fn count_pending(tx: &mut Tx<'_>) -> Result<u32> {
    tx.query_opt(COUNT_PENDING, &[])?.map_or(Ok(0), |row| row.get("n"))
}

/// All bookings, oldest first, after `after`.
pub(crate) fn after(tx: &mut Tx<'_>, after: BookingId, limit: u32) -> Result<Vec<BookingId>> {
    ids(&tx.query(AFTER, &params![after, limit])?)
}

/// A key with the call that came with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedCall<'a> {
    pub(crate) user_id: UserId,
    pub(crate) key: &'a Key,
    pub(crate) request_hash: [u8; 32],
}

/// The answer to an attempt that came with a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedAnswer<'a> {
    pub(crate) booking_id: BookingId,
    pub(crate) user_id: UserId,
    pub(crate) key: &'a Key,
    pub(crate) answer: &'a Answer,
}

impl Sale {
    /// `answer` under the key that the sale came with, if any.
    pub(crate) fn keyed<'a>(&'a self, answer: &'a Answer) -> Option<KeyedAnswer<'a>> {
        let key = self.key.as_ref()?;
        Some(KeyedAnswer { booking_id: self.booking_id, user_id: self.booked_by, key, answer })
    }
}

/// Writes each key for a call that makes that booking; 0 for one that is taken.
pub(crate) fn claim_keys<'a>(
    tx: &mut Tx<'_>,
    calls: impl Iterator<Item = (KeyedCall<'a>, BookingId)>,
) -> Result<Vec<usize>> {
    tx.execute_each(CLAIM_KEY, calls.map(key_row))
}

/// As [`claim_keys`], as if none could be taken; for [`Tx::venture`]. Nothing is waited for.
pub(crate) fn claim_all_keys<'a>(
    tx: &mut Tx<'_>,
    calls: impl Iterator<Item = (KeyedCall<'a>, BookingId)>,
) -> Result<()> {
    tx.insert_each(CLAIM_KEY, calls.map(key_row))
}

fn key_row((KeyedCall { user_id, key, request_hash }, booking_id): (KeyedCall<'_>, BookingId)) -> [Value; 4] {
    params![user_id, key.as_str(), request_hash, booking_id]
}

/// Gives each attempt its answer, unless it has one: the first answer stays.
pub(crate) fn answer_keys<'a>(tx: &mut Tx<'_>, answers: impl Iterator<Item = KeyedAnswer<'a>>) -> Result<()> {
    let rows = answers.map(|KeyedAnswer { booking_id, user_id, key, answer }| {
        params![booking_id, user_id, key.as_str(), answer.status, &*answer.body]
    });
    tx.run_each(ANSWER, rows)
}

/// Forgets the keys of sales that have no answer: their calls may be made again.
pub(crate) fn forget_keys<'a>(tx: &mut Tx<'_>, sales: impl Iterator<Item = &'a Sale>) -> Result<()> {
    let rows = sales.filter_map(|sale| Some(params![sale.booked_by, sale.key.as_ref()?.as_str(), sale.booking_id]));
    tx.run_each(FORGET_KEY, rows)
}

/// What is kept under each key.
pub(crate) fn records<'a>(
    tx: &mut Tx<'_>,
    keys: impl Iterator<Item = (UserId, &'a Key)>,
) -> Result<Vec<Option<Record>>> {
    let found = tx.query_each(FIND_KEY, keys.map(|(user_id, key)| params![user_id, key.as_str()]))?;
    let mut records: Vec<_> =
        found.iter().map(|rows| rows.first().map(read_record).transpose()).collect::<Result<_>>()?;
    // A sale is its own answer, to however many calls ask at once.
    let mut silent: Vec<_> =
        records.iter().flatten().filter(|record| record.answer.is_none()).map(|record| record.booking_id).collect();
    silent.sort_unstable();
    silent.dedup();
    for sale in find(tx, &silent)?.into_iter().filter(|sale| sale.status.was_sold()) {
        for record in records.iter_mut().flatten().filter(|record| record.booking_id == sale.booking_id) {
            record.answer = Some(FirstAnswer::Sold(Box::new(sale.clone())));
        }
    }
    Ok(records)
}

/// What is kept under a key.
pub(crate) fn record(tx: &mut Tx<'_>, user_id: UserId, key: &Key) -> Result<Option<Record>> {
    Ok(records(tx, std::iter::once((user_id, key)))?.pop().flatten())
}

/// Deletes at most `limit` keys of attempts born before `before`.
pub(crate) fn purge_keys(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<usize> {
    let old = tx.query(OLD_KEYS, &params![BookingId::earliest_at(before), limit])?;
    let (mut keys, mut answers) = (Vec::new(), Vec::new());
    for row in &old {
        let booking_id: BookingId = row.get("booking_id")?;
        keys.push(params![row.get::<UserId>("user_id")?, row.get::<String>("key")?, booking_id]);
        answers.push(params![booking_id]);
    }
    tx.run_each(PURGE_KEY, keys)?;
    tx.run_each(PURGE_ANSWER, answers)?;
    Ok(old.len())
}

/// Bookings that the reconciler would miss, or look at for nothing, one line each.
pub(crate) fn pending_faults(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for row in tx.query(ODD_OUTCOMES, &[])? {
        let (booking_id, outcome) = (row.get::<BookingId>("booking_id")?, row.get::<String>("outcome")?);
        faults.push(format!("booking {booking_id}: {outcome} for good, which none is"));
    }
    for booking_id in ids(&tx.query(STRAY_PENDING, &[])?)? {
        faults.push(format!("booking {booking_id}: to be settled, and is over or does not exist"));
    }
    Ok(faults)
}

/// Keys that stand for something which cannot be, one line each.
pub(crate) fn key_faults(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let left_open = ids(&tx.query(KEYS_LEFT_OPEN, &[])?)?;
    let fault = |booking_id| format!("booking {booking_id}: failed, and its idempotency key has no answer");
    let mut faults: Vec<_> = left_open.into_iter().map(fault).collect();
    let odd: i64 = tx.query_opt(ODD_ANSWERS, &[])?.map_or(Ok(0), |row| row.get("n"))?;
    if odd > 0 {
        faults.push(format!("booking: {odd} idempotency keys hold an answer that is never kept"));
    }
    Ok(faults)
}

fn ids(rows: &[Row]) -> Result<Vec<BookingId>> {
    rows.iter().map(|row| row.get("booking_id")).collect()
}

fn read_status(row: &Row) -> Result<Status> {
    let word: String = row.get("status")?;
    Status::from_word(&word).ok_or_else(|| unreadable("status", "not a booking's status"))
}

fn sale(row: &Row) -> Result<Sale> {
    let currency: Currency = row.get("currency")?;
    let key: Option<String> = row.get("idempotency_key")?;
    Ok(Sale {
        booking_id: row.get("booking_id")?,
        user_id: row.get("user_id")?,
        booked_by: row.get("booked_by")?,
        key: key.as_deref().and_then(Key::parse),
        show_id: row.get("show_id")?,
        cinema_id: row.get("cinema_id")?,
        hold_id: row.get("hold_id")?,
        status: read_status(row)?,
        seats: read_seats(&row.get::<String>("seats")?, currency)?,
        total: Money::new(row.get("total")?, currency),
        payment_id: row.get("payment_id")?,
        till: None,
        created_at: row.get("created_at")?,
        cancelled_at: row.get("cancelled_at")?,
        proof: row.get::<Option<Vec<u8>>>("proof")?.as_deref().map(read_proof).transpose()?,
    })
}

/// A sold seat as its booking's row has it; the currency is the booking's.
#[derive(Debug, Serialize, Deserialize)]
struct SeatText<'t> {
    seat_id: SeatId,
    label: Cow<'t, str>,
    category: Cow<'t, str>,
    price: i64,
    ticket_id: TicketId,
}

impl<'t> From<&'t SoldSeat> for SeatText<'t> {
    fn from(seat: &'t SoldSeat) -> Self {
        Self {
            seat_id: seat.seat_id.clone(),
            label: Cow::Borrowed(&seat.label),
            category: Cow::Borrowed(&seat.category),
            price: seat.price.amount,
            ticket_id: seat.ticket_id,
        }
    }
}

fn seats_text(seats: &[SoldSeat]) -> String {
    // Words, a number and an id: serialising them cannot fail.
    serde_json::to_string(&seats.iter().map(SeatText::from).collect::<Vec<_>>()).unwrap_or_default()
}

fn read_seats(text: &str, currency: Currency) -> Result<Vec<SoldSeat>> {
    let seats: Vec<SeatText<'_>> =
        serde_json::from_str(text).map_err(|_| unreadable("seats", "not a booking's seats"))?;
    let seat = |SeatText { seat_id, label, category, price, ticket_id }| SoldSeat {
        seat_id,
        label: label.into(),
        category: category.into(),
        price: Money::new(price, currency),
        ticket_id,
    };
    Ok(seats.into_iter().map(seat).collect())
}

fn read_proof(bytes: &[u8]) -> Result<Proof> {
    Proof::from_bytes(bytes).ok_or_else(|| unreadable("proof", "not a proof of tickets"))
}

fn read_record(row: &Row) -> Result<Record> {
    let status: Option<u16> = row.get("status")?;
    let body: Option<Vec<u8>> = row.get("body")?;
    let answer = status.zip(body).map(|(status, body)| FirstAnswer::Kept(Answer { status, body: Bytes::from(body) }));
    Ok(Record { request_hash: row.get("request_hash")?, booking_id: row.get("booking_id")?, answer })
}

fn unreadable(column: &str, problem: &'static str) -> Error {
    Error::Column { column: column.to_owned(), problem }
}
