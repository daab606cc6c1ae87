//! The shows of a day, whatever became of them.

use jiff::civil::Date;
use marquee_db::{Result, Tx, Value, params};
use marquee_http::Places;
use marquee_kernel::{CinemaId, ShowId};

use crate::model::start_window;

const ZONES: &str = "SELECT cinema_id, timezone FROM cinemas";
const OF_DAY: &str = "SELECT show_id FROM shows WHERE start_time >= $1 AND start_time < $2 AND local_date = $3";

/// Every show that those cinemas' walls have on that day, by start.
pub(crate) fn shows_of_day(tx: &mut Tx<'_>, date: Date, places: &Places) -> Result<Vec<ShowId>> {
    let (from, until) = start_window(date);
    let mut values = params![from, until, date.to_string()].to_vec();
    let condition = match places {
        Places::All => String::new(),
        Places::These(ids) if ids.is_empty() => return Ok(Vec::new()),
        Places::These(ids) => {
            values.extend(ids.iter().map(|cinema_id| Value::from(*cinema_id)));
            let marks: Vec<String> = (4..ids.len() + 4).map(|number| format!("${number}")).collect();
            format!(" AND cinema_id IN ({})", marks.join(", "))
        }
    };
    let rows = tx.query(&format!("{OF_DAY}{condition} ORDER BY start_time, show_id"), &values)?;
    rows.iter().map(|row| row.get("show_id")).collect()
}

/// Where each cinema's clock is, also of those that were removed, by the IANA name of its zone.
pub(crate) fn zones(tx: &mut Tx<'_>) -> Result<Vec<(CinemaId, String)>> {
    tx.query(ZONES, &[])?.iter().map(|row| Ok((row.get("cinema_id")?, row.get("timezone")?))).collect()
}
