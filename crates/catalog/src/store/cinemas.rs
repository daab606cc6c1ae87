//! Cinemas, and what their shows repeat of them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use marquee_db::{Result, Row, Tx, Value, params};
use marquee_kernel::{CinemaId, ShowId};
use uuid::Uuid;

use super::{Where, to_json, unreadable};
use crate::model::{Checked, Cinema, CinemaDetails, Location, fold, local_date};

const COLUMNS: &str = "cinema_id, name, city, timezone, address, location, sales_close_minutes, cancel_close_minutes";
const INSERT: &str = "
    INSERT INTO cinemas (cinema_id, name, name_fold, city, city_fold, timezone, address, location,
        sales_close_minutes, cancel_close_minutes, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)";
const UPDATE: &str = "
    UPDATE cinemas SET name = $2, name_fold = $3, city = $4, city_fold = $5, timezone = $6, address = $7,
        location = $8, sales_close_minutes = $9, cancel_close_minutes = $10, revision = revision + 1
    WHERE cinema_id = $1";
const LOCK: &str = "
    UPDATE cinemas SET revision = revision + 1 WHERE cinema_id = $1 AND deleted_at IS NULL RETURNING cinema_id";
const DELETE: &str = "UPDATE cinemas SET deleted_at = $2, revision = revision + 1 WHERE cinema_id = $1";
const NAMED: &str = "
    SELECT cinema_id FROM cinemas WHERE city_fold = $1 AND name_fold = $2 AND deleted_at IS NULL
    ORDER BY cinema_id LIMIT 1";
const EVER: &str = "SELECT cinema_id FROM cinemas WHERE cinema_id = $1";
const MOVE_SHOWS: &str = "UPDATE shows SET city_fold = $2 WHERE cinema_id = $1";
const STARTS: &str = "SELECT show_id, start_time FROM shows WHERE cinema_id = $1";
const REDATE_SHOW: &str = "UPDATE shows SET local_date = $2 WHERE show_id = $1";

pub(crate) fn insert_cinema(
    tx: &mut Tx<'_>,
    cinema_id: CinemaId,
    cinema: &Checked<CinemaDetails>,
    now: Timestamp,
) -> Result<()> {
    let params = std::iter::once(cinema_id.into()).chain(values(cinema)).chain([now.into()]);
    tx.execute(INSERT, &params.collect::<Vec<_>>())?;
    Ok(())
}

pub(crate) fn update_cinema(tx: &mut Tx<'_>, cinema_id: CinemaId, cinema: &Checked<CinemaDetails>) -> Result<()> {
    let params = std::iter::once(cinema_id.into()).chain(values(cinema));
    tx.execute(UPDATE, &params.collect::<Vec<_>>())?;
    Ok(())
}

fn values(cinema: &CinemaDetails) -> [Value; 9] {
    params![
        &cinema.name,
        fold(&cinema.name),
        &cinema.city,
        fold(&cinema.city),
        &cinema.timezone,
        cinema.address.clone(),
        cinema.location.as_ref().map(to_json),
        cinema.sales_close_minutes_before_start,
        cinema.cancellation_close_minutes_before_start,
    ]
}

/// Takes the cinema's row until this transaction ends; whether there is such a cinema.
pub(crate) fn lock_cinema(tx: &mut Tx<'_>, cinema_id: CinemaId) -> Result<bool> {
    Ok(tx.query_opt(LOCK, &params![cinema_id])?.is_some())
}

pub(crate) fn delete_cinema(tx: &mut Tx<'_>, cinema_id: CinemaId, now: Timestamp) -> Result<()> {
    tx.execute(DELETE, &params![cinema_id, now])?;
    Ok(())
}

/// Tells the cinema's shows its new city.
pub(crate) fn move_shows(tx: &mut Tx<'_>, cinema_id: CinemaId, city: &str) -> Result<()> {
    tx.execute(MOVE_SHOWS, &params![cinema_id, fold(city)])?;
    Ok(())
}

/// Tells the cinema's shows their dates in its new zone.
pub(crate) fn redate_shows(tx: &mut Tx<'_>, cinema_id: CinemaId, zone: &TimeZone) -> Result<()> {
    let mut dates = Vec::new();
    for row in tx.query(STARTS, &params![cinema_id])? {
        let date = local_date(row.get("start_time")?, zone);
        dates.push(params![row.get::<ShowId>("show_id")?, date.to_string()]);
    }
    tx.execute_each(REDATE_SHOW, dates)?;
    Ok(())
}

/// The cinema, without its screens.
pub(crate) fn find_cinema(tx: &mut Tx<'_>, cinema_id: CinemaId) -> Result<Option<Cinema>> {
    let sql = format!("SELECT {COLUMNS} FROM cinemas WHERE cinema_id = $1 AND deleted_at IS NULL");
    tx.query_opt(&sql, &params![cinema_id])?.map(|row| read(&row)).transpose()
}

/// The cinema of that name in that city, whatever their case.
pub(crate) fn find_cinema_named(tx: &mut Tx<'_>, city: &str, name: &str) -> Result<Option<CinemaId>> {
    tx.query_opt(NAMED, &params![fold(city), fold(name)])?.map(|row| row.get("cinema_id")).transpose()
}

/// Whether there is or was a cinema of that id.
pub(crate) fn has_had_cinema(tx: &mut Tx<'_>, cinema_id: CinemaId) -> Result<bool> {
    Ok(tx.query_opt(EVER, &params![cinema_id])?.is_some())
}

/// Cinemas by folded name and id, without their screens, from the first after `after`.
pub(crate) fn list_cinemas(
    tx: &mut Tx<'_>,
    city: Option<&str>,
    after: Option<&(String, CinemaId)>,
    limit: u32,
) -> Result<Vec<Cinema>> {
    let mut found = Where::default();
    let nothing = (String::new(), CinemaId::from(Uuid::nil()));
    let (name, cinema_id) = after.unwrap_or(&nothing);
    found.and("deleted_at IS NULL AND (name_fold, cinema_id) > (?, ?)", params![name, *cinema_id]);
    if let Some(city) = city {
        found.and("city_fold = ?", params![city]);
    }
    let limit = found.bind(limit.into());
    let sql = format!("SELECT {COLUMNS} FROM cinemas{} ORDER BY name_fold, cinema_id LIMIT {limit}", found.clause);
    tx.query(&sql, &found.params)?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Cinema> {
    let location: Option<String> = row.get("location")?;
    let location = location.map(|text| serde_json::from_str::<Location>(&text)).transpose();
    Ok(Cinema {
        cinema_id: row.get("cinema_id")?,
        details: CinemaDetails {
            name: row.get("name")?,
            city: row.get("city")?,
            timezone: row.get("timezone")?,
            address: row.get("address")?,
            location: location.map_err(|_| unreadable("location", "not the JSON it should be"))?,
            sales_close_minutes_before_start: row.get("sales_close_minutes")?,
            cancellation_close_minutes_before_start: row.get("cancel_close_minutes")?,
        },
        screens: Vec::new(),
    })
}
