//! `POST /admin/shows/{show_id}/blocked-seats`: keeps seats from sale.

use axum::extract::State;
use marquee_http::{Body, Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{SeatId, ShowId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::BlockedView;
use crate::model::{BlockReason, Why};
use crate::{Error, Seating};

/// Which seats to keep from sale.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockSeats {
    /// Seats of this show, each once.
    #[schema(min_items = 1, max_items = 1000)]
    seats: Vec<SeatId>,
    /// What they are kept for.
    #[serde(default)]
    reason: BlockReason,
    /// What there is to say about it.
    #[schema(max_length = 100)]
    note: Option<String>,
}

/// Keeps seats from sale, all of them or none. A seat that is only held is blocked too: its holder cannot book it any more;
/// one that is blocked already gets the new reason.
#[utoipa::path(
    post,
    path = "/admin/shows/{show_id}/blocked-seats",
    tag = "administration",
    security(("bearer" = [])),
    params(("show_id" = ShowId, Path, description = "The show")),
    request_body = BlockSeats,
    responses(
        (status = 200, description = "They are blocked", body = BlockedView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`seats_unavailable`: some are sold",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn block_seats(
    State(seating): State<Seating>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
    body: Body<BlockSeats>,
) -> Result<Json<BlockedView>, Problem> {
    manager.require_manager_of(seating.show(show_id).await?.cinema_id)?;
    query.check()?;
    let BlockSeats { seats, reason, note } = body.parse()?;
    let why = Why::new(reason, note.as_deref()).map_err(Error::Picks)?;
    let seats = seating.block_seats(show_id, &seats, why, manager.user_id).await?;
    Ok(Json(BlockedView { show_id, seats }))
}
