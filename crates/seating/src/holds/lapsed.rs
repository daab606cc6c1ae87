//! Holds that lapsed not long ago, so that a late customer hears "lapsed" and not "never heard of it"; also those that a
//! cancelled show took with it.

use std::collections::{HashMap, VecDeque};

use marquee_kernel::{HoldId, UserId};

use super::Absent;
use crate::model::Ended;

/// Lapsed holds remembered; the oldest is forgotten first. At a thousand lapses a minute that is over an hour.
const LAPSED_HOLDS_MAX: usize = 100_000;

/// The latest lapsed holds: whose they were, and why they are no more.
#[derive(Debug, Default)]
pub(crate) struct LapsedHolds {
    order: VecDeque<HoldId>,
    known: HashMap<HoldId, ([UserId; 2], Absent)>,
}

impl LapsedHolds {
    pub(crate) fn remember(&mut self, ended: &Ended, why: Absent) {
        if self.order.len() >= LAPSED_HOLDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(ended.hold_id);
        self.known.insert(ended.hold_id, ([ended.user_id, ended.placed_by], why));
    }

    /// Why that hold of `user_id` is no more, if it is remembered.
    pub(crate) fn why(&self, hold_id: HoldId, user_id: UserId) -> Option<Absent> {
        let (whose, why) = self.known.get(&hold_id)?;
        whose.contains(&user_id).then_some(*why)
    }
}
