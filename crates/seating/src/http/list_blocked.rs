//! `GET /admin/shows/{show_id}/blocked-seats`: seats kept from sale, and why.

use axum::extract::State;
use marquee_http::{Id, Json, Manager, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{Page, ShowId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::BlockedSeat;
use crate::{BLOCKED_LIST, Seating};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListBlocked {
    /// Items of the page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// Seats kept from sale, and why, by their ids.
#[utoipa::path(
    get,
    path = "/admin/shows/{show_id}/blocked-seats",
    tag = "administration",
    security(("bearer" = [])),
    params(("show_id" = ShowId, Path, description = "The show"), ListBlocked),
    responses(
        (status = 200, description = "A page of seats", body = Page<BlockedSeat>),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_blocked(
    State(seating): State<Seating>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    query: Query<ListBlocked>,
) -> Result<Json<Page<BlockedSeat>>, Problem> {
    manager.require_manager_of(seating.show(show_id).await?.cinema_id)?;
    let ListBlocked { limit, cursor } = query.parse()?;
    let page = seating.blocked_seats(show_id, page_request(BLOCKED_LIST, limit, cursor.as_deref())?).await?;
    Ok(Json(page.map(|(seat_id, why)| BlockedSeat { seat_id, reason: why.reason, note: why.note })))
}
