//! The hold-time budget: nobody keeps seats from others for ever by holding, releasing and holding again.

use jiff::SignedDuration;
use marquee_kernel::Timestamp;

use super::later;

/// A budget is this many of the longest holds, at full size …
const LONGEST_HOLDS: u64 = 3;
/// … within a window of this many; what remains of the window is the cool-down.
const WINDOW_LONGEST_HOLDS: u64 = 4;
/// A shop that configures very short holds does not mean a stricter budget, in seconds.
const LONGEST_HOLD_S_MIN: u64 = 900;
/// What a seat costs however soon it is released, in seconds: a seat that flickers is kept from others too.
const SEAT_S_MIN: u64 = 20;

/// How much seat-time a user may hold of one show without buying.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    seat_s: u64,
    window: SignedDuration,
}

/// What one user has spent in the current window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spending {
    window_from: Timestamp,
    seat_s: u64,
}

impl Spending {
    pub(crate) fn from(now: Timestamp) -> Self {
        Self { window_from: now, seat_s: 0 }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.seat_s == 0
    }

    /// Notes `seats` held for `time` without buying.
    pub(crate) fn note(&mut self, seats: usize, time: SignedDuration) {
        let time_s = u64::try_from(time.as_secs()).unwrap_or(0).max(SEAT_S_MIN);
        self.seat_s = self.seat_s.saturating_add(time_s.saturating_mul(seats as u64));
    }
}

impl Budget {
    pub(crate) fn new(hold_max_s: u32, seats_per_hold_max: u32) -> Self {
        let longest_s = u64::from(hold_max_s).max(LONGEST_HOLD_S_MIN);
        let window_s = i64::try_from(WINDOW_LONGEST_HOLDS * longest_s).unwrap_or(i64::MAX);
        Self {
            seat_s: LONGEST_HOLDS * longest_s * u64::from(seats_per_hold_max.max(1)),
            window: SignedDuration::from_secs(window_s),
        }
    }

    /// Whether `spending` belongs to a window that is over.
    pub(crate) fn is_over(&self, spending: &Spending, now: Timestamp) -> bool {
        later(spending.window_from, self.window) <= now
    }

    /// Seconds to wait when the budget is spent. Starts a new window when the last one is over.
    pub(crate) fn cool_down_s(&self, spending: &mut Spending, now: Timestamp) -> Option<u64> {
        if self.is_over(spending, now) {
            *spending = Spending::from(now);
        }
        let wait = later(spending.window_from, self.window).duration_since(now).as_secs();
        (spending.seat_s >= self.seat_s).then(|| u64::try_from(wait).unwrap_or(0) + 1)
    }
}
