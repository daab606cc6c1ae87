//! The calls with which people are administered.

use std::pin::Pin;
use std::sync::Arc;

use marquee_http::Problem;
use marquee_kernel::CinemaId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Accounts, http};

/// Tells whether there is a cinema of that id: what accounts cannot know themselves. The composition root has it of the catalogue.
pub type KnowsCinema =
    Arc<dyn Fn(CinemaId) -> Pin<Box<dyn Future<Output = Result<bool, Problem>> + Send>> + Send + Sync>;

/// What these calls work with.
#[derive(Clone)]
pub(crate) struct Administration {
    pub(crate) accounts: Accounts,
    pub(crate) knows_cinema: KnowsCinema,
}

/// The calls, relative to the API's base path.
pub fn administration_router(accounts: Accounts, knows_cinema: KnowsCinema) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(http::find_users::find_users))
        .routes(routes!(http::find_users::show_user))
        .routes(routes!(http::change_roles::give_role, http::change_roles::take_role))
        .with_state(Administration { accounts, knows_cinema })
}
