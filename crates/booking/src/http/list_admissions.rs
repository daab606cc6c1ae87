//! `GET /shows/{show_id}/admissions`: the tickets of a show, and who of them is in.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Id, Json, NoQuery, Problem, ProblemDoc, Staff};
use marquee_kernel::ShowId;

use super::PRIVATE;
use crate::service::Booking;
use crate::view::DoorList;

/// Lists every ticket of a show with who was let in: with it and the ticket keys a gate works without a network. For staff of its
/// cinema. It is one document, as a seat map is.
#[utoipa::path(
    get,
    path = "/shows/{show_id}/admissions",
    tag = "gate",
    params(("show_id" = ShowId, Path, description = "The show")),
    responses(
        (status = 200, description = "As of one moment", body = DoorList),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: not staff of that cinema", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_admissions(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let show = booking.show(show_id).await?;
    caller.require_staff_of(show.cinema_id)?;
    query.check()?;
    Ok(([PRIVATE], Json(booking.door_list(&show).await?)))
}
