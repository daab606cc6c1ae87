//! `DELETE /user/{user_id}/sessions/{session_id}`: signs another device out.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use marquee_http::{Caller, NoQuery, Problem, ProblemDoc};

use crate::{Accounts, Error};

/// Ends one of the caller's sessions.
#[utoipa::path(
    delete,
    path = "/user/{user_id}/sessions/{session_id}",
    tag = "accounts",
    params(
        ("user_id" = String, Path, description = "The caller's own id, or `me`", example = "me"),
        ("session_id" = String, Path, description = "The session"),
    ),
    responses(
        (status = 204, description = "It is over: its tokens are good for nothing"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`, also for everybody else's id; `session_not_found`, also one that is over",
            body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn end_session(
    State(accounts): State<Accounts>,
    caller: Caller,
    segments: Result<Path<(String, String)>, PathRejection>,
    query: NoQuery,
) -> Result<StatusCode, Problem> {
    let Path((user, session)) = segments.map_err(|_| Error::UserNotFound)?;
    accounts.resolve_user(&caller, &user)?;
    let session_id = session.parse().map_err(|_| Error::SessionNotFound)?;
    query.check()?;
    accounts.close_session(&caller, session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
