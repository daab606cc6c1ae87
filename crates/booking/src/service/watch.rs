//! Since when bookings are known to be pending.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use marquee_kernel::BookingId;

/// The pending bookings that the reconciler has met, each with when it first did: by this process's own clock, so that no
/// node's idea of the time matters.
#[derive(Debug, Default)]
pub(super) struct Watch(HashMap<BookingId, Instant>);

impl Watch {
    /// Notes that a booking is pending at `now`. Whether it is known to have been for `patience`.
    pub(super) fn has_lasted(&mut self, booking_id: BookingId, now: Instant, patience: Duration) -> bool {
        now.duration_since(*self.0.entry(booking_id).or_insert(now)) >= patience
    }

    /// Forgets all but these.
    pub(super) fn keep(&mut self, pending: &HashSet<BookingId>) {
        self.0.retain(|booking_id, _| pending.contains(booking_id));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_booking_is_left_alone_until_its_call_must_be_over() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let (booking_id, patience) = (BookingId::from(Uuid::from_u128(1)), Duration::from_secs(12));
        let mut lasted = |seconds| watch.has_lasted(booking_id, start + Duration::from_secs(seconds), patience);
        assert_eq!([lasted(0), lasted(11), lasted(12)], [false, false, true]);
        watch.keep(&HashSet::new());
        assert!(!watch.has_lasted(booking_id, start + patience, patience), "pending anew");
        assert!(watch.has_lasted(booking_id, start, Duration::ZERO), "alone, there is nobody to wait for");
    }
}
