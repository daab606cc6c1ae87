//! What is compared between databases, for `marquee check`.

use marquee_db::{Result, Tx, params};
use marquee_kernel::ShowId;

const SHOWS_AFTER: &str = "
    SELECT DISTINCT show_id FROM payments WHERE show_id > $1 ORDER BY show_id LIMIT $2";

/// Up to `limit` shows that anything was to be paid for, in order after `after`.
///
/// # Errors
/// What the database says.
pub fn shows_after(tx: &mut Tx<'_>, after: ShowId, limit: u32) -> Result<Vec<ShowId>> {
    tx.query(SHOWS_AFTER, &params![after, limit])?.iter().map(|row| row.get("show_id")).collect()
}
