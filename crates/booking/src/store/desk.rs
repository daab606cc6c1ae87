//! Looking for bookings as staff does.

use marquee_db::{Result, Tx, Value, params};
use marquee_http::Places;
use marquee_kernel::{BookingId, ShowId, UserId};
use uuid::Uuid;

use super::ids;
use crate::model::Status;

const IDS: &str = "SELECT booking_id FROM bookings_now WHERE booking_id < $1 AND booking_id >= $2";
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
    let one_by_one: Option<Vec<(&str, Value)>> = match (&wanted.guests, &wanted.shows) {
        (Some(guests), _) => Some(guests.iter().map(|guest| ("user_id", Value::from(*guest))).collect()),
        (None, Some(shows)) => Some(shows.iter().map(|show| ("show_id", Value::from(*show))).collect()),
        (None, None) => None,
    };
    let Some(one_by_one) = one_by_one else { return find_of(tx, wanted, None, limit) };
    // Each is a short range of an index; of all at once an engine may think that reading everything is cheaper.
    let mut found = Vec::new();
    for of in one_by_one {
        found.extend(find_of(tx, wanted, Some(of), limit)?);
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.truncate(limit as usize);
    Ok(found)
}

fn find_of(tx: &mut Tx<'_>, wanted: &Wanted, of: Option<(&str, Value)>, limit: u32) -> Result<Vec<BookingId>> {
    let before = wanted.before.map_or(Uuid::max(), BookingId::uuid);
    let since = wanted.since.map_or(Uuid::nil(), BookingId::uuid);
    let (mut sql, mut values) = (IDS.to_owned(), params![before, since].to_vec());
    let mut one_of = |column: &str, of: Vec<Value>| {
        let marks = (values.len() + 1..=values.len() + of.len()).map(|number| format!("${number}"));
        sql.push_str(&format!(" AND {column} IN ({})", marks.collect::<Vec<_>>().join(", ")));
        values.extend(of);
    };
    if let Some((column, value)) = of {
        one_of(column, vec![value]);
    }
    match &wanted.places {
        Places::All => {}
        Places::These(places) if places.is_empty() => return Ok(Vec::new()),
        Places::These(places) => one_of("cinema_id", places.iter().map(|id| Value::from(*id)).collect()),
    }
    match (&wanted.guests, &wanted.shows) {
        (Some(_), Some(shows)) if shows.is_empty() => return Ok(Vec::new()),
        (Some(_), Some(shows)) => one_of("show_id", shows.iter().map(|id| Value::from(*id)).collect()),
        _ => {}
    }
    if let Some(status) = wanted.status {
        one_of("status", vec![Value::from(status.word())]);
    }
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
