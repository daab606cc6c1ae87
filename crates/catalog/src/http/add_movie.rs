//! `POST /admin/movies`: adds a movie.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Admin, Body, Created, Fields, NoQuery, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::list_shows::read_date;
use super::refusals::AdminWithBody;
use super::views::MovieView;
use crate::Catalog;
use crate::model::MovieDetails;

/// A movie to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddMovie {
    /// Its title.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// How long it runs.
    #[schema(minimum = 1, maximum = 1000)]
    duration_minutes: u32,
    /// Each once.
    #[serde(default)]
    #[schema(max_items = 20)]
    genres: Vec<String>,
    /// Languages it is shown in, each once.
    #[serde(default)]
    #[schema(max_items = 20)]
    languages: Vec<String>,
    /// The censor's mark, such as `UA` or `PG-13`.
    #[schema(max_length = 16)]
    certificate: Option<String>,
    /// What it is about; may have line breaks.
    #[schema(max_length = 5000)]
    synopsis: Option<String>,
    /// The day it came out.
    #[schema(format = "date", example = "2026-11-22")]
    release_date: Option<String>,
    /// Who directed it.
    #[schema(max_length = 200)]
    director: Option<String>,
    /// Who plays in it, in the order of billing.
    #[serde(default)]
    #[schema(max_items = 100)]
    cast: Vec<String>,
}

/// Adds a movie.
#[utoipa::path(
    post, path = "/admin/movies", tag = "administration", security(("bearer" = [])), request_body = AddMovie,
    responses((status = 201, description = "The movie.", body = MovieView), AdminWithBody),
)]
pub(super) async fn add_movie(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    query: NoQuery,
    body: Body<AddMovie>,
) -> Result<Created<MovieView>, Problem> {
    query.check()?;
    let AddMovie { title, duration_minutes, genres, languages, certificate, synopsis, release_date, director, cast } =
        body.parse()?;
    let mut fields = Fields::default();
    let release_date = release_date.and_then(|text| fields.take("release_date", read_date(&text)));
    fields.finish()?;
    let movie = MovieDetails {
        title,
        duration_minutes,
        genres,
        languages,
        certificate,
        synopsis,
        release_date,
        director,
        cast,
    };
    let movie = catalog.add_movie(Actor::User(admin.user_id), movie).await?;
    Ok(Created(MovieView::from(movie)))
}
