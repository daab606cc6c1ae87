//! Types and rules, pure: what a seat is, what a hold is, and when each may change.

mod best;
mod blocking;
mod budget;
mod house;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::SignedDuration;
use marquee_catalog::Show;
use marquee_kernel::{BookingId, HoldId, Money, SeatId, ShowId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use best::{Wish, best_seats};
pub use blocking::{BlockReason, Why};
pub(crate) use budget::Budget;
#[cfg(test)]
pub(crate) use house::Reading;
pub(crate) use house::{Ended, Ending, House, Refusal, Standing};

use crate::Settings;

/// What a seat map says of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum SeatStatus {
    Available,
    Held,
    Booked,
    Blocked,
}

impl SeatStatus {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SeatStatus::Available => "available",
            SeatStatus::Held => "held",
            SeatStatus::Booked => "booked",
            SeatStatus::Blocked => "blocked",
        }
    }
}

/// Why the durable record has a row for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sold {
    /// A payment is under way.
    Claimed,
    Booked,
    Blocked,
}

/// One seat of a hold, at the price it had when the hold was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSeat {
    /// The seat.
    pub seat_id: SeatId,
    /// As printed on the ticket.
    #[schema(value_type = String, example = "A12")]
    pub label: Arc<str>,
    /// Its price category.
    #[schema(value_type = String, example = "gold")]
    pub category: Arc<str>,
    /// What it will cost, whatever the price list says by then.
    pub price: Money,
}

/// Seats set aside for somebody until `expiry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The API calls it `lock_id`.
    pub hold_id: HoldId,
    /// Of which show.
    pub show_id: ShowId,
    /// For whom.
    pub user_id: UserId,
    /// Which seats, at which price.
    pub seats: Vec<HeldSeat>,
    /// What they cost together.
    pub total: Money,
    /// When it lapses; at this instant it has.
    pub expiry: Timestamp,
}

/// Which payment attempt this is: lets a duplicate of the same call be told from another payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The booking it would make.
    pub booking_id: BookingId,
    /// The caller's idempotency key, if any.
    pub key: Option<String>,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
}

/// How a payment attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bank said no: the hold goes on, and lapses at once if its expiry has passed. The seats are read again from the store.
    Declined,
    /// The attempt was given up before anything was charged: as [`Outcome::Declined`].
    Abandoned,
    /// It cannot be booked any more: the hold ends, and the seats are read again from the store.
    Failed,
    /// The booking is confirmed: the hold ends and its seats are booked.
    Booked,
}

/// Why a payment cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginPayment {
    /// Unknown, ended, or somebody else's.
    #[error("no such hold")]
    NotFound,
    /// It lapsed.
    #[error("the hold has lapsed")]
    Expired,
    /// The show sells no more.
    #[error("the show is not on sale")]
    NotOnSale,
    /// This attempt is under way.
    #[error("a payment for the hold is under way")]
    Paying(Attempt),
}

/// Who asks for which seats: places in the layout's order, each once, all of this show.
#[derive(Clone, Debug)]
pub(crate) struct SeatPicks {
    places: Box<[u16]>,
}

/// What is wrong with a pick: the field and what it must be.
pub(crate) type PickFault = (String, String);

impl SeatPicks {
    /// The seats of `show` by these names.
    ///
    /// # Errors
    /// Everything that is wrong: none, more than `seats_max`, one twice, one that the show does not have.
    pub(crate) fn new(show: &Show, seats: &[SeatId], seats_max: usize) -> Result<Self, Vec<PickFault>> {
        if seats.is_empty() || seats.len() > seats_max {
            return Err(vec![("seats".to_owned(), format!("must name 1 to {seats_max} seats"))]);
        }
        let mut places = Vec::with_capacity(seats.len());
        let mut faults = Vec::new();
        for (n, seat_id) in seats.iter().enumerate() {
            match show.layout.seat(seat_id.as_str()) {
                None => faults.push((format!("seats[{n}]"), "is not a seat of this show".to_owned())),
                Some((place, _)) if places.contains(&place) => {
                    faults.push((format!("seats[{n}]"), "is named twice".to_owned()));
                }
                Some((place, _)) => places.push(place),
            }
        }
        if faults.is_empty() { Ok(Self { places: places.into() }) } else { Err(faults) }
    }

    pub(crate) fn places(&self) -> &[u16] {
        &self.places
    }
}

/// The limits of holds, as durations.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) hold: SignedDuration,
    pub(crate) hold_max: SignedDuration,
    pub(crate) held_seats_max: Option<u32>,
    pub(crate) budget: Option<Budget>,
    #[cfg(debug_assertions)]
    pub(crate) skip_seat_guard: bool,
}

impl Rules {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            hold: SignedDuration::from_secs(settings.hold_s.into()),
            hold_max: SignedDuration::from_secs(settings.hold_max_s.into()),
            held_seats_max: (settings.held_seats_per_show_max > 0).then_some(settings.held_seats_per_show_max),
            budget: settings.budgets.then(|| Budget::new(settings.hold_max_s, settings.seats_per_hold_max)),
            #[cfg(debug_assertions)]
            skip_seat_guard: settings.faults.skip_seat_guard,
        }
    }

    /// When a hold placed or extended at `now` lapses: after the usual time, never past the longest from `placed_at`.
    pub(crate) fn expiry(&self, placed_at: Timestamp, now: Timestamp) -> Timestamp {
        later(now, self.hold).min(later(placed_at, self.hold_max))
    }

    #[cfg(debug_assertions)]
    pub(crate) fn guards_seats(&self) -> bool {
        !self.skip_seat_guard
    }

    #[cfg(not(debug_assertions))]
    pub(crate) fn guards_seats(&self) -> bool {
        true
    }
}

pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
