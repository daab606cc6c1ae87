//! What the calls answer.

use marquee_kernel::{HoldId, Money, SeatId, ShowId, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{BlockReason, HeldSeat, Hold};

/// A hold.
#[derive(Serialize, ToSchema)]
#[schema(as = Lock)]
pub(crate) struct HoldView {
    lock_id: HoldId,
    show_id: ShowId,
    /// For whom the seats are held.
    user_id: UserId,
    seats: Vec<HeldSeat>,
    total: Money,
    /// When the seats are free again.
    #[schema(value_type = String, format = "date-time")]
    expiry: Timestamp,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        let Hold { hold_id, show_id, user_id, seats, total, expiry } = hold;
        Self { lock_id: hold_id, show_id, user_id, seats, total, expiry }
    }
}

/// A seat map, as the document describes it; the bytes are built by `seat_map`.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatMap)]
pub(crate) struct SeatMapDoc {
    show_id: ShowId,
    /// Rises with every change and never falls.
    #[schema(minimum = 0)]
    version: u64,
    seats_total: u32,
    seats_available: u32,
    categories: Vec<CategoryDoc>,
    seats: Vec<SeatDoc>,
}

/// A price area of a seat map.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatCategory)]
pub(crate) struct CategoryDoc {
    category: String,
    name: String,
    price: Money,
}

/// A seat of a seat map.
#[derive(Serialize, ToSchema)]
#[schema(as = Seat)]
pub(crate) struct SeatDoc {
    seat_id: SeatId,
    label: String,
    row: String,
    number: u32,
    /// Places to its left, gaps included.
    x: u32,
    /// Rows before it, gaps included.
    y: u32,
    category: String,
    seat_type: marquee_catalog::SeatType,
    status: crate::SeatStatus,
    price: Money,
}

/// The changing part of a seat map.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatAvailability)]
pub(crate) struct AvailabilityDoc {
    show_id: ShowId,
    /// The seat map's version.
    #[schema(minimum = 0)]
    version: u64,
    seats_available: u32,
    /// Seats that are not available, and what they are.
    unavailable: std::collections::BTreeMap<String, crate::SeatStatus>,
}

/// Seats of a show that the staff keep from sale, or gave back.
#[derive(Serialize, ToSchema)]
#[schema(as = BlockedSeats)]
pub(crate) struct BlockedView {
    pub(crate) show_id: ShowId,
    /// Those named by the call.
    pub(crate) seats: Vec<SeatId>,
}

/// A seat that is kept from sale, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockedSeat {
    pub(crate) seat_id: SeatId,
    pub(crate) reason: BlockReason,
    /// What there is to say about it.
    #[schema(required)]
    pub(crate) note: Option<String>,
}
