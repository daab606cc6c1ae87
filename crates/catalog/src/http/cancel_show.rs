//! `DELETE /admin/shows/{show_id}`: cancels a show that has not started.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ShowId;

use super::refusals::AdminAlone;
use super::views::ShowView;
use crate::Catalog;

/// Cancels a show that has not started, once and for all; every booking is refunded, and its seat map stays readable.
#[utoipa::path(
    delete, path = "/admin/shows/{show_id}", tag = "administration", security(("bearer" = [])),
    params(("show_id" = ShowId, Path)),
    responses(
        (status = 200, description = "The show, cancelled.", body = ShowView),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (
            status = 422, description = "`invalid_request`: it has started",
            body = ProblemDoc, content_type = "application/problem+json",
        ),
        AdminAlone,
    ),
)]
pub(super) async fn cancel_show(
    State(catalog): State<Catalog>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
) -> Result<Json<ShowView>, Problem> {
    manager.require_manager_of(catalog.show(show_id).await?.cinema_id)?;
    query.check()?;
    let show = catalog.cancel_show(Actor::User(manager.user_id), show_id).await?;
    Ok(Json(ShowView::of(&show, &catalog, catalog.now())))
}
