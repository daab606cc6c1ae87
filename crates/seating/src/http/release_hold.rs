//! `DELETE /locks/{lock_id}`: the seats are free again.

use axum::extract::State;
use axum::http::StatusCode;
use marquee_http::{Caller, Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::HoldId;

use crate::Seating;

/// Gives the seats of a hold back. What is no live hold of the caller is left alone, and answered the same.
#[utoipa::path(
    delete,
    path = "/locks/{lock_id}",
    tag = "holding seats",
    security(("bearer" = [])),
    params(("lock_id" = HoldId, Path, description = "The hold")),
    responses(
        (status = 204, description = "You hold no such seats (any more)"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn release_hold(
    State(seating): State<Seating>,
    caller: Caller,
    hold_id: Result<Id<HoldId>, Problem>,
    query: NoQuery,
) -> Result<StatusCode, Problem> {
    query.check()?;
    if let Ok(Id(hold_id)) = hold_id {
        seating.release_hold(hold_id, caller.user_id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
