//! Typed ids: UUIDv7 (RFC 9562), so that they sort by birth; each its own type, so that a show is never taken for a seat.

use uuid::{Builder, Uuid};

use crate::{Clock, Rng};

/// Which database holds a show and everything that is sold for it. An embedded Marquee has one: number 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard(u16);

impl Shard {
    /// The most shards an id can name: the 12 bits of UUIDv7's `rand_a`.
    pub const MAX: u16 = 4095;

    /// The shard of that number, or none past [`Shard::MAX`].
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (number <= Self::MAX).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn mint(clock: &Clock, rng: &Rng, shard: Shard) -> Uuid {
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    let mut bytes: [u8; 10] = rng.bytes();
    bytes[..2].copy_from_slice(&shard.0.to_be_bytes());
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = "uuid", example = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c")]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, born now.
            #[must_use]
            pub fn mint(clock: &Clock, rng: &Rng) -> Self {
                Self(mint(clock, rng, Shard::default()))
            }

            /// A new id that names the shard its row lives on.
            #[must_use]
            pub fn mint_on(shard: Shard, clock: &Clock, rng: &Rng) -> Self {
                Self(mint(clock, rng, shard))
            }

            /// The least id that could have been born at `instant`: those before it are older.
            #[must_use]
            pub fn earliest_at(instant: crate::Timestamp) -> Self {
                let millis = u64::try_from(instant.as_millisecond()).unwrap_or(0);
                Self(Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
            }

            /// The shard that it was minted on.
            #[must_use]
            pub fn shard(self) -> Shard {
                let [_, _, _, _, _, _, high, low, ..] = self.0.into_bytes();
                Shard(u16::from_be_bytes([high & 0x0f, low]))
            }

            /// When it was born, to the millisecond.
            #[must_use]
            pub fn born_at(self) -> crate::Timestamp {
                let [a, b, c, d, e, f, ..] = self.0.into_bytes();
                let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
                crate::Timestamp::from_millisecond(millis).unwrap_or(crate::Timestamp::MAX)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// An account.
    UserId,
    /// One sign-in and everything refreshed from it.
    SessionId,
    /// A film.
    MovieId,
    /// A cinema.
    CinemaId,
    /// A screen (auditorium) of a cinema.
    ScreenId,
    /// One showing of a movie on a screen.
    ShowId,
    /// A hold on seats; the API calls it `lock_id`.
    HoldId,
    /// A booking; also the gateway's idempotency key for its payment.
    BookingId,
    /// One seat's ticket of a booking.
    TicketId,
    /// A payment.
    PaymentId,
    /// A refund of a payment.
    RefundId,
    /// An event in the journal.
    EventId,
}

/// A seat of a screen: an opaque word, unique within the screen, such as `A-12`.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, example = "A-12")]
pub struct SeatId(std::sync::Arc<str>);

impl SeatId {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SeatId {
    fn from(word: &str) -> Self {
        Self(word.into())
    }
}

impl std::borrow::Borrow<str> for SeatId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SeatId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_birth() {
        let hands = crate::ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let (clock, rng) = (Clock::Manual(hands.clone()), Rng::seeded(1));
        let first = ShowId::mint(&clock, &rng);
        hands.advance(jiff::SignedDuration::from_millis(1));
        assert!(first < ShowId::mint(&clock, &rng));
        assert_eq!(first.uuid().get_version_num(), 7);
    }

    #[test]
    fn an_id_says_when_and_on_which_shard_it_was_born() {
        let noon: crate::Timestamp = "2026-11-22T12:00:00.123Z".parse().unwrap();
        let (clock, rng) = (Clock::Manual(crate::ManualClock::at(noon)), Rng::seeded(1));
        for number in [0, 1, 255, 256, Shard::MAX] {
            let shard = Shard::new(number).unwrap();
            let id = BookingId::mint_on(shard, &clock, &rng);
            assert_eq!((id.shard(), id.born_at(), id.uuid().get_version_num()), (shard, noon, 7));
        }
    }
}
