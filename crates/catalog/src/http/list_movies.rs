//! `GET /movies`: movies by title.

use axum::extract::State;
use marquee_http::{Fields, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{MovieId, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::page::{self, Reader, page};
use super::views::MovieCard;
use crate::Catalog;
use crate::caches::PageKey;
use crate::model::fold;
use crate::store::MovieFilter;

/// The longest text a filter takes, in characters.
pub(super) const FILTER_CHARS_MAX: usize = 100;

/// Which movies; everything that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListMovies {
    /// A part of the title, whatever its case.
    #[param(required = false, value_type = String, max_length = 100)]
    q: Option<String>,
    /// A genre, whatever its case.
    #[param(required = false, value_type = String, min_length = 1, max_length = 100)]
    genre: Option<String>,
    /// A language, whatever its case.
    #[param(required = false, value_type = String, min_length = 1, max_length = 100)]
    language: Option<String>,
    /// Movies with a show in that city that has not ended.
    #[param(required = false, value_type = String, min_length = 1, max_length = 100)]
    city: Option<String>,
    /// Items of the page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// Movies by title.
#[utoipa::path(get, path = "/movies", tag = "browsing", params(ListMovies), responses(
    (status = 200, description = "A page of movies.", body = Page<MovieCard>),
    (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
))]
pub(super) async fn list_movies(
    State(catalog): State<Catalog>,
    Reader(fresh): Reader,
    query: Query<ListMovies>,
) -> Result<page::Page, Problem> {
    let ListMovies { q, genre, language, city, limit, cursor } = query.parse()?;
    let mut fields = Fields::default();
    let filter = MovieFilter {
        title_part: filter_text(&mut fields, "q", q),
        genre: filter_text(&mut fields, "genre", genre),
        language: filter_text(&mut fields, "language", language),
        city: filter_text(&mut fields, "city", city),
    };
    fields.finish()?;
    let wanted = page_request::<(String, MovieId)>(crate::MOVIE_LIST, limit, cursor.as_deref())?;
    let key = PageKey::Movies { filter: filter.clone(), after: wanted.after.clone(), limit: wanted.limit };
    page(&catalog, fresh, key, async || Ok(catalog.movies(fresh, filter, wanted).await?.map(MovieCard::from))).await
}

/// A filter's text as it is compared. Only `q` may be empty, as a search field that is not filled in: it asks for everything.
pub(super) fn filter_text(fields: &mut Fields, name: &str, text: Option<String>) -> Option<String> {
    let text = text?;
    let fits = text.chars().count() <= FILTER_CHARS_MAX;
    fields.check(fits, name, format!("must be at most {FILTER_CHARS_MAX} characters"));
    Some(fold(&text)).filter(|text| !text.is_empty())
}
