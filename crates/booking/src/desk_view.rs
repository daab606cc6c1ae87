//! What staff sees of a booking.

use std::collections::HashMap;
use std::sync::Arc;

use marquee_accounts::Named;
use marquee_bus::{Actor, Told};
use marquee_catalog::Show;
use marquee_kernel::{BookingId, CinemaId, EventId, Money, ShowId, Timestamp, UserId};
use marquee_tickets::reference;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Sale, Status};

/// A booking, as staff sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DeskView {
    booking_id: BookingId,
    /// Its name for people.
    #[schema(example = "7K3F-9QXD")]
    reference: String,
    status: Status,
    user_id: UserId,
    /// The guest's name.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// The guest's e-mail address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// Who sold it, where that was not the guest.
    #[schema(required)]
    sold_by: Option<GuestView>,
    show_id: ShowId,
    cinema_id: CinemaId,
    #[schema(value_type = String)]
    cinema_name: Arc<str>,
    #[schema(value_type = String)]
    screen_name: Arc<str>,
    #[schema(value_type = String)]
    movie_title: Arc<str>,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    /// The cinema's time zone, by its IANA name.
    #[schema(value_type = String, example = "Asia/Kolkata")]
    timezone: Arc<str>,
    /// The labels of its seats, in the order they were picked.
    #[schema(value_type = Vec<String>)]
    seats: Vec<Arc<str>>,
    total_price: Money,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Somebody, as staff sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GuestView {
    user_id: UserId,
    name: String,
    email: String,
}

impl GuestView {
    /// Somebody of whom nothing is known has no name.
    pub(crate) fn of(user_id: UserId, named: Option<&Named>) -> Self {
        let (name, email) = named.map_or_else(Default::default, |named| (named.name.clone(), named.email.clone()));
        Self { user_id, name, email }
    }
}

impl DeskView {
    pub(crate) fn of(sale: &Sale, show: &Show, names: &HashMap<UserId, Named>) -> Self {
        let guest = |user_id| GuestView::of(user_id, names.get(&user_id));
        let GuestView { user_id, name, email } = guest(sale.user_id);
        Self {
            booking_id: sale.booking_id,
            reference: reference::display(&reference::reference_of(sale.booking_id)),
            status: sale.status,
            user_id,
            name,
            email,
            sold_by: (sale.booked_by != sale.user_id).then(|| guest(sale.booked_by)),
            show_id: sale.show_id,
            cinema_id: sale.cinema_id,
            cinema_name: show.cinema_name.clone(),
            screen_name: show.screen_name.clone(),
            movie_title: show.movie_title.clone(),
            start_time: show.start_time,
            timezone: show.timezone.clone(),
            seats: sale.seats.iter().map(|seat| seat.label.clone()).collect(),
            total_price: sale.total,
            created_at: sale.created_at,
        }
    }
}

/// What became of a booking, in order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StoryView {
    pub(crate) events: Vec<StoryEventView>,
    /// Whether that is all. Of a booking before very many others the journal is read around what is known to have happened alone.
    pub(crate) complete: bool,
    /// What was said when it was cancelled.
    #[schema(required)]
    pub(crate) cancel_reason: Option<String>,
}

/// Something that happened to a booking or its money, as the journal has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StoryEventView {
    event_id: EventId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Such as `BookingConfirmed`; the kinds are those of `docs/events.md`.
    #[schema(example = "BookingConfirmed")]
    kind: String,
    /// Who did it; `null` is Marquee itself.
    #[schema(required)]
    by: Option<GuestView>,
    /// What the journal says of it.
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

impl StoryEventView {
    pub(crate) fn of(told: Told, names: &HashMap<UserId, Named>) -> Self {
        let Told { event_id, at, kind, actor, payload, .. } = told;
        let by = match actor {
            Actor::User(user_id) => Some(GuestView::of(user_id, names.get(&user_id))),
            Actor::System => None,
        };
        Self { event_id, at, kind, by, details: payload }
    }
}
