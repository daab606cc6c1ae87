//! `GET /booking/{booking_id}/cancellation`: what a cancellation would give back now.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Caller, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::BookingId;

use super::PRIVATE;
use crate::service::Booking;
use crate::view::CancellationView;

/// Says what a cancellation would give back now, and until when it can be had.
#[utoipa::path(
    get,
    path = "/booking/{booking_id}/cancellation",
    tag = "booking",
    params(("booking_id" = String, Path, description = "The booking")),
    responses(
        (status = 200, description = "It can be cancelled", body = CancellationView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also somebody else's", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 409, description = "`cancellation_closed`, also once it was cancelled; `booking_pending`", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_cancellation(
    State(booking): State<Booking>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let cancellation = booking.cancellation(&caller, booking_id).await;
    query.check()?;
    Ok(([PRIVATE], Json(cancellation?)))
}
