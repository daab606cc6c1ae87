//! What all nodes count, in Redis.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use marquee_kernel::Clock;

use super::buckets::{BUCKETS, Buckets};
use super::{Key, Quota, Refused};
use crate::{Down, Link};

/// This node's buckets, and the way to those that all nodes have.
pub struct Shared {
    here: Buckets,
    link: Arc<Link>,
    /// What stands before each key.
    prefix: String,
    /// What passed here and Redis has not been told, in each bucket's place.
    untold: Box<[AtomicU32]>,
    /// Until when the others have used up what there is, in µs since 1970, in each bucket's place.
    spent_until: Box<[AtomicI64]>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.here).finish()
    }
}

impl Shared {
    pub(super) fn new(here: Buckets, link: Arc<Link>, prefix: &str) -> Self {
        let prefix = format!("{prefix}marquee:limit:{}:", here.quota.name);
        let untold = std::iter::repeat_with(|| AtomicU32::new(0)).take(BUCKETS).collect();
        let spent_until = std::iter::repeat_with(|| AtomicI64::new(0)).take(BUCKETS).collect();
        Self { here, link, prefix, untold, spent_until }
    }

    /// Asks Redis, whose clock decides: how long to wait, in µs.
    async fn ask(&self, function: &str, key: &str, count: u32) -> Result<i64, Down> {
        let clock = match &self.here.clock {
            // A clock that a test moves is everybody's.
            Clock::Manual(_) => self.here.now_us(),
            _ => 0,
        };
        let Quota { burst, .. } = self.here.quota;
        let mut command = redis::cmd("FCALL");
        command.arg(format!("marquee_limits_v1_{function}")).arg(1).arg(format!("{}{key}", self.prefix));
        command.arg(clock).arg(burst).arg(self.here.quota.every_us()).arg(count);
        self.link.call(&command).await
    }

    pub(super) async fn take(&self, key: &impl Key) -> Result<(), Refused> {
        self.here.take(key)?;
        match self.ask("take", &key.to_string(), 1).await {
            Ok(0) | Err(Down) => Ok(()),
            Ok(wait_us) => {
                self.here.give_back(key);
                Err(Refused::for_us(wait_us))
            }
        }
    }

    pub(super) fn count(self: &Arc<Self>, key: &impl Key) -> Result<(), Refused> {
        let place = self.here.place(key);
        let (Some(untold), Some(spent_until)) = (self.untold.get(place), self.spent_until.get(place)) else {
            return Ok(());
        };
        let (now_us, until_us) = (self.here.now_us(), spent_until.load(Ordering::Relaxed));
        // What lies further ahead than Redis ever says was written before the clock was set back.
        if until_us > now_us && until_us - now_us <= self.longest_us() {
            return Err(Refused::for_us(until_us - now_us));
        }
        self.here.take(key)?;
        if untold.fetch_add(1, Ordering::Relaxed) + 1 >= self.here.quota.slice {
            self.tell(key, place);
        }
        Ok(())
    }

    /// Tells Redis what passed here, and hears whether that was the last for a while.
    fn tell(self: &Arc<Self>, key: &impl Key, place: usize) {
        let count = self.untold.get(place).map_or(0, |untold| untold.swap(0, Ordering::Relaxed));
        if count == 0 {
            return;
        }
        let (shared, key) = (self.clone(), key.to_string());
        tokio::spawn(async move {
            // What cannot be told is forgotten: until Redis answers, this node limits alone.
            if let (Ok(wait_us), Some(until)) = (shared.ask("count", &key, count).await, shared.spent_until.get(place))
            {
                until.fetch_max(shared.here.now_us().saturating_add(wait_us), Ordering::Relaxed);
            }
        });
    }

    fn longest_us(&self) -> i64 {
        let quota = &self.here.quota;
        quota.most_us().saturating_add(quota.every_us()).saturating_mul(2)
    }

    pub(super) fn give_back(self: &Arc<Self>, key: &impl Key) {
        self.here.give_back(key);
        let (shared, key) = (self.clone(), key.to_string());
        // One that is not given back in Redis comes back by itself.
        tokio::spawn(async move { shared.ask("give_back", &key, 1).await });
    }
}
