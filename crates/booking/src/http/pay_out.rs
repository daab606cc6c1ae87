//! `POST /booking/{booking_id}/payout`: what was paid at a till is given back by hand.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Id, Json, NoQuery, Problem, ProblemDoc, Staff};
use marquee_kernel::BookingId;

use super::PRIVATE;
use crate::service::Booking;
use crate::view::BookingView;

/// Records that the caller has given the money of a cancelled booking back: in cash, or by the terminal at the till. Recorded
/// again, it stays as it is.
#[utoipa::path(
    post,
    path = "/booking/{booking_id}/payout",
    tag = "box office",
    params(("booking_id" = String, Path, description = "The booking")),
    responses(
        (status = 200, description = "The booking, its refund `succeeded`", body = BookingView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: the caller is not staff", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also of a cinema that the caller does not serve", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 409, description = "`nothing_to_pay_out`: it is not cancelled, or was not paid at a till", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn pay_out(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    booking.find_served(&caller, booking_id).await?;
    query.check()?;
    let view = booking.pay_out(&caller, booking_id).await?;
    Ok(([PRIVATE], Json(view)))
}
