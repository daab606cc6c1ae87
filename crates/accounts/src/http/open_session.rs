//! `POST /session`: signs a browser in.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use marquee_http::{Body, ClientAddress, NoQuery, Problem, ProblemDoc, SessionCookies};
use serde::Deserialize;
use utoipa::ToSchema;

use super::session_view::{SessionView, signed_in};
use crate::Accounts;
use crate::model::Password;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenSession {
    /// The e-mail address.
    #[schema(format = "email", example = "ada@example.com")]
    email: String,
    /// The password.
    #[schema(format = "password")]
    password: String,
}

/// Signs a browser in.
///
/// The tokens come as cookies that no script can read; see `docs/api.md`.
#[utoipa::path(
    post,
    path = "/session",
    tag = "browser session",
    params(("X-Marquee-Csrf" = String, Header, description = "`1`: no page of another site can send it", example = "1")),
    request_body = OpenSession,
    responses(
        (status = 200, description = "Signed in; the cookies are set", body = SessionView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: a wrong password, or no such account", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 403, description = "`csrf`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open_session(
    State(accounts): State<Accounts>,
    cookies: SessionCookies,
    client: Option<Extension<ClientAddress>>,
    query: NoQuery,
    body: Body<OpenSession>,
) -> Result<Response, Problem> {
    query.check()?;
    let OpenSession { email, password } = body.parse()?;
    let from = client.map(|Extension(ClientAddress(address))| address);
    let credentials = accounts.sign_in(&email, Password::offered(password), from).await?;
    signed_in(&accounts, &cookies, StatusCode::OK, credentials).await
}
