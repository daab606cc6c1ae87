//! `GET /user/{user_id}/bookings`: the caller's bookings, newest first.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use marquee_http::{Caller, Json, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{BookingId, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::PRIVATE;
use crate::model::BOOKING_LIST;
use crate::service::Booking;
use crate::view::BookingView;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListBookings {
    /// Bookings of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// Lists the caller's bookings, newest first.
#[utoipa::path(
    get,
    path = "/user/{user_id}/bookings",
    tag = "booking",
    params(("user_id" = String, Path, description = "The caller's own id, or `me`", example = "me"), ListBookings),
    responses(
        (status = 200, description = "A page of bookings", body = Page<BookingView>),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`, also for everybody else's id", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_bookings(
    State(booking): State<Booking>,
    caller: Caller,
    Path(segment): Path<String>,
    query: Query<ListBookings>,
) -> Result<impl IntoResponse, Problem> {
    let user_id = booking.accounts().resolve_user(&caller, &segment)?;
    let ListBookings { limit, cursor } = query.parse()?;
    let page = page_request::<BookingId>(BOOKING_LIST, limit, cursor.as_deref())?;
    let bookings = booking.of_user(user_id, page).await?;
    Ok(([PRIVATE], Json(bookings)))
}
