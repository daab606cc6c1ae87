//! What accounts do without being asked.

use std::time::Duration;

use marquee_bus::{Bus, Delivered};
use marquee_db::Tx;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::error::{Error, Result};
use crate::service::Accounts;
use crate::store;

/// The name under which accounts follow the journal.
const FOLLOWER: &str = "accounts";
/// Every way in which tokens cease to be good.
const KINDS: &[&str] = &["SessionRevoked"];
/// How soon a key rotation of another process is noticed, in seconds.
pub const WATCH_S: u64 = 5;
/// How often what has lapsed is deleted, in watches: every ten minutes.
const PURGE_EVERY: u64 = 120;
/// Rows deleted by one transaction: the writer is everybody's.
const PURGE_BATCH_ROWS: u32 = 500;
/// Transactions of one purge; what is left waits for the next one.
const PURGE_BATCHES_MAX: u32 = 200;

/// What a purge deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Lapsed refresh tokens.
    pub refresh_tokens: usize,
    /// Sessions of which nothing was good any more.
    pub sessions: usize,
    /// Signing keys that verified nothing any more.
    pub keys: usize,
}

impl Accounts {
    /// Refuses the tokens that other processes revoke, within a second; watches for their keys and deletes what has lapsed, until
    /// `stop`.
    pub async fn run_jobs(&self, bus: &Bus, stop: CancellationToken) {
        let accounts = self.clone();
        let refuse = move |entry: Delivered| match entry.subject.parse() {
            Ok(session_id) => accounts.end_session(session_id),
            Err(_) => warn!(entry = %entry.event_id, "revocation names no session"),
        };
        let following = bus.follow(FOLLOWER, KINDS, stop.clone(), refuse).await;
        self.watch(stop).await;
        if let Err(broken) = following.await {
            error!(error = %broken, "revocations not followed any more");
        }
    }

    async fn watch(&self, stop: CancellationToken) {
        let mut watch = interval(Duration::from_secs(WATCH_S));
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for round in 0_u64.. {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = watch.tick() => {}
            }
            if let Err(error) = self.catch_up().await {
                warn!(error = %error, "revocations and keys not read");
            }
            if round.is_multiple_of(PURGE_EVERY) {
                match self.purge().await {
                    Ok(nothing) if nothing == Purged::default() => {}
                    Ok(Purged { refresh_tokens, sessions, keys }) => {
                        info!(refresh_tokens, sessions, keys, "lapsed sessions purged");
                    }
                    Err(error) => warn!(error = %error, "lapsed sessions not purged"),
                }
            }
        }
    }

    /// Takes note of what other processes revoked and rotated.
    ///
    /// # Errors
    /// [`Error::Db`], [`Error::Keys`].
    pub async fn catch_up(&self) -> Result<()> {
        self.read_revocations().await?;
        self.read_keys().await
    }

    /// Deletes sessions, refresh tokens and keys that nothing refers to any more, in small transactions.
    ///
    /// # Errors
    /// [`Error::Db`], [`Error::Keys`].
    pub async fn purge(&self) -> Result<Purged> {
        Ok(Purged {
            refresh_tokens: self.purge_all(store::purge_refresh_tokens).await?,
            sessions: self.purge_all(store::purge_sessions).await?,
            keys: self.delete_retired_keys().await?,
        })
    }

    async fn purge_all(
        &self,
        delete: fn(&mut Tx<'_>, marquee_kernel::Timestamp, u32) -> marquee_db::Result<usize>,
    ) -> Result<usize> {
        let mut deleted = 0;
        for _ in 0..PURGE_BATCHES_MAX {
            let now = self.now();
            let batch = self.db().write(move |tx| Ok::<_, Error>(delete(tx, now, PURGE_BATCH_ROWS)?)).await?;
            deleted += batch;
            if batch < PURGE_BATCH_ROWS as usize {
                break;
            }
        }
        Ok(deleted)
    }
}
