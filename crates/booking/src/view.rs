//! What a client sees of a booking.

mod door;

use std::sync::Arc;

use bytes::Bytes;
use marquee_accounts::PersonalData;
use marquee_kernel::{BookingId, Money, PaymentId, SeatId, ShowId, TicketId, Timestamp, UserId};
use marquee_payments::till::Method;
use marquee_payments::{Refund, RefundStatus};
use marquee_tickets::{SigningKeys, reference};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Sale, SoldSeat, Status};

pub use door::TicketFacts;
pub(crate) use door::{AdmissionView, DoorList};

/// Room for a booking of two seats as JSON, in bytes; a larger one grows once or twice.
const BODY_BYTES: usize = 1_024;

/// A booking.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BookingView {
    /// The booking.
    pub booking_id: BookingId,
    /// Its name for people: eight letters and digits that can be read out. Not unique for ever.
    #[schema(example = "7K3F-9QXD")]
    pub reference: String,
    /// The guest.
    pub user_id: UserId,
    /// The show.
    pub show_id: ShowId,
    /// Where it stands.
    pub status: Status,
    /// Its seats, in the order they were picked.
    pub seats: Vec<SeatView>,
    /// What it costs.
    pub total_price: Money,
    /// Its payment.
    pub payment_id: PaymentId,
    /// How it was paid at the box office; not there when it was paid through the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paid_at_till: Option<Method>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// One for each seat while it is confirmed, otherwise none.
    pub tickets: Vec<TicketView>,
    /// The refund, once it was cancelled.
    #[schema(required)]
    pub refund: Option<RefundView>,
}

/// A seat of a booking.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeatView {
    /// The seat.
    pub seat_id: SeatId,
    /// Its name for people.
    #[schema(value_type = String, example = "A12")]
    pub label: Arc<str>,
    /// Its price area.
    #[schema(value_type = String, example = "gold")]
    pub category: Arc<str>,
    /// What it cost.
    pub price: Money,
}

/// A ticket: admits one person to one seat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its seat.
    pub seat_id: SeatId,
    /// The seat's name for people.
    #[schema(value_type = String, example = "A12")]
    pub label: Arc<str>,
    /// What its QR code holds: signed, so that a gate checks it without a network.
    pub token: String,
}

/// The money on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefundView {
    /// How far it got.
    pub status: RefundStatus,
    /// How much.
    pub amount: Money,
}

/// What a cancellation would give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CancellationView {
    /// How much.
    pub refund: Money,
    /// Until when; at this instant it is too late.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// What the cancellation of a show would give back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ShowCancellationView {
    /// The show.
    pub show_id: ShowId,
    /// Bookings that would be cancelled.
    pub bookings: u32,
    /// Bookings whose payment is not settled yet: they would be cancelled once it is.
    pub pending: u32,
    /// What all of them come to, a sum for each currency.
    pub refunds: Vec<Money>,
}

/// All that is kept of a guest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExportView {
    /// As of when.
    #[schema(value_type = String, format = DateTime)]
    pub exported_at: Timestamp,
    /// The account.
    pub account: PersonalData,
    /// Every booking, the newest first.
    pub bookings: Vec<BookingView>,
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        Self { status: refund.status, amount: refund.amount }
    }
}

impl BookingView {
    /// `sale` as it will be seen once it has that status, to be kept in the very transaction that gives it.
    pub(crate) fn at(sale: &Sale, status: Status, keys: &SigningKeys, refund: Option<RefundView>) -> Self {
        let tickets = match status {
            Status::Confirmed => tickets(sale, keys),
            Status::Pending | Status::Failed | Status::Cancelled => Vec::new(),
        };
        let seats = sale.seats.iter().map(|seat| SeatView {
            seat_id: seat.seat_id.clone(),
            label: seat.label.clone(),
            category: seat.category.clone(),
            price: seat.price,
        });
        Self {
            booking_id: sale.booking_id,
            reference: reference::display(&reference::reference_of(sale.booking_id)),
            user_id: sale.user_id,
            show_id: sale.show_id,
            status,
            seats: seats.collect(),
            total_price: sale.total,
            payment_id: sale.payment_id,
            paid_at_till: sale.till,
            created_at: sale.created_at,
            tickets,
            refund,
        }
    }

    /// The JSON text.
    pub(crate) fn body(&self) -> Bytes {
        let mut text = Vec::with_capacity(BODY_BYTES);
        // Ids, numbers and text into memory: there is nothing that could fail.
        let _ = serde_json::to_writer(&mut text, self);
        text.into()
    }
}

fn tickets(sale: &Sale, keys: &SigningKeys) -> Vec<TicketView> {
    let ticket = |(seat, token): (&SoldSeat, String)| TicketView {
        ticket_id: seat.ticket_id,
        seat_id: seat.seat_id.clone(),
        label: seat.label.clone(),
        token,
    };
    sale.seats.iter().zip(sale.tokens(keys)).map(ticket).collect()
}
