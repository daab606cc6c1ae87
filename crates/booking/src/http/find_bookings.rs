//! `GET /admin/bookings`: bookings, for the staff of their cinemas.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_catalog::read_date;
use marquee_http::{Fields, Json, Problem, ProblemDoc, Query, Staff, page_request};
use marquee_kernel::{BookingId, CinemaId, Page, ShowId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::PRIVATE;
use crate::desk_view::DeskView;
use crate::model::{DESK_LIST, Status};
use crate::service::Booking;
use crate::service::desk::Look;

/// The most characters that are looked for.
const TEXT_CHARS_MAX: usize = 100;

/// Which bookings; everything that is given must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindBookings {
    /// A reference or an id, or a part of the guest's name or e-mail address.
    #[param(required = false, value_type = String, max_length = 100)]
    q: Option<String>,
    /// In that cinema.
    #[param(required = false, value_type = CinemaId)]
    cinema_id: Option<CinemaId>,
    /// Of that show.
    #[param(required = false, value_type = ShowId)]
    show_id: Option<ShowId>,
    /// Of the shows of that day, as the cinema's wall says.
    #[param(required = false, value_type = String, format = "date")]
    date: Option<String>,
    /// Which stand so.
    #[param(required = false, value_type = Status)]
    status: Option<Status>,
    /// Bookings of a page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// Finds bookings of the cinemas that the caller serves, the newest first. Without `q`, `show_id` or `date` those of the last 31 days.
#[utoipa::path(
    get,
    path = "/admin/bookings",
    tag = "administration",
    params(FindBookings),
    responses(
        (status = 200, description = "A page of bookings", body = Page<DeskView>),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for staff, and of cinemas that they serve", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn find_bookings(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    query: Query<FindBookings>,
) -> Result<impl IntoResponse, Problem> {
    let FindBookings { q, cinema_id, show_id, date, status, limit, cursor } = query.parse()?;
    if let Some(cinema_id) = cinema_id {
        caller.require_staff_of(cinema_id)?;
    }
    let text = q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut fields = Fields::default();
    let short = text.as_ref().is_none_or(|text| text.chars().count() <= TEXT_CHARS_MAX);
    fields.check(short, "q", format!("must be at most {TEXT_CHARS_MAX} characters"));
    let date = date.and_then(|text| fields.take("date", read_date(&text)));
    fields.finish()?;
    let page = page_request::<BookingId>(DESK_LIST, limit, cursor.as_deref())?;
    let found = booking.look_up(&caller, Look { text, cinema_id, show_id, date, status }, page).await?;
    Ok(([PRIVATE], Json(found)))
}
