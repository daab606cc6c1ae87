//! The work nobody waits for: settling what was left pending, giving back cancelled shows, forgetting old keys.

use std::time::Duration;

use jiff::SignedDuration;
use marquee_bus::Delivered;
use marquee_cluster::{Lead, ShardDb};
use marquee_db::{Error as DbError, Tx};
use marquee_kernel::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::error::Result;
use crate::service::Booking;
use crate::store;

/// How long an idempotency key is kept, in hours.
const KEY_HOURS: i64 = 24;
/// Keys deleted in one transaction.
const PURGE_ROWS: u32 = 500;
/// The pause between two purges.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// The name under which booking reads the journal.
const CONSUMER: &str = "booking";

impl Booking {
    /// What is to be done on a shard for as long as this node is the one to do it: settling what was left pending, forgetting
    /// old keys. It may be dropped at any point: what was under way is taken up by whoever does it next.
    pub async fn run_jobs(&self, shard: &ShardDb, lead: Lead) {
        tokio::join!(self.keep_reconciling(shard, &lead), self.keep_purging(shard, &lead));
    }

    /// Gives the bookings of a shard's cancelled shows back, until `stop` is cancelled.
    pub async fn heed_cancelled_shows(&self, shard: &ShardDb, stop: CancellationToken) {
        let (booking, at) = (self.clone(), shard.at());
        let shows = self.bus().subscribe(shard.reader(CONSUMER), &["ShowCancelled"], stop, move |event| {
            let booking = booking.clone();
            async move { booking.on_show_cancelled(at, event).await }
        });
        if let Err(broken) = shows.await {
            error!(error = %broken, "show cancellation consumer broke off");
        }
    }

    async fn on_show_cancelled(&self, at: usize, event: Delivered) -> Result<(), String> {
        let Some(show_id) = event.show_id else { return Err("the event names no show".to_owned()) };
        let Some(shard) = self.shards().all().get(at) else { return Ok(()) };
        if !self.shards().concerns(shard, show_id).await.map_err(|error| error.to_string())? {
            return Ok(());
        }
        match self.cancel_show(show_id).await {
            // The shard where it lives has a reader of its own, which must not be waited for here.
            Err(_) if !self.shards().lives_here(shard, show_id).await => Ok(()),
            given_back => given_back.map_err(|problem| problem.to_string()),
        }
    }

    async fn keep_purging(&self, shard: &ShardDb, lead: &Lead) {
        loop {
            match self.purge_keys(shard, lead).await {
                Ok(0) => {}
                Ok(keys) => info!(keys, "idempotency keys purged"),
                Err(problem) => warn!(error = %problem, "idempotency keys not purged, will retry"),
            }
            tokio::time::sleep(PURGE_EVERY).await;
        }
    }

    /// Forgets answered keys older than a day; how many.
    pub(crate) async fn purge_keys(&self, shard: &ShardDb, lead: &Lead) -> Result<usize> {
        let age = SignedDuration::from_hours(KEY_HOURS);
        let before = self.now().checked_sub(age).unwrap_or(Timestamp::MIN);
        let mut total = 0;
        loop {
            let lead = lead.clone();
            let purge = move |tx: &mut Tx<'_>| {
                lead.check(tx)?;
                store::purge_keys(tx, before, PURGE_ROWS)
            };
            let purged: Result<_, DbError> = shard.db()?.write(purge).await;
            let purged = purged?;
            total += purged;
            if purged < PURGE_ROWS as usize {
                return Ok(total);
            }
        }
    }
}
