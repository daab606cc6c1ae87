//! `DELETE /admin/shows/{show_id}/blocked-seats/{seat_id}`: gives a seat back to sale.

use axum::extract::{RawPathParams, State};
use axum::http::StatusCode;
use marquee_http::{Id, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{SeatId, ShowId};

use crate::{Error, Seating};

/// Gives a blocked seat back to sale; one that is not blocked is left alone.
#[utoipa::path(
    delete,
    path = "/admin/shows/{show_id}/blocked-seats/{seat_id}",
    tag = "administration",
    security(("bearer" = [])),
    params(
        ("show_id" = ShowId, Path, description = "The show"),
        ("seat_id" = SeatId, Path, description = "The seat"),
    ),
    responses(
        (status = 204, description = "It is not blocked (any more)"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found`, or `not_found` for the seat",
         body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn unblock_seat(
    State(seating): State<Seating>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    path: RawPathParams,
    query: NoQuery,
) -> Result<StatusCode, Problem> {
    let show = seating.show(show_id).await?;
    manager.require_manager_of(show.cinema_id)?;
    let seat = path.iter().find(|(name, _)| *name == "seat_id").and_then(|(_, seat_id)| show.layout.seat(seat_id));
    let (_, seat) = seat.ok_or(Error::SeatNotFound)?;
    query.check()?;
    seating.unblock_seats(show_id, std::slice::from_ref(&seat.seat_id), manager.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
