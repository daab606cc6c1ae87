//! The booking calls that this process is carrying out right now, so that a duplicate can wait for its original.

use std::sync::Arc;

use dashmap::DashMap;
use marquee_db::{Error as DbError, Tx};
use marquee_kernel::{BookingId, Shard, UserId};
use tokio::sync::watch;

use crate::model::{Answer, Key, Record};
use crate::store;

/// Which call it is. Two calls are the same when all of this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) booked_by: UserId,
    pub(crate) key: Option<Key>,
    pub(crate) request_hash: [u8; 32],
    /// Where its hold was placed.
    pub(crate) shard: Shard,
}

impl Call {
    /// A look for what is kept under its key, if it has one.
    pub(super) fn look(&self) -> Option<impl Fn(&mut Tx<'_>) -> Result<Option<Record>, DbError> + Clone + use<>> {
        let (user_id, key) = (self.booked_by, self.key.clone()?);
        Some(move |tx: &mut Tx<'_>| store::record(tx, user_id, &key))
    }
}

#[derive(Debug)]
struct Entry {
    call: Call,
    answer: watch::Sender<Option<Answer>>,
}

/// The calls under way, by the booking they make; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderWay(Arc<DashMap<BookingId, Entry>>);

/// What the call that makes a booking is to another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// The same call: its answer is the other's too.
    Same,
    /// It came under the same key with another payload.
    KeyTaken,
    /// No relation, or not under way any more.
    None,
}

/// An answer that is on its way.
#[derive(Debug)]
pub(crate) struct Coming(watch::Receiver<Option<Answer>>);

impl Coming {
    /// The answer; none when the call ended without one that is kept.
    pub(crate) async fn arrived(mut self) -> Option<Answer> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone())
    }
}

impl UnderWay {
    /// Notes that `call` is making `booking_id`, until the place is given up.
    pub(crate) fn enter(&self, booking_id: BookingId, call: Call) -> Place {
        self.0.insert(booking_id, Entry { call, answer: watch::Sender::new(None) });
        Place { under_way: self.clone(), booking_id }
    }

    /// Whether a call is making that booking.
    pub(crate) fn has(&self, booking_id: BookingId) -> bool {
        self.0.contains_key(&booking_id)
    }

    /// The answer to come of the call that makes that booking.
    pub(crate) fn coming(&self, booking_id: BookingId) -> Option<Coming> {
        self.0.get(&booking_id).map(|entry| Coming(entry.answer.subscribe()))
    }

    /// What the call that makes `booking_id` is to `call`, which has a key.
    pub(crate) fn kinship(&self, booking_id: BookingId, call: &Call) -> Kinship {
        let Some(entry) = self.0.get(&booking_id) else { return Kinship::None };
        match &entry.call {
            original if original == call => Kinship::Same,
            other if other.booked_by == call.booked_by && other.key == call.key => Kinship::KeyTaken,
            _ => Kinship::None,
        }
    }
}

/// A call's place among those under way; given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    under_way: UnderWay,
    booking_id: BookingId,
}

impl Place {
    /// Gives the answer to whoever waits for it.
    pub(crate) fn answer(&self, answer: &Answer) {
        if let Some(entry) = self.under_way.0.get(&self.booking_id) {
            entry.answer.send_replace(Some(answer.clone()));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.under_way.0.remove(&self.booking_id);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use uuid::Uuid;

    use super::*;

    fn call(user: u128, key: &str, hash: u8) -> Call {
        Call {
            booked_by: Uuid::from_u128(user).into(),
            key: Key::parse(key),
            request_hash: [hash; 32],
            shard: Shard::default(),
        }
    }

    #[tokio::test]
    async fn a_duplicate_gets_its_originals_answer_even_after_it_ended() {
        let (under_way, booking_id) = (UnderWay::default(), BookingId::from(Uuid::from_u128(1)));
        let place = under_way.enter(booking_id, call(1, "k", 1));
        assert_eq!(under_way.kinship(booking_id, &call(1, "k", 1)), Kinship::Same);
        let coming = under_way.coming(booking_id).unwrap();
        let answer = Answer { status: 201, body: Bytes::from_static(b"{}") };
        place.answer(&answer);
        drop(place);
        assert_eq!(coming.arrived().await, Some(answer));
        assert_eq!(under_way.kinship(booking_id, &call(1, "k", 1)), Kinship::None);
    }

    #[tokio::test]
    async fn an_original_that_breaks_off_leaves_no_answer() {
        let (under_way, booking_id) = (UnderWay::default(), BookingId::from(Uuid::from_u128(1)));
        let place = under_way.enter(booking_id, call(1, "k", 1));
        let coming = under_way.coming(booking_id).unwrap();
        drop(place);
        assert_eq!(coming.arrived().await, None);
    }

    #[test]
    fn a_key_is_its_users_own() {
        let (under_way, booking_id) = (UnderWay::default(), BookingId::from(Uuid::from_u128(1)));
        let _place = under_way.enter(booking_id, call(1, "k", 1));
        assert_eq!(under_way.kinship(booking_id, &call(1, "k", 2)), Kinship::KeyTaken);
        assert_eq!(under_way.kinship(booking_id, &call(2, "k", 1)), Kinship::None);
        assert_eq!(under_way.kinship(booking_id, &call(1, "other", 1)), Kinship::None);
    }
}
