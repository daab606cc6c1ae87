//! `DELETE /session`: signs a browser out.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use marquee_http::{NoQuery, Problem, ProblemDoc, SessionCookies};

use crate::Accounts;

/// Signs a browser out.
///
/// Ends the session of its cookies, if it has one, and has it forget them.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "browser session",
    params(("X-Marquee-Csrf" = String, Header, description = "`1`: no page of another site can send it", example = "1")),
    responses(
        (status = 204, description = "Signed out; the cookies are gone"),
        (status = 403, description = "`csrf`", body = ProblemDoc, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn close_session(
    State(accounts): State<Accounts>,
    cookies: SessionCookies,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    query.check()?;
    for token in cookies.refresh_token.iter().chain(&cookies.access_token) {
        accounts.revoke(token).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookies.forget()))
}
