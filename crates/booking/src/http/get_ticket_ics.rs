//! `GET /booking/{booking_id}/ticket.ics`: the visit as a calendar file.

use axum::extract::State;
use axum::response::Response;
use marquee_http::{Caller, Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::BookingId;

use super::ticket_file;
use crate::service::Booking;

/// Gives a confirmed booking as a calendar file (RFC 5545), its id the booking's.
#[utoipa::path(
    get,
    path = "/booking/{booking_id}/ticket.ics",
    tag = "booking",
    params(("booking_id" = String, Path, description = "The booking")),
    responses(
        (status = 200, description = "The visit", body = String, content_type = "text/calendar"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also somebody else's, or one that was cancelled or not sold",
            body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`booking_pending`", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_ticket_ics(
    State(booking): State<Booking>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<Response, Problem> {
    let drawn = booking.calendar(&caller, booking_id).await;
    ticket_file(&booking, &caller, booking_id, query, drawn, ("text/calendar; charset=utf-8", "ics")).await
}
