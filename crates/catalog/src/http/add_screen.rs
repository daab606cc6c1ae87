//! `POST /admin/cinemas/{cinema_id}/screens`: adds a screen with its first layout.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Body, Created, Id, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::CinemaId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::refusals::AdminWithBody;
use super::views::ScreenView;
use crate::Catalog;
use crate::model::LayoutPlan;

/// A screen to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddScreen {
    /// Its name; no other screen of the cinema has it, whatever its case.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its seats.
    layout: LayoutPlan,
}

/// Adds a screen with its first layout.
#[utoipa::path(
    post, path = "/admin/cinemas/{cinema_id}/screens", tag = "administration", security(("bearer" = [])),
    params(("cinema_id" = CinemaId, Path)), request_body = AddScreen,
    responses(
        (status = 201, description = "The screen.", body = ScreenView),
        (status = 404, description = "`cinema_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn add_screen(
    State(catalog): State<Catalog>,
    Manager(caller): Manager,
    Id(cinema_id): Id<CinemaId>,
    query: NoQuery,
    body: Body<AddScreen>,
) -> Result<Created<ScreenView>, Problem> {
    caller.require_manager_of(catalog.cinema(cinema_id).await?.cinema_id)?;
    query.check()?;
    let AddScreen { name, layout } = body.parse()?;
    let screen = catalog.add_screen(Actor::User(caller.user_id), cinema_id, name, layout).await?;
    Ok(Created(ScreenView::from(screen)))
}
