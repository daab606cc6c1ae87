//! What the nodes of one shop share beside their database: counters, and the word that something has changed.
//!
//! In this process, where one node sells, or in Redis, where several do. None of it is a record: whatever is lost here is known
//! elsewhere, or costs a few calls more than a limit allows. See `docs/adr/0009-limits-and-signals-between-nodes.md`.

mod address;
mod limiter;
mod link;
mod signals;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use marquee_kernel::Clock;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use address::{Address, NoAddress};
pub use limiter::{Key, Limiter, Quota, Refused};
pub use link::{Down, Heard, Link, Purpose};
pub use signals::{Ears, Signals};

/// The link that limits and signals go over; holds have one of their own, so that neither waits for the other.
const PURPOSE: Purpose =
    Purpose { name: "limits", library: include_str!("limiter/library.lua"), channel: "marquee:signals" };

/// Where what the nodes share is. Clones are the same place.
#[derive(Clone)]
pub enum Kv {
    /// In this process.
    Memory(Signals),
    /// In Redis.
    Redis(Arc<RedisKv>),
}

/// The way to what is in Redis.
pub struct RedisKv {
    link: Arc<Link>,
    prefix: String,
    signals: Signals,
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kv::Memory(_) => "Memory",
            Kv::Redis(_) => "Redis",
        })
    }
}

impl Default for Kv {
    fn default() -> Self {
        Self::Memory(Signals::default())
    }
}

impl Kv {
    /// The Redis at `address`. It connects, and reconnects, by itself until `stop`; while it cannot, each node limits alone.
    ///
    /// # Errors
    /// What the client says of the address.
    pub async fn open(address: &Address, stop: &CancellationToken) -> Result<Self, redis::RedisError> {
        let link = Arc::new(Link::new(address, PURPOSE)?);
        if let Err(error) = link.connect().await {
            warn!(%error, "Redis not reached at the start; each node limits alone until it is");
        }
        let (keeper, stopped) = (link.clone(), stop.clone());
        tokio::spawn(async move { stopped.run_until_cancelled(keeper.keep(|_| ())).await });
        let signals = Signals::over(&link, stop);
        Ok(Self::Redis(Arc::new(RedisKv { link, prefix: address.prefix().to_owned(), signals })))
    }

    /// A limiter that all nodes count together in, as far as there are several.
    #[must_use]
    pub fn limiter(&self, quota: Quota, clock: Clock) -> Limiter {
        match self {
            Kv::Memory(_) => Limiter::here(quota, clock),
            Kv::Redis(kv) => Limiter::shared(quota, clock, (kv.link.clone(), &kv.prefix)),
        }
    }

    /// What the nodes tell one another.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        match self {
            Kv::Memory(signals) => signals,
            Kv::Redis(kv) => &kv.signals,
        }
    }
}
