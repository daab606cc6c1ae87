//! A show's seats in memory, following what Redis says of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::answer::Change;
use crate::holds::show_seats::ShowSeats;
use crate::model::SeatStatus;

/// Changes kept that came before the one they follow; more, and all is read again.
const AHEAD_MAX: usize = 256;

/// What a mirror of Redis needs beside the seats.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    /// The link's epoch in which all was read; 0 for never.
    pub(super) read_in: AtomicU64,
    /// Changes that came before the one they follow, by the version that they follow.
    ahead: Mutex<BTreeMap<u64, Change>>,
    /// Whenever the version rises.
    pub(super) followed: Notify,
    /// One reading at a time; who waits has it done.
    pub(super) reading: tokio::sync::Mutex<()>,
    /// Whether somebody is about to close a gap.
    pub(super) mending: AtomicBool,
}

impl Mirror {
    /// Whether all was read once, however long ago.
    pub(super) fn is_known(&self) -> bool {
        self.read_in.load(Ordering::Acquire) > 0
    }
}

impl ShowSeats {
    /// Takes a change in, and those that waited for it. Whether none is missing before it.
    pub(super) fn follow(&self, change: &Change) -> bool {
        let mut guarded = self.lock();
        let mut ahead = self.mirror.ahead.lock();
        if change.before > guarded.house.version() {
            // The newest are kept: they show that something is missing.
            if ahead.len() >= AHEAD_MAX {
                ahead.pop_first();
            }
            ahead.insert(change.before, change.clone());
            return false;
        }
        if change.after > guarded.house.version() {
            // Nothing of a change that follows an older version can be new beside what a newer one said.
            if change.before == guarded.house.version() {
                guarded.house.follow(change.after, change.seats.iter().copied());
                self.publish(change.after, change.due);
            } else {
                return false;
            }
        } else if change.after == guarded.house.version() {
            self.publish(change.after, change.due);
        }
        while let Some(next) = ahead.remove(&guarded.house.version()) {
            guarded.house.follow(next.after, next.seats.iter().copied());
            self.publish(next.after, next.due);
        }
        let version = guarded.house.version();
        ahead.retain(|before, _| *before > version);
        let whole = ahead.is_empty();
        drop((ahead, guarded));
        self.mirror.followed.notify_waiters();
        whole
    }

    /// Takes over all that Redis says, unless more is known by now. Whether nothing is missing after it.
    pub(super) fn take_over(&self, whole: &Change) -> bool {
        let mut guarded = self.lock();
        if whole.after >= guarded.house.version() {
            let count = guarded.house.statuses().count();
            let mut statuses = vec![SeatStatus::Available; count];
            for (place, status) in &whole.seats {
                if let Some(seat) = statuses.get_mut(usize::from(*place)) {
                    *seat = *status;
                }
            }
            guarded.house.follow(whole.after, (0..).zip(statuses));
            self.publish(whole.after, whole.due);
        }
        drop(guarded);
        // What came ahead may follow.
        let waiting: Vec<Change> = std::mem::take(&mut *self.mirror.ahead.lock()).into_values().collect();
        for change in &waiting {
            self.follow(change);
        }
        self.mirror.followed.notify_waiters();
        self.mirror.ahead.lock().is_empty()
    }
}
