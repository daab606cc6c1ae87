//! `PATCH /admin/cinemas/{cinema_id}`: changes what is given of a cinema.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Body, Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::CinemaId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::change_movie::put;
use super::refusals::AdminWithBody;
use super::views::CinemaView;
use super::{given, present};
use crate::Catalog;
use crate::model::{FactsVersion, Location};

/// What to change of a cinema; `null` empties a field that may be empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeCinema {
    /// Its name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its city.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    city: Option<String>,
    /// The IANA name of its time zone. Shows start at the same instants; their local dates follow.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, example = "Asia/Kolkata")]
    timezone: Option<String>,
    /// Street and number, on one line.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    address: Option<Option<String>>,
    /// Where it stands.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Location>)]
    location: Option<Option<Location>>,
    /// How long before a show its seats are no longer sold.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u32, maximum = 10080)]
    sales_close_minutes_before_start: Option<u32>,
    /// How long before a show a booking can no longer be cancelled.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u32, maximum = 10080)]
    cancellation_close_minutes_before_start: Option<u32>,
    /// The `facts_version` that the change was made from: refused when it has another by now. Left out, any facts are changed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String)]
    facts_version: Option<FactsVersion>,
}

/// Changes what is given of a cinema.
#[utoipa::path(
    patch, path = "/admin/cinemas/{cinema_id}", tag = "administration", security(("bearer" = [])),
    params(("cinema_id" = CinemaId, Path)), request_body = ChangeCinema,
    responses(
        (status = 200, description = "The cinema.", body = CinemaView),
        (status = 404, description = "`cinema_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`facts_changed`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn change_cinema(
    State(catalog): State<Catalog>,
    Manager(caller): Manager,
    Id(cinema_id): Id<CinemaId>,
    query: NoQuery,
    body: Body<ChangeCinema>,
) -> Result<Json<CinemaView>, Problem> {
    caller.require_manager_of(catalog.cinema(cinema_id).await?.cinema_id)?;
    query.check()?;
    let change = body.parse()?;
    let changed = catalog.change_cinema(Actor::User(caller.user_id), cinema_id, change.facts_version, move |cinema| {
        put(&mut cinema.name, change.name);
        put(&mut cinema.city, change.city);
        put(&mut cinema.timezone, change.timezone);
        put(&mut cinema.address, change.address);
        put(&mut cinema.location, change.location);
        put(&mut cinema.sales_close_minutes_before_start, change.sales_close_minutes_before_start);
        put(&mut cinema.cancellation_close_minutes_before_start, change.cancellation_close_minutes_before_start);
    });
    Ok(Json(CinemaView::from(changed.await?)))
}
