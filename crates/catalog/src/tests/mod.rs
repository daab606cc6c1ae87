//! The catalogue on a database of its own, with a clock that the test moves.

mod browsing;
mod copying;
mod editing;
mod importing;
mod managing;
mod movies;
mod over_http;
mod scheduling;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use marquee_bus::{Actor, Bus, Journal};
use marquee_db::{Db, Error as DbError, params};
use marquee_kernel::{Clock, ManualClock, Money, MovieId, PageRequest, Rng, ScreenId, ShowId};

use crate::model::{Cinema, CinemaDetails, MovieDetails, NewShow, Show, ShowDetails, ShowFilter, plan};
use crate::{Catalog, Error, Settings};

/// Noon in London, half past five in the afternoon in Mumbai.
const NOON: &str = "2026-11-22T12:00:00Z";

struct House {
    catalog: Catalog,
    db: Db,
    hands: ManualClock,
    _dir: tempfile::TempDir,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn prices(prices: &[(&str, i64)]) -> BTreeMap<String, Money> {
    let price =
        |(category, amount): &(&str, i64)| ((*category).to_owned(), Money::new(*amount, "INR".parse().unwrap()));
    prices.iter().map(price).collect()
}

fn movie(title: &str, duration_minutes: u32) -> MovieDetails {
    MovieDetails { title: title.to_owned(), duration_minutes, ..MovieDetails::default() }
}

fn cinema(city: &str, timezone: &str) -> CinemaDetails {
    CinemaDetails {
        name: format!("The {city}"),
        city: city.to_owned(),
        timezone: timezone.to_owned(),
        ..CinemaDetails::default()
    }
}

fn show(movie_id: MovieId, screen_id: ScreenId, start_time: Timestamp) -> NewShow {
    let prices = prices(&[("gold", 25_000)]);
    NewShow { movie_id, screen_id, details: ShowDetails { start_time, language: None, format: None, prices } }
}

impl House {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let hands = ManualClock::at(at(NOON));
        let (clock, rng) = (Clock::Manual(hands.clone()), Rng::seeded(7));
        let (journal, bus) = (Journal::new(clock.clone(), rng.clone()), Bus::new(db.clone()));
        let catalog = Catalog::new(db.clone(), journal, bus, clock, rng, Settings::default());
        Self { catalog, db, hands, _dir: dir }
    }

    async fn movie(&self, title: &str, minutes: u32) -> MovieId {
        self.catalog.add_movie(Actor::System, movie(title, minutes)).await.unwrap().movie_id
    }

    async fn cinema(&self, city: &str, timezone: &str) -> Cinema {
        self.catalog.add_cinema(Actor::System, cinema(city, timezone)).await.unwrap()
    }

    /// The cinema's next screen, of five seats.
    async fn screen(&self, cinema: &Cinema) -> ScreenId {
        let name = (self.catalog.cinema(cinema.cinema_id).await.unwrap().screens.len() + 1).to_string();
        let plan = plan(&[("A", "gold", "12345")]);
        self.catalog.add_screen(Actor::System, cinema.cinema_id, name, plan).await.unwrap().screen_id
    }

    /// A cinema of that zone with one screen of five seats.
    async fn screen_in(&self, city: &str, timezone: &str) -> ScreenId {
        self.screen(&self.cinema(city, timezone).await).await
    }

    async fn schedule(&self, movie_id: MovieId, screen_id: ScreenId, start: Timestamp) -> Result<Arc<Show>, Error> {
        self.catalog.schedule_show(Actor::System, show(movie_id, screen_id, start)).await
    }

    async fn cancel(&self, show_id: ShowId) -> Result<Arc<Show>, Error> {
        self.catalog.cancel_show(Actor::System, show_id).await
    }

    /// Every show of a list, read in pages of `limit`.
    async fn listed(&self, filter: ShowFilter, limit: u32) -> Vec<ShowId> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.catalog.shows(filter.clone(), PageRequest { limit, after }).await.unwrap();
            found.extend(page.items.iter().map(|show| show.show_id));
            match page.next_cursor {
                Some(word) => after = Some(marquee_kernel::decode_cursor(crate::SHOW_LIST, &word).unwrap()),
                None => return found,
            }
        }
    }

    /// Kinds of all events so far, in order.
    async fn events(&self) -> Vec<String> {
        let kinds = |tx: &mut marquee_db::Tx<'_>| {
            let rows = tx.query("SELECT kind FROM journal ORDER BY seq", &params![])?;
            rows.iter().map(|row| row.get("kind")).collect::<Result<Vec<String>, DbError>>()
        };
        self.db.read(kinds).await.unwrap()
    }

    async fn faults(&self) -> Vec<String> {
        self.db.read(Catalog::check).await.unwrap()
    }
}
