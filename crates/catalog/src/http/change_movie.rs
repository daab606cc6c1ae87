//! `PATCH /admin/movies/{movie_id}`: changes what is given of a movie.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Admin, Body, Fields, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::MovieId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::list_shows::read_date;
use super::refusals::AdminWithBody;
use super::views::MovieView;
use super::{given, present};
use crate::Catalog;
use crate::model::FactsVersion;

/// What to change of a movie; `null` empties a field that may be empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMovie {
    /// Its title.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    title: Option<String>,
    /// How long it runs; for shows that are scheduled from now on.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u32, minimum = 1, maximum = 1000)]
    duration_minutes: Option<u32>,
    /// Each once.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, max_items = 20)]
    genres: Option<Vec<String>>,
    /// Languages it is shown in, each once.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, max_items = 20)]
    languages: Option<Vec<String>>,
    /// The censor's mark, such as `UA` or `PG-13`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 16)]
    certificate: Option<Option<String>>,
    /// What it is about; may have line breaks.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 5000)]
    synopsis: Option<Option<String>>,
    /// The day it came out.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "date")]
    release_date: Option<Option<String>>,
    /// Who directed it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    director: Option<Option<String>>,
    /// Who plays in it, in the order of billing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, max_items = 100)]
    cast: Option<Vec<String>>,
    /// The `facts_version` that the change was made from: refused when it has another by now. Left out, any facts are changed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String)]
    facts_version: Option<FactsVersion>,
}

/// Changes what is given of a movie. Shows that are scheduled keep their times.
#[utoipa::path(
    patch, path = "/admin/movies/{movie_id}", tag = "administration", security(("bearer" = [])),
    params(("movie_id" = MovieId, Path)), request_body = ChangeMovie,
    responses(
        (status = 200, description = "The movie.", body = MovieView),
        (status = 404, description = "`movie_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`facts_changed`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn change_movie(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    Id(movie_id): Id<MovieId>,
    query: NoQuery,
    body: Body<ChangeMovie>,
) -> Result<Json<MovieView>, Problem> {
    catalog.movie(movie_id).await?;
    query.check()?;
    let change = body.parse()?;
    let mut fields = Fields::default();
    let release_date = change.release_date.map(|date| date.map(|text| read_date(&text)).transpose());
    let release_date = release_date.and_then(|date| fields.take("release_date", date));
    fields.finish()?;
    let changed = catalog.change_movie(Actor::User(admin.user_id), movie_id, change.facts_version, move |movie| {
        put(&mut movie.title, change.title);
        put(&mut movie.duration_minutes, change.duration_minutes);
        put(&mut movie.genres, change.genres);
        put(&mut movie.languages, change.languages);
        put(&mut movie.certificate, change.certificate);
        put(&mut movie.synopsis, change.synopsis);
        put(&mut movie.release_date, release_date);
        put(&mut movie.director, change.director);
        put(&mut movie.cast, change.cast);
    });
    Ok(Json(MovieView::from(changed.await?)))
}

/// Replaces `place` by what was given, if anything was.
pub(super) fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}
