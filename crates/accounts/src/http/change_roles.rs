//! `POST` and `DELETE /admin/users/{user_id}/roles`: gives a role to somebody, or takes one.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Body, Id, Json, Manager, NoQuery, Problem, ProblemDoc, Query, Role};
use marquee_kernel::{CinemaId, Code, UserId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::NO_STORE;
use super::get_user::UserView;
use crate::Error;
use crate::administration::Administration;
use crate::model::may_appoint;

/// A role, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveRole {
    role: Role,
    /// In which cinema. Without one it is for all of them, which a manager's never is and an administrator's always.
    cinema_id: Option<CinemaId>,
}

/// A role, and where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TakeRole {
    role: Role,
    /// In which cinema; without one the role for all of them.
    #[param(required = false, value_type = CinemaId)]
    cinema_id: Option<CinemaId>,
}

/// Gives somebody a role. It is in their next access token. Managers give `box_office` in their cinemas, administrators every role.
#[utoipa::path(
    post,
    path = "/admin/users/{user_id}/roles",
    tag = "administration",
    params(("user_id" = UserId, Path)),
    request_body = GiveRole,
    responses(
        (status = 200, description = "The account as it is now; also when it had the role before", body = UserView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: that role is not the caller's to give there", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found` or `cinema_not_found`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, also for a role that cannot be given like that, or one cinema too many",
            body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn give_role(
    State(Administration { accounts, knows_cinema }): State<Administration>,
    Manager(caller): Manager,
    Id(user_id): Id<UserId>,
    query: NoQuery,
    body: Body<GiveRole>,
) -> Result<impl IntoResponse, Problem> {
    let request = body.parse();
    // Whether the caller may comes before whether the person and the cinema exist, and that before what is wrong with the body.
    if request.as_ref().is_ok_and(|GiveRole { role, cinema_id }| !may_appoint(&caller, *role, *cinema_id)) {
        return Err(Error::NotTheirsToGive.into());
    }
    if !accounts.exists(user_id).await? {
        return Err(Error::UserNotFound.into());
    }
    if let Ok(GiveRole { cinema_id: Some(cinema_id), .. }) = &request
        && !knows_cinema(*cinema_id).await?
    {
        return Err(Problem::new(Code::CinemaNotFound, "Nothing has that id."));
    }
    query.check()?;
    let GiveRole { role, cinema_id } = request?;
    let person = accounts.appoint(&caller, user_id, role, cinema_id).await?;
    Ok((NO_STORE, Json(UserView::from(person))))
}

/// Takes a role from somebody and ends their sessions. Managers take `box_office` in their cinemas, administrators every role, but
/// nobody the administrator's from themselves.
#[utoipa::path(
    delete,
    path = "/admin/users/{user_id}/roles",
    tag = "administration",
    params(("user_id" = UserId, Path), TakeRole),
    responses(
        (status = 200, description = "The account as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: that role is not the caller's to take there", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`own_role`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, also when the account does not have that role there", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn take_role(
    State(Administration { accounts, .. }): State<Administration>,
    Manager(caller): Manager,
    Id(user_id): Id<UserId>,
    query: Query<TakeRole>,
) -> Result<impl IntoResponse, Problem> {
    let request = query.parse();
    if request.as_ref().is_ok_and(|TakeRole { role, cinema_id }| !may_appoint(&caller, *role, *cinema_id)) {
        return Err(Error::NotTheirsToGive.into());
    }
    if !accounts.exists(user_id).await? {
        return Err(Error::UserNotFound.into());
    }
    let TakeRole { role, cinema_id } = request?;
    let person = accounts.dismiss(&caller, user_id, role, cinema_id).await?;
    Ok((NO_STORE, Json(UserView::from(person))))
}
