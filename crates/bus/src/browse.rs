//! Browsing on replicas, as far as they have come.
//!
//! A replica may be used while it has what the primary had a moment ago, and what this node knows to have happened since.
//! Both are told by the journal, in which every change stands: no machine's clock is compared with another's, and a server that
//! went its own way after a failover is found out by the seals. See `docs/adr/0008-replicas-for-browsing.md`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use marquee_db::{Db, Error, Replica, Tx};
use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use parking_lot::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::store::{self, Head};

/// How old what a replica has may be.
const AGE_MAX: Duration = Duration::from_secs(1);
/// How often the primary and the replicas are asked how far they are.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Heads of the primary's journal that are remembered: more than are looked for within [`AGE_MAX`].
const MARKS_MAX: usize = 64;

const LAG: &str = "marquee_replica_lag_seconds";
const READS: &str = "marquee_replica_reads_total";
const FALLBACKS: &str = "marquee_replica_fallbacks_total";

/// Where pages that anybody may see are read: on a replica that has come far enough, or else on the primary. What is decided
/// is never read here: that is what [`Db`] is for, which knows of no replica.
#[derive(Clone)]
pub struct Browse {
    inner: Arc<Inner>,
}

struct Inner {
    primary: Db,
    copies: Vec<Copy>,
    /// Where the primary's journal ended, and when that was asked; the newest last.
    marks: Mutex<VecDeque<(Instant, Head)>>,
    /// The last entry that this node knows to matter to its pages.
    needed: AtomicI64,
    turn: AtomicUsize,
    behind: Counter,
    failed: Counter,
}

/// A replica and what is known of it.
struct Copy {
    replica: Replica,
    usable: AtomicBool,
    /// The latest moment whose state it is known to have had.
    has: Mutex<Instant>,
    lag: Gauge,
    reads: Counter,
}

impl std::fmt::Debug for Browse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browse").finish_non_exhaustive()
    }
}

impl Browse {
    /// Reads on `replicas` of `primary`, which are used once [`Browse::watch`] runs.
    #[must_use]
    pub fn new(primary: Db, replicas: Vec<Replica>) -> Self {
        describe_gauge!(LAG, Unit::Seconds, "How old what a replica has is, by replica");
        describe_counter!(READS, Unit::Count, "Pages read from a replica, by replica");
        describe_counter!(
            FALLBACKS,
            Unit::Count,
            "Pages read from the primary in a replica's stead, by reason: behind, failed"
        );
        let fallbacks = |reason: &'static str| {
            let fallbacks = counter!(FALLBACKS, "reason" => reason);
            fallbacks.increment(0);
            fallbacks
        };
        Self {
            inner: Arc::new(Inner {
                primary,
                copies: replicas.into_iter().map(Copy::new).collect(),
                marks: Mutex::default(),
                needed: AtomicI64::new(0),
                turn: AtomicUsize::new(0),
                behind: fallbacks("behind"),
                failed: fallbacks("failed"),
            }),
        }
    }

    /// From now on a page shows at least what the journal's entry `seq` tells of.
    pub fn need(&self, seq: i64) {
        self.inner.needed.fetch_max(seq, Ordering::SeqCst);
    }

    /// As [`Browse::need`], of the last entry that `tx` sees: for what it has just appended.
    ///
    /// # Errors
    /// What the database says.
    pub fn need_all(&self, tx: &mut Tx<'_>) -> marquee_db::Result<()> {
        if !self.inner.copies.is_empty() {
            self.need(store::last_seq(tx)?);
        }
        Ok(())
    }

    /// Runs `work` in one read transaction; a second time, on the primary, when a replica fails at it.
    ///
    /// # Errors
    /// What `work` returns; what the primary says.
    pub async fn read<T, E>(&self, work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let work = Arc::new(work);
        if let Some(done) = self.read_a_copy(work.clone()).await {
            return done;
        }
        self.inner.primary.read(move |tx| work(tx)).await
    }

    async fn read_a_copy<T, E, W>(&self, work: Arc<W>) -> Option<Result<T, E>>
    where
        W: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.inner.copies.is_empty() {
            return None;
        }
        let (Some(copy), Some(mark)) = (self.inner.usable(), self.inner.mark(Instant::now())) else {
            self.inner.behind.increment(1);
            return None;
        };
        let needed = self.inner.needed.load(Ordering::SeqCst);
        let asked = copy.replica.read(move |tx| match store::has(tx, &mark, needed)? {
            true => work(tx).map(Some),
            false => Ok(None),
        });
        match asked.await {
            Ok(Ok(Some(done))) => {
                copy.reads.increment(1);
                Some(Ok(done))
            }
            Ok(Ok(None)) => {
                self.inner.behind.increment(1);
                None
            }
            Ok(Err(found)) => Some(Err(found)),
            Err(error) => {
                self.inner.failed.increment(1);
                copy.drop_out(&error.to_string());
                None
            }
        }
    }

    /// Keeps knowing how far the replicas are, until `stop`.
    pub async fn watch(&self, stop: CancellationToken) {
        if self.inner.copies.is_empty() {
            return;
        }
        // Apart: a primary that does not answer must not hide how far the replicas are.
        let primary = async {
            loop {
                self.inner.look_at_primary().await;
                sleep(LOOK_EVERY).await;
            }
        };
        let copies = self.inner.copies.iter().map(|copy| async {
            loop {
                self.inner.look_at(copy).await;
                sleep(LOOK_EVERY).await;
            }
        });
        let work = async {
            let _: ((), Vec<()>) = join(primary, join_all(copies)).await;
        };
        stop.run_until_cancelled(work).await;
    }
}

impl Inner {
    /// A replica that can be used, each in its turn.
    fn usable(&self) -> Option<&Copy> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let turns = (0..self.copies.len()).map(|turn| first.wrapping_add(turn) % self.copies.len());
        turns.filter_map(|at| self.copies.get(at)).find(|copy| copy.usable.load(Ordering::Relaxed))
    }

    /// The least that a replica must have at `now`: what the primary had when it was asked first within [`AGE_MAX`].
    fn mark(&self, now: Instant) -> Option<Head> {
        let marks = self.marks.lock();
        marks.iter().find(|(at, _)| now.saturating_duration_since(*at) <= AGE_MAX).map(|(_, head)| *head)
    }

    async fn look_at_primary(&self) {
        let asked = Instant::now();
        let head: marquee_db::Result<_> = self.primary.read(store::head).await;
        // An error is said where it matters: here it only means that there is nothing to go by.
        if let Ok(Some(head)) = head {
            let mut marks = self.marks.lock();
            marks.push_back((asked, head));
            if marks.len() > MARKS_MAX {
                marks.pop_front();
            }
        }
    }

    async fn look_at(&self, copy: &Copy) {
        let head: marquee_db::Result<_> = copy.replica.read(store::head).await.and_then(|head| head);
        match head {
            Ok(head) => {
                let seq = head.map_or(0, |head| head.seq);
                let had = self.marks.lock().iter().rev().find(|(_, mark)| mark.seq <= seq).map(|(at, _)| *at);
                if let Some(at) = had {
                    let mut has = copy.has.lock();
                    *has = at.max(*has);
                }
                copy.judge();
            }
            Err(error) => copy.drop_out(&error.to_string()),
        }
    }
}

impl Copy {
    fn new(replica: Replica) -> Self {
        let name = replica.name().to_owned();
        let (lag, reads) = (gauge!(LAG, "replica" => name.clone()), counter!(READS, "replica" => name));
        lag.set(0);
        reads.increment(0);
        Self { replica, usable: AtomicBool::new(false), has: Mutex::new(Instant::now()), lag, reads }
    }

    fn age(&self) -> Duration {
        let age = self.has.lock().elapsed();
        self.lag.set(age.as_secs_f64());
        age
    }

    fn judge(&self) {
        let usable = self.age() <= AGE_MAX;
        if usable && !self.usable.swap(true, Ordering::Relaxed) {
            info!(replica = self.replica.name(), "replica in use");
        } else if !usable {
            self.drop_out("too far behind");
        }
    }

    /// Passes it over until it is seen to be well.
    fn drop_out(&self, why: &str) {
        let _ = self.age();
        if self.usable.swap(false, Ordering::Relaxed) {
            warn!(replica = self.replica.name(), why, "replica not in use");
        }
    }
}
