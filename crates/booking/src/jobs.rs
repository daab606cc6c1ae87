//! The work nobody waits for: settling what was left pending, giving back cancelled shows, forgetting old keys.

use std::time::Duration;

use jiff::SignedDuration;
use marquee_bus::Delivered;
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
    /// Runs until `stop` is cancelled; what was under way is taken up at the next start.
    pub async fn run_jobs(&self, stop: CancellationToken) {
        let booking = self.clone();
        let shows = self.bus().subscribe(CONSUMER, &["ShowCancelled"], stop.clone(), move |event| {
            let booking = booking.clone();
            async move { booking.on_show_cancelled(event).await }
        });
        let purge = stop.run_until_cancelled(self.keep_purging());
        let (_, _, shows) = tokio::join!(self.keep_reconciling(stop.clone()), purge, shows);
        if let Err(broken) = shows {
            error!(error = %broken, "show cancellation consumer broke off");
        }
    }

    async fn on_show_cancelled(&self, event: Delivered) -> Result<(), String> {
        let Some(show_id) = event.show_id else { return Err("the event names no show".to_owned()) };
        self.cancel_show(show_id).await.map_err(|problem| problem.to_string())
    }

    async fn keep_purging(&self) {
        loop {
            match self.purge_keys().await {
                Ok(0) => {}
                Ok(keys) => info!(keys, "idempotency keys purged"),
                Err(problem) => warn!(error = %problem, "idempotency keys not purged, will retry"),
            }
            tokio::time::sleep(PURGE_EVERY).await;
        }
    }

    /// Forgets answered keys older than a day; how many.
    pub(crate) async fn purge_keys(&self) -> Result<usize> {
        let age = SignedDuration::from_hours(KEY_HOURS);
        let before = self.now().checked_sub(age).unwrap_or(Timestamp::MIN);
        let mut total = 0;
        loop {
            let purged = self.db().write(move |tx| store::purge_keys(tx, before, PURGE_ROWS)).await?;
            total += purged;
            if purged < PURGE_ROWS as usize {
                return Ok(total);
            }
        }
    }
}
