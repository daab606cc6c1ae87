//! `POST /auth/revoke`: signs out (RFC 7009).

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Form, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::NO_STORE;
use crate::Accounts;

/// Which session ends.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Revoke {
    /// A refresh or access token of it.
    token: String,
}

/// Signs out.
///
/// Ends the session that the token belongs to: its refresh tokens and its access tokens. Also 200 for what is no token.
#[utoipa::path(
    post,
    path = "/auth/revoke",
    tag = "accounts",
    request_body(content = Revoke, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is not, or no longer, good"))
)]
pub(crate) async fn revoke(State(accounts): State<Accounts>, form: Form<Revoke>) -> Result<impl IntoResponse, Problem> {
    // What cannot be read holds no token, and what is no token is revoked already.
    if let Ok(Revoke { token }) = form.parse() {
        accounts.revoke(&token).await?;
    }
    Ok(NO_STORE)
}
