//! `POST /session/refresh`: keeps a browser signed in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use marquee_http::{NoQuery, Problem, ProblemDoc, SessionCookies};

use super::session_view::{SessionView, signed_in};
use crate::{Accounts, Error};

/// Keeps a browser signed in.
///
/// Trades the refresh cookie for new cookies. Two tabs may do so at once; used again later, it ends the session.
#[utoipa::path(
    post,
    path = "/session/refresh",
    tag = "browser session",
    params(("X-Marquee-Csrf" = String, Header, description = "`1`: no page of another site can send it", example = "1")),
    responses(
        (status = 200, description = "Still signed in; the cookies are set anew", body = SessionView),
        (status = 401, description = "`unauthenticated`: the session is over, and its cookies are gone", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 403, description = "`csrf`", body = ProblemDoc, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh_session(
    State(accounts): State<Accounts>,
    cookies: SessionCookies,
    query: NoQuery,
) -> Result<Response, Problem> {
    query.check()?;
    let refreshed = match &cookies.refresh_token {
        Some(token) => accounts.refresh_browser(token).await,
        None => Err(Error::InvalidGrant),
    };
    match refreshed {
        Ok(credentials) => signed_in(&accounts, &cookies, StatusCode::OK, credentials).await,
        Err(error @ Error::InvalidGrant) => Ok((cookies.forget(), Problem::from(error)).into_response()),
        Err(error) => Err(error.into()),
    }
}
