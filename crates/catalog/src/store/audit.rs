//! What must hold among the rows, whatever happened before.

use std::collections::{HashMap, HashSet};

use marquee_db::{Result, Tx, params};
use marquee_kernel::{ScreenId, ShowId};
use marquee_pricing::PriceList;
use uuid::Uuid;

use super::{find_layout, json};
use crate::model::{Layout, local_date, zone};

/// Shows read at a time.
const ROWS: i64 = 1_000;

const OVERLAPS: &str = "
    SELECT show_id, screen_id FROM (
        SELECT show_id, screen_id, start_time, MAX(end_time) OVER (
            PARTITION BY screen_id ORDER BY start_time, show_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS busy_until
        FROM shows WHERE cancelled = $1
    ) timetable WHERE busy_until > start_time ORDER BY screen_id, start_time";
const SCREENS: &str = "
    SELECT s.screen_id, s.layout_version, s.capacity FROM screens s ORDER BY s.screen_id";
const LAYOUTS: &str = "SELECT screen_id, version, capacity FROM layouts ORDER BY screen_id, version";
const SHOWS: &str = "
    SELECT s.show_id, s.screen_id, s.layout_version, s.start_time, s.end_time, s.local_date, s.city_fold, s.prices,
        c.timezone, c.city_fold AS cinema_city_fold, n.cinema_id = s.cinema_id AS in_cinema
    FROM shows s JOIN cinemas c ON c.cinema_id = s.cinema_id JOIN screens n ON n.screen_id = s.screen_id
    WHERE s.show_id > $1 ORDER BY s.show_id LIMIT $2";

/// Every invariant of the catalogue's tables that does not hold, in words; empty when all is well.
pub(crate) fn audit(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for row in tx.query(OVERLAPS, &params![false])? {
        let (show_id, screen_id): (ShowId, ScreenId) = (row.get("show_id")?, row.get("screen_id")?);
        faults.push(format!("catalog: show {show_id} starts on screen {screen_id} before another has ended"));
    }
    let layouts = layouts(tx, &mut faults)?;
    for row in tx.query(SCREENS, &[])? {
        let (screen_id, version): (ScreenId, i64) = (row.get("screen_id")?, row.get("layout_version")?);
        let capacity: u32 = row.get("capacity")?;
        if layouts.get(&(screen_id, version)).is_none_or(|layout| layout.capacity() != capacity) {
            faults.push(format!("catalog: screen {screen_id} does not have the seats of its newest layout"));
        }
    }
    shows(tx, &layouts, &mut faults)?;
    Ok(faults)
}

type Layouts = HashMap<(ScreenId, i64), Layout>;

fn layouts(tx: &mut Tx<'_>, faults: &mut Vec<String>) -> Result<Layouts> {
    let mut layouts = HashMap::new();
    for row in tx.query(LAYOUTS, &[])? {
        let (screen_id, version): (ScreenId, i64) = (row.get("screen_id")?, row.get("version")?);
        match find_layout(tx, screen_id, version) {
            Ok(layout) if layout.capacity() == row.get::<u32>("capacity")? => {
                layouts.insert((screen_id, version), layout);
            }
            Ok(_) => faults.push(format!("catalog: layout {version} of screen {screen_id} miscounts its seats")),
            Err(error) => faults.push(format!("catalog: layout {version} of screen {screen_id}: {error}")),
        }
    }
    Ok(layouts)
}

fn shows(tx: &mut Tx<'_>, layouts: &Layouts, faults: &mut Vec<String>) -> Result<()> {
    let mut after = ShowId::from(Uuid::nil());
    loop {
        let rows = tx.query(SHOWS, &params![after, ROWS])?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            after = row.get("show_id")?;
            let mut expect = |holds: bool, broken: &str| {
                if !holds {
                    faults.push(format!("catalog: show {after} {broken}"));
                }
            };
            let start = row.get("start_time")?;
            expect(start < row.get("end_time")?, "ends before it starts");
            expect(row.get("in_cinema")?, "is on a screen of another cinema");
            let city: String = row.get("city_fold")?;
            expect(city == row.get::<String>("cinema_city_fold")?, "is listed in a city that its cinema is not in");
            let zone = zone(&row.get::<String>("timezone")?);
            let date = zone.map(|zone| local_date(start, &zone).to_string());
            expect(date == Some(row.get("local_date")?), "is listed on a day that is not its cinema's");
            let layout = layouts.get(&(row.get("screen_id")?, row.get("layout_version")?));
            expect(layout.is_some(), "has no layout");
            let prices = json::<PriceList>(&row, "prices");
            expect(prices.is_ok(), "has no readable prices");
            if let (Some(layout), Ok(prices)) = (layout, prices) {
                let priced: HashSet<_> = prices.iter().map(|(category, _)| category.clone()).collect();
                let wanted: HashSet<_> = layout.categories().iter().cloned().collect();
                expect(priced == wanted, "has not a price for each category of its layout and no other");
            }
        }
    }
}
