//! `GET /admin/shows/{show_id}/cancellation`: what the cancellation of a show would give back now.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ShowId;

use super::PRIVATE;
use crate::service::Booking;
use crate::view::ShowCancellationView;

/// Says how many bookings the cancellation of a show would cancel, and what it would give back.
#[utoipa::path(
    get,
    path = "/admin/shows/{show_id}/cancellation",
    tag = "administration",
    params(("show_id" = ShowId, Path, description = "The show")),
    responses(
        (status = 200, description = "What it would give back; nothing once it is done", body = ShowCancellationView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_show_cancellation(
    State(booking): State<Booking>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    manager.require_manager_of(booking.cinema_of(show_id).await?)?;
    query.check()?;
    Ok(([PRIVATE], Json(booking.show_cancellation(show_id).await?)))
}
