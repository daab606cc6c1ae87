//! `PATCH /admin/screens/{screen_id}`: renames a screen, or gives it its next layout.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Admin, Body, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ScreenId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::present;
use super::refusals::AdminWithBody;
use super::views::ScreenView;
use crate::Catalog;
use crate::model::LayoutPlan;

/// What to change of a screen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeScreen {
    /// Its name; no other screen of the cinema has it, whatever its case.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its seats from now on; shows that are scheduled keep theirs.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = LayoutPlan)]
    layout: Option<LayoutPlan>,
}

/// Renames a screen, or gives it its next layout: shows that are scheduled keep theirs, new ones take the new one.
#[utoipa::path(
    patch, path = "/admin/screens/{screen_id}", tag = "administration", security(("bearer" = [])),
    params(("screen_id" = ScreenId, Path)), request_body = ChangeScreen,
    responses(
        (status = 200, description = "The screen.", body = ScreenView),
        (status = 404, description = "`screen_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn change_screen(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    Id(screen_id): Id<ScreenId>,
    query: NoQuery,
    body: Body<ChangeScreen>,
) -> Result<Json<ScreenView>, Problem> {
    catalog.screen(screen_id).await?;
    query.check()?;
    let ChangeScreen { name, layout } = body.parse()?;
    let screen = catalog.change_screen(Actor::User(admin.user_id), screen_id, name, layout).await?;
    Ok(Json(ScreenView::from(screen)))
}
