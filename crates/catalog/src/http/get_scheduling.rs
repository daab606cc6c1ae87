//! `GET /admin/cinemas/{cinema_id}/scheduling`: what whoever schedules in a cinema has to know.

use std::sync::Arc;

use axum::extract::State;
use marquee_http::{Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{CinemaId, Money, ScreenId};
use marquee_pricing::PriceList;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusals::AdminAlone;
use crate::Catalog;
use crate::model::SchedulableScreen;

/// What scheduling in a cinema goes by.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SchedulingView {
    cinema_id: CinemaId,
    /// How long a screen stands empty between two shows.
    #[schema(minimum = 0, maximum = 240)]
    cleaning_gap_minutes: i64,
    /// By name.
    screens: Vec<SchedulableScreenView>,
}

/// A screen, and what a show on it needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchedulableScreen)]
pub(super) struct SchedulableScreenView {
    screen_id: ScreenId,
    name: String,
    /// Seats of the newest layout.
    capacity: u32,
    /// The price areas of the newest layout, from the screen to the back: each wants a price.
    #[schema(value_type = Vec<String>)]
    categories: Vec<Arc<str>>,
    /// What seats cost at the screen's last show, by category; `null` when it has had none.
    #[schema(required, value_type = Option<std::collections::BTreeMap<String, Money>>)]
    last_prices: Option<PriceList>,
}

impl From<SchedulableScreen> for SchedulableScreenView {
    fn from(SchedulableScreen { screen, layout, last_prices }: SchedulableScreen) -> Self {
        let categories = layout.categories().to_vec();
        Self { screen_id: screen.screen_id, name: screen.name, capacity: screen.capacity, categories, last_prices }
    }
}

/// Says what scheduling in a cinema goes by: the cleaning gap, and each screen's categories and last prices.
#[utoipa::path(
    get, path = "/admin/cinemas/{cinema_id}/scheduling", tag = "administration", security(("bearer" = [])),
    params(("cinema_id" = CinemaId, Path)),
    responses(
        (status = 200, description = "What scheduling goes by.", body = SchedulingView),
        (
            status = 404, description = "`cinema_not_found`",
            body = ProblemDoc, content_type = "application/problem+json",
        ),
        AdminAlone,
    ),
)]
pub(super) async fn get_scheduling(
    State(catalog): State<Catalog>,
    Manager(manager): Manager,
    Id(cinema_id): Id<CinemaId>,
    query: NoQuery,
) -> Result<Json<SchedulingView>, Problem> {
    manager.require_manager_of(cinema_id)?;
    let screens = catalog.schedulable_screens(cinema_id).await?;
    query.check()?;
    let screens = screens.into_iter().map(SchedulableScreenView::from).collect();
    Ok(Json(SchedulingView { cinema_id, cleaning_gap_minutes: catalog.cleaning_gap().as_mins(), screens }))
}
