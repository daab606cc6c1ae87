//! `POST /auth/register`: makes an account and signs it in.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Body, Created, NoQuery, Problem, ProblemDoc};
use marquee_kernel::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NO_STORE;
use crate::Accounts;
use crate::error::Result;
use crate::model::{Credentials, Registration};

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// What to call them.
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    name: String,
    /// Their e-mail address; one account each, whatever the case of its letters.
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: String,
    /// Their password.
    #[schema(format = "password", min_length = 10, max_length = 256, example = "correct horse battery")]
    password: String,
    /// A telephone number, with `+` before a country code.
    #[schema(max_length = 32, example = "+91 22 5550 0100")]
    phone: Option<String>,
}

impl Register {
    /// Checks every field.
    pub(super) fn person(self) -> Result<Registration> {
        let Self { name, email, password, phone } = self;
        Registration::new(&name, &email, &password, phone.as_deref())
    }
}

/// A new account and its first tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredView {
    user_id: UserId,
    /// A JWT, for `Authorization: Bearer`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    #[schema(example = 900)]
    expires_in: u32,
    /// For `POST /auth/token`; works once.
    refresh_token: String,
}

impl From<Credentials> for RegisteredView {
    fn from(credentials: Credentials) -> Self {
        let Credentials { user_id, access_token, expires_in_s, refresh_token, .. } = credentials;
        Self { user_id, access_token, token_type: "Bearer", expires_in: expires_in_s, refresh_token }
    }
}

/// Registers.
///
/// Makes an account and signs it in.
#[utoipa::path(
    post,
    path = "/auth/register",
    tag = "accounts",
    request_body = Register,
    responses(
        (status = 201, description = "The account and its first tokens", body = RegisteredView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register(
    State(accounts): State<Accounts>,
    query: NoQuery,
    body: Body<Register>,
) -> Result<impl IntoResponse, Problem> {
    query.check()?;
    let credentials = accounts.register(body.parse()?.person()?).await?;
    Ok((NO_STORE, Created(RegisteredView::from(credentials))))
}
