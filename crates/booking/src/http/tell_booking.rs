//! `GET /admin/bookings/{booking_id}` and `…/story`: a booking and what became of it, for the staff of its cinema.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Id, Json, NoQuery, Problem, ProblemDoc, Staff};
use marquee_kernel::BookingId;

use super::PRIVATE;
use crate::desk_view::{DeskView, StoryView};
use crate::service::Booking;

/// Shows a booking to the staff of its cinema.
#[utoipa::path(
    get,
    path = "/admin/bookings/{booking_id}",
    tag = "administration",
    params(("booking_id" = BookingId, Path)),
    responses(
        (status = 200, description = "The booking", body = DeskView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for staff", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also one of another cinema", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn show_booking(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let found = booking.at_desk(&caller, booking_id).await?;
    query.check()?;
    Ok(([PRIVATE], Json(found)))
}

/// Tells what became of a booking and its money, and who did it, from the journal. Where very much was sold since, it
/// may not be all, and says so (`complete`).
#[utoipa::path(
    get,
    path = "/admin/bookings/{booking_id}/story",
    tag = "administration",
    params(("booking_id" = BookingId, Path)),
    responses(
        (status = 200, description = "The story, in order", body = StoryView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for staff", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`booking_not_found`, also one of another cinema", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn tell_booking(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    Id(booking_id): Id<BookingId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let story = booking.story(&caller, booking_id).await?;
    query.check()?;
    Ok(([PRIVATE], Json(story)))
}
