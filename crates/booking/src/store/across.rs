//! What is compared between databases, for `marquee check`.

use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{BookingId, ShowId, UserId};

const SHOWS_AFTER: &str = "
    SELECT DISTINCT show_id FROM bookings WHERE show_id > $1 ORDER BY show_id LIMIT $2";
const KEYS_AFTER: &str = "
    SELECT user_id, key, booking_id FROM idempotency_keys
    WHERE (user_id, key) > ($1, $2) ORDER BY user_id, key LIMIT $3";
const KEY: &str = "SELECT user_id, key, booking_id FROM idempotency_keys WHERE user_id = $1 AND key = $2";

/// What a caller's key stands for in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Whose key it is.
    pub user_id: UserId,
    /// The key.
    pub key: String,
    /// The booking that was made under it, or would have been.
    pub booking_id: BookingId,
}

/// Up to `limit` shows that there are bookings of, in order after `after`.
///
/// # Errors
/// What the database says.
pub fn shows_after(tx: &mut Tx<'_>, after: ShowId, limit: u32) -> Result<Vec<ShowId>> {
    tx.query(SHOWS_AFTER, &params![after, limit])?.iter().map(|row| row.get("show_id")).collect()
}

/// Up to `limit` keys, in the order of their users after `(user, key)`.
///
/// # Errors
/// What the database says.
pub fn keys_after(tx: &mut Tx<'_>, after: &(UserId, String), limit: u32) -> Result<Vec<KeyUse>> {
    tx.query(KEYS_AFTER, &params![after.0, after.1.as_str(), limit])?.iter().map(key_use).collect()
}

/// What this database has under each of these keys, as far as it has them.
///
/// # Errors
/// What the database says.
pub fn uses_of(tx: &mut Tx<'_>, keys: &[KeyUse]) -> Result<Vec<KeyUse>> {
    let found = tx.query_each(KEY, keys.iter().map(|one| params![one.user_id, one.key.as_str()]))?;
    found.iter().flatten().map(key_use).collect()
}

fn key_use(row: &Row) -> Result<KeyUse> {
    Ok(KeyUse { user_id: row.get("user_id")?, key: row.get("key")?, booking_id: row.get("booking_id")? })
}
