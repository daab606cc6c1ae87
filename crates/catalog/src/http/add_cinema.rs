//! `POST /admin/cinemas`: adds a cinema.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Admin, Body, Created, NoQuery, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::refusals::AdminWithBody;
use super::views::CinemaView;
use crate::Catalog;
use crate::model::{CinemaDetails, Location};

/// A cinema to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddCinema {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its city.
    #[schema(min_length = 1, max_length = 100)]
    city: String,
    /// The IANA name of its time zone.
    #[schema(example = "Asia/Kolkata")]
    timezone: String,
    /// Street and number, on one line.
    #[schema(max_length = 500)]
    address: Option<String>,
    /// Where it stands.
    location: Option<Location>,
    /// How long before a show its seats are no longer sold.
    #[serde(default)]
    #[schema(maximum = 10080)]
    sales_close_minutes_before_start: u32,
    /// How long before a show a booking can no longer be cancelled.
    #[serde(default)]
    #[schema(maximum = 10080)]
    cancellation_close_minutes_before_start: u32,
}

/// Adds a cinema, still without screens.
#[utoipa::path(
    post, path = "/admin/cinemas", tag = "administration", security(("bearer" = [])), request_body = AddCinema,
    responses((status = 201, description = "The cinema.", body = CinemaView), AdminWithBody),
)]
pub(super) async fn add_cinema(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    query: NoQuery,
    body: Body<AddCinema>,
) -> Result<Created<CinemaView>, Problem> {
    query.check()?;
    let wanted = body.parse()?;
    let cinema = CinemaDetails {
        name: wanted.name,
        city: wanted.city,
        timezone: wanted.timezone,
        address: wanted.address,
        location: wanted.location,
        sales_close_minutes_before_start: wanted.sales_close_minutes_before_start,
        cancellation_close_minutes_before_start: wanted.cancellation_close_minutes_before_start,
    };
    let cinema = catalog.add_cinema(Actor::User(admin.user_id), cinema).await?;
    Ok(Created(CinemaView::from(cinema)))
}
