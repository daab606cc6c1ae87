//! Since when bookings are known to be pending.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use marquee_kernel::{BookingId, Shard};

/// The pending bookings that the reconciler has met, each with when it first did: by this process's own clock, so that no
/// node's idea of the time matters.
#[derive(Debug, Default)]
pub(super) struct Watch(HashMap<(Shard, BookingId), Instant>);

impl Watch {
    /// Notes that a booking is pending at `now`. Whether it is known to have been for `patience`.
    pub(super) fn has_lasted(&mut self, booking: (Shard, BookingId), now: Instant, patience: Duration) -> bool {
        now.duration_since(*self.0.entry(booking).or_insert(now)) >= patience
    }

    /// Forgets all of a shard but these.
    pub(super) fn keep(&mut self, of: Shard, pending: &HashSet<BookingId>) {
        self.0.retain(|(shard, booking_id), _| *shard != of || pending.contains(booking_id));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_booking_is_left_alone_until_its_call_must_be_over() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let booking = (Shard::default(), BookingId::from(Uuid::from_u128(1)));
        let patience = Duration::from_secs(12);
        let mut lasted = |seconds| watch.has_lasted(booking, start + Duration::from_secs(seconds), patience);
        assert_eq!([lasted(0), lasted(11), lasted(12)], [false, false, true]);
        watch.keep(Shard::default(), &HashSet::new());
        assert!(!watch.has_lasted(booking, start + patience, patience), "pending anew");
        assert!(watch.has_lasted(booking, start, Duration::ZERO), "alone, there is nobody to wait for");
    }
}
