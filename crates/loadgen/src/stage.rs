//! What the load plays on: a cinema, screens, shows, and signed-in buyers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::{Catalog, CinemaDetails, LayoutPlan, MovieDetails, NewShow, RowPlan, Settings, ShowDetails};
use marquee_db::Db;
use marquee_kernel::{Clock, Money, MovieId, Rng, ScreenId, ShowId};

use crate::client::{Connection, call};
use crate::server::Place;

/// The administrator the servers under test start with, and everybody's password.
pub(crate) const ADMIN: &str = "admin@example.org";
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Rows and seats per row of a screen: 200 seats, the house the design sizes for.
pub(crate) const ROWS: u32 = 10;
pub(crate) const SEATS_PER_ROW: u32 = 20;
/// Shows a screen has in a day, and days on sale.
const SHOWS_PER_DAY: usize = 5;
const HOURS_BETWEEN: i64 = 4;
/// Shows scheduled at a time.
const SHOWS_AT_A_TIME: usize = 5_000;
/// Price of a seat, in paise.
const PRICE: i64 = 25_000;

/// Fills an empty database with one cinema whose screens show `shows` shows over `days` days, from tomorrow on.
/// Returns the movies and the shows.
pub(crate) async fn set(place: Place<'_>, shows: usize, days: usize) -> Result<(Vec<MovieId>, Vec<ShowId>)> {
    let (clock, rng) = (Clock::System, Rng::System);
    let db = match place.database_url {
        Some(url) => Db::connect(url)?,
        None => Db::open(&place.data_dir.join("marquee.db"))?,
    };
    let journal = Journal::new(clock.clone(), rng.clone());
    let catalog = Catalog::new(db.clone(), journal, Bus::new(db), clock.clone(), rng, Settings::default());
    let actor = Actor::System;
    let mut movies = Vec::new();
    for n in 0..20 {
        let title = format!("Film {n}");
        let movie = MovieDetails { title, duration_minutes: 120, ..MovieDetails::default() };
        movies.push(catalog.add_movie(actor, movie).await?.movie_id);
    }
    let screens = screens(&catalog, shows.div_ceil(days * SHOWS_PER_DAY)).await?;
    let tomorrow = clock.now() + SignedDuration::from_hours(24);
    let mut plan = Vec::with_capacity(shows);
    for day in 0..days {
        for slot in 0..SHOWS_PER_DAY {
            for (at, screen_id) in screens.iter().enumerate() {
                let hours = i64::try_from(day * 24)? + i64::try_from(slot)? * HOURS_BETWEEN;
                plan.push(NewShow {
                    movie_id: movies[(at + slot) % movies.len()],
                    screen_id: *screen_id,
                    details: ShowDetails {
                        start_time: tomorrow + SignedDuration::from_hours(hours),
                        language: Some("en".to_owned()),
                        format: None,
                        prices: BTreeMap::from([("gold".to_owned(), Money::new(PRICE, "INR".parse()?))]),
                    },
                });
            }
        }
    }
    plan.truncate(shows);
    let mut scheduled = Vec::with_capacity(shows);
    while !plan.is_empty() {
        let next = plan.split_off(plan.len().saturating_sub(SHOWS_AT_A_TIME));
        for show in catalog.schedule_shows(actor, next).await? {
            scheduled.push(show?);
        }
    }
    Ok((movies, scheduled))
}

async fn screens(catalog: &Catalog, wanted: usize) -> Result<Vec<ScreenId>> {
    let row = |n: u32| RowPlan {
        row: char::from_u32('A' as u32 + n).map(String::from).unwrap_or_default(),
        category: "gold".to_owned(),
        seats: "x".repeat(SEATS_PER_ROW as usize),
    };
    let plan = LayoutPlan { rows: (0..ROWS).map(row).collect() };
    let mut screens = Vec::with_capacity(wanted);
    let mut cinema = None;
    for n in 0..wanted {
        if n % marquee_catalog::SCREENS_PER_CINEMA_MAX == 0 {
            let details = CinemaDetails {
                name: format!("House {n}"),
                city: "Mumbai".to_owned(),
                timezone: "Asia/Kolkata".to_owned(),
                ..CinemaDetails::default()
            };
            cinema = Some(catalog.add_cinema(Actor::System, details).await?.cinema_id);
        }
        let cinema_id = cinema.context("a cinema")?;
        screens
            .push(catalog.add_screen(Actor::System, cinema_id, format!("Screen {n}"), plan.clone()).await?.screen_id);
    }
    Ok(screens)
}

/// The seats of a screen, in pairs.
pub(crate) fn pairs() -> impl Iterator<Item = (String, String)> {
    (0..ROWS).flat_map(|row| {
        let row = char::from_u32('A' as u32 + row).unwrap_or('A');
        (0..SEATS_PER_ROW / 2).map(move |pair| (format!("{row}-{}", pair * 2 + 1), format!("{row}-{}", pair * 2 + 2)))
    })
}

/// Registers a buyer and returns their access token.
pub(crate) async fn buyer(address: SocketAddr, n: usize) -> Result<String> {
    let body = format!(r#"{{"name":"Buyer {n}","email":"buyer{n}@example.org","password":"{PASSWORD}"}}"#);
    let mut connection = Connection::open(address).await?;
    let answer = connection.call(&call("POST", "/api/v1/auth/register", "", &body)).await?;
    ensure!(answer.status == 201, "register: {} {}", answer.status, String::from_utf8_lossy(answer.body));
    answer.member("access_token").map(str::to_owned).context("an access token")
}
