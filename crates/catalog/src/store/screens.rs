//! Screens and the versions of their layouts.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{CinemaId, ScreenId};

use super::{json, to_json, unreadable};
use crate::model::{Checked, Layout, LayoutPlan, Screen, fold, zone};

const COLUMNS: &str = "screen_id, cinema_id, name, layout_version, capacity";
const INSERT: &str = "
    INSERT INTO screens (screen_id, cinema_id, name, name_fold, layout_version, capacity, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7)";
const UPDATE: &str = "
    UPDATE screens SET name = $2, name_fold = $3, layout_version = $4, capacity = $5, revision = revision + 1
    WHERE screen_id = $1";
const INSERT_LAYOUT: &str = "INSERT INTO layouts (screen_id, version, plan, capacity) VALUES ($1, $2, $3, $4)";
const PLAN: &str = "SELECT plan FROM layouts WHERE screen_id = $1 AND version = $2";
/// Takes the row until the end of the transaction, so that who schedules on a screen does so one after another.
const LOCK: &str = "
    UPDATE screens SET revision = revision + 1 WHERE screen_id = $1 AND deleted_at IS NULL
    RETURNING cinema_id, layout_version";
const VENUE: &str = "SELECT timezone, city_fold FROM cinemas WHERE cinema_id = $1";
const LOCK_OF_CINEMA: &str = "UPDATE screens SET revision = revision + 1 WHERE cinema_id = $1";
const DELETE: &str = "UPDATE screens SET deleted_at = $2, revision = revision + 1 WHERE screen_id = $1";
const DELETE_OF_CINEMA: &str = "
    UPDATE screens SET deleted_at = $2, revision = revision + 1 WHERE cinema_id = $1 AND deleted_at IS NULL";
const NAMESAKE: &str = "
    SELECT screen_id FROM screens
    WHERE cinema_id = $1 AND name_fold = $2 AND screen_id <> $3 AND deleted_at IS NULL LIMIT 1";
const COUNT: &str = "SELECT COUNT(*) AS screens FROM screens WHERE cinema_id = $1 AND deleted_at IS NULL";

/// Where a show is to run: a screen with its newest layout, and what its cinema says of time and place.
#[derive(Clone, Debug)]
pub(crate) struct Venue {
    pub(crate) screen_id: ScreenId,
    pub(crate) cinema_id: CinemaId,
    pub(crate) layout_version: i64,
    pub(crate) zone: TimeZone,
    pub(crate) city_fold: String,
}

pub(crate) fn insert_screen(tx: &mut Tx<'_>, screen: &Screen, now: Timestamp) -> Result<()> {
    let Screen { screen_id, cinema_id, name, capacity, layout_version } = screen;
    tx.execute(INSERT, &params![*screen_id, *cinema_id, name, fold(name), *layout_version, *capacity, now])?;
    Ok(())
}

pub(crate) fn update_screen(tx: &mut Tx<'_>, screen: &Screen) -> Result<()> {
    let Screen { screen_id, name, capacity, layout_version, .. } = screen;
    tx.execute(UPDATE, &params![*screen_id, name, fold(name), *layout_version, *capacity])?;
    Ok(())
}

pub(crate) fn insert_layout(
    tx: &mut Tx<'_>,
    screen_id: ScreenId,
    layout: &Layout,
    plan: &Checked<LayoutPlan>,
) -> Result<()> {
    tx.execute(INSERT_LAYOUT, &params![screen_id, layout.version, to_json(&**plan), layout.capacity()])?;
    Ok(())
}

pub(crate) fn find_plan(tx: &mut Tx<'_>, screen_id: ScreenId, version: i64) -> Result<Checked<LayoutPlan>> {
    let row = tx.query_opt(PLAN, &params![screen_id, version])?;
    let row = row.ok_or_else(|| unreadable("plan", "the layout is missing"))?;
    let plan: LayoutPlan = json(&row, "plan")?;
    plan.check().map_err(|_| unreadable("plan", "not a valid layout"))
}

pub(crate) fn find_layout(tx: &mut Tx<'_>, screen_id: ScreenId, version: i64) -> Result<Layout> {
    Ok(Layout::of(&find_plan(tx, screen_id, version)?, version))
}

/// The screen, and nobody schedules on it until this transaction ends.
pub(crate) fn lock_screen(tx: &mut Tx<'_>, screen_id: ScreenId) -> Result<Option<Venue>> {
    let Some(row) = tx.query_opt(LOCK, &params![screen_id])? else { return Ok(None) };
    let (cinema_id, layout_version) = (row.get("cinema_id")?, row.get("layout_version")?);
    let Some(row) = tx.query_opt(VENUE, &params![cinema_id])? else { return Ok(None) };
    // A cinema is only added with a zone of this program's database.
    let zone = zone(&row.get::<String>("timezone")?).ok_or_else(|| unreadable("timezone", "not an IANA zone"))?;
    Ok(Some(Venue { screen_id, cinema_id, layout_version, zone, city_fold: row.get("city_fold")? }))
}

/// Nobody schedules in the cinema until this transaction ends.
pub(crate) fn lock_screens_of(tx: &mut Tx<'_>, cinema_id: CinemaId) -> Result<()> {
    tx.execute(LOCK_OF_CINEMA, &params![cinema_id])?;
    Ok(())
}

pub(crate) fn delete_screen(tx: &mut Tx<'_>, screen_id: ScreenId, now: Timestamp) -> Result<()> {
    tx.execute(DELETE, &params![screen_id, now])?;
    Ok(())
}

pub(crate) fn delete_screens_of(tx: &mut Tx<'_>, cinema_id: CinemaId, now: Timestamp) -> Result<()> {
    tx.execute(DELETE_OF_CINEMA, &params![cinema_id, now])?;
    Ok(())
}

pub(crate) fn count_screens(tx: &mut Tx<'_>, cinema_id: CinemaId) -> Result<usize> {
    let row = tx.query_opt(COUNT, &params![cinema_id])?;
    let screens = row.map_or(Ok(0), |row| row.get::<i64>("screens"))?;
    Ok(usize::try_from(screens).unwrap_or(usize::MAX))
}

/// Whether another screen of its cinema has the screen's name, whatever its case.
pub(crate) fn has_namesake(tx: &mut Tx<'_>, screen: &Screen) -> Result<bool> {
    let Screen { screen_id, cinema_id, name, .. } = screen;
    Ok(tx.query_opt(NAMESAKE, &params![*cinema_id, fold(name), *screen_id])?.is_some())
}

pub(crate) fn find_screen(tx: &mut Tx<'_>, screen_id: ScreenId) -> Result<Option<Screen>> {
    let sql = format!("SELECT {COLUMNS} FROM screens WHERE screen_id = $1 AND deleted_at IS NULL");
    tx.query_opt(&sql, &params![screen_id])?.map(|row| read(&row)).transpose()
}

/// The screens of each of the cinemas, by name.
pub(crate) fn screens_of(tx: &mut Tx<'_>, cinemas: impl Iterator<Item = CinemaId>) -> Result<Vec<Vec<Screen>>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM screens WHERE cinema_id = $1 AND deleted_at IS NULL ORDER BY name_fold, screen_id"
    );
    let found = tx.query_each(&sql, cinemas.map(|cinema_id| params![cinema_id]))?;
    found.iter().map(|rows| rows.iter().map(read).collect()).collect()
}

fn read(row: &Row) -> Result<Screen> {
    Ok(Screen {
        screen_id: row.get("screen_id")?,
        cinema_id: row.get("cinema_id")?,
        name: row.get("name")?,
        capacity: row.get("capacity")?,
        layout_version: row.get("layout_version")?,
    })
}
