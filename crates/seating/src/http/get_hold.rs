//! `GET /locks/{lock_id}`: a hold.

use axum::extract::State;
use marquee_http::{Caller, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::HoldId;

use super::view::HoldView;
use crate::{Error, Seating};

/// A live hold of the caller.
#[utoipa::path(
    get,
    path = "/locks/{lock_id}",
    tag = "holding seats",
    security(("bearer" = [])),
    params(("lock_id" = HoldId, Path, description = "The hold")),
    responses(
        (status = 200, description = "The hold", body = HoldView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`lock_not_found`: unknown, ended, or somebody else's",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 410, description = "`lock_expired`: it lapsed, or the show was cancelled", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_hold(
    State(seating): State<Seating>,
    caller: Caller,
    Id(hold_id): Id<HoldId>,
    query: NoQuery,
) -> Result<Json<HoldView>, Problem> {
    let hold = seating.hold_by_now(hold_id, caller.user_id).await;
    if !matches!(hold, Err(Error::HoldNotFound)) {
        query.check()?;
    }
    Ok(Json(hold?.into()))
}
