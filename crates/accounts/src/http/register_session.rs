//! `POST /session/register`: makes an account and signs the browser in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use marquee_http::{Body, NoQuery, Problem, ProblemDoc, SessionCookies};

use super::register::Register;
use super::session_view::{SessionView, signed_in};
use crate::Accounts;

/// Registers, in a browser.
///
/// As `POST /auth/register`, but the tokens come as cookies that no script can read.
#[utoipa::path(
    post,
    path = "/session/register",
    tag = "browser session",
    params(("X-Marquee-Csrf" = String, Header, description = "`1`: no page of another site can send it", example = "1")),
    request_body = Register,
    responses(
        (status = 201, description = "The account is made and signed in; the cookies are set", body = SessionView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`csrf`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register_session(
    State(accounts): State<Accounts>,
    cookies: SessionCookies,
    query: NoQuery,
    body: Body<Register>,
) -> Result<Response, Problem> {
    query.check()?;
    let person = body.parse()?.person()?;
    let credentials = accounts.register(person).await?;
    signed_in(&accounts, &cookies, StatusCode::CREATED, credentials).await
}
