//! How often something may be done: the generic cell rate algorithm, here or counted by all nodes together.
//!
//! This node's own buckets always count, and refuse alone what is too much for one node. In Redis is what all nodes counted, and
//! it can only refuse more: when it does not answer, each node goes on limiting by itself, with what it has counted so far.

mod buckets;
mod shared;

use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use marquee_kernel::Clock;

use crate::Link;
use buckets::Buckets;
use shared::Shared;

/// How often something may be done, each key by itself.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// What it counts, in Redis's keys.
    pub name: &'static str,
    /// How much may be done at once.
    pub burst: u32,
    /// How long until one more may be done.
    pub every: Duration,
    /// How much a node lets pass by [`Limiter::count`] before it tells the others: all nodes together let this much pass beyond
    /// the quota for each of them, at most, and what comes to each while its word is on its way.
    pub slice: u32,
}

impl Quota {
    fn every_us(&self) -> i64 {
        i64::try_from(self.every.as_micros()).unwrap_or(i64::MAX)
    }

    /// How far ahead of the present the instant may lie at which a bucket is full again, for one more to be taken.
    fn most_us(&self) -> i64 {
        self.every_us().saturating_mul(i64::from(self.burst) - 1)
    }
}

/// It was done too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Seconds until it may be done again; at least one.
    pub retry_after_s: u64,
}

impl Refused {
    fn for_us(wait_us: i64) -> Self {
        Self { retry_after_s: u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000_000).max(1) }
    }
}

/// Whom something is counted for: hashed here, written out for Redis.
pub trait Key: Hash + Display + Sync {}

impl<K: Hash + Display + Sync> Key for K {}

/// Counts how often each key was used, and refuses what is too often.
#[derive(Clone, Debug)]
pub enum Limiter {
    /// What this process counts.
    Memory(Arc<Buckets>),
    /// What all nodes count.
    Redis(Arc<Shared>),
}

impl Limiter {
    pub(crate) fn here(quota: Quota, clock: Clock) -> Self {
        Self::Memory(Arc::new(Buckets::new(quota, clock)))
    }

    pub(crate) fn shared(quota: Quota, clock: Clock, (link, prefix): (Arc<Link>, &str)) -> Self {
        let here = Buckets::new(quota, clock);
        Self::Redis(Arc::new(Shared::new(here, link, prefix)))
    }

    /// Takes one for `key`, exactly: no two nodes take the same. Waits for Redis, if not for long.
    ///
    /// # Errors
    /// [`Refused`], and nothing is taken.
    pub async fn take(&self, key: &impl Key) -> Result<(), Refused> {
        match self {
            Limiter::Memory(here) => here.take(key),
            Limiter::Redis(shared) => shared.take(key).await,
        }
    }

    /// Counts one for `key`, without waiting: other nodes hear of it by the slice.
    ///
    /// # Errors
    /// [`Refused`], and nothing is counted.
    pub fn count(&self, key: &impl Key) -> Result<(), Refused> {
        match self {
            Limiter::Memory(here) => here.take(key),
            Limiter::Redis(shared) => shared.count(key),
        }
    }

    /// Gives one back that was taken for `key`, without waiting.
    pub fn give_back(&self, key: &impl Key) {
        match self {
            Limiter::Memory(here) => here.give_back(key),
            Limiter::Redis(shared) => shared.give_back(key),
        }
    }
}
