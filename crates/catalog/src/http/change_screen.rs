//! `PATCH /admin/screens/{screen_id}`: renames a screen, or gives it its next layout.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Body, Fields, Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ScreenId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::present;
use super::refusals::AdminWithBody;
use super::views::ScreenView;
use crate::Catalog;
use crate::model::LayoutPlan;
use crate::service::NextLayout;

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
    /// The version that `layout` was drawn from: refused when the screen has another by now. Left out, any is replaced.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = i64, minimum = 1)]
    layout_version: Option<i64>,
}

/// Renames a screen, or gives it its next layout: shows that are scheduled keep theirs, new ones take the new one.
#[utoipa::path(
    patch, path = "/admin/screens/{screen_id}", tag = "administration", security(("bearer" = [])),
    params(("screen_id" = ScreenId, Path)), request_body = ChangeScreen,
    responses(
        (status = 200, description = "The screen.", body = ScreenView),
        (status = 404, description = "`screen_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`layout_changed`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn change_screen(
    State(catalog): State<Catalog>,
    Manager(caller): Manager,
    Id(screen_id): Id<ScreenId>,
    query: NoQuery,
    body: Body<ChangeScreen>,
) -> Result<Json<ScreenView>, Problem> {
    caller.require_manager_of(catalog.screen(screen_id).await?.cinema_id)?;
    query.check()?;
    let ChangeScreen { name, layout, layout_version } = body.parse()?;
    let mut fields = Fields::default();
    fields.check(layout.is_some() || layout_version.is_none(), "layout_version", "goes with a layout alone");
    fields.finish()?;
    let layout = layout.map(|plan| NextLayout { plan, drawn_from: layout_version });
    let screen = catalog.change_screen(Actor::User(caller.user_id), screen_id, name, layout).await?;
    Ok(Json(ScreenView::from(screen)))
}
