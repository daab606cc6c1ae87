//! Looking for bookings as staff does.

use marquee_db::{Result, Tx, Value, params};
use marquee_http::Places;
use marquee_kernel::{BookingId, ShowId, UserId};
use uuid::Uuid;

use super::ids;
use crate::model::Status;

const IDS: &str = "SELECT booking_id FROM bookings WHERE booking_id < $1 AND booking_id >= $2";
/// In the order of an index that has both, so that no booking is read for it.
const AFTER_GUEST: &str = "
    SELECT user_id, booking_id FROM bookings
    WHERE (user_id, booking_id) > ($1, $2) ORDER BY user_id, booking_id LIMIT $3";
const OF_SHOW: &str = "SELECT booking_id FROM bookings WHERE show_id = $1 ORDER BY booking_id";
const CANCEL_REASON: &str = "SELECT cancel_reason FROM bookings WHERE booking_id = $1";

/// Which bookings are looked for; everything that is given must hold.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) places: Places,
    pub(crate) guests: Option<Vec<UserId>>,
    pub(crate) shows: Option<Vec<ShowId>>,
    pub(crate) status: Option<Status>,
    /// No older ones.
    pub(crate) since: Option<BookingId>,
    /// Older ones than that.
    pub(crate) before: Option<BookingId>,
}

/// The newest of them, at most `limit`.
pub(crate) fn find_ids(tx: &mut Tx<'_>, wanted: &Wanted, limit: u32) -> Result<Vec<BookingId>> {
    let before = wanted.before.map_or(Uuid::max(), BookingId::uuid);
    let since = wanted.since.map_or(Uuid::nil(), BookingId::uuid);
    let (mut sql, mut values) = (IDS.to_owned(), params![before, since].to_vec());
    let mut one_of = |column: &str, of: Option<Vec<Value>>| {
        let Some(of) = of else { return };
        let marks: Vec<String> =
            (values.len() + 1..=values.len() + of.len()).map(|number| format!("${number}")).collect();
        sql.push_str(&format!(" AND {column} IN ({})", marks.join(", ")));
        values.extend(of);
    };
    let places = match &wanted.places {
        Places::All => None,
        Places::These(places) => Some(places),
    };
    // Nobody, no show, no cinema: nothing can be found.
    let empty = places.is_some_and(Vec::is_empty)
        || wanted.guests.as_ref().is_some_and(Vec::is_empty)
        || wanted.shows.as_ref().is_some_and(Vec::is_empty);
    if empty {
        return Ok(Vec::new());
    }
    one_of("cinema_id", places.map(|ids| ids.iter().map(|id| Value::from(*id)).collect()));
    one_of("user_id", wanted.guests.as_ref().map(|ids| ids.iter().map(|id| Value::from(*id)).collect()));
    one_of("show_id", wanted.shows.as_ref().map(|ids| ids.iter().map(|id| Value::from(*id)).collect()));
    one_of("status", wanted.status.map(|status| vec![Value::from(status.word())]));
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY booking_id DESC LIMIT ${}", values.len()));
    ids(&tx.query(&sql, &values)?)
}

/// Bookings in the order of their guests, after `after`: all there are, a piece at a time.
pub(crate) fn after_guest(tx: &mut Tx<'_>, after: (UserId, BookingId), limit: u32) -> Result<Vec<(UserId, BookingId)>> {
    let rows = tx.query(AFTER_GUEST, &params![after.0, after.1, limit])?;
    rows.iter().map(|row| Ok((row.get("user_id")?, row.get("booking_id")?))).collect()
}

/// Every booking of these shows.
pub(crate) fn of_shows(tx: &mut Tx<'_>, shows: &[ShowId]) -> Result<Vec<BookingId>> {
    let rows = tx.query_each(OF_SHOW, shows.iter().map(|show_id| params![*show_id]))?;
    Ok(rows.iter().map(|rows| ids(rows)).collect::<Result<Vec<_>>>()?.concat())
}

/// What was said of its cancellation.
pub(crate) fn cancel_reason(tx: &mut Tx<'_>, booking_id: BookingId) -> Result<Option<String>> {
    tx.query_opt(CANCEL_REASON, &params![booking_id])?.map_or(Ok(None), |row| row.get("cancel_reason"))
}
