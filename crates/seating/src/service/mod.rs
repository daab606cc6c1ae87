//! Seating's use cases.

mod best;
mod block;
mod hold;
mod pay;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use marquee_accounts::Accounts;
use marquee_bus::{Bus, Journal};
use marquee_catalog::{Catalog, Show};
use marquee_cluster::{ShardDb, Shards};
use marquee_db::Db;
use marquee_http::encoding::Encoding;
use marquee_kernel::{Clock, Rng, ShowId};
use marquee_kv::Address;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use hold::Party;
pub use tally::QUARTER_S;

use crate::holds::{HoldStore, MemoryHolds, Record, RedisHolds, ShowSeats};
use crate::live::{Live, Watcher};
use crate::meters;
use crate::model::{Rules, Sold, Standing};
use crate::seat_map::{Rendered, Renderer, View};
use crate::{Error, Settings, store};

/// A version is the number of the start in the high half and a count in the low: 53 bits, which a JSON number holds, are
/// enough for two million starts.
const VERSION_START_SHIFT: u32 = 32;

/// What seating is made of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Parts {
    pub shards: Shards,
    pub bus: Bus,
    pub journal: Journal,
    pub catalog: Catalog,
    pub accounts: Accounts,
    pub clock: Clock,
    pub rng: Rng,
    pub settings: Settings,
    pub holds: Holds,
}

/// Where the holds are.
#[derive(Clone, Debug, Default)]
pub enum Holds {
    /// In this process, which is then the only one that sells.
    #[default]
    Memory,
    /// In Redis, for every node.
    Redis(Address),
}

/// Seating: cheap to clone, shared by everyone.
#[derive(Clone, Debug)]
pub struct Seating {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) holds: HoldStore,
    pub(crate) record: Record,
    pub(crate) renderer: Renderer,
    pub(crate) live: Live,
    pub(crate) to_reload: Mutex<HashSet<ShowId>>,
    pub(crate) reload_wanted: Notify,
    pub(crate) tally: tally::Tally,
}

impl Parts {
    /// Where what belongs to no one show is.
    fn home(&self) -> Result<&Db, Error> {
        Ok(self.shards.home().db()?)
    }

    /// Tells the catalogue how many seats of each show are not free, for its lists.
    pub(crate) async fn count_taken(&self, shard: &ShardDb) -> Result<(), Error> {
        for (show_id, seats) in shard.db()?.read(store::taken_by_show).await? {
            self.catalog.availability().set_taken(show_id, seats);
        }
        Ok(())
    }
}

impl Seating {
    /// Starts seating over its tables: tells the catalogue how full the shows are, and, when the holds are in this process,
    /// counts the start and takes up those that the last stop wrote down. Live streams end when `stop` is cancelled.
    ///
    /// # Errors
    /// What the database says.
    pub async fn start(parts: Parts, stop: CancellationToken) -> Result<Self, Error> {
        meters::describe();
        for shard in parts.shards.all().iter().filter(|shard| shard.db().is_ok()) {
            parts.count_taken(shard).await?;
        }
        let catalog = parts.catalog.clone();
        let tell_taken = Box::new(move |show_id, seats| catalog.availability().set_taken(show_id, seats));
        let (rules, record) = (Rules::new(&parts.settings), Record::new(parts.shards.clone()));
        let (holds, kept) = match &parts.holds {
            Holds::Memory => {
                let (starts, kept) = parts
                    .home()?
                    .write(|tx| Ok::<_, Error>((store::count_start(tx)?, store::take_kept_holds(tx)?)))
                    .await?;
                let holds = MemoryHolds::new(rules, starts << VERSION_START_SHIFT, tell_taken);
                (HoldStore::Memory(holds), kept)
            }
            Holds::Redis(address) => {
                let (time, stop) = ((parts.clock.clone(), record.clone()), stop.clone());
                let holds = RedisHolds::open(address, rules, time, tell_taken, stop).await?;
                (HoldStore::Redis(holds), Vec::new())
            }
        };
        let inner = Inner {
            parts,
            holds,
            record,
            renderer: Renderer::default(),
            live: Live::new(stop),
            to_reload: Mutex::default(),
            reload_wanted: Notify::new(),
            tally: tally::Tally::default(),
        };
        let seating = Self { inner: Arc::new(inner) };
        seating.take_up(kept).await?;
        Ok(seating)
    }

    /// What is kept in memory, by name with its number of entries, for the metrics page.
    #[must_use]
    pub fn cache_entries(&self) -> [(&'static str, u64); 1] {
        [("seat_map_templates", self.inner.renderer.templates())]
    }

    async fn take_up(&self, kept: Vec<Standing>) -> Result<(), Error> {
        let HoldStore::Memory(holds) = &self.inner.holds else { return Ok(()) };
        let count = kept.len();
        for mut standing in kept {
            let seats = match self.seats(standing.hold.show_id).await {
                Ok(seats) => seats,
                Err(Error::Catalog(marquee_catalog::Error::ShowNotFound)) => continue,
                Err(error) => {
                    warn!(show_id = %standing.hold.show_id, %error, "hold of the last run not taken up");
                    continue;
                }
            };
            if let Some(attempt) = standing.paying.take() {
                let stands = self.inner.record.standing_of(standing.hold.show_id, attempt.booking_id).await?;
                standing.paying = Some(attempt).filter(|_| stands == Some(Sold::Claimed));
            }
            let layout = seats.show().layout.clone();
            let places = standing.hold.seats.iter().filter_map(|seat| layout.seat(seat.seat_id.as_str()));
            standing.places = places.map(|(place, _)| place).collect();
            holds.take_up(&seats, standing, self.inner.parts.clock.now());
        }
        if count > 0 {
            info!(holds = count, "holds of the last run taken up");
        }
        Ok(())
    }

    /// Writes the live holds of this process down for the next start; those in Redis need no keeping. Call it when nothing is
    /// in flight any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keep_holds(&self) -> Result<(), Error> {
        let HoldStore::Memory(holds) = &self.inner.holds else { return Ok(()) };
        let standings = holds.standings(self.inner.parts.clock.now());
        let count = standings.len();
        self.inner.parts.home()?.write(move |tx| store::keep_holds(tx, &standings)).await?;
        info!(holds = count, "holds written down for the next start");
        Ok(())
    }

    /// The catalogue that it seats for.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.parts.catalog
    }

    /// A show, as the catalogue has it.
    ///
    /// # Errors
    /// `ShowNotFound`; what the database says.
    pub async fn show(&self, show_id: ShowId) -> Result<Arc<Show>, Error> {
        match self.inner.parts.catalog.cached_show(show_id) {
            Some(show) => Ok(show),
            None => Ok(self.inner.parts.catalog.show(show_id).await?),
        }
    }

    /// The seats of a show, as of now, if both are in memory.
    fn seats_at_hand(&self, show_id: ShowId) -> Option<Arc<ShowSeats>> {
        let seats = self.inner.holds.get(show_id)?;
        let show = self.inner.parts.catalog.cached_show(show_id)?;
        self.inner.holds.is_at_hand(&seats, &show, self.inner.parts.clock.now()).then_some(seats)
    }

    /// The seats of a show, as of now.
    pub(crate) async fn seats(&self, show_id: ShowId) -> Result<Arc<ShowSeats>, Error> {
        if let Some(seats) = self.seats_at_hand(show_id) {
            return Ok(seats);
        }
        let show = self.show(show_id).await?;
        self.inner.holds.seats(&self.inner.record, &show, self.inner.parts.clock.now()).await
    }

    /// Reads a show's seats again from the store: call it after a commit that changed them.
    ///
    /// # Errors
    /// What the database says; the seats are then read again later.
    pub async fn reload(&self, show_id: ShowId) -> Result<(), Error> {
        let reloaded = self.try_reload(show_id).await;
        if reloaded.is_err() {
            self.seats_changed(show_id);
        }
        reloaded
    }

    pub(crate) async fn try_reload(&self, show_id: ShowId) -> Result<(), Error> {
        let seats = self.seats(show_id).await?;
        self.inner.holds.read(&self.inner.record, &seats, self.inner.parts.clock.now()).await
    }

    /// As [`Seating::reload`], in a moment and without waiting.
    pub fn seats_changed(&self, show_id: ShowId) {
        self.inner.to_reload.lock().insert(show_id);
        self.inner.reload_wanted.notify_one();
    }

    /// The body of a view, if it is built already: the way that nearly every read goes.
    pub(crate) fn body_at_hand(&self, show_id: ShowId, view: View, encoding: Encoding) -> Option<Arc<Rendered>> {
        Renderer::ready(&*self.seats_at_hand(show_id)?, view, encoding)
    }

    /// The body of a view, as of now.
    pub(crate) async fn body(&self, show_id: ShowId, view: View, encoding: Encoding) -> Result<Arc<Rendered>, Error> {
        if let Some(body) = self.body_at_hand(show_id, view, encoding) {
            return Ok(body);
        }
        let seats = self.seats(show_id).await?;
        Ok(self.inner.renderer.render(&seats, view, encoding).await)
    }

    /// A place in a show's audience, for one who has seen version `seen`, if any.
    pub(crate) async fn watch(&self, show_id: ShowId, seen: Option<u64>) -> Result<Watcher, Error> {
        let seats = self.seats(show_id).await?;
        let watcher = self.inner.live.watch(&seats, seen, self.inner.parts.clock.now());
        watcher.ok_or(Error::TooManyStreams)
    }
}
