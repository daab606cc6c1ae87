//! `POST /auth/token`: OAuth 2.0's password and refresh grants (RFC 6749, sections 4.3 and 6).

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use marquee_http::{ClientAddress, Form, FormError, Json, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NO_STORE;
use crate::model::{Credentials, Password};
use crate::{Accounts, Error};

/// What is offered for tokens. Which parameters are needed depends on `grant_type`; others are ignored.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenRequest {
    /// `password` or `refresh_token`.
    #[schema(required, nullable = false, example = "password")]
    grant_type: Option<String>,
    /// The e-mail address, for `password`.
    #[schema(nullable = false)]
    username: Option<String>,
    /// The password, for `password`.
    #[schema(nullable = false, format = "password")]
    password: Option<String>,
    /// The refresh token, for `refresh_token`.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
}

/// New tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// A JWT, for `Authorization: Bearer`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    #[schema(example = 900)]
    expires_in: u32,
    /// For the next refresh; works once.
    refresh_token: String,
}

/// Why no tokens were given (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
pub(crate) struct OAuthError {
    /// `invalid_grant`, `invalid_request` or `unsupported_grant_type`.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// For a developer to read.
    error_description: String,
}

/// A refusal in the form that OAuth clients read, or a problem of our own.
pub(crate) enum Refusal {
    OAuth(OAuthError),
    Problem(Problem),
}

impl Refusal {
    fn oauth(error: &'static str, description: impl Into<String>) -> Self {
        Self::OAuth(OAuthError { error, error_description: description.into() })
    }
}

impl From<FormError> for Refusal {
    fn from(FormError(why): FormError) -> Self {
        Self::oauth("invalid_request", why)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidGrant => Self::oauth("invalid_grant", "the credentials are not valid"),
            error => Self::Problem(error.into()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::OAuth(error) => (StatusCode::BAD_REQUEST, NO_STORE, Json(error)).into_response(),
            Refusal::Problem(problem) => problem.into_response(),
        }
    }
}

/// Signs in.
///
/// Hands out tokens for an e-mail address and a password, or for a refresh token, which works once: a second use ends the
/// session, its access tokens too.
#[utoipa::path(
    post,
    path = "/auth/token",
    tag = "accounts",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "New tokens", body = TokenView),
        (status = 400, description = "`invalid_grant`, `invalid_request` or `unsupported_grant_type`", body = OAuthError),
    )
)]
pub(crate) async fn token(
    State(accounts): State<Accounts>,
    client: Option<Extension<ClientAddress>>,
    form: Form<TokenRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let TokenRequest { grant_type, username, password, refresh_token } = form.parse()?;
    let credentials = match needed("grant_type", grant_type)?.as_str() {
        "password" => {
            let (username, password) = (needed("username", username)?, needed("password", password)?);
            let from = client.map(|Extension(ClientAddress(address))| address);
            accounts.sign_in(&username, Password::offered(password), from).await?
        }
        "refresh_token" => accounts.refresh(&needed("refresh_token", refresh_token)?).await?,
        _ => return Err(Refusal::oauth("unsupported_grant_type", "grant_type must be password or refresh_token")),
    };
    let Credentials { access_token, expires_in_s, refresh_token, .. } = credentials;
    let view = TokenView { access_token, token_type: "Bearer", expires_in: expires_in_s, refresh_token };
    Ok((NO_STORE, Json(view)))
}

/// A parameter that must be there; one without a value counts as left out (RFC 6749, section 3.2).
fn needed(name: &str, value: Option<String>) -> Result<String, Refusal> {
    let value = value.filter(|value| !value.is_empty());
    value.ok_or_else(|| Refusal::oauth("invalid_request", format!("{name} is missing")))
}
