//! `PATCH /admin/shows/{show_id}`: changes what is given of a show that has not started.

use std::collections::BTreeMap;

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Body, Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{Money, ShowId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::change_movie::put;
use super::refusals::AdminWithBody;
use super::views::ShowView;
use super::{given, present};
use crate::Catalog;

/// What to change of a show; `null` empties a field that may be empty. Another movie or screen is another show.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeShow {
    /// When it starts; in the future, at most 730 days ahead. It ends when the movie does.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, format = "date-time", example = "2026-11-22T18:30:00Z")]
    start_time: Option<Timestamp>,
    /// The language it is shown in.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50)]
    language: Option<Option<String>>,
    /// Such as `2D` or `IMAX`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50)]
    format: Option<Option<String>>,
    /// All prices, for every category of the show's layout; what is sold already keeps its price.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = BTreeMap<String, Money>)]
    prices: Option<BTreeMap<String, Money>>,
}

/// Changes what is given of a show that has not started.
#[utoipa::path(
    patch, path = "/admin/shows/{show_id}", tag = "administration", security(("bearer" = [])),
    params(("show_id" = ShowId, Path)), request_body = ChangeShow,
    responses(
        (status = 200, description = "The show.", body = ShowView),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`screen_occupied`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn change_show(
    State(catalog): State<Catalog>,
    Manager(manager): Manager,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
    body: Body<ChangeShow>,
) -> Result<Json<ShowView>, Problem> {
    manager.require_manager_of(catalog.show(show_id).await?.cinema_id)?;
    query.check()?;
    let change = body.parse()?;
    let changed = catalog.change_show(Actor::User(manager.user_id), show_id, move |show| {
        put(&mut show.start_time, change.start_time);
        put(&mut show.language, change.language);
        put(&mut show.format, change.format);
        put(&mut show.prices, change.prices);
    });
    Ok(Json(ShowView::of(&*changed.await?, &catalog, catalog.now())))
}
