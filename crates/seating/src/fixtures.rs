//! What the tests start from: a show with seats, a clock to move, a shop to sell in.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use jiff::SignedDuration;
use marquee_accounts::{Accounts, Hashing};
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::{Catalog, CinemaDetails, Layout, LayoutPlan, MovieDetails, NewShow, RowPlan, Show, ShowDetails};
use marquee_cluster::Shards;
use marquee_db::Db;
use marquee_kernel::{
    BookingId, CinemaId, Clock, HoldId, ManualClock, Money, MovieId, Rng, ScreenId, SeatId, ShowId, Timestamp, UserId,
};
use marquee_pricing::PriceList;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::model::{Attempt, Hold, Standing};
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

/// Where the holds of a test are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Memory,
    Redis,
    Cluster,
}

/// The address of a Redis that ends with this process: it lives until its standard input is closed.
fn redis_of_this_process(options: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with_redis.py");
    let mut server = Command::new(script)
        .args(options)
        .args(["sh", "-c", "echo $MARQUEE_TEST_REDIS; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(!address.is_empty(), "no Redis; what is missing is said above");
    std::mem::forget(server);
    address.trim().to_owned()
}

static REDIS: LazyLock<String> = LazyLock::new(|| redis_of_this_process(&[]));
static CLUSTER: LazyLock<String> = LazyLock::new(|| redis_of_this_process(&["--cluster"]));
static PREFIXES: AtomicUsize = AtomicUsize::new(0);

impl Place {
    /// A hold store of one test's own.
    pub(crate) fn holds(self) -> Holds {
        let server = match self {
            Place::Memory => return Holds::Memory,
            Place::Redis => &REDIS,
            Place::Cluster => &CLUSTER,
        };
        let prefix = PREFIXES.fetch_add(1, Ordering::Relaxed);
        Holds::Redis(format!("{}?prefix={prefix}:", server.as_str()).parse().unwrap())
    }

    pub(crate) async fn open(self) -> Shop {
        Shop::open_with(Settings::default(), self.holds()).await
    }
}

impl Shop {
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
