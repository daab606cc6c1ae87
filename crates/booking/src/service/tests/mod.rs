//! The use cases with real seating, payments, catalogue and accounts, on SQLite in a directory of their own.

mod admitting;
mod batch;
mod buying;
mod giving_back;
mod settling;
mod till;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use marquee_accounts::{Accounts, Hashing};
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::{Catalog, CinemaDetails, LayoutPlan, MovieDetails, NewShow, RowPlan, Show, ShowDetails};
use marquee_cluster::{Lead, Shards};
use marquee_db::{Db, Tx};
use marquee_http::{Caller, Grant, Role};
use marquee_kernel::{
    BookingId, CinemaId, Clock, HoldId, ManualClock, Money, PaymentId, Rng, SeatId, SessionId, TicketId, Timestamp,
    UserId,
};
use marquee_payments::{Gateway, Payments, Sandbox, SandboxControls};
use marquee_seating::{Hold, Party, Seating};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::settle::By;
use super::{Booking, Parts, Reply, Settings};
use crate::error::Result;
use crate::model::{Key, Order, Sale, SoldSeat, Status};

/// A card that pays.
pub(crate) const VISA: &str = "pm_card_visa";
/// A card that does not.
pub(crate) const NO_FUNDS: &str = "pm_card_chargeDeclinedInsufficientFunds";
/// A charge that goes through and is never heard of.
const SILENT: &str = "pm_sandbox_timeout";
/// How long the gateway may take here.
const GATEWAY_PATIENCE: Duration = Duration::from_millis(60);

/// One running Marquee without its wire: a cinema, a show of 40 seats in six hours, and a clock that stands still.
pub(crate) struct Stage {
    dir: Arc<TempDir>,
    hands: ManualClock,
    rng: Rng,
    db: Db,
    catalog: Catalog,
    seating: Seating,
    controls: SandboxControls,
    pub(crate) booking: Booking,
    show: Arc<Show>,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let (dir, hands) = (Arc::new(tempfile::tempdir().unwrap()), ManualClock::at(beginning()));
        Self::build(dir, hands, Rng::seeded(1), None).await
    }

    /// Everything in memory is lost, as in a crash; then it starts again on the same files.
    async fn crash(self) -> Self {
        let Stage { dir, hands, rng, show, .. } = self;
        Self::build(dir, hands, rng, Some(show)).await
    }

    async fn build(dir: Arc<TempDir>, hands: ManualClock, rng: Rng, show: Option<Arc<Show>>) -> Self {
        let (path, clock) = (dir.path(), Clock::Manual(hands.clone()));
        let db = Db::open(&path.join("marquee.db")).unwrap();
        let (bus, journal) = (Bus::new(db.clone()), Journal::new(clock.clone(), rng.clone()));
        let catalog = Catalog::new(
            db.clone(),
            journal.clone(),
            bus.clone(),
            clock.clone(),
            rng.clone(),
            marquee_catalog::Settings::default(),
        );
        let accounts = accounts(path, &db, &journal, &clock, &rng).await;
        let shards = Shards::alone(db.clone(), bus.clone(), journal.clone(), clock.clone(), rng.clone());
        let seating = marquee_seating::Parts {
            shards: shards.clone(),
            bus: bus.clone(),
            journal: journal.clone(),
            catalog: catalog.clone(),
            accounts: accounts.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            settings: marquee_seating::Settings { budgets: false, ..Default::default() },
            holds: marquee_seating::Holds::Memory,
        };
        let seating = Seating::start(seating, CancellationToken::new()).await.unwrap();
        let sandbox = marquee_payments::Settings { authorise_timeout: GATEWAY_PATIENCE, ..Default::default() };
        let sandbox = Sandbox::open(path, clock.clone(), sandbox).unwrap();
        let controls = sandbox.controls();
        let gateway = Gateway::Sandbox(sandbox);
        let payments = Payments::new(&shards, journal.clone(), clock.clone(), rng.clone(), gateway);
        let parts = Parts {
            shards: shards.clone(),
            clock,
            rng: rng.clone(),
            bus,
            journal,
            catalog: catalog.clone(),
            seating: seating.clone(),
            payments,
            accounts,
        };
        let booking = Booking::new(parts, path, Settings::default()).unwrap();
        let show = match show {
            Some(show) => show,
            None => schedule(&catalog, 25_000).await,
        };
        Self { dir, hands, rng, db, catalog, seating, controls, booking, show }
    }

    pub(crate) fn user(&self) -> UserId {
        UserId::mint(&Clock::Manual(self.hands.clone()), &self.rng)
    }

    pub(crate) async fn hold(&self, holder: UserId, seats: &[&str]) -> Hold {
        let seats: Vec<SeatId> = seats.iter().map(|seat| SeatId::from(*seat)).collect();
        self.seating.place_hold(self.show.show_id, Party { holder, placed_by: holder }, &seats).await.unwrap()
    }

    /// What the seat map says of a seat: whether it can be held.
    async fn is_free(&self, seat: &str) -> bool {
        let (user, seats) = (self.user(), [SeatId::from(seat)]);
        let party = Party { holder: user, placed_by: user };
        let held = self.seating.place_hold(self.show.show_id, party, &seats).await;
        if let Ok(hold) = &held {
            self.seating.release_hold(hold.hold_id, user).await.unwrap();
        }
        held.is_ok()
    }

    /// Every module's invariants; none may be broken.
    async fn audit(&self) {
        let now = Clock::Manual(self.hands.clone()).now();
        let charges = Sandbox::charges_in(self.dir.path()).unwrap();
        let faults = self.db.read(move |tx: &mut Tx<'_>| -> Result<_, marquee_db::Error> {
            let mut faults = super::check(tx)?;
            faults.extend(marquee_seating::check(tx)?);
            faults.extend(marquee_payments::check(tx, now)?);
            faults.extend(marquee_bus::verify(tx)?);
            faults.extend(marquee_payments::check_charges(tx, &charges)?);
            Ok(faults)
        });
        assert_eq!(faults.await.unwrap(), Vec::<String>::new());
    }

    fn charges(&self) -> usize {
        Sandbox::charges_in(self.dir.path()).unwrap().len()
    }

    /// Waits until `sql` counts `n`.
    async fn until(&self, n: i64, sql: &'static str) {
        let reached = async {
            while self.count(sql).await != n {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached).await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let read = move |tx: &mut Tx<'_>| tx.query_opt(sql, &[])?.map_or(Ok(0), |row| row.get("n"));
        self.db.read(read).await.unwrap()
    }
}

fn beginning() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

async fn accounts(path: &std::path::Path, db: &Db, journal: &Journal, clock: &Clock, rng: &Rng) -> Accounts {
    let mut settings = marquee_accounts::Settings::new(path);
    settings.hashing = Hashing { memory_kib: 8, passes: 1, parallelism: 1 };
    settings.rate_limits = false;
    Accounts::new(db.clone(), journal.clone(), clock.clone(), rng.clone(), settings).await.unwrap()
}

/// A show of rows A (gold) and B (silver), 20 seats each, that starts six hours after the beginning.
async fn schedule(catalog: &Catalog, gold: i64) -> Arc<Show> {
    let cinema = CinemaDetails {
        name: "Regal".to_owned(),
        city: "Mumbai".to_owned(),
        timezone: "Asia/Kolkata".to_owned(),
        cancellation_close_minutes_before_start: 60,
        ..CinemaDetails::default()
    };
    let cinema = catalog.add_cinema(Actor::System, cinema).await.unwrap();
    let row = |row: &str, category: &str| RowPlan {
        row: row.to_owned(),
        category: category.to_owned(),
        seats: "12345678901234567890".to_owned(),
    };
    let plan = LayoutPlan { rows: vec![row("A", "gold"), row("B", "silver")] };
    let screen = catalog.add_screen(Actor::System, cinema.cinema_id, "1".to_owned(), plan).await.unwrap();
    let movie = MovieDetails { title: "Lagaan".to_owned(), duration_minutes: 120, ..MovieDetails::default() };
    let movie = catalog.add_movie(Actor::System, movie).await.unwrap();
    let price = |amount| Money::new(amount, "INR".parse().unwrap());
    let details = ShowDetails {
        start_time: beginning() + SignedDuration::from_hours(6),
        language: Some("hi".to_owned()),
        format: None,
        prices: BTreeMap::from([("gold".to_owned(), price(gold)), ("silver".to_owned(), price(15_000))]),
    };
    let show = NewShow { movie_id: movie.movie_id, screen_id: screen.screen_id, details };
    catalog.schedule_show(Actor::System, show).await.unwrap()
}

fn order(hold: &Hold, payment_token: &str, key: Option<&str>) -> Order {
    Order {
        booked_by: hold.user_id,
        holder: hold.user_id,
        hold_id: hold.hold_id,
        payment_token: payment_token.to_owned(),
        till: None,
        voucher_codes: Vec::new(),
        key: key.and_then(Key::parse),
    }
}

pub(crate) fn guest(user_id: UserId) -> Caller {
    Caller { user_id, session_id: SessionId::from(Uuid::from_u128(7)), grants: Arc::from([]) }
}

fn clerk(user_id: UserId, cinema_id: CinemaId) -> Caller {
    let grants = Arc::from([Grant { role: Role::BoxOffice, cinema_id: Some(cinema_id) }]);
    Caller { grants, ..guest(user_id) }
}

fn body(reply: &Reply) -> serde_json::Value {
    serde_json::from_slice(&reply.answer.body).unwrap()
}

fn booking_id(reply: &Reply) -> BookingId {
    body(reply)["booking_id"].as_str().unwrap().parse().unwrap()
}

/// The reconciler, where there is one node.
pub(super) fn by_system() -> By {
    By { actor: Actor::System, lead: Lead::Sole }
}

/// A pending booking of one seat, on paper.
pub(super) fn sample_sale() -> Sale {
    let price = Money::new(25_000, "INR".parse().unwrap());
    let seat = SoldSeat {
        seat_id: SeatId::from("A-1"),
        label: "A1".into(),
        category: "gold".into(),
        price,
        ticket_id: TicketId::from(Uuid::from_u128(6)),
    };
    Sale {
        booking_id: BookingId::from(Uuid::from_u128(1)),
        user_id: UserId::from(Uuid::from_u128(2)),
        booked_by: UserId::from(Uuid::from_u128(2)),
        key: None,
        show_id: Uuid::from_u128(3).into(),
        cinema_id: CinemaId::from(Uuid::from_u128(4)),
        hold_id: HoldId::from(Uuid::from_u128(5)),
        status: Status::Pending,
        seats: vec![seat],
        total: price,
        payment_id: PaymentId::from(Uuid::from_u128(8)),
        till: None,
        created_at: beginning(),
        cancelled_at: None,
        proof: None,
    }
}
