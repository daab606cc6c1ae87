//! Who does what one node alone may do.
//!
//! A lease is a row with an epoch. Its holder beats; whoever sees it not beating for a while, by a monotonic clock of its own,
//! takes it over under the next epoch. No node's idea of the time matters, nor the server's. A leader that was stopped, or cut
//! off, and still believes that it leads is refused by the database: what it writes checks the epoch in the same transaction,
//! and transactions that write follow one another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use marquee_db::{Db, Error, Result, Tx};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::service::{ShardDb, Shards};
use crate::store::{self, Held};

/// The lease of all that one node alone does for a database.
const JOBS: &str = "jobs";
/// How often the leader beats, and the others look.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How long a beat may take.
const BEAT_MAX: Duration = Duration::from_secs(2);
/// A leader that has not beaten for so long stops by itself.
const GIVE_UP_AFTER: Duration = Duration::from_secs(4);
/// A lease that was not seen beating for so long is taken over.
const TAKE_OVER_AFTER: Duration = Duration::from_secs(6);

const LEADING: &str = "marquee_leader";
const TERMS: &str = "marquee_leader_terms_total";

/// The right to do what one node alone may do. It is checked in every transaction that rests on it.
#[derive(Clone, Debug)]
pub enum Lead {
    /// There is no other node.
    Sole,
    /// Of several nodes this one, until another takes over.
    Term(Arc<Term>),
}

/// A node's time as leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    name: &'static str,
    node: Uuid,
    epoch: i64,
}

impl Lead {
    /// Refuses the transaction when another node has taken over.
    ///
    /// # Errors
    /// [`Error::Fenced`]; what the database says.
    pub fn check(&self, tx: &mut Tx<'_>) -> Result<()> {
        let Lead::Term(term) = self else { return Ok(()) };
        match store::lease(tx, term.name)? {
            Some(Held { holder, epoch, .. }) if (holder, epoch) == (term.node, term.epoch) => Ok(()),
            _ => Err(Error::Fenced),
        }
    }
}

/// Names the leader's metrics, each from zero.
pub(crate) fn describe(shards: &[ShardDb]) {
    describe_gauge!(LEADING, Unit::Count, "Whether this node does a shard's jobs: 1 or 0");
    describe_counter!(TERMS, Unit::Count, "Times that this node became the one that does a shard's jobs");
    for one in shards {
        gauge!(LEADING, "shard" => one.shard().to_string()).set(0);
        counter!(TERMS, "shard" => one.shard().to_string()).absolute(0);
    }
}

impl Shards {
    /// Runs `job` whenever this node is the one to do a database's jobs, until `stop`. A job is dropped when another node takes
    /// over, at any point where it waits: what it was at, the other one takes up.
    pub async fn lead<J>(&self, one: &ShardDb, job: impl Fn(Lead) -> J, stop: &CancellationToken)
    where
        J: Future<Output = ()>,
    {
        if self.is_alone() {
            stop.run_until_cancelled(job(Lead::Sole)).await;
            return;
        }
        let shard = one.shard().to_string();
        let lead = async {
            let (db, _) = one.opened().await;
            let candidate = Candidate { db, name: JOBS, node: self.node() };
            loop {
                let term = Arc::new(candidate.campaign().await);
                info!(shard, epoch = term.epoch, "this node does the shard's jobs");
                counter!(TERMS, "shard" => shard.clone()).increment(1);
                gauge!(LEADING, "shard" => shard.clone()).set(1);
                tokio::select! {
                    () = job(Lead::Term(term.clone())) => {}
                    () = candidate.beat(&term) => warn!(shard, epoch = term.epoch, "another node does the shard's jobs"),
                }
                gauge!(LEADING, "shard" => shard.clone()).set(0);
            }
        };
        stop.run_until_cancelled(lead).await;
        if let Ok(db) = one.db() {
            let candidate = Candidate { db, name: JOBS, node: self.node() };
            if let Ok(Err(error)) = timeout(BEAT_MAX, candidate.retire()).await {
                warn!(shard, %error, "jobs not handed over, the others will notice");
            }
        }
    }
}

struct Candidate<'d> {
    db: &'d Db,
    name: &'static str,
    node: Uuid,
}

impl Candidate<'_> {
    /// Waits until the lease is this node's.
    async fn campaign(&self) -> Term {
        let mut seen: Option<(Held, Instant)> = None;
        loop {
            match self.try_once(&mut seen).await {
                Ok(Some(term)) => return term,
                Ok(None) => {}
                Err(error) => warn!(%error, "lease not read, will retry"),
            }
            sleep(BEAT_EVERY).await;
        }
    }

    async fn try_once(&self, seen: &mut Option<(Held, Instant)>) -> Result<Option<Term>> {
        let (name, node) = (self.name, self.node);
        let found = match self.db.read(move |tx| store::lease(tx, name)).await? {
            Some(found) => found,
            None => self.db.write(move |tx| store::open_lease(tx, name, node)).await?,
        };
        let since = match seen {
            Some((before, since)) if *before == found => *since,
            _ => Instant::now(),
        };
        *seen = Some((found, since));
        // Laid down, this node's own that it gave up, or not alive.
        let free = found.holder.is_nil() || found.holder == node || since.elapsed() >= TAKE_OVER_AFTER;
        if free && self.db.write(move |tx| store::take_lease(tx, name, node, found)).await? {
            return Ok(Some(Term { name, node, epoch: found.epoch + 1 }));
        }
        Ok(None)
    }

    /// Returns when this node leads no more, or cannot know that it does.
    async fn beat(&self, term: &Term) {
        let mut last = Instant::now();
        loop {
            sleep(BEAT_EVERY).await;
            let (name, node, epoch) = (term.name, term.node, term.epoch);
            let beat = self.db.write(move |tx| store::beat(tx, name, node, epoch));
            match timeout(BEAT_MAX, beat).await {
                Ok(Ok(true)) => last = Instant::now(),
                Ok(Ok(false)) => return,
                Ok(Err(_)) | Err(_) => {}
            }
            if last.elapsed() >= GIVE_UP_AFTER {
                return;
            }
        }
    }

    /// Hands the lease to whoever comes first, if it is this node's.
    async fn retire(&self) -> Result<()> {
        let (name, node) = (self.name, self.node);
        let retire = move |tx: &mut Tx<'_>| match store::lease(tx, name)? {
            Some(held) if held.holder == node => store::lay_down(tx, name, node, held.epoch),
            _ => Ok(()),
        };
        self.db.write(retire).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_leader_that_was_passed_over_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let nodes = [1, 2].map(Uuid::from_u128);
        let [one, two] = nodes.map(|node| Candidate { db: &db, name: JOBS, node });
        let first = one.campaign().await;
        let lead = Lead::Term(Arc::new(first.clone()));
        let check = |lead: &Lead| {
            let lead = lead.clone();
            db.write(move |tx| lead.check(tx))
        };
        check(&lead).await.unwrap();
        // Alive as far as anybody has seen: not to be taken.
        assert_eq!(two.try_once(&mut None).await.unwrap(), None);
        let found = db.read(|tx| store::lease(tx, JOBS)).await.unwrap().unwrap();
        let long_ago = Instant::now().checked_sub(TAKE_OVER_AFTER).unwrap();
        let second = two.try_once(&mut Some((found, long_ago))).await.unwrap().unwrap();
        assert_eq!(second.epoch, first.epoch + 1);
        assert!(matches!(check(&lead).await, Err(Error::Fenced)));
        check(&Lead::Term(Arc::new(second))).await.unwrap();
        // It notices, and does not take the lease back while the other beats.
        one.beat(&first).await;
        assert_eq!(one.try_once(&mut None).await.unwrap(), None);
        two.retire().await.unwrap();
        assert_eq!(one.try_once(&mut None).await.unwrap().unwrap().epoch, first.epoch + 2);
    }

    #[tokio::test]
    async fn a_lease_that_beats_is_never_taken_however_long_it_was_watched() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let [one, two] = [1, 2].map(|node| Candidate { db: &db, name: JOBS, node: Uuid::from_u128(node) });
        let term = one.campaign().await;
        let found = db.read(|tx| store::lease(tx, JOBS)).await.unwrap().unwrap();
        let long_ago = Instant::now().checked_sub(TAKE_OVER_AFTER).unwrap();
        let (name, node, epoch) = (term.name, term.node, term.epoch);
        assert!(db.write(move |tx| store::beat(tx, name, node, epoch)).await.unwrap());
        assert_eq!(two.try_once(&mut Some((found, long_ago))).await.unwrap(), None);
    }
}
