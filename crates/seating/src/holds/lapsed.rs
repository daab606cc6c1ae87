//! Holds that lapsed not long ago, so that a late customer hears "lapsed" and not "never heard of it".

use std::collections::{HashMap, VecDeque};

use marquee_kernel::{HoldId, UserId};

use crate::model::Ended;

/// Lapsed holds remembered; the oldest is forgotten first. At a thousand lapses a minute that is over an hour.
const LAPSED_HOLDS_MAX: usize = 100_000;

/// The latest lapsed holds and whose they were.
#[derive(Debug, Default)]
pub(crate) struct LapsedHolds {
    order: VecDeque<HoldId>,
    whose: HashMap<HoldId, [UserId; 2]>,
}

impl LapsedHolds {
    pub(crate) fn remember(&mut self, ended: &Ended) {
        if self.order.len() >= LAPSED_HOLDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.whose.remove(&oldest);
        }
        self.order.push_back(ended.hold_id);
        self.whose.insert(ended.hold_id, [ended.user_id, ended.placed_by]);
    }

    pub(crate) fn was_of(&self, hold_id: HoldId, user_id: UserId) -> bool {
        self.whose.get(&hold_id).is_some_and(|whose| whose.contains(&user_id))
    }
}
