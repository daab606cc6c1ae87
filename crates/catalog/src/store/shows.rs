//! Shows.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{CinemaId, MovieId, ScreenId, ShowId};
use marquee_pricing::PriceList;
use uuid::Uuid;

use super::{Where, json, to_json};
use crate::model::{Layout, Show, ShowFilter, Slot, fold, longest_show, start_window};

/// The shows of `source` with what their movie, cinema and screen are called today, even if deleted since.
macro_rules! with_names {
    ($source:expr) => {
        format!(
            "SELECT s.show_id, s.movie_id, s.cinema_id, s.screen_id, s.layout_version, s.start_time, s.end_time,
                s.language, s.format, s.prices, s.cancelled, s.revision, m.title AS movie_title, m.certificate,
                c.name AS cinema_name, c.address AS cinema_address, c.timezone, c.sales_close_minutes,
                c.cancel_close_minutes, n.name AS screen_name
            FROM {} s
            JOIN movies m ON m.movie_id = s.movie_id
            JOIN cinemas c ON c.cinema_id = s.cinema_id
            JOIN screens n ON n.screen_id = s.screen_id",
            $source
        )
    };
}

const INSERT: &str = "
    INSERT INTO shows (show_id, movie_id, cinema_id, screen_id, layout_version, city_fold, local_date, start_time,
        end_time, language, format, prices, cancelled, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14)";
const UPDATE: &str = "
    UPDATE shows SET local_date = $2, start_time = $3, end_time = $4, language = $5, format = $6, prices = $7,
        revision = revision + 1
    WHERE show_id = $1";
const CANCEL: &str = "
    UPDATE shows SET cancelled = $2, revision = revision + 1 WHERE show_id = $1 AND cancelled <> $2";
/// start_time has a lower bound too, because no show is longer than the longest: a short range of the index.
const OCCUPIER: &str = "
    SELECT show_id FROM shows
    WHERE screen_id = $1 AND start_time > $2 AND start_time < $3 AND end_time > $4 AND cancelled = $5 AND show_id <> $6
    ORDER BY start_time LIMIT 1";

const LAST_PRICES: &str = "
    SELECT prices FROM shows WHERE screen_id = $1 AND cancelled = $2 ORDER BY start_time DESC LIMIT 1";
const SHOWING: &str = "
    SELECT 1 AS one FROM shows WHERE screen_id = $1 AND start_time = $2 AND movie_id = $3 LIMIT 1";
const EVER: &str = "SELECT 1 AS one FROM shows WHERE show_id = $1";
const AFTER: &str = "SELECT show_id FROM shows WHERE show_id > $1 ORDER BY show_id LIMIT $2";

/// Whether that movie starts on that screen then, or did, or would have if it had not been cancelled.
pub(crate) fn has_showing(tx: &mut Tx<'_>, screen_id: ScreenId, start: Timestamp, movie_id: MovieId) -> Result<bool> {
    Ok(tx.query_opt(SHOWING, &params![screen_id, start, movie_id])?.is_some())
}

/// Whether there is or was a show of that id.
pub(crate) fn has_had_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<bool> {
    Ok(tx.query_opt(EVER, &params![show_id])?.is_some())
}

/// Every show there is or was, in the order of their ids, after `after`.
pub(crate) fn shows_after(tx: &mut Tx<'_>, after: ShowId, limit: u32) -> Result<Vec<ShowId>> {
    tx.query(AFTER, &params![after, limit])?.iter().map(|row| row.get("show_id")).collect()
}

/// A row of the table, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) show_id: ShowId,
    pub(crate) movie_id: MovieId,
    pub(crate) cinema_id: CinemaId,
    pub(crate) screen_id: ScreenId,
    pub(crate) layout_version: i64,
    pub(crate) city_fold: String,
    pub(crate) local_date: Date,
    pub(crate) slot: Slot,
    pub(crate) language: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) prices: PriceList,
}

pub(crate) fn insert_show(tx: &mut Tx<'_>, show: &Scheduled, now: Timestamp) -> Result<()> {
    tx.execute(
        INSERT,
        &params![
            show.show_id,
            show.movie_id,
            show.cinema_id,
            show.screen_id,
            show.layout_version,
            &show.city_fold,
            show.local_date.to_string(),
            show.slot.start,
            show.slot.end,
            show.language.clone(),
            show.format.clone(),
            to_json(&show.prices),
            false,
            now,
        ],
    )?;
    Ok(())
}

pub(crate) fn update_show(tx: &mut Tx<'_>, show: &Scheduled) -> Result<()> {
    let Scheduled { show_id, local_date, slot, language, format, prices, .. } = show;
    let (date, prices) = (local_date.to_string(), to_json(prices));
    tx.execute(UPDATE, &params![*show_id, date, slot.start, slot.end, language.clone(), format.clone(), prices])?;
    Ok(())
}

/// Whether this call cancelled the show; not when it was cancelled before.
pub(crate) fn cancel_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<bool> {
    Ok(tx.execute(CANCEL, &params![show_id, true])? > 0)
}

/// A show other than `apart_from` that takes the screen during `slot` or the cleaning before or after it.
pub(crate) fn occupier(
    tx: &mut Tx<'_>,
    screen_id: ScreenId,
    slot: Slot,
    cleaning: SignedDuration,
    apart_from: ShowId,
) -> Result<Option<ShowId>> {
    let Slot { start, end } = slot.with_gap(cleaning);
    let earliest = start.checked_sub(longest_show()).unwrap_or(Timestamp::MIN);
    let found = tx.query_opt(OCCUPIER, &params![screen_id, earliest, end, start, false, apart_from])?;
    found.map(|row| row.get("show_id")).transpose()
}

/// What a show uses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum User {
    Movie(MovieId),
    Cinema(CinemaId),
    Screen(ScreenId),
}

/// A show that uses it, has not ended and was not cancelled.
pub(crate) fn coming_show_of(tx: &mut Tx<'_>, used: User, now: Timestamp) -> Result<Option<ShowId>> {
    let mut found = Where::default();
    match used {
        User::Movie(movie_id) => found.and("movie_id = ?", params![movie_id]),
        User::Cinema(cinema_id) => found.and("cinema_id = ?", params![cinema_id]),
        User::Screen(screen_id) => found.and("screen_id = ?", params![screen_id]),
    }
    let coming = params![now - longest_show(), now, false];
    found.and("start_time > ? AND end_time > ? AND cancelled = ?", coming);
    let sql = format!("SELECT show_id FROM shows{} LIMIT 1", found.clause);
    tx.query_opt(&sql, &found.params)?.map(|row| row.get("show_id")).transpose()
}

/// A show as it was read, still without its seats.
pub(crate) struct Record {
    row: Row,
}

impl Record {
    /// Which layout it uses.
    pub(crate) fn layout_key(&self) -> Result<(ScreenId, i64)> {
        Ok((self.row.get("screen_id")?, self.row.get("layout_version")?))
    }

    /// The show, on its layout.
    pub(crate) fn on(&self, layout: Arc<Layout>) -> Result<Show> {
        let row = &self.row;
        let text = |column: &str| row.get::<String>(column).map(Arc::from);
        let optional = |column: &str| row.get::<Option<String>>(column).map(|text| text.map(Arc::from));
        let start_time: Timestamp = row.get("start_time")?;
        let before_start = |column: &str| -> Result<Timestamp> {
            let minutes = SignedDuration::from_mins(row.get(column)?);
            Ok(start_time.checked_sub(minutes).unwrap_or(Timestamp::MIN))
        };
        Ok(Show {
            show_id: row.get("show_id")?,
            movie_id: row.get("movie_id")?,
            movie_title: text("movie_title")?,
            certificate: optional("certificate")?,
            cinema_id: row.get("cinema_id")?,
            cinema_name: text("cinema_name")?,
            cinema_address: optional("cinema_address")?,
            timezone: text("timezone")?,
            screen_id: row.get("screen_id")?,
            screen_name: text("screen_name")?,
            layout,
            prices: json(row, "prices")?,
            start_time,
            end_time: row.get("end_time")?,
            sales_close_at: before_start("sales_close_minutes")?,
            cancel_close_at: before_start("cancel_close_minutes")?,
            language: optional("language")?,
            format: optional("format")?,
            cancelled: row.get("cancelled")?,
            revision: row.get("revision")?,
        })
    }
}

pub(crate) fn find_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Option<Record>> {
    let sql = with_names!("(SELECT * FROM shows WHERE show_id = $1)");
    Ok(tx.query_opt(&sql, &params![show_id])?.map(|row| Record { row }))
}

/// Shows of a cinema, also those that are over, which start in its days from `first` to `last`: by start and id, from the
/// first after `after`.
pub(crate) fn timetable(
    tx: &mut Tx<'_>,
    cinema_id: CinemaId,
    (first, last): (Date, Date),
    after: Option<(Timestamp, ShowId)>,
    limit: u32,
) -> Result<Vec<Record>> {
    let mut found = Where::default();
    // The dates are a range of instants, where the index is entered and left; local_date then decides row by row.
    let from = (start_window(first).0, ShowId::from(Uuid::nil()));
    let (start_time, show_id) = after.map_or(from, |after| from.max(after));
    found.and("cinema_id = ?", params![cinema_id]);
    found.and("(start_time, show_id) > (?, ?)", params![start_time, show_id]);
    found.and("start_time < ?", params![start_window(last).1]);
    found.and("local_date >= ? AND local_date <= ?", params![first.to_string(), last.to_string()]);
    let limit = found.bind(limit.into());
    let page = format!("(SELECT * FROM shows{} ORDER BY start_time, show_id LIMIT {limit})", found.clause);
    let sql = with_names!(page) + " ORDER BY s.start_time, s.show_id";
    Ok(tx.query(&sql, &found.params)?.into_iter().map(|row| Record { row }).collect())
}

/// What seats cost at the last show of each screen, by its start; `None` for a screen that has had none.
pub(crate) fn last_prices(tx: &mut Tx<'_>, screens: impl Iterator<Item = ScreenId>) -> Result<Vec<Option<PriceList>>> {
    let found = tx.query_each(LAST_PRICES, screens.map(|screen_id| params![screen_id, false]))?;
    found.iter().map(|rows| rows.first().map(|row| json(row, "prices")).transpose()).collect()
}

/// Shows that have not ended, by start and id, from the first after `after`.
pub(crate) fn list_shows(
    tx: &mut Tx<'_>,
    filter: &ShowFilter,
    after: Option<(Timestamp, ShowId)>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Record>> {
    let (sql, params) = listing(filter, after, limit, now);
    Ok(tx.query(&sql, &params)?.into_iter().map(|row| Record { row }).collect())
}

fn listing(
    filter: &ShowFilter,
    after: Option<(Timestamp, ShowId)>,
    limit: u32,
    now: Timestamp,
) -> (String, Vec<marquee_db::Value>) {
    let mut found = Where::default();
    // What has not ended started less than the longest show ago, and a date is a range of instants: with the cursor they
    // make one lower bound, where the index is entered. end_time and local_date then decide row by row.
    let mut from = (now - longest_show(), ShowId::from(Uuid::nil()));
    let mut until = None;
    if let Some(date) = filter.date {
        let (first, last) = start_window(date);
        from = from.max((first, ShowId::from(Uuid::nil())));
        until = Some(last);
        found.and("local_date = ?", params![date.to_string()]);
    }
    let (start_time, show_id) = after.map_or(from, |after| from.max(after));
    found.and("(start_time, show_id) > (?, ?)", params![start_time, show_id]);
    found.and("end_time > ?", params![now]);
    if let Some(until) = until {
        found.and("start_time < ?", params![until]);
    }
    if let Some(movie_id) = filter.movie_id {
        found.and("movie_id = ?", params![movie_id]);
    }
    if let Some(cinema_id) = filter.cinema_id {
        found.and("cinema_id = ?", params![cinema_id]);
    }
    if let Some(city) = &filter.city {
        found.and("city_fold = ?", params![fold(city)]);
    }
    let limit = found.bind(limit.into());
    let page = format!("(SELECT * FROM shows{} ORDER BY start_time, show_id LIMIT {limit})", found.clause);
    (with_names!(page) + " ORDER BY s.start_time, s.show_id", found.params)
}

#[cfg(test)]
mod tests {
    use marquee_db::{Db, Error};

    use super::*;

    /// How SQLite means to run a list with that filter.
    async fn plan_of(db: &Db, filter: ShowFilter) -> String {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let (sql, params) = listing(&filter, None, 20, now);
        let explain = move |tx: &mut Tx<'_>| tx.query(&format!("EXPLAIN QUERY PLAN {sql}"), &params);
        let rows = db.read(explain).await.unwrap();
        let steps = rows.iter().map(|row| row.get::<String>("detail"));
        steps.collect::<Result<Vec<_>, Error>>().unwrap().join("\n")
    }

    #[tokio::test]
    async fn every_list_of_shows_is_a_range_of_one_index_in_its_order() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let movie_id = Some(MovieId::from(Uuid::nil()));
        let cinema_id = Some(CinemaId::from(Uuid::nil()));
        let (city, date) = (Some("Mumbai".to_owned()), Some(jiff::civil::date(2026, 11, 22)));
        let none = ShowFilter::default();
        let cases = [
            (none.clone(), "shows_by_start ((start_time,show_id)>"),
            (ShowFilter { date, ..none.clone() }, "shows_by_start ((start_time,show_id)>"),
            (ShowFilter { movie_id, ..none.clone() }, "shows_by_movie (movie_id=? AND (start_time,show_id)>"),
            (ShowFilter { movie_id, date, ..none.clone() }, "shows_by_movie (movie_id=? AND (start_time,show_id)>"),
            (ShowFilter { cinema_id, date, ..none.clone() }, "shows_by_cinema (cinema_id=? AND (start_time,show_id)>"),
            (
                ShowFilter { city: city.clone(), date, ..none.clone() },
                "shows_by_city (city_fold=? AND (start_time,show_id)>",
            ),
        ];
        for (filter, index) in cases {
            let plan = plan_of(&db, filter.clone()).await;
            assert!(plan.contains(index), "{filter:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
        }
        let all = ShowFilter { movie_id, cinema_id, city, date };
        let plan = plan_of(&db, all).await;
        assert!(plan.contains("SEARCH shows USING INDEX shows_by_"), "{plan}");
    }
}
