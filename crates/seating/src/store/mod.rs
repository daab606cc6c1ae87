//! Every SQL statement of seating.

mod across;
mod check;
pub mod claims;
mod figures;
#[cfg(test)]
mod tests;

use marquee_cluster::Portion;
use marquee_db::{Result, Tx, params};
use marquee_kernel::{BookingId, SeatId, ShowId, Timestamp};
use tracing::warn;

pub use across::shows_after;
pub use check::check;
pub use figures::{Taken, taken_of};
pub(crate) use figures::{count_placed, placed};

use crate::model::{BlockReason, Sold, Standing, Why};

const START: &str = "
    INSERT INTO seating_starts (only_row, starts) VALUES (1, 1)
    ON CONFLICT (only_row) DO UPDATE SET starts = seating_starts.starts + 1
    RETURNING starts";
const SEATS_OF_SHOW: &str = "SELECT seat_id, status FROM seats_now WHERE show_id = $1";
const TAKEN_BY_SHOW: &str = "SELECT show_id, COUNT(*) AS seats FROM show_seats GROUP BY show_id";
const CLOSE_SHOW: &str =
    "INSERT INTO closed_shows (show_id, closed_at) VALUES ($1, $2) ON CONFLICT (show_id) DO NOTHING";
/// A seat that is blocked already gets the new reason; one that is sold stays as it is.
const BLOCK: &str = "
    INSERT INTO show_seats (show_id, seat_id, status, block_reason, block_note) VALUES ($1, $2, 'blocked', $3, $4)
    ON CONFLICT (show_id, seat_id) DO UPDATE SET block_reason = excluded.block_reason, block_note = excluded.block_note
    WHERE show_seats.status = 'blocked' AND (show_seats.block_reason IS DISTINCT FROM excluded.block_reason
        OR show_seats.block_note IS DISTINCT FROM excluded.block_note)";
const BLOCKED_AFTER: &str = "
    SELECT seat_id, block_reason, block_note FROM show_seats
    WHERE show_id = $1 AND status = 'blocked' AND seat_id > $2 ORDER BY seat_id LIMIT $3";
const SEAT_STATUS: &str = "SELECT status FROM show_seats WHERE show_id = $1 AND seat_id = $2";
const UNBLOCK: &str = "DELETE FROM show_seats WHERE show_id = $1 AND seat_id = $2 AND status = 'blocked'";
const KEEP_HOLD: &str = "INSERT INTO kept_holds (hold_id, show_id, hold) VALUES ($1, $2, $3)";
const KEPT_HOLDS: &str = "SELECT hold FROM kept_holds";
const FORGET_KEPT_HOLDS: &str = "DELETE FROM kept_holds";
const STANDING_OF: &str = "SELECT status FROM seats_now WHERE show_id = $2 AND booking_id = $1 LIMIT 1";

/// What a show has of these tables, when it is moved to another shard.
pub const PORTIONS: [Portion; 3] = [
    Portion::of::<6>(
        "show_seats",
        "SELECT show_id, seat_id, status, booking_id, block_reason, block_note FROM show_seats WHERE show_id = $1",
        "DELETE FROM show_seats WHERE show_id = $1",
        "INSERT INTO show_seats (show_id, seat_id, status, booking_id, block_reason, block_note)
         VALUES ($1, $2, $3, $4, $5, $6)",
    ),
    Portion::of::<1>(
        "open_claims",
        "SELECT DISTINCT o.booking_id FROM show_seats s JOIN open_claims o ON o.booking_id = s.booking_id WHERE s.show_id = $1",
        "DELETE FROM open_claims WHERE booking_id IN (SELECT booking_id FROM show_seats WHERE show_id = $1)",
        claims::OPEN,
    ),
    Portion::of::<2>(
        "closed_shows",
        "SELECT show_id, closed_at FROM closed_shows WHERE show_id = $1",
        "DELETE FROM closed_shows WHERE show_id = $1",
        CLOSE_SHOW,
    ),
];

/// Counts this start: 1 for the first ever.
pub(crate) fn count_start(tx: &mut Tx<'_>) -> Result<u64> {
    match tx.query_opt(START, &[])? {
        Some(row) => row.get("starts"),
        None => Ok(1),
    }
}

fn sold(status: &str) -> Option<Sold> {
    match status {
        "claimed" => Some(Sold::Claimed),
        "booked" => Some(Sold::Booked),
        "blocked" => Some(Sold::Blocked),
        _ => None,
    }
}

/// The seats of a show that are not free.
pub(crate) fn seats_of_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Vec<(SeatId, Sold)>> {
    let mut seats = Vec::new();
    for row in tx.query(SEATS_OF_SHOW, &params![show_id])? {
        if let Some(sold) = sold(&row.get::<String>("status")?) {
            seats.push((row.get("seat_id")?, sold));
        }
    }
    Ok(seats)
}

/// How a booking has its seats of a show, if it has any.
pub(crate) fn standing_of(tx: &mut Tx<'_>, show_id: ShowId, booking_id: BookingId) -> Result<Option<Sold>> {
    let row = tx.query_opt(STANDING_OF, &params![booking_id, show_id])?;
    let status = row.map(|row| row.get::<String>("status")).transpose()?;
    Ok(status.and_then(|status| sold(&status)))
}

/// How many seats of each show are not free; a show without any is not listed.
pub(crate) fn taken_by_show(tx: &mut Tx<'_>) -> Result<Vec<(ShowId, u32)>> {
    let rows = tx.query(TAKEN_BY_SHOW, &[])?;
    rows.iter().map(|row| Ok((row.get("show_id")?, row.get("seats")?))).collect()
}

/// From now on no seat of the show can be claimed.
pub(crate) fn close_show(tx: &mut Tx<'_>, show_id: ShowId, now: Timestamp) -> Result<()> {
    tx.execute(CLOSE_SHOW, &params![show_id, now]).map(drop)
}

/// Blocks seats. Answers those that were blocked by this or for another reason, and those that cannot be because they are
/// claimed or booked.
pub(crate) fn block(
    tx: &mut Tx<'_>,
    show_id: ShowId,
    seats: &[SeatId],
    why: &Why,
) -> Result<(Vec<SeatId>, Vec<SeatId>)> {
    let rows = seats.iter().map(|seat_id| params![show_id, seat_id, why.reason.word(), why.note.clone()]);
    let changed = tx.execute_each(BLOCK, rows)?;
    let (mut blocked, mut sold) = (Vec::new(), Vec::new());
    for (seat_id, changed) in seats.iter().zip(changed) {
        if changed > 0 {
            blocked.push(seat_id.clone());
            continue;
        }
        let row = tx.query_opt(SEAT_STATUS, &params![show_id, seat_id])?;
        let status = row.map(|row| row.get::<String>("status")).transpose()?;
        if status.is_some_and(|status| status != "blocked") {
            sold.push(seat_id.clone());
        }
    }
    Ok((blocked, sold))
}

/// Unblocks seats. Those that were blocked.
pub(crate) fn unblock(tx: &mut Tx<'_>, show_id: ShowId, seats: &[SeatId]) -> Result<Vec<SeatId>> {
    let deleted = tx.execute_each(UNBLOCK, seats.iter().map(|seat_id| params![show_id, seat_id]))?;
    let unblocked = seats.iter().zip(deleted).filter(|(_, deleted)| *deleted > 0);
    Ok(unblocked.map(|(seat_id, _)| seat_id.clone()).collect())
}

/// Blocked seats of a show by their ids, after `after`.
pub(crate) fn blocked_after(
    tx: &mut Tx<'_>,
    show_id: ShowId,
    after: &SeatId,
    limit: u32,
) -> Result<Vec<(SeatId, Why)>> {
    let rows = tx.query(BLOCKED_AFTER, &params![show_id, after, limit])?;
    let blocked = rows.iter().map(|row| {
        let reason: Option<String> = row.get("block_reason")?;
        let reason = reason.map_or(BlockReason::House, |word| BlockReason::of(&word));
        Ok((row.get("seat_id")?, Why { reason, note: row.get("block_note")? }))
    });
    blocked.collect()
}

/// Writes live holds down, in place of any written before.
pub(crate) fn keep_holds(tx: &mut Tx<'_>, standings: &[Standing]) -> Result<()> {
    tx.execute(FORGET_KEPT_HOLDS, &[])?;
    let rows = standings.iter().map(|standing| {
        // A hold is ids, words, amounts and instants: serialising it cannot fail.
        let text = serde_json::to_string(standing).unwrap_or_default();
        params![standing.hold.hold_id, standing.hold.show_id, text]
    });
    tx.run_each(KEEP_HOLD, rows)
}

/// Takes the holds that were written down; they are not there a second time. A payment whose claim no longer stands is
/// over, so its hold comes back as one that nobody is paying for.
pub(crate) fn take_kept_holds(tx: &mut Tx<'_>) -> Result<Vec<Standing>> {
    let mut standings = Vec::new();
    for row in tx.query(KEPT_HOLDS, &[])? {
        match serde_json::from_str::<Standing>(&row.get::<String>("hold")?) {
            Ok(standing) => standings.push(standing),
            Err(error) => warn!(%error, "hold written down at the last stop is not readable and is lost"),
        }
    }
    tx.execute(FORGET_KEPT_HOLDS, &[])?;
    Ok(standings)
}
