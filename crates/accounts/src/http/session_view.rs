//! What a browser hears of its session, beside the cookies that are the session.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use marquee_http::{Json, Kept, Problem, Role, SessionCookies};
use marquee_kernel::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Accounts;
use crate::model::Credentials;

/// Who is signed in, and for how long without a refresh.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    user_id: UserId,
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Every role the person has anywhere; everybody is a `customer`.
    roles: Vec<Role>,
    /// When to refresh at the latest, in seconds.
    #[schema(example = 900)]
    expires_in: u32,
}

/// Puts `credentials` into cookies, and says whose they are.
pub(super) async fn signed_in(
    accounts: &Accounts,
    cookies: &SessionCookies,
    status: StatusCode,
    credentials: Credentials,
) -> Result<Response, Problem> {
    let Credentials { user_id, access_token, expires_in_s, refresh_token, refresh_expires_in_s } = credentials;
    let profile = accounts.profile(user_id).await?;
    let access = Kept { token: &access_token, max_age_s: expires_in_s };
    let refresh = Kept { token: &refresh_token, max_age_s: refresh_expires_in_s };
    let headers: HeaderMap = cookies.keep(access, refresh);
    let roles = profile.roles();
    let view = SessionView { user_id, name: profile.name, roles, expires_in: expires_in_s };
    Ok((status, headers, Json(view)).into_response())
}
