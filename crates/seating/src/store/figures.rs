//! Figures for those who look back at a day.

use std::collections::HashMap;

use marquee_db::{Result, Tx, params};
use marquee_kernel::{CinemaId, ShowId};

const COUNT_PLACED: &str = "
    INSERT INTO holds_placed (cinema_id, quarter, holds) VALUES ($1, $2, $3)
    ON CONFLICT (cinema_id, quarter) DO UPDATE SET holds = holds_placed.holds + excluded.holds";
const PLACED: &str = "
    SELECT CAST(COALESCE(SUM(holds), 0) AS BIGINT) AS holds FROM holds_placed
    WHERE cinema_id = $1 AND quarter >= $2 AND quarter < $3";
const TAKEN: &str = "SELECT status, COUNT(*) AS seats FROM show_seats WHERE show_id = $1 GROUP BY status";

/// Adds holds to what was counted before.
pub(crate) fn count_placed(tx: &mut Tx<'_>, placed: &HashMap<(CinemaId, i64), i64>) -> Result<()> {
    let rows = placed.iter().map(|((cinema_id, quarter), holds)| params![*cinema_id, *quarter, *holds]);
    tx.run_each(COUNT_PLACED, rows)
}

/// How many holds were placed in each of these cinemas between two quarters of an hour.
pub(crate) fn placed(tx: &mut Tx<'_>, spans: &[(CinemaId, i64, i64)]) -> Result<i64> {
    let rows = tx.query_each(PLACED, spans.iter().map(|(id, from, until)| params![*id, *from, *until]))?;
    rows.iter().flatten().map(|row| row.get::<i64>("holds")).sum()
}

/// How many seats of a show are sold, and how many are not for sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Claimed or booked.
    pub sold: u32,
    /// Blocked.
    pub blocked: u32,
}

/// What is taken of these shows, as far as this database has them.
///
/// # Errors
/// What the database says.
pub fn taken_of(tx: &mut Tx<'_>, shows: &[ShowId]) -> Result<Vec<(ShowId, Taken)>> {
    let found = tx.query_each(TAKEN, shows.iter().map(|show_id| params![*show_id]))?;
    let mut taken = Vec::new();
    for (show_id, rows) in shows.iter().zip(found) {
        let mut of_show = Taken::default();
        for row in rows {
            let seats: u32 = row.get("seats")?;
            match row.get::<String>("status")?.as_str() {
                "blocked" => of_show.blocked += seats,
                _ => of_show.sold += seats,
            }
        }
        if of_show != Taken::default() {
            taken.push((*show_id, of_show));
        }
    }
    Ok(taken)
}
