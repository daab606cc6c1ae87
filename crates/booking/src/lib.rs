//! Booking: from a hold to tickets, and back.
//!
//! A booking is claimed in one transaction before any money moves, charged with its own id as the gateway's idempotency key,
//! and confirmed in another transaction. What breaks off in between is settled by the reconciler: it asks the gateway what
//! happened, and sells the seats or frees them. Each move of a booking is guarded by where it must come from, so that whoever
//! is second changes nothing.

mod dashboard_view;
mod desk_view;
mod error;
mod failpoint;
mod http;
mod jobs;
mod model;
mod service;
mod store;
mod view;

pub use error::{Error, NotAdmitted, Result};
pub use failpoint::Failpoint;
pub use http::router;
pub use model::{Answer, AtTill, KEY_CHARS_MAX, Key, Order, REASON_CHARS_MAX, Refusal, Status};
pub use service::{Booking, CALL_MAX, Parts, Picture, Reply, Report, Settings, TillDay, check, rotate_ticket_keys};
pub use store::{KeyUse, PORTIONS, entered_shows_after, keys_after, shows_after, uses_of};
pub use view::{BookingView, RefundView, SeatView, TicketFacts, TicketView};
