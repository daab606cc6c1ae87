//! `GET /movies/{movie_id}`: everything that is known of a movie.

use axum::extract::State;
use marquee_http::{Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::MovieId;

use super::page::{Page, Reader, page};
use super::views::MovieView;
use crate::Catalog;
use crate::caches::PageKey;

/// Everything that is known of a movie.
#[utoipa::path(get, path = "/movies/{movie_id}", tag = "browsing", params(("movie_id" = MovieId, Path)), responses(
    (status = 200, description = "The movie.", body = MovieView),
    (status = 404, description = "`movie_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
))]
pub(super) async fn get_movie(
    State(catalog): State<Catalog>,
    Reader(fresh): Reader,
    Id(movie_id): Id<MovieId>,
    query: NoQuery,
) -> Result<Page, Problem> {
    let answer = page(&catalog, fresh, PageKey::Movie(movie_id), async || {
        Ok(MovieView::from(catalog.find_movie(fresh, movie_id).await?))
    })
    .await?;
    query.check()?;
    Ok(answer)
}
