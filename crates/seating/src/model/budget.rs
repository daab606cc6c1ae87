//! The hold-time budget: nobody keeps seats from others for ever by holding, releasing and holding again.
//!
//! Two measures run side by side: the time during which a user holds anything of the show, be it one seat after the other,
//! and the seat-time, in which a seat that flickers counts for more than it was held. Who buys is forgiven the holding that
//! led to it. When either is spent there is a cool-down, and a rest as long as that makes everything good.

use jiff::SignedDuration;
use marquee_kernel::Timestamp;

use super::later;

/// A budget is this many of the longest holds without a rest, at full size.
const LONGEST_HOLDS: i32 = 3;
/// A shop that configures very short holds does not mean a stricter budget, in seconds.
const LONGEST_HOLD_S_MIN: u32 = 900;
/// What a seat costs however soon it is released, in seconds: a seat that flickers is kept from others too.
const SEAT_S_MIN: u64 = 20;

/// How long a user may hold seats of one show without buying.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    held: SignedDuration,
    seat_s: u64,
    /// How long a user who holds nothing waits for a new budget: one of the longest holds.
    rest: SignedDuration,
}

/// What one user has spent since their last rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spending {
    held: SignedDuration,
    seat_s: u64,
    /// Since when they have been holding something, or nothing.
    since: Timestamp,
    holds_now: bool,
}

impl Spending {
    /// Nothing spent, nothing held.
    pub(crate) fn from(now: Timestamp) -> Self {
        Self { held: SignedDuration::ZERO, seat_s: 0, since: now, holds_now: false }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.held.is_zero() && self.seat_s == 0
    }

    /// Notes that the user holds something from `now` on, if they did not already.
    pub(crate) fn hold(&mut self, now: Timestamp) {
        if !self.holds_now {
            (self.holds_now, self.since) = (true, now);
        }
    }

    /// Notes `seats` that were held for `time` and not bought.
    pub(crate) fn note(&mut self, seats: usize, time: SignedDuration) {
        let time_s = u64::try_from(time.as_secs()).unwrap_or(0).max(SEAT_S_MIN);
        self.seat_s = self.seat_s.saturating_add(time_s.saturating_mul(seats as u64));
    }

    /// Forgives the holding that has just led to a purchase, or was in vain through no fault of the user's.
    pub(crate) fn forgive(&mut self, now: Timestamp) {
        self.since = now;
    }

    /// Notes that the user holds nothing any more.
    pub(crate) fn let_go(&mut self, now: Timestamp) {
        self.held = self.held_at(now);
        (self.holds_now, self.since) = (false, now);
    }

    fn held_at(&self, now: Timestamp) -> SignedDuration {
        let going_on = if self.holds_now { now.duration_since(self.since) } else { SignedDuration::ZERO };
        self.held.saturating_add(going_on.max(SignedDuration::ZERO))
    }
}

impl Budget {
    pub(crate) fn new(hold_max_s: u32, seats_per_hold_max: u32) -> Self {
        let longest_s = hold_max_s.max(LONGEST_HOLD_S_MIN);
        let rest = SignedDuration::from_secs(longest_s.into());
        let held = rest * LONGEST_HOLDS;
        let seat_s = held.as_secs().unsigned_abs() * u64::from(seats_per_hold_max.max(1));
        Self { held, seat_s, rest }
    }

    /// Time, in microseconds, and seat-seconds that may be spent, and the rest after which they may be again, in microseconds.
    pub(crate) fn parts(&self) -> [i128; 3] {
        [self.held.as_micros(), self.seat_s.into(), self.rest.as_micros()]
    }

    /// Whether the user has rested, so that what they spent before no longer matters.
    pub(crate) fn is_over(&self, spending: &Spending, now: Timestamp) -> bool {
        !spending.holds_now && later(spending.since, self.rest) <= now
    }

    /// Seconds to wait when the budget is spent; a user who still holds something rests only after that. Starts afresh after
    /// a rest. Asking costs nothing: a refusal does not make the wait longer.
    pub(crate) fn cool_down_s(&self, spending: &mut Spending, now: Timestamp) -> Option<u64> {
        if self.is_over(spending, now) {
            *spending = Spending::from(now);
        }
        let spent = spending.held_at(now) >= self.held || spending.seat_s >= self.seat_s;
        let rest_from = if spending.holds_now { now } else { spending.since };
        let wait = later(rest_from, self.rest).duration_since(now).as_secs();
        spent.then(|| u64::try_from(wait).unwrap_or(0) + 1)
    }
}
