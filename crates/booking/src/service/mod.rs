//! The use cases of booking. Each file is one of them.

mod admissions;
mod admit;
mod batch;
mod book;
mod calendar;
mod cancel;
mod cancel_show;
mod check;
mod dashboard;
pub(crate) mod desk;
mod history;
mod keys;
mod meters;
mod own_data;
mod reconcile;
mod settle;
mod story;
#[cfg(test)]
pub(crate) mod tests;
mod tickets;
mod till;
mod under_way;
mod watch;
mod work;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use marquee_accounts::Accounts;
use marquee_bus::{Bus, Journal};
use marquee_catalog::Catalog;
use marquee_cluster::{ShardDb, Shards};
use marquee_db::{Error as DbError, Lane};
use marquee_kernel::{Clock, Rng, ShowId, Timestamp};
use marquee_payments::Payments;
use marquee_seating::Seating;
use marquee_tickets::SigningKeys;
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use self::batch::Writer;
use self::under_way::UnderWay;
use self::watch::Watch;
use self::work::{Verdict, Work};
use crate::error::Result;

pub use self::book::Reply;
pub use self::check::check;
pub use self::keys::rotate as rotate_ticket_keys;
pub use self::reconcile::Report;
pub use self::tickets::Picture;
pub use self::till::TillDay;

/// From its claim on, a booking call is over by then: the gateway's answer or its timeout, and a database that is slow.
pub const CALL_MAX: Duration = Duration::from_secs(12);

/// Looks for a show that is being moved before its caller is told to come back.
const MOVE_LOOKS_MAX: usize = 40;

/// How patient booking is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a duplicate waits for its original's answer: longer than the gateway may take to answer.
    pub duplicate_wait: Duration,
    /// The pause between two looks at what is pending.
    pub reconcile_every: Duration,
    /// How long the reconciler watches a pending booking before it takes it up: with several nodes [`CALL_MAX`], for the call
    /// that makes it may be another's.
    pub settle_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            duplicate_wait: Duration::from_secs(8),
            reconcile_every: Duration::from_secs(2),
            settle_after: Duration::ZERO,
        }
    }
}

/// What booking works with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The databases that seating and payments share with it, because they commit together.
    pub shards: Shards,
    /// The time.
    pub clock: Clock,
    /// Randomness, for ids and the first ticket key.
    pub rng: Rng,
    /// The events of the catalogue.
    pub bus: Bus,
    /// Where events are written.
    pub journal: Journal,
    /// What is on, and where.
    pub catalog: Catalog,
    /// Holds and claims.
    pub seating: Seating,
    /// The gateway and its books.
    pub payments: Payments,
    /// Who a user is.
    pub accounts: Accounts,
}

/// Sells held seats. Clones share everything.
#[derive(Clone, Debug)]
pub struct Booking {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    settings: Settings,
    writer: Arc<Writer>,
    /// A batch writer for each shard, once it has answered.
    lanes: Vec<OnceLock<Lane<Work, Verdict>>>,
    keys: SigningKeys,
    under_way: UnderWay,
    watch: Mutex<Watch>,
    tasks: TaskTracker,
}

impl Booking {
    /// The service, with its batch writer running. The keys that sign tickets are in `shared_dir`'s `keys/`; the first
    /// start makes one.
    ///
    /// # Errors
    /// [`crate::Error::TicketKey`] when a key cannot be read or written.
    pub fn new(parts: Parts, shared_dir: &Path, settings: Settings) -> Result<Self> {
        meters::describe(parts.shards.all());
        let keys = keys::open(shared_dir, parts.clock.now(), &parts.rng)?;
        let (clock, rng, journal) = (parts.clock.clone(), parts.rng.clone(), parts.journal.clone());
        let writer = Arc::new(Writer { clock, rng, journal, keys: keys.clone() });
        let lanes = parts.shards.all().iter().map(|_| OnceLock::new()).collect();
        let (under_way, watch, tasks) = (UnderWay::default(), Mutex::default(), TaskTracker::new());
        let booking = Self { inner: Arc::new(Inner { parts, settings, writer, lanes, keys, under_way, watch, tasks }) };
        // What has answered has its writer, and its metrics, from the start.
        booking.shards().all().iter().for_each(|shard| drop(booking.lane(shard)));
        Ok(booking)
    }

    /// Waits until every call that has begun is at its end. Call it when no new ones come.
    pub async fn drain(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.inner.parts.accounts
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.inner.parts.bus
    }

    pub(crate) fn shards(&self) -> &Shards {
        &self.inner.parts.shards
    }

    /// The batch writer of a shard.
    fn lane(&self, shard: &ShardDb) -> Result<&Lane<Work, Verdict>, DbError> {
        let (db, lane) = (shard.db()?, self.inner.lanes.get(shard.at()).ok_or(DbError::Closed)?);
        Ok(lane.get_or_init(|| {
            let writer = self.inner.writer.clone();
            db.lane("booking", move |tx, works: &[Work]| writer.apply(tx, works))
        }))
    }

    /// Has the batch writer of a show's shard do `work`. When the show has just been moved, it is done where it went.
    async fn submit(&self, show_id: ShowId, work: impl Fn() -> Work) -> Result<Verdict, DbError> {
        for _ in 0..MOVE_LOOKS_MAX {
            match self.lane(self.shards().of(show_id).await?)?.submit(work()).await? {
                Verdict::Departed => self.shards().wait_for_move().await?,
                verdict => return Ok(verdict),
            }
        }
        Err(DbError::Unreachable(format!("show {show_id} is being moved")))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }
}
