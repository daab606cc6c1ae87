//! What a gate sees.

use std::collections::HashMap;
use std::sync::Arc;

use marquee_catalog::Show;
use marquee_kernel::{BookingId, CinemaId, SeatId, ShowId, TicketId, Timestamp};
use marquee_tickets::{TicketClaims, reference};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Admission, Contested, Hours, Sale, SoldSeat, Status};

/// What a genuine ticket is for: the show's own facts, which everybody may know, and what the ticket itself says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketFacts {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The seat's name for people.
    #[schema(example = "A12")]
    pub label: String,
    /// The show.
    pub show_id: ShowId,
    /// What is shown.
    #[schema(value_type = String)]
    pub movie_title: Arc<str>,
    /// Where.
    pub cinema_id: CinemaId,
    /// Its name.
    #[schema(value_type = String)]
    pub cinema_name: Arc<str>,
    /// On which screen.
    #[schema(value_type = String)]
    pub screen_name: Arc<str>,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub start_time: Timestamp,
}

impl TicketFacts {
    pub(crate) fn of(ticket: &TicketClaims, show: &Show) -> Self {
        Self {
            ticket_id: ticket.ticket_id,
            label: ticket.seat_label.as_str().to_owned(),
            show_id: show.show_id,
            movie_title: show.movie_title.clone(),
            cinema_id: show.cinema_id,
            cinema_name: show.cinema_name.clone(),
            screen_name: show.screen_name.clone(),
            start_time: show.start_time,
        }
    }
}

/// A guest who was let in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AdmissionView {
    /// What the ticket is for.
    pub(crate) ticket: TicketFacts,
    /// Its booking.
    pub(crate) booking_id: BookingId,
    /// The booking's name for people.
    #[schema(example = "7K3F-9QXD")]
    pub(crate) reference: String,
    /// The seat.
    pub(crate) seat_id: SeatId,
    /// Its price area.
    #[schema(value_type = String, example = "gold")]
    pub(crate) category: Arc<str>,
    /// Tickets of that booking.
    pub(crate) party: usize,
    /// Where they were let in.
    pub(crate) gate: String,
    /// When, by the gate.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) scanned_at: Timestamp,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) admitted_at: Timestamp,
}

impl AdmissionView {
    pub(crate) fn of(ticket: TicketFacts, sale: &Sale, seat: &SoldSeat, admission: Admission) -> Self {
        Self {
            ticket,
            booking_id: sale.booking_id,
            reference: reference::display(&reference::reference_of(sale.booking_id)),
            seat_id: seat.seat_id.clone(),
            category: seat.category.clone(),
            party: sale.seats.len(),
            gate: admission.gate,
            scanned_at: admission.scanned_at,
            admitted_at: admission.admitted_at,
        }
    }
}

/// All tickets of a show, and who of them is in: what a gate works with while it has no network.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DoorList {
    /// The show.
    pub(crate) show_id: ShowId,
    /// What is shown.
    #[schema(value_type = String)]
    pub(crate) movie_title: Arc<str>,
    /// On which screen.
    #[schema(value_type = String)]
    pub(crate) screen_name: Arc<str>,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start_time: Timestamp,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) as_of: Timestamp,
    /// From when on its tickets are good.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) opens_at: Timestamp,
    /// From when on they are not any more.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) closes_at: Timestamp,
    /// Whether it does not take place.
    pub(crate) cancelled: bool,
    /// How many are in.
    pub(crate) admitted: usize,
    /// Each ticket, in the order of the bookings.
    pub(crate) tickets: Vec<ListedTicket>,
    /// Guests whom a gate without a network let in, and who should have been refused.
    pub(crate) contested: Vec<ContestedView>,
}

/// A ticket of a show.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ListedTicket {
    /// The ticket.
    pub(crate) ticket_id: TicketId,
    /// Its booking.
    pub(crate) booking_id: BookingId,
    /// The booking's name for people.
    #[schema(example = "7K3F-9QXD")]
    pub(crate) reference: String,
    /// The seat's name for people.
    #[schema(value_type = String, example = "A12")]
    pub(crate) label: Arc<str>,
    /// The seat's price area.
    #[schema(value_type = String, example = "gold")]
    pub(crate) category: Arc<str>,
    /// `confirmed`, or `pending` while its payment is not settled. What was given back is not listed.
    pub(crate) status: Status,
    /// When and where somebody was let in with it.
    #[schema(required)]
    pub(crate) admission: Option<EntryView>,
}

/// When and where somebody was let in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// Where.
    pub(crate) gate: String,
    /// When, by the gate.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) scanned_at: Timestamp,
}

/// A guest who was let in without a network and should have been refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ContestedView {
    /// The ticket.
    pub(crate) ticket_id: TicketId,
    /// Its booking.
    pub(crate) booking_id: BookingId,
    /// What the refusal would have been.
    #[schema(example = "already_admitted")]
    pub(crate) code: String,
    /// Where they were let in.
    pub(crate) gate: String,
    /// When, by the gate.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) scanned_at: Timestamp,
    /// When that was learnt.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) noted_at: Timestamp,
}

impl DoorList {
    pub(crate) fn of(
        show: &Show,
        as_of: Timestamp,
        sales: &[Sale],
        admissions: Vec<Admission>,
        contested: Vec<Contested>,
    ) -> Self {
        let mut entered: HashMap<TicketId, EntryView> = admissions
            .into_iter()
            .map(|one| (one.ticket_id, EntryView { gate: one.gate, scanned_at: one.scanned_at }))
            .collect();
        let admitted = entered.len();
        let mut tickets = Vec::new();
        for sale in sales {
            let reference = reference::display(&reference::reference_of(sale.booking_id));
            tickets.extend(sale.seats.iter().map(|seat| ListedTicket {
                ticket_id: seat.ticket_id,
                booking_id: sale.booking_id,
                reference: reference.clone(),
                label: seat.label.clone(),
                category: seat.category.clone(),
                status: sale.status,
                admission: entered.remove(&seat.ticket_id),
            }));
        }
        let Hours { opens_at, closes_at } = Hours::of(show);
        let contested = contested.into_iter().map(ContestedView::from).collect();
        Self {
            show_id: show.show_id,
            movie_title: show.movie_title.clone(),
            screen_name: show.screen_name.clone(),
            start_time: show.start_time,
            as_of,
            opens_at,
            closes_at,
            cancelled: show.cancelled,
            admitted,
            tickets,
            contested,
        }
    }
}

impl From<Contested> for ContestedView {
    fn from(one: Contested) -> Self {
        Self {
            ticket_id: one.ticket_id,
            booking_id: one.booking_id,
            code: one.code,
            gate: one.gate,
            scanned_at: one.scanned_at,
            noted_at: one.noted_at,
        }
    }
}
