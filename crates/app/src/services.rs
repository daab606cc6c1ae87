//! The composition root: which parts there are, and how they are joined. Nothing else in Marquee decides that.

use std::time::Duration;

use marquee_accounts::Accounts;
use marquee_booking::Booking;
use marquee_bus::kafka::{Kafka, Relay};
use marquee_bus::{Browse, Bus, Journal};
use marquee_catalog::Catalog;
use marquee_cluster::{Lead, Portion, ShardDb, Shards, Shows};
use marquee_db::Db;
use marquee_kernel::{Clock, Rng, ShowId, Timestamp};
use marquee_kv::Kv;
use marquee_payments::{Gateway, Payments, Sandbox, SandboxControls};
use marquee_seating::{Holds, Seating};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::Roles;
use crate::start::make_data_dir;
use crate::{Config, Database, StartError};

/// How often moves of shows are looked for that broke off.
const FINISH_MOVES_EVERY: Duration = Duration::from_secs(2);

/// All that a show has in the database it lives in.
pub(crate) const PORTIONS: &[Portion] = &{
    let [seats, claims, closed] = marquee_seating::PORTIONS;
    let [bookings, pending, keys, answers, admitted, contested] = marquee_booking::PORTIONS;
    let [payments, captures, refunds, tills] = marquee_payments::PORTIONS;
    [bookings, pending, keys, answers, admitted, contested, payments, captures, refunds, tills, seats, claims, closed]
};

/// Every service, joined. Clones share everything.
#[derive(Clone, Debug)]
pub struct Services {
    /// The home database.
    pub db: Db,
    /// Where sales are.
    pub shards: Shards,
    /// The time that all of them go by.
    pub clock: Clock,
    /// What the nodes of one shop share beside it.
    pub kv: Kv,
    /// Delivery of the journal.
    pub bus: Bus,
    /// Where the journal is published, when it is.
    pub kafka: Option<Kafka>,
    /// Accounts and tokens.
    pub accounts: Accounts,
    /// What is on.
    pub catalog: Catalog,
    /// Seat maps and holds.
    pub seating: Seating,
    /// Payments and refunds.
    pub payments: Payments,
    /// Bookings and tickets.
    pub booking: Booking,
    /// The sandbox gateway's knobs.
    pub sandbox: SandboxControls,
}

impl Services {
    /// Opens the data and joins the parts; no job runs yet. Event streams end when `stop_streams` is cancelled.
    ///
    /// # Errors
    /// [`StartError`] naming the part that could not start.
    pub async fn open(
        config: &Config,
        clock: Clock,
        rng: Rng,
        stop_streams: &CancellationToken,
    ) -> Result<Self, StartError> {
        let db = open_database(config).await?;
        let clock = part("clock", crate::clock::followed(clock, &db).await)?;
        let kv = match &config.redis {
            None => Kv::default(),
            Some(address) => part("Redis", Kv::open(address, stop_streams).await)?,
        };
        let journal = Journal::new(clock.clone(), rng.clone());
        let bus = Bus::among(kv.signals().clone(), db.clone());

        let settings = marquee_accounts::Settings { kv: kv.clone(), ..accounts_settings(config) };
        let accounts = Accounts::new(db.clone(), journal.clone(), clock.clone(), rng.clone(), settings).await;
        let accounts = part("accounts", accounts)?;

        let catalog = marquee_catalog::Settings { cleaning_gap_minutes: config.cleaning_minutes };
        let browse = Browse::new(db.clone(), part("replicas", config.replicas.open())?);
        let (for_catalog, for_bus) = (journal.clone(), bus.clone());
        let catalog = Catalog::browsed(db.clone(), browse, for_catalog, for_bus, clock.clone(), rng.clone(), catalog);

        let shards = match &config.database {
            Database::File(_) => Shards::alone(db.clone(), bus.clone(), journal.clone(), clock.clone(), rng.clone()),
            Database::Server(home) => {
                let urls: Vec<String> = std::iter::once(home).chain(&config.shards).cloned().collect();
                let (home, time) = ((db.clone(), bus.clone()), (clock.clone(), rng.clone()));
                let shows = part("catalog", have_been_scheduled(&db).await)?;
                part("shards", Shards::open(&urls, home, journal.clone(), time, shows).await)?
            }
        };

        let seating = seating_settings(config);
        let seating = marquee_seating::Parts {
            shards: shards.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            bus: bus.clone(),
            journal: journal.clone(),
            catalog: catalog.clone(),
            accounts: accounts.clone(),
            settings: seating,
            holds: config.redis.clone().map_or(Holds::Memory, Holds::Redis),
        };
        let seating = part("seating", Seating::start(seating, stop_streams.clone()).await)?;

        let latency = Duration::from_millis(config.sandbox_latency_ms.into());
        let sandbox = marquee_payments::Settings { latency, ..Default::default() };
        let sandbox = part("sandbox gateway", Sandbox::open(&config.shared_dir, clock.clone(), sandbox))?;
        let controls = sandbox.controls();
        let gateway = Gateway::Sandbox(sandbox);
        let payments = Payments::new(&shards, journal.clone(), clock.clone(), rng.clone(), gateway);

        let booking = marquee_booking::Parts {
            shards: shards.clone(),
            clock: clock.clone(),
            rng,
            bus: bus.clone(),
            journal,
            catalog: catalog.clone(),
            seating: seating.clone(),
            payments: payments.clone(),
            accounts: accounts.clone(),
        };
        let booking = part("booking", Booking::new(booking, &config.shared_dir, booking_settings(config)))?;
        let kafka = config.kafka.clone();
        Ok(Self { db, shards, clock, kv, kafka, bus, accounts, catalog, seating, payments, booking, sandbox: controls })
    }

    /// Starts every background job; they end when `stop` is cancelled. What one node alone may do, this one does whenever it is its
    /// turn, if it is a worker.
    pub(crate) fn run_jobs(&self, roles: Roles, jobs: &mut JoinSet<()>, stop: &CancellationToken) {
        let (accounts, bus, for_accounts) = (self.accounts.clone(), self.bus.clone(), stop.clone());
        let (catalog, for_catalog) = (self.catalog.clone(), stop.clone());
        let (shards, for_shards) = (self.shards.clone(), stop.clone());
        jobs.spawn(crate::clock::keep_following(self.clock.clone(), self.db.clone(), stop.clone()));
        jobs.spawn(async move { accounts.run_jobs(&bus, for_accounts).await });
        jobs.spawn(async move { catalog.run_jobs(for_catalog).await });
        jobs.spawn(async move { shards.keep(for_shards).await });
        for job in self.seating.spawn_jobs(stop) {
            jobs.spawn(async move {
                if let Err(broken) = job.await {
                    error!(error = %broken, "seating job broke off");
                }
            });
        }
        if roles.worker {
            for shard in self.shards.all().iter().map(ShardDb::at) {
                let (services, stop) = (self.clone(), stop.clone());
                jobs.spawn(async move { services.work_on(shard, &stop).await });
            }
        }
    }

    async fn work_on(&self, at: usize, stop: &CancellationToken) {
        let Some(shard) = self.shards.all().get(at) else { return };
        let is_home = shard.shard() == self.shards.home().shard();
        let work = async |lead: Lead| {
            let of_home = async {
                if is_home {
                    self.keep_finishing_moves().await;
                }
            };
            let of_shard = async {
                let (payments, booking) = (lead.clone(), lead.clone());
                tokio::join!(
                    self.payments.run_jobs(shard, payments),
                    self.booking.run_jobs(shard, booking),
                    self.heed_cancelled_shows(shard),
                );
            };
            tokio::join!(of_home, of_shard, self.relay(shard, lead.clone()));
        };
        self.shards.lead(shard, work, stop).await;
    }

    /// Publishes a shard's journal, where there is a Kafka.
    async fn relay(&self, shard: &ShardDb, lead: Lead) {
        let Some(kafka) = &self.kafka else { return };
        let name = match shard.shard().number() {
            0 => "main".to_owned(),
            number => format!("shard-{number}"),
        };
        let (_, bus) = shard.opened().await;
        let relay = Relay::new(bus.clone(), kafka.clone(), &name, self.clock.clone());
        relay.fenced(move |tx| lead.check(tx)).run(CancellationToken::new()).await;
    }

    async fn heed_cancelled_shows(&self, shard: &ShardDb) {
        // Dropped with this future, it ends the consumer.
        let stop = CancellationToken::new();
        let _ends = stop.clone().drop_guard();
        self.booking.heed_cancelled_shows(shard, stop).await;
    }

    async fn keep_finishing_moves(&self) {
        loop {
            match self.shards.finish_moves(PORTIONS).await {
                Ok(0) => {}
                Ok(shows) => info!(shows, "moves of shows finished that had broken off"),
                Err(error) => warn!(%error, "moves of shows not finished, will retry"),
            }
            tokio::time::sleep(FINISH_MOVES_EVERY).await;
        }
    }
}

/// Whether the home database has ever had a show: those that are there stay where they are, whatever joins.
pub(crate) async fn have_been_scheduled(db: &Db) -> marquee_db::Result<Shows> {
    let first = ShowId::earliest_at(Timestamp::UNIX_EPOCH);
    let any = db.read(move |tx| Catalog::shows_after(tx, first, 1)).await?;
    Ok(if any.is_empty() { Shows::None } else { Shows::Some })
}

/// The accounts alone, for the command line: opening seating would take the live holds that a server has put down.
///
/// # Errors
/// [`StartError`] naming what could not start.
pub(crate) async fn open_accounts(config: &Config, clock: Clock, rng: Rng) -> Result<Accounts, StartError> {
    let db = open_database(config).await?;
    let clock = part("clock", crate::clock::followed(clock, &db).await)?;
    let journal = Journal::new(clock.clone(), rng.clone());
    part("accounts", Accounts::new(db, journal, clock, rng, accounts_settings(config)).await)
}

async fn open_database(config: &Config) -> Result<Db, StartError> {
    let (database, dirs) = (config.database.clone(), [config.data_dir.clone(), config.shared_dir.clone()]);
    let open = move || {
        for dir in dirs {
            make_data_dir(&dir).map_err(|problem| StartError::part("data directory", problem))?;
        }
        part("database", database.open())
    };
    part("database", tokio::task::spawn_blocking(open).await)?
}

fn accounts_settings(config: &Config) -> marquee_accounts::Settings {
    let mut settings = marquee_accounts::Settings::new(&config.shared_dir);
    settings.hashing = config.hashing;
    settings.rate_limits = config.rate_limits;
    settings
}

/// A file is one node's alone, and with it every booking under way; a server may have others, whose calls need their time.
fn booking_settings(config: &Config) -> marquee_booking::Settings {
    let settle_after = match config.database {
        Database::File(_) => Duration::ZERO,
        Database::Server(_) => marquee_booking::CALL_MAX,
    };
    marquee_booking::Settings { settle_after, ..Default::default() }
}

fn seating_settings(config: &Config) -> marquee_seating::Settings {
    marquee_seating::Settings {
        hold_s: config.hold_seconds,
        hold_max_s: config.hold_max_seconds,
        seats_per_hold_max: config.max_seats_per_hold,
        held_seats_per_show_max: config.max_held_seats_per_show,
        budgets: config.rate_limits,
        #[cfg(debug_assertions)]
        faults: marquee_seating::Faults { skip_seat_guard: config.oversell_for_control_test },
    }
}

fn part<T, E: std::fmt::Display>(name: &'static str, opened: Result<T, E>) -> Result<T, StartError> {
    opened.map_err(|problem| StartError::part(name, problem))
}
