//! `GET /admin/screens/{screen_id}`: a screen with its newest layout as it is written down.

use axum::extract::State;
use marquee_http::{Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ScreenId;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusals::AdminAlone;
use super::views::ScreenView;
use crate::Catalog;
use crate::model::LayoutPlan;

/// A screen and what its seats are drawn from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScreenPlan {
    #[serde(flatten)]
    screen: ScreenView,
    /// The newest layout.
    layout: LayoutPlan,
}

/// A screen with its newest layout as it is written down.
#[utoipa::path(
    get, path = "/admin/screens/{screen_id}", tag = "administration", security(("bearer" = [])),
    params(("screen_id" = ScreenId, Path)),
    responses(
        (status = 200, description = "The screen.", body = ScreenPlan),
        (status = 404, description = "`screen_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminAlone,
    ),
)]
pub(super) async fn get_screen(
    State(catalog): State<Catalog>,
    Manager(caller): Manager,
    Id(screen_id): Id<ScreenId>,
    query: NoQuery,
) -> Result<Json<ScreenPlan>, Problem> {
    let (screen, layout) = catalog.screen_with_plan(screen_id).await?;
    caller.require_manager_of(screen.cinema_id)?;
    query.check()?;
    Ok(Json(ScreenPlan { screen: ScreenView::from(screen), layout }))
}
