//! `POST /booking/{booking_id}/cancel`: gives the seats and the money back.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Body, Caller, Fields, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::BookingId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PRIVATE;
use crate::model::REASON_CHARS_MAX;
use crate::service::Booking;
use crate::view::BookingView;

/// Why, if the guest likes to say.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBooking {
    /// For the cinema's eyes.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Cancels a booking. Cancelled again, it stays as it is.
#[utoipa::path(
    post,
    path = "/booking/{booking_id}/cancel",
    tag = "booking",
    params(("booking_id" = String, Path, description = "The booking")),
    request_body = Option<CancelBooking>,
    responses(
        (status = 200, description = "The booking, `cancelled`, with its refund", body = BookingView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also somebody else's", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 409, description = "`cancellation_closed` or `booking_pending`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn cancel_booking(
    State(booking): State<Booking>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
    body: Body<CancelBooking>,
) -> Result<impl IntoResponse, Problem> {
    // A booking that is not there comes before a call that is not right.
    booking.find_for(&caller, booking_id).await?;
    query.check()?;
    let reason = body.parse_or_default()?.checked()?;
    let view = booking.cancel(&caller, booking_id, reason).await?;
    Ok(([PRIVATE], Json(view)))
}

impl CancelBooking {
    fn checked(self) -> Result<Option<String>, Problem> {
        let fits = self.reason.as_ref().is_none_or(|reason| reason.chars().count() <= REASON_CHARS_MAX);
        let mut fields = Fields::default();
        fields.check(fits, "reason", format!("must have at most {REASON_CHARS_MAX} characters"));
        fields.finish()?;
        Ok(self.reason)
    }
}
