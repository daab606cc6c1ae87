//! Accounts: registering, signing in, roles, and the tokens that every other call is made with.
//!
//! Access tokens are JWTs signed with EdDSA and good for minutes; refresh tokens work once, and a second use ends their
//! session (RFC 9700). Passwords are argon2id. Who a token names is told from memory, without a look at the database.

mod administration;
mod eddsa;
mod error;
mod guesses;
mod http;
pub mod jobs;
mod keys;
mod meters;
mod model;
mod passwords;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use administration::{KnowsCinema, administration_router};
pub use error::{Error, Result};
pub use model::{
    Credentials, Email, Fault, GRANTS_MAX, Hashing, Name, Named, Password, PeopleFilter, PersonalData, Phone, Profile,
    Registration, Settings, SignIn,
};
pub use passwords::HASH_QUEUE_MAX;
pub use service::{Accounts, check, staffed_cinemas};

/// The calls of accounts, relative to the API's base path.
pub fn router(accounts: Accounts) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(http::register::register))
        .routes(routes!(http::token::token))
        .routes(routes!(http::revoke::revoke))
        .routes(routes!(http::find_customer::find_customer))
        .routes(routes!(http::get_user::get_user))
        .routes(routes!(http::list_sessions::list_sessions))
        .routes(routes!(http::end_session::end_session))
        .routes(routes!(http::open_session::open_session, http::close_session::close_session))
        .routes(routes!(http::register_session::register_session))
        .routes(routes!(http::refresh_session::refresh_session))
        .with_state(accounts)
}

/// The public keys, for the root of the server.
pub fn jwks_router(accounts: Accounts) -> axum::Router {
    axum::Router::new().route("/.well-known/jwks.json", get(http::jwks::jwks)).with_state(accounts)
}
