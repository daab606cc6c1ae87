//! `GET /admin/dashboard`: what a day has brought, for those who manage.

use axum::extract::State;
use axum::response::IntoResponse;
use jiff::civil::Date;
use marquee_catalog::read_date;
use marquee_http::{Fields, Json, Manager, Places, Problem, ProblemDoc, Query};
use marquee_kernel::CinemaId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::PRIVATE;
use crate::dashboard_view::DashboardView;
use crate::service::Booking;

/// Of where and when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowDashboard {
    /// Of that cinema; without it of all that the caller manages.
    #[param(required = false, value_type = CinemaId)]
    cinema_id: Option<CinemaId>,
    /// The day, as each cinema's wall says.
    #[param(value_type = String, format = "date")]
    date: String,
}

/// Shows what a day has brought: sales by hour, how full the shows are, how many holds became bookings, and what was given back.
#[utoipa::path(
    get,
    path = "/admin/dashboard",
    tag = "administration",
    params(ShowDashboard),
    responses(
        (status = 200, description = "The day so far", body = DashboardView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for managers of that cinema and for administrators", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`cinema_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn show_dashboard(
    State(booking): State<Booking>,
    Manager(caller): Manager,
    query: Query<ShowDashboard>,
) -> Result<impl IntoResponse, Problem> {
    let ShowDashboard { cinema_id, date } = query.parse()?;
    let places = match cinema_id {
        None => caller.managed(),
        Some(cinema_id) => {
            caller.require_manager_of(cinema_id)?;
            booking.has_cinema(cinema_id).await?;
            Places::These(vec![cinema_id])
        }
    };
    let mut fields = Fields::default();
    let date = fields.take("date", read_date(&date));
    fields.finish()?;
    let dashboard = booking.dashboard(places, date.unwrap_or(Date::ZERO)).await?;
    Ok(([PRIVATE], Json(dashboard)))
}
