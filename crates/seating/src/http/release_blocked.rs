//! `POST /admin/shows/{show_id}/blocked-seats/release`: gives seats back to sale.

use axum::extract::State;
use marquee_http::{Body, Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{SeatId, ShowId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::BlockedView;
use crate::Seating;

/// Which seats to give back to sale.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseBlocked {
    /// Seats of this show, each once.
    #[schema(min_items = 1, max_items = 1000)]
    seats: Vec<SeatId>,
}

/// Gives blocked seats back to sale; those that are not blocked are left alone.
#[utoipa::path(
    post,
    path = "/admin/shows/{show_id}/blocked-seats/release",
    tag = "administration",
    security(("bearer" = [])),
    params(("show_id" = ShowId, Path, description = "The show")),
    request_body = ReleaseBlocked,
    responses(
        (status = 200, description = "The seats that were blocked", body = BlockedView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn release_blocked(
    State(seating): State<Seating>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
    body: Body<ReleaseBlocked>,
) -> Result<Json<BlockedView>, Problem> {
    manager.require_manager_of(seating.show(show_id).await?.cinema_id)?;
    query.check()?;
    let seats = seating.unblock_seats(show_id, &body.parse()?.seats, manager.user_id).await?;
    Ok(Json(BlockedView { show_id, seats }))
}
