//! `GET /.well-known/jwks.json`: the public keys that access tokens verify with (RFC 7517).

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::IntoResponse;
use marquee_http::Json;

use crate::Accounts;

/// How long others may go without asking, in seconds; who meets an unknown `kid` asks at once.
const CACHED: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

pub(crate) async fn jwks(State(accounts): State<Accounts>) -> impl IntoResponse {
    (CACHED, Json(accounts.public_keys()))
}
