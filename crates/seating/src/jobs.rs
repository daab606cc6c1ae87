//! What seating does by itself.

use std::time::Duration;

use marquee_bus::Delivered;
use marquee_kernel::ShowId;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::holds::HoldStore;
use crate::live::TICK;
use crate::meters::{self, Figures};
use crate::{Error, Seating};

/// How often due holds are looked for: a lapse shows within a second, with room to spare.
const SWEEP: Duration = Duration::from_millis(100);
/// How often the figures are taken and idle things let go.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// Housekeepings between two looks for shows that nobody asks for.
const IDLE_ROUNDS: u32 = 30;
/// The pause between two tries to count the seats of a shard.
const COUNT_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// The pause before seats that could not be read are read again.
const RELOAD_PAUSE: Duration = Duration::from_millis(200);

const CONSUMER: &str = "seating";
const KINDS: &[&str] = &["ShowChanged", "ShowCancelled"];

impl Seating {
    /// Starts the jobs; they end when `stop` is cancelled.
    #[must_use]
    pub fn spawn_jobs(&self, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let heeding = self.inner.parts.shards.all().iter().map(|shard| {
            let (seating, at) = (self.clone(), shard.at());
            let consume = move |event| seating.clone().heed(at, event);
            self.inner.parts.bus.subscribe(shard.reader(CONSUMER), KINDS, stop.clone(), consume)
        });
        let own = [
            tokio::spawn(until(stop.clone(), self.clone().sweep_holds())),
            tokio::spawn(until(stop.clone(), self.clone().tell_watchers())),
            tokio::spawn(until(stop.clone(), self.clone().reload_seats())),
            tokio::spawn(until(stop.clone(), self.clone().keep_house())),
            tokio::spawn(until(stop.clone(), self.clone().count_late_shards())),
            tokio::spawn(self.clone().write_tally(stop.clone())),
        ];
        own.into_iter().chain(heeding).collect()
    }

    /// Lapses what is due.
    pub(crate) async fn sweep(&self) {
        for show_id in self.inner.holds.sweep(|| self.inner.parts.clock.now()).await {
            self.seats_changed(show_id);
        }
    }

    async fn sweep_holds(self) {
        let mut ticks = interval(SWEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.sweep().await;
        }
    }

    async fn tell_watchers(self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.inner.live.tell(self.inner.parts.clock.now());
        }
    }

    /// Reads again what [`Seating::seats_changed`] named.
    async fn reload_seats(self) {
        loop {
            self.inner.reload_wanted.notified().await;
            let shows = std::mem::take(&mut *self.inner.to_reload.lock());
            let mut failed = Vec::new();
            for show_id in shows {
                if let Err(error) = self.try_reload(show_id).await {
                    warn!(%show_id, %error, "seats could not be read again, will retry");
                    failed.push(show_id);
                }
            }
            if !failed.is_empty() {
                tokio::time::sleep(RELOAD_PAUSE).await;
                failed.into_iter().for_each(|show_id| self.seats_changed(show_id));
            }
        }
    }

    /// Shards that did not answer at the start: the lists count their seats once they do.
    async fn count_late_shards(self) {
        let parts = &self.inner.parts;
        let late = parts.shards.all().iter().filter(|shard| shard.db().is_err());
        let counts = late.map(|shard| async move {
            shard.opened().await;
            while let Err(error) = parts.count_taken(shard).await {
                warn!(shard = shard.shard().number(), %error, "seats of a shard not counted, will retry");
                tokio::time::sleep(COUNT_AGAIN_AFTER).await;
            }
        });
        futures_util::future::join_all(counts).await;
    }

    async fn keep_house(self) {
        let mut ticks = interval(HOUSEKEEPING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for round in 0_u32.. {
            ticks.tick().await;
            self.let_go(round.is_multiple_of(IDLE_ROUNDS));
            self.take_figures();
        }
    }

    /// Keeps memory within its bounds.
    fn let_go(&self, of_idle: bool) {
        let now = self.inner.parts.clock.now();
        self.inner.live.forget_idle(now);
        if self.inner.renderer.is_over() {
            // What is asked for is built again at once; what is not, is not.
            self.inner.holds.shows().iter().for_each(|seats| seats.maps.forget());
        }
        if of_idle {
            self.inner.holds.forget_idle(now);
        }
    }

    fn take_figures(&self) {
        let (shows, holds) = self.inner.holds.counts();
        let (seat_map_bytes, seat_event_clients) = (self.inner.renderer.kept_bytes(), self.inner.live.clients());
        meters::figures(Figures { holds, shows, seat_map_bytes, seat_event_clients });
    }

    /// Takes notice of a show that changed.
    async fn heed(self, at: usize, event: Delivered) -> Result<(), String> {
        let shards = &self.inner.parts.shards;
        let (Some(show_id), Some(shard)) = (event.show_id, shards.all().get(at)) else { return Ok(()) };
        if !shards.concerns(shard, show_id).await.map_err(|error| error.to_string())? {
            return Ok(());
        }
        match self.take_note(show_id, &event.kind).await {
            // The shard where it lives has a reader of its own, which must not be waited for here.
            Err(_) if !shards.lives_here(shard, show_id).await => Ok(()),
            noted => noted.map_err(|error| error.to_string()),
        }
    }

    /// Closes a show that was cancelled, and reads what the catalogue says of one that is in memory.
    async fn take_note(&self, show_id: ShowId, kind: &str) -> Result<(), Error> {
        if kind == "ShowCancelled" {
            self.close_show(show_id).await?;
        }
        let of_others = matches!(self.inner.holds, HoldStore::Redis(_));
        if self.inner.holds.get(show_id).is_none() && !of_others {
            return Ok(());
        }
        match self.seats(show_id).await {
            Ok(_) | Err(Error::Catalog(marquee_catalog::Error::ShowNotFound)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn until(stop: CancellationToken, job: impl Future<Output = ()> + Send) {
    stop.run_until_cancelled(job).await;
}
