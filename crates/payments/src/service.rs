//! What the rest of Marquee holds of this module.

use std::sync::Arc;

use marquee_bus::{Bus, Journal};
use marquee_db::Db;
use marquee_kernel::{Clock, Rng};
use tokio::sync::Notify;

use crate::gateway::Gateway;
use crate::meters;

/// The payments of one database; clones share it.
#[derive(Clone, Debug)]
pub struct Payments {
    pub(crate) db: Db,
    pub(crate) journal: Journal,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) gateway: Gateway,
    pub(crate) captures: Arc<Notify>,
    pub(crate) refunds: Arc<Notify>,
}

impl Payments {
    /// Payments through `gateway`, booked in `db`.
    #[must_use]
    pub fn new(db: Db, journal: Journal, bus: Bus, clock: Clock, rng: Rng, gateway: Gateway) -> Self {
        meters::describe();
        Self { db, journal, bus, clock, rng, gateway, captures: Arc::default(), refunds: Arc::default() }
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Tells the job that payments were authorised: call it after the commit.
    pub fn wake_captures(&self) {
        self.captures.notify_one();
    }

    /// Tells the job that refunds were ordered: call it after the commit.
    pub fn wake_refunds(&self) {
        self.refunds.notify_one();
    }
}
