//! `GET /shows/{show_id}/admissions`: the tickets of a show, and who of them is in.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Caller, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{Code, ShowId};

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
    caller: Caller,
    show: Result<Id<ShowId>, Problem>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let forbidden = || Problem::new(Code::Forbidden, "This call is for the staff of that cinema.");
    if !caller.is_staff() {
        return Err(forbidden());
    }
    let Id(show_id) = show?;
    let show = booking.show(show_id).await?;
    if !caller.serves(show.cinema_id) {
        return Err(forbidden());
    }
    query.check()?;
    Ok(([PRIVATE], Json(booking.door_list(&show).await?)))
}
