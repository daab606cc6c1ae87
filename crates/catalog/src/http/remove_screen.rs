//! `DELETE /admin/screens/{screen_id}`: removes a screen that no coming show uses.

use axum::extract::State;
use axum::http::StatusCode;
use marquee_bus::Actor;
use marquee_http::{Id, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ScreenId;

use super::refusals::AdminAlone;
use crate::Catalog;

/// Removes a screen that no coming show uses.
#[utoipa::path(
    delete, path = "/admin/screens/{screen_id}", tag = "administration", security(("bearer" = [])),
    params(("screen_id" = ScreenId, Path)),
    responses(
        (status = 204, description = "It is removed."),
        (status = 404, description = "`screen_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`in_use`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminAlone,
    ),
)]
pub(super) async fn remove_screen(
    State(catalog): State<Catalog>,
    Manager(caller): Manager,
    Id(screen_id): Id<ScreenId>,
    query: NoQuery,
) -> Result<StatusCode, Problem> {
    caller.require_manager_of(catalog.screen(screen_id).await?.cinema_id)?;
    query.check()?;
    catalog.remove_screen(Actor::User(caller.user_id), screen_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
