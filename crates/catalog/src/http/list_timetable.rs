//! `GET /admin/shows`: every show of some days of a cinema, with its prices.

use std::sync::Arc;

use axum::extract::State;
use marquee_http::{Fields, Json, Manager, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{CinemaId, Money, Page};
use marquee_pricing::PriceList;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::day::Day;
use super::refusals::AdminAlone;
use super::views::ShowView;
use crate::model::Show;
use crate::{Catalog, Error};

/// The most days of one call: any month.
const DAYS_MAX: i32 = 31;

/// Which shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListTimetable {
    /// Of that cinema.
    #[param(value_type = CinemaId)]
    cinema_id: String,
    /// From that day on, as the cinema's wall says.
    #[param(value_type = String, format = "date")]
    from: Day,
    /// To that day, at most 31 days in all; the same day when it is left out.
    #[param(required = false, value_type = String, format = "date")]
    to: Option<Day>,
    /// Items of the page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// A show and what its seats cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlannedShow {
    #[serde(flatten)]
    show: ShowView,
    /// By category.
    #[schema(value_type = std::collections::BTreeMap<String, Money>)]
    prices: PriceList,
}

/// Every show that starts on some days of a cinema, also those that are over or cancelled, by start.
#[utoipa::path(
    get, path = "/admin/shows", tag = "administration", security(("bearer" = [])), params(ListTimetable),
    responses(
        (status = 200, description = "A page of shows.", body = Page<PlannedShow>),
        (
            status = 404, description = "`cinema_not_found`",
            body = ProblemDoc, content_type = "application/problem+json",
        ),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminAlone,
    ),
)]
pub(super) async fn list_timetable(
    State(catalog): State<Catalog>,
    Manager(manager): Manager,
    query: Query<ListTimetable>,
) -> Result<Json<Page<PlannedShow>>, Problem> {
    let ListTimetable { cinema_id, from, to, limit, cursor } = query.parse()?;
    // What is not an id names nothing, and what is not there comes before what is wrong with the request.
    let cinema_id: CinemaId = cinema_id.parse().map_err(|_| Error::CinemaNotFound)?;
    manager.require_manager_of(cinema_id)?;
    catalog.cinema(cinema_id).await?;
    let (from, to) = (from.0, to.unwrap_or(from).0);
    let days = (to - from).get_days() + 1;
    let mut fields = Fields::default();
    fields.check((1..=DAYS_MAX).contains(&days), "to", format!("must be 0 to {} days after from", DAYS_MAX - 1));
    fields.finish()?;
    let wanted = page_request(crate::TIMETABLE_LIST, limit, cursor.as_deref())?;
    let shows = catalog.timetable(cinema_id, (from, to), wanted).await?;
    let now = catalog.now();
    let planned =
        |show: Arc<Show>| PlannedShow { show: ShowView::of(&show, &catalog, now), prices: show.prices.clone() };
    Ok(Json(shows.map(planned)))
}
