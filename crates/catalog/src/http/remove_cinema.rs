//! `DELETE /admin/cinemas/{cinema_id}`: removes a cinema that no coming show uses.

use axum::extract::State;
use axum::http::StatusCode;
use marquee_bus::Actor;
use marquee_http::{Admin, Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::CinemaId;

use super::refusals::AdminAlone;
use crate::Catalog;

/// Removes a cinema and its screens, when no coming show uses them.
#[utoipa::path(
    delete, path = "/admin/cinemas/{cinema_id}", tag = "administration", security(("bearer" = [])),
    params(("cinema_id" = CinemaId, Path)),
    responses(
        (status = 204, description = "It is removed."),
        (status = 404, description = "`cinema_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`in_use`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminAlone,
    ),
)]
pub(super) async fn remove_cinema(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    Id(cinema_id): Id<CinemaId>,
    query: NoQuery,
) -> Result<StatusCode, Problem> {
    catalog.cinema(cinema_id).await?;
    query.check()?;
    catalog.remove_cinema(Actor::User(admin.user_id), cinema_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
