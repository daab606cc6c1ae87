//! What the rest of Marquee holds of this module.

use std::sync::Arc;

use marquee_bus::Journal;
use marquee_cluster::Shards;
use marquee_kernel::{Clock, Rng};
use tokio::sync::Notify;

use crate::gateway::Gateway;
use crate::meters;

/// The payments of every shard; clones share them.
#[derive(Clone, Debug)]
pub struct Payments {
    pub(crate) journal: Journal,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) gateway: Gateway,
    pub(crate) bells: Arc<[Bells]>,
}

/// What wakes the jobs of one shard.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    pub(crate) captures: Notify,
    pub(crate) refunds: Notify,
}

impl Payments {
    /// Payments through `gateway`, booked where their shows are.
    #[must_use]
    pub fn new(shards: &Shards, journal: Journal, clock: Clock, rng: Rng, gateway: Gateway) -> Self {
        meters::describe(shards.all());
        let bells = shards.all().iter().map(|_| Bells::default()).collect();
        Self { journal, clock, rng, gateway, bells }
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Tells the jobs that payments were authorised: call it after the commit.
    pub fn wake_captures(&self) {
        self.bells.iter().for_each(|bells| bells.captures.notify_one());
    }

    /// Tells the jobs that refunds were ordered: call it after the commit.
    pub fn wake_refunds(&self) {
        self.bells.iter().for_each(|bells| bells.refunds.notify_one());
    }
}
