//! `DELETE /admin/movies/{movie_id}`: removes a movie that no coming show uses.

use axum::extract::State;
use axum::http::StatusCode;
use marquee_bus::Actor;
use marquee_http::{Admin, Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::MovieId;

use super::refusals::AdminAlone;
use crate::Catalog;

/// Removes a movie that no coming show uses. What was sold for it keeps its title.
#[utoipa::path(
    delete, path = "/admin/movies/{movie_id}", tag = "administration", security(("bearer" = [])),
    params(("movie_id" = MovieId, Path)),
    responses(
        (status = 204, description = "It is removed."),
        (status = 404, description = "`movie_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`in_use`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminAlone,
    ),
)]
pub(super) async fn remove_movie(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    Id(movie_id): Id<MovieId>,
    query: NoQuery,
) -> Result<StatusCode, Problem> {
    catalog.movie(movie_id).await?;
    query.check()?;
    catalog.remove_movie(Actor::User(admin.user_id), movie_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
