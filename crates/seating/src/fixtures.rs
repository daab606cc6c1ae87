//! What the tests start from: a show with seats, a clock to move, a shop to sell in.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use marquee_accounts::{Accounts, Hashing};
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::{Catalog, CinemaDetails, Layout, LayoutPlan, MovieDetails, NewShow, RowPlan, Show, ShowDetails};
use marquee_cluster::Shards;
use marquee_db::Db;
use marquee_kernel::{
    BookingId, CinemaId, Clock, HoldId, ManualClock, Money, MovieId, Rng, ScreenId, SeatId, ShowId, Timestamp, UserId,
};
use marquee_kv::testing::Kind;
use marquee_pricing::PriceList;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::model::{Attempt, Hold, Standing};
use crate::store::claims;
use crate::{Holds, Parts, Party, Seating, Settings};

pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(crate) fn user() -> UserId {
    UserId::mint(&Clock::System, &Rng::System)
}

pub(crate) fn booking() -> BookingId {
    BookingId::mint(&Clock::System, &Rng::System)
}

pub(crate) fn attempt(booking_id: BookingId) -> Attempt {
    Attempt { booking_id, key: None, request_hash: [0; 32] }
}

pub(crate) fn plan(rows: &[(&str, &str, &str)]) -> LayoutPlan {
    let row = |(row, category, seats): &(&str, &str, &str)| RowPlan {
        row: (*row).to_owned(),
        category: (*category).to_owned(),
        seats: (*seats).to_owned(),
    };
    LayoutPlan { rows: rows.iter().map(row).collect() }
}

fn prices(layout: &Layout) -> BTreeMap<String, Money> {
    let price = |(n, category): (i64, &Arc<str>)| {
        (category.to_string(), Money::new(25_000 + 10_000 * n, "INR".parse().unwrap()))
    };
    (0..).zip(layout.categories()).map(price).collect()
}

/// A show this evening on a screen of that layout.
pub(crate) fn show_on(rows: &[(&str, &str, &str)]) -> Arc<Show> {
    let layout = Layout::of(&plan(rows).check().unwrap(), 1);
    let (clock, rng) = (Clock::System, Rng::System);
    let start_time = noon() + seconds(6 * 3_600);
    Arc::new(Show {
        show_id: ShowId::mint(&clock, &rng),
        movie_id: MovieId::mint(&clock, &rng),
        movie_title: "Pather Panchali".into(),
        certificate: None,
        cinema_id: CinemaId::mint(&clock, &rng),
        cinema_name: "Metro".into(),
        cinema_address: None,
        timezone: "Asia/Kolkata".into(),
        screen_id: ScreenId::mint(&clock, &rng),
        screen_name: "1".into(),
        prices: PriceList::new(prices(&layout)).unwrap(),
        layout: Arc::new(layout),
        start_time,
        end_time: start_time + seconds(7_200),
        sales_close_at: start_time,
        cancel_close_at: start_time,
        language: None,
        format: None,
        cancelled: false,
        revision: 1,
    })
}

/// A hold on `places`, which only the house and the hold store look at.
pub(crate) fn standing(user_id: UserId, places: &[u16], placed_at: Timestamp, expiry: Timestamp) -> Standing {
    let (clock, rng) = (Clock::System, Rng::System);
    let total = Money::new(0, "INR".parse().unwrap());
    let (hold_id, show_id) = (HoldId::mint(&clock, &rng), ShowId::mint(&clock, &rng));
    let hold = Hold { hold_id, show_id, user_id, seats: Vec::new(), total, expiry };
    Standing { hold, placed_by: user_id, placed_at, places: places.into(), paying: None }
}

/// Seating over a database of its own, with one show of two rows of five this evening, and a clock to move.
pub(crate) struct Shop {
    pub(crate) seating: Seating,
    pub(crate) catalog: Catalog,
    pub(crate) db: Db,
    pub(crate) hands: ManualClock,
    pub(crate) show: Arc<Show>,
    pub(crate) stop: CancellationToken,
    pub(crate) dir: Arc<TempDir>,
    settings: Settings,
    holds: Holds,
}

async fn parts(dir: &TempDir, db: &Db, hands: &ManualClock, settings: Settings, holds: Holds) -> Parts {
    let (clock, rng, bus) = (Clock::Manual(hands.clone()), Rng::System, Bus::new(db.clone()));
    let journal = Journal::new(clock.clone(), rng.clone());
    let cinemas = marquee_catalog::Settings::default();
    let catalog = Catalog::new(db.clone(), journal.clone(), bus.clone(), clock.clone(), rng.clone(), cinemas);
    let mut people = marquee_accounts::Settings::new(dir.path());
    people.hashing = Hashing { memory_kib: 8, passes: 1, parallelism: 1 };
    let accounts = Accounts::new(db.clone(), journal.clone(), clock.clone(), rng.clone(), people).await.unwrap();
    let shards = Shards::alone(db.clone(), bus.clone(), journal.clone(), clock.clone(), rng.clone());
    Parts { shards, bus, journal, catalog, accounts, clock, rng, settings, holds }
}

/// One suite for every hold store: each of these tests, in each of these places.
macro_rules! conforms {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(crate::fixtures::Place::Memory).await; })*
        }
        crate::fixtures::conforms!(between_nodes: $($name),*);
    };
    // What takes a store that nodes share.
    (between_nodes: $($name:ident),* $(,)?) => {
        mod redis {
            $(#[tokio::test] async fn $name() { super::$name(crate::fixtures::Place::Redis).await; })*
        }
        mod cluster {
            $(#[tokio::test] async fn $name() { super::$name(crate::fixtures::Place::Cluster).await; })*
        }
    };
}
pub(crate) use conforms;

/// Where the holds of a test are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Memory,
    Redis,
    Cluster,
}

impl Place {
    /// A hold store of one test's own.
    pub(crate) fn holds(self) -> Holds {
        match self {
            Place::Memory => Holds::Memory,
            Place::Redis => Holds::Redis(Kind::Single.address()),
            Place::Cluster => Holds::Redis(Kind::Cluster.address()),
        }
    }

    pub(crate) async fn open(self) -> Shop {
        Shop::open_with(Settings::default(), self.holds()).await
    }
}

impl Shop {
    /// Sells what is claimed of a hold, as booking does.
    pub(crate) async fn confirm(&self, hold: &Hold, booking_id: BookingId) {
        let claim = self.seating.claim_of(hold, booking_id);
        self.db.write(move |tx| claims::settle(tx, &[claim])).await.unwrap();
    }

    /// Frees what is claimed of a hold, as booking does.
    pub(crate) async fn free(&self, hold: &Hold, booking_id: BookingId) {
        let claim = self.seating.claim_of(hold, booking_id);
        self.db.write(move |tx| claims::free(tx, &[claim])).await.unwrap();
    }

    pub(crate) async fn open() -> Self {
        Self::open_with(Settings::default(), Holds::Memory).await
    }

    pub(crate) async fn open_with(settings: Settings, holds: Holds) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let hands = ManualClock::at(noon());
        let parts = parts(&dir, &db, &hands, settings.clone(), holds.clone()).await;
        let show = schedule(&parts.catalog, &[("A", "gold", "12_345"), ("B", "silver", "12345")]).await;
        let (catalog, stop) = (parts.catalog.clone(), CancellationToken::new());
        let seating = Seating::start(parts, stop.clone()).await.unwrap();
        Self { seating, catalog, db, hands, show, stop, dir, settings, holds }
    }

    /// The same shop after the process ended, gracefully or not, and came back.
    pub(crate) async fn reopen(self) -> Self {
        let Shop { seating, catalog, db, hands, show, stop, dir, settings, holds } = self;
        stop.cancel();
        drop((seating, catalog, db));
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let parts = parts(&dir, &db, &hands, settings.clone(), holds.clone()).await;
        let (catalog, stop) = (parts.catalog.clone(), CancellationToken::new());
        let seating = Seating::start(parts, stop.clone()).await.unwrap();
        Self { seating, catalog, db, hands, show, stop, dir, settings, holds }
    }

    /// Another node of the same shop.
    pub(crate) async fn another(&self) -> Self {
        let Shop { db, hands, show, dir, settings, holds, .. } = self;
        let parts = parts(dir, db, hands, settings.clone(), holds.clone()).await;
        let (catalog, stop) = (parts.catalog.clone(), CancellationToken::new());
        let seating = Seating::start(parts, stop.clone()).await.unwrap();
        let (db, hands, show, dir) = (db.clone(), hands.clone(), show.clone(), dir.clone());
        Self { seating, catalog, db, hands, show, stop, dir, settings: settings.clone(), holds: holds.clone() }
    }

    pub(crate) async fn hold(&self, user_id: UserId, seats: &[&str]) -> Result<Hold, crate::Error> {
        let seats: Vec<SeatId> = seats.iter().map(|seat| SeatId::from(*seat)).collect();
        let party = Party { holder: user_id, placed_by: user_id };
        self.seating.place_hold(self.show.show_id, party, &seats).await
    }

    /// The word that the seat map has for a seat.
    pub(crate) async fn status(&self, seat_id: &str) -> &'static str {
        let glance = self.seating.seats(self.show.show_id).await.unwrap().glance();
        let (place, _) = glance.show.layout.seat(seat_id).unwrap();
        glance.statuses[usize::from(place)].word()
    }

    pub(crate) async fn version(&self) -> u64 {
        self.seating.seats(self.show.show_id).await.unwrap().version()
    }
}

async fn schedule(catalog: &Catalog, rows: &[(&str, &str, &str)]) -> Arc<Show> {
    let movie = MovieDetails { title: "Pather Panchali".into(), duration_minutes: 125, ..MovieDetails::default() };
    let movie = catalog.add_movie(Actor::System, movie).await.unwrap();
    let cinema = CinemaDetails {
        name: "Metro".into(),
        city: "Mumbai".into(),
        timezone: "Asia/Kolkata".into(),
        ..CinemaDetails::default()
    };
    let cinema = catalog.add_cinema(Actor::System, cinema).await.unwrap();
    let screen = catalog.add_screen(Actor::System, cinema.cinema_id, "1".to_owned(), plan(rows)).await.unwrap();
    let details = ShowDetails {
        start_time: noon() + seconds(6 * 3_600),
        language: None,
        format: None,
        prices: prices(&Layout::of(&plan(rows).check().unwrap(), 1)),
    };
    let show = NewShow { movie_id: movie.movie_id, screen_id: screen.screen_id, details };
    catalog.schedule_show(Actor::System, show).await.unwrap()
}
