//! One show's seats in memory: the house behind its lock, and what can be read without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use marquee_catalog::Show;
use marquee_kernel::{ShowId, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::OnceCell;

use super::redis::Mirror;
use crate::model::{House, SeatStatus};
use crate::seat_map::Maps;

const NEVER_US: i64 = i64::MAX;

/// What the show's lock guards.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) house: House,
    /// The earliest alarm set for this show that has not gone off.
    pub(crate) alarm: Option<Timestamp>,
}

/// All seats of a show as of one version.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    pub(crate) show: Arc<Show>,
    pub(crate) version: u64,
    pub(crate) taken: u32,
    pub(crate) statuses: Vec<SeatStatus>,
}

/// One show's seats.
#[derive(Debug)]
pub(crate) struct ShowSeats {
    show: ArcSwap<Show>,
    guarded: Mutex<Guarded>,
    /// The house's version, for readers that need no lock.
    version: AtomicU64,
    /// When the next hold lapses.
    deadline_us: AtomicI64,
    asked_for: AtomicBool,
    /// Set once the durable record has been read.
    pub(crate) loaded: OnceCell<()>,
    pub(super) mirror: Mirror,
    pub(crate) maps: Maps,
}

impl ShowSeats {
    pub(crate) fn new(show: Arc<Show>, version: u64) -> Self {
        let house = House::empty(show.layout.seats.len(), version, show.cancelled);
        Self {
            show: ArcSwap::new(show),
            guarded: Mutex::new(Guarded { house, alarm: None }),
            version: AtomicU64::new(version),
            deadline_us: AtomicI64::new(NEVER_US),
            asked_for: AtomicBool::new(true),
            loaded: OnceCell::new(),
            mirror: Mirror::default(),
            maps: Maps::default(),
        }
    }

    pub(crate) fn show_id(&self) -> ShowId {
        self.show.load().show_id
    }

    pub(crate) fn show(&self) -> Arc<Show> {
        self.show.load_full()
    }

    /// The show's revision that the seats are shown with.
    pub(crate) fn revision(&self) -> i64 {
        self.show.load().revision
    }

    /// Replaces the show by a newer revision of it. Whether it was one.
    pub(crate) fn renew(&self, show: &Arc<Show>) -> bool {
        let newer = |before: &Arc<Show>| show.revision > before.revision;
        let before = self.show.rcu(|before| if newer(before) { show.clone() } else { before.clone() });
        newer(&before)
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether a hold has lapsed by `now` that is not ended yet.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now.as_microsecond() >= self.deadline_us.load(Ordering::Acquire)
    }

    /// All seats, at one version.
    pub(crate) fn glance(&self) -> Glance {
        let guarded = self.lock();
        let house = &guarded.house;
        let statuses = house.statuses().collect();
        Glance { show: self.show(), version: house.version(), taken: house.taken(), statuses }
    }

    /// What changed since this was last asked, and the version that it leads to.
    pub(crate) fn take_changes(&self) -> (u64, Vec<(u16, SeatStatus)>) {
        let mut guarded = self.lock();
        (guarded.house.version(), guarded.house.take_touched())
    }

    /// Notes that somebody asked for these seats.
    pub(crate) fn note_asked_for(&self) {
        if !self.asked_for.load(Ordering::Relaxed) {
            self.asked_for.store(true, Ordering::Relaxed);
        }
    }

    /// Whether somebody asked since the last time this was asked.
    pub(crate) fn take_asked_for(&self) -> bool {
        self.asked_for.swap(false, Ordering::Relaxed)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock()
    }

    pub(super) fn publish(&self, version: u64, deadline: Option<Timestamp>) {
        self.version.store(version, Ordering::Release);
        self.deadline_us.store(deadline.map_or(NEVER_US, Timestamp::as_microsecond), Ordering::Release);
    }
}
