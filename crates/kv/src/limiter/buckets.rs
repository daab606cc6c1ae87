//! What this process counts.
//!
//! The buckets are a fixed array that keys are hashed into, salted anew at each start: memory stays the same however many keys
//! somebody makes up, none of them can push another's bucket out, and nobody can tell whose bucket theirs is.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};

use marquee_kernel::Clock;

use super::{Key, Quota, Refused};

/// Buckets, at 8 bytes each. Two keys share one as often as one in so many.
pub(super) const BUCKETS: usize = 262_144;

/// Each holds the instant at which it is full again, in µs since 1970.
pub struct Buckets {
    pub(super) quota: Quota,
    pub(super) clock: Clock,
    salt: RandomState,
    full_at: Box<[AtomicI64]>,
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Buckets").field(&self.quota).finish()
    }
}

impl Buckets {
    pub(super) fn new(quota: Quota, clock: Clock) -> Self {
        let full_at = std::iter::repeat_with(|| AtomicI64::new(0)).take(BUCKETS).collect();
        Self { quota, clock, salt: RandomState::new(), full_at }
    }

    pub(super) fn now_us(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// The place of a key's bucket.
    pub(super) fn place(&self, key: &impl Key) -> usize {
        usize::try_from(self.salt.hash_one(key) % BUCKETS as u64).unwrap_or(0)
    }

    pub(super) fn take(&self, key: &impl Key) -> Result<(), Refused> {
        let Some(bucket) = self.full_at.get(self.place(key)) else { return Ok(()) };
        let (now_us, every_us, most_us) = (self.now_us(), self.quota.every_us(), self.quota.most_us());
        // What lies further ahead than a whole burst was written before the clock was set back.
        let furthest_us = now_us.saturating_add(most_us).saturating_add(every_us);
        bucket.fetch_min(furthest_us, Ordering::Relaxed);
        let take = |full_at: i64| {
            let from = full_at.max(now_us);
            (from - now_us <= most_us).then_some(from + every_us)
        };
        match bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(full_at) => Err(Refused::for_us(full_at - now_us - most_us)),
        }
    }

    pub(super) fn give_back(&self, key: &impl Key) {
        if let Some(bucket) = self.full_at.get(self.place(key)) {
            bucket.fetch_sub(self.quota.every_us(), Ordering::Relaxed);
        }
    }
}
