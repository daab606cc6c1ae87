//! One file per verb.

pub(crate) mod close_session;
pub(crate) mod end_session;
pub(crate) mod get_user;
mod grant_view;
pub(crate) mod jwks;
pub(crate) mod list_sessions;
pub(crate) mod open_session;
pub(crate) mod refresh_session;
pub(crate) mod register;
pub(crate) mod register_session;
pub(crate) mod revoke;
mod session_view;
pub(crate) mod token;

use axum::http::header::{CACHE_CONTROL, HeaderName};

/// What holds tokens is kept by nobody in between (RFC 6749, section 5.1).
pub(crate) const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];
