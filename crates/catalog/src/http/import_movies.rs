//! `POST /admin/movies/import`: takes in the films and showings of a file, or says what that would change.

use std::collections::HashSet;

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Admin, Body, Json, Problem, ProblemDoc, Query};
use marquee_kernel::Code;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::import_view::ImportView;
use super::refusals::AdminAlone;
use crate::import::{self, Contents, MovieRecord};
use crate::model::NewMovie;
use crate::service::{Foreseen, Showing};
use crate::{Catalog, Error};

/// How a file is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HowToImport {
    /// Whether only to say what would change.
    #[param(required = false, value_type = bool, default = false)]
    dry_run: Option<bool>,
}

/// Takes in the films and showings of a file, or says what that would change.
///
/// The file is what `marquee import movies` takes: vega-datasets' `movies.json` or schema.org JSON-LD, of at most a mebibyte.
/// Films are known by what the file calls them, so that the same file twice changes nothing. A showing is put on sale; its cinema
/// and screen are added when there are none of those names. A bad record is refused alone.
#[utoipa::path(
    post, path = "/admin/movies/import", tag = "administration", security(("bearer" = [])), params(HowToImport),
    request_body(content = Value, description = "The file.", content_type = "application/json"),
    responses(
        (status = 200, description = "What became of it, or would.", body = ImportView),
        (
            status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json",
        ),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminAlone,
    ),
)]
pub(super) async fn import_movies(
    State(catalog): State<Catalog>,
    Admin(admin): Admin,
    query: Query<HowToImport>,
    body: Body<Value>,
) -> Result<Json<ImportView>, Problem> {
    let dry_run = query.parse()?.dry_run.unwrap_or(false);
    let file = body.bytes()?;
    if std::str::from_utf8(&file).is_err() {
        return Err(Problem::new(Code::InvalidRequest, "The file is not UTF-8."));
    }
    let records = import::parse(&file);
    if records.is_empty() {
        return Err(Problem::new(Code::InvalidRequest, "The file has no records: there is nothing to import."));
    }
    let contents = Contents::of(records);
    let (films, showings) = match dry_run {
        true => foresee(&catalog, &contents).await?,
        false => carry_out(&catalog, Actor::User(admin.user_id), &contents).await?,
    };
    Ok(Json(ImportView::of(dry_run, contents, films, showings)))
}

type Outcomes = (Vec<Foreseen>, Vec<Result<Showing, Error>>);

async fn foresee(catalog: &Catalog, contents: &Contents) -> Result<Outcomes, Error> {
    let films = catalog.foresee_movies(movies(&contents.films)).await?;
    if contents.showings.is_empty() {
        return Ok((films, Vec::new()));
    }
    let shown: HashSet<_> = contents.showings.iter().map(|showing| &showing.movie.movie.source_key).collect();
    let needed = contents.films.iter().filter(|film| shown.contains(&film.movie.source_key));
    let needed = needed.map(|film| film.movie.clone()).collect();
    Ok((films, catalog.foresee_showings(needed, contents.showings.clone()).await?))
}

async fn carry_out(catalog: &Catalog, actor: Actor, contents: &Contents) -> Result<Outcomes, Error> {
    let films = catalog.add_movies(actor, movies(&contents.films)).await?.movies;
    let films = films.into_iter().map(|film| film.map(|(movie_id, fate)| (Some(movie_id), fate)));
    Ok((films.collect(), catalog.add_showings(actor, contents.showings.clone()).await?))
}

fn movies(films: &[MovieRecord]) -> Vec<NewMovie> {
    films.iter().map(|film| film.movie.clone()).collect()
}
