//! `GET /user/{user_id}`: what somebody sees of their own account.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use marquee_http::{Caller, Json, NoQuery, Problem, ProblemDoc, Role};
use marquee_kernel::{Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::grant_view::GrantView;
use crate::model::Profile;
use crate::{Accounts, Error};

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    user_id: UserId,
    #[schema(example = "Ada Lovelace")]
    name: String,
    #[schema(example = "ada@example.com")]
    email: String,
    /// Every role the person has anywhere; everybody is a `customer`.
    roles: Vec<Role>,
    /// Where they have them; nothing of `customer`.
    grants: Vec<GrantView>,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T18:30:00Z")]
    created_at: Timestamp,
}

impl From<Profile> for UserView {
    fn from(profile: Profile) -> Self {
        let roles = profile.roles();
        let Profile { user_id, name, email, grants, created_at } = profile;
        Self { user_id, name, email, roles, grants: grants.into_iter().map(GrantView::from).collect(), created_at }
    }
}

/// Shows the caller's account.
#[utoipa::path(
    get,
    path = "/user/{user_id}",
    tag = "accounts",
    params(("user_id" = String, Path, description = "The caller's own id, or `me`", example = "me")),
    responses(
        (status = 200, description = "The account", body = UserView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`, also for everybody else's id", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_user(
    State(accounts): State<Accounts>,
    caller: Caller,
    segment: Result<Path<String>, PathRejection>,
    query: NoQuery,
) -> Result<Json<UserView>, Problem> {
    // What cannot even be read names nobody.
    let Path(segment) = segment.map_err(|_| Error::UserNotFound)?;
    let user_id = accounts.resolve_user(&caller, &segment)?;
    query.check()?;
    let profile = accounts.profile(user_id).await?;
    Ok(Json(profile.into()))
}
