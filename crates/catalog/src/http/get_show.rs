//! `GET /shows/{show_id}`: one show, also when it is cancelled or over.

use axum::extract::State;
use marquee_http::{Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ShowId;

use super::page::Reader;
use super::views::ShowView;
use crate::Catalog;
use crate::service::Fresh;

/// One show, also when it is cancelled or over.
#[utoipa::path(get, path = "/shows/{show_id}", tag = "browsing", params(("show_id" = ShowId, Path)), responses(
    (status = 200, description = "The show.", body = ShowView),
    (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
))]
pub(super) async fn get_show(
    State(catalog): State<Catalog>,
    Reader(fresh): Reader,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
) -> Result<Json<ShowView>, Problem> {
    let show = match fresh {
        Fresh::Lately => catalog.show(show_id).await?,
        Fresh::Now => catalog.show_now(show_id).await?,
    };
    query.check()?;
    Ok(Json(ShowView::of(&show, &catalog, catalog.now())))
}
