//! `GET /booking/{booking_id}/ticket.pdf`: the tickets as PDF, one page per ticket.

use axum::extract::State;
use axum::response::Response;
use marquee_http::{Caller, Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::BookingId;

use super::ticket_file;
use crate::service::Booking;

/// Draws the tickets of a confirmed booking as PDF, one page per ticket.
#[utoipa::path(
    get,
    path = "/booking/{booking_id}/ticket.pdf",
    tag = "booking",
    params(("booking_id" = String, Path, description = "The booking")),
    responses(
        (status = 200, description = "The tickets", body = inline(Vec<u8>), content_type = "application/pdf"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also somebody else's, or one that was cancelled or not sold",
            body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`booking_pending`", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_ticket_pdf(
    State(booking): State<Booking>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<Response, Problem> {
    let drawn = booking.tickets_pdf(&caller, booking_id).await;
    ticket_file(&booking, &caller, booking_id, query, drawn, ("application/pdf", "pdf")).await
}
