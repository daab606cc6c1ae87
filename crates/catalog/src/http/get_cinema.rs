//! `GET /cinemas/{cinema_id}`: a cinema and its screens.

use axum::extract::State;
use marquee_http::{Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::CinemaId;

use super::page::{Page, Reader, page};
use super::views::CinemaView;
use crate::Catalog;
use crate::caches::PageKey;

/// A cinema and its screens.
#[utoipa::path(get, path = "/cinemas/{cinema_id}", tag = "browsing", params(("cinema_id" = CinemaId, Path)), responses(
    (status = 200, description = "The cinema.", body = CinemaView),
    (status = 404, description = "`cinema_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
))]
pub(super) async fn get_cinema(
    State(catalog): State<Catalog>,
    Reader(fresh): Reader,
    Id(cinema_id): Id<CinemaId>,
    query: NoQuery,
) -> Result<Page, Problem> {
    let answer = page(&catalog, fresh, PageKey::Cinema(cinema_id), async || {
        Ok(CinemaView::from(catalog.find_cinema(fresh, cinema_id).await?))
    })
    .await?;
    query.check()?;
    Ok(answer)
}
