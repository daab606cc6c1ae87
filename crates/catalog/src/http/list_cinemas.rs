//! `GET /cinemas`: cinemas by name.

use axum::extract::State;
use marquee_http::{Fields, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{CinemaId, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::list_movies::filter_text;
use super::page::{self, Reader, page};
use super::views::CinemaView;
use crate::Catalog;
use crate::caches::PageKey;

/// Which cinemas.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListCinemas {
    /// In that city, whatever its case.
    #[param(required = false, value_type = String, min_length = 1, max_length = 100)]
    city: Option<String>,
    /// Items of the page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// Cinemas by name.
#[utoipa::path(get, path = "/cinemas", tag = "browsing", params(ListCinemas), responses(
    (status = 200, description = "A page of cinemas.", body = Page<CinemaView>),
    (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
))]
pub(super) async fn list_cinemas(
    State(catalog): State<Catalog>,
    Reader(fresh): Reader,
    query: Query<ListCinemas>,
) -> Result<page::Page, Problem> {
    let ListCinemas { city, limit, cursor } = query.parse()?;
    let mut fields = Fields::default();
    let city = filter_text(&mut fields, "city", city);
    fields.finish()?;
    let wanted = page_request::<(String, CinemaId)>(crate::CINEMA_LIST, limit, cursor.as_deref())?;
    let key = PageKey::Cinemas { city: city.clone(), after: wanted.after.clone(), limit: wanted.limit };
    page(&catalog, fresh, key, async || Ok(catalog.find_cinemas(fresh, city, wanted).await?.map(CinemaView::from)))
        .await
}
