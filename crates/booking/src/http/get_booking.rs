//! `GET /booking/{booking_id}`: a booking as it stands.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Caller, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::BookingId;

use super::PRIVATE;
use crate::service::Booking;
use crate::view::BookingView;

/// Shows a booking.
#[utoipa::path(
    get,
    path = "/booking/{booking_id}",
    tag = "booking",
    params(("booking_id" = String, Path, description = "The booking")),
    responses(
        (status = 200, description = "The booking", body = BookingView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also somebody else's", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_booking(
    State(booking): State<Booking>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let view = booking.get(&caller, booking_id).await?;
    query.check()?;
    Ok(([PRIVATE], Json(view)))
}
