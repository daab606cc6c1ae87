//! Time as a parameter: nothing in Marquee asks the machine what time it is but [`Clock`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Where a service reads the time: the machine's clock, another machine's, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Another machine's clock, which all who must agree on the time follow.
    Following(FollowingClock),
    /// A clock that stands still until it is moved.
    Manual(ManualClock),
}

impl Clock {
    /// The current instant, to the microsecond (what the store keeps), so that a stored instant reads back equal.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
            Clock::System => micros(Timestamp::now().as_microsecond()),
            Clock::Following(clock) => micros(clock.at(Instant::now())),
            Clock::Manual(clock) => micros(clock.micros.load(Ordering::SeqCst)),
        }
    }
}

/// Another machine's clock, as far as it is known; clones follow together.
///
/// Between two measurements time passes as it does for this machine's stop watch: what its clock on the wall says, and whoever
/// sets that, makes no difference. It never goes back: where it turns out to be ahead it runs at half speed until it is right.
#[derive(Clone, Debug)]
pub struct FollowingClock {
    known: Arc<Mutex<Known>>,
}

/// What was last shown, and when; what the other clock showed then.
#[derive(Clone, Copy, Debug)]
struct Known {
    at: Instant,
    shown: i64,
    right: i64,
}

impl Known {
    /// What is shown and what is right at `now`.
    fn by(self, now: Instant) -> (i64, i64) {
        let passed = now.saturating_duration_since(self.at).as_micros();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let right = self.right.saturating_add(passed);
        (right.max(self.shown.saturating_add(passed / 2)), right)
    }
}

impl FollowingClock {
    /// A clock of which it was measured that it showed `right` at the instant `at`.
    #[must_use]
    pub fn measured(right: Timestamp, at: Instant) -> Self {
        let right = right.as_microsecond();
        Self { known: Arc::new(Mutex::new(Known { at, shown: right, right })) }
    }

    /// Takes a measurement over that may be off by `uncertain`, unless it agrees with what is shown within that: by how much
    /// this clock was ahead of it.
    pub fn follow(&self, right: Timestamp, at: Instant, uncertain: Duration) -> SignedDuration {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = at.max(known.at);
        let (shown, believed) = known.by(now);
        let passed = signed(now.saturating_duration_since(at));
        let right = micros(right.as_microsecond()).checked_add(passed).unwrap_or(Timestamp::MAX).as_microsecond();
        let ahead = SignedDuration::from_micros(believed.saturating_sub(right));
        if ahead.abs() > signed(uncertain) {
            *known = Known { at: now, shown, right };
        }
        ahead
    }

    fn at(&self, now: Instant) -> i64 {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).by(now).0
    }
}

/// A hand-moved clock; clones share the same hands.
#[derive(Clone, Debug)]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock standing at `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self { micros: Arc::new(AtomicI64::new(start.as_microsecond())) }
    }

    /// Moves the hands by `by`, backwards when negative.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(by, Ordering::SeqCst);
    }

    /// Sets the hands to `to`.
    pub fn set(&self, to: Timestamp) {
        self.micros.store(to.as_microsecond(), Ordering::SeqCst);
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn micros(value: i64) -> Timestamp {
    Timestamp::from_microsecond(value).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_following_clock_goes_on_by_the_stop_watch() {
        let start = Instant::now();
        let clock = FollowingClock::measured(at(100), start);
        assert_eq!(clock.at(start + 5 * SECOND), at(105).as_microsecond());
    }

    #[test]
    fn a_clock_that_is_behind_jumps_and_one_that_is_ahead_runs_at_half_speed_until_it_is_right() {
        let start = Instant::now();
        let clock = FollowingClock::measured(at(100), start);
        assert_eq!(clock.follow(at(170), start + 10 * SECOND, SECOND), SignedDuration::from_secs(-60));
        assert_eq!(clock.at(start + 10 * SECOND), at(170).as_microsecond());
        // Ten seconds ahead of what is right: after twenty more they are made up for.
        assert_eq!(clock.follow(at(170), start + 20 * SECOND, SECOND), SignedDuration::from_secs(10));
        assert_eq!(clock.at(start + 20 * SECOND), at(180).as_microsecond());
        assert_eq!(clock.at(start + 30 * SECOND), at(185).as_microsecond());
        assert_eq!(clock.at(start + 40 * SECOND), at(190).as_microsecond());
        assert_eq!(clock.at(start + 50 * SECOND), at(200).as_microsecond());
    }

    #[test]
    fn what_a_measurement_cannot_tell_apart_changes_nothing() {
        let start = Instant::now();
        let clock = FollowingClock::measured(at(100), start);
        assert_eq!(clock.follow(at(112), start + 10 * SECOND, 2 * SECOND), SignedDuration::from_secs(-2));
        assert_eq!(clock.at(start + 10 * SECOND), at(110).as_microsecond());
    }

    #[test]
    fn a_following_clock_never_goes_back_whatever_is_measured() {
        let start = Instant::now();
        let clock = FollowingClock::measured(at(1_000), start);
        let mut shown = clock.at(start);
        for (second, right) in [(1_u32, 900), (2, 1_100), (3, 0), (4, 4_000), (5, 3_999), (6, 4_010)] {
            let now = start + second * SECOND;
            let _ = clock.follow(at(right), now, Duration::ZERO);
            for part in 0..4 {
                let next = clock.at(now + part * SECOND / 5);
                assert!(next >= shown, "{next} after {shown}");
                shown = next;
            }
        }
    }
}
