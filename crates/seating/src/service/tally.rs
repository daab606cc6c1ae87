//! How many holds are placed: counted in memory, and written down now and then. A node that is killed forgets what it has not
//! written, which are figures and nothing else.

use std::collections::HashMap;
use std::time::Duration;

use marquee_kernel::{CinemaId, Timestamp};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Seating;
use crate::{Error, store};

/// What the count is by, in seconds: every clock of the world begins its hours at one of these.
pub const QUARTER_S: i64 = 900;
/// How often it is written down.
const WRITE_EVERY: Duration = Duration::from_secs(3);

/// What was counted since it was last written down.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<HashMap<(CinemaId, i64), i64>>);

impl Tally {
    pub(crate) fn count(&self, cinema_id: CinemaId, at: Timestamp) {
        *self.0.lock().entry((cinema_id, at.as_second().div_euclid(QUARTER_S))).or_default() += 1;
    }
}

impl Seating {
    /// How many holds were placed in these cinemas, each between two instants, as far as it was written down.
    ///
    /// # Errors
    /// What the database says.
    pub async fn holds_placed(&self, spans: &[(CinemaId, Timestamp, Timestamp)]) -> Result<i64, Error> {
        let quarter = |at: Timestamp| at.as_second().div_euclid(QUARTER_S);
        let spans: Vec<_> = spans.iter().map(|(id, from, until)| (*id, quarter(*from), quarter(*until))).collect();
        self.inner.parts.home()?.read(move |tx| Ok(store::placed(tx, &spans)?)).await
    }

    pub(crate) async fn write_tally(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(WRITE_EVERY)).await.is_some() {
            self.write_counted().await;
        }
        self.write_counted().await;
    }

    async fn write_counted(&self) {
        let counted = std::mem::take(&mut *self.inner.tally.0.lock());
        if counted.is_empty() {
            return;
        }
        let rows = counted.clone();
        let written =
            async { self.inner.parts.home()?.write(move |tx| Ok::<_, Error>(store::count_placed(tx, &rows)?)).await };
        if let Err(error) = written.await {
            warn!(%error, "count of holds not written, will retry");
            let mut tally = self.inner.tally.0.lock();
            for (key, holds) in counted {
                *tally.entry(key).or_default() += holds;
            }
        }
    }
}
