//! `GET /user/{user_id}/sessions`: where the caller is signed in.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use marquee_http::{Caller, Json, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{Page, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::NO_STORE;
use crate::model::{SESSION_LIST, SignIn};
use crate::{Accounts, Error};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListSessions {
    /// Sessions of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// A sign-in that is not over.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInView {
    #[schema(value_type = String)]
    session_id: SessionId,
    /// When they signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last showed that it is still there.
    #[schema(value_type = String, format = DateTime)]
    refreshed_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl SignInView {
    fn of(sign_in: SignIn, caller: &Caller) -> Self {
        let SignIn { session_id, created_at, refreshed_at, expires_at } = sign_in;
        Self { session_id, created_at, refreshed_at, expires_at, current: session_id == caller.session_id }
    }
}

/// Lists where the caller is signed in, newest first.
#[utoipa::path(
    get,
    path = "/user/{user_id}/sessions",
    tag = "accounts",
    params(("user_id" = String, Path, description = "The caller's own id, or `me`", example = "me"), ListSessions),
    responses(
        (status = 200, description = "A page of sessions", body = Page<SignInView>),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`, also for everybody else's id", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_sessions(
    State(accounts): State<Accounts>,
    caller: Caller,
    segment: Result<Path<String>, PathRejection>,
    query: Query<ListSessions>,
) -> Result<impl IntoResponse, Problem> {
    let Path(segment) = segment.map_err(|_| Error::UserNotFound)?;
    let user_id = accounts.resolve_user(&caller, &segment)?;
    let ListSessions { limit, cursor } = query.parse()?;
    let page = page_request::<SessionId>(SESSION_LIST, limit, cursor.as_deref())?;
    let sessions = accounts.sessions(user_id, page).await?;
    Ok((NO_STORE, Json(sessions.map(|sign_in| SignInView::of(sign_in, &caller)))))
}
