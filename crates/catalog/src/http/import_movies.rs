//! `POST /admin/movies/import`: adds the films of a file, or says what that would change.

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Admin, Body, Json, Problem, ProblemDoc, Query};
use marquee_kernel::{Code, MovieId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::refusals::AdminAlone;
use crate::import::{self, BadRecord, Films, MovieRecord};
use crate::model::NewMovie;
use crate::service::{Fate, Foreseen};
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

/// What became of a file, or would.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ImportView {
    /// Whether nothing was written.
    dry_run: bool,
    /// Films that are new.
    added: usize,
    /// Films that were there and say something else now.
    changed: usize,
    /// Films that were there and say the same, or that were removed and stay removed.
    unchanged: usize,
    /// Records that cannot be imported.
    refused: usize,
    /// Showings of the file: of these, this call takes the films alone.
    showings: usize,
    /// Films whose file gives no running time, and which are given 120 minutes.
    durations_assumed: usize,
    /// Every record but the unchanged, by line.
    records: Vec<RecordView>,
}

/// A record of the file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordView {
    /// Where it stands in the file, from 1.
    line: usize,
    /// The film's title; `null` for a record that names none that can be read.
    #[schema(required)]
    title: Option<String>,
    outcome: Outcome,
    /// The film; `null` while it is not there.
    #[schema(required)]
    movie_id: Option<MovieId>,
    /// What differs, of a film that is changed.
    changes: Vec<FieldChange>,
    /// Why it is refused.
    #[schema(required)]
    reason: Option<String>,
}

/// What became of a record, or would.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Added,
    Changed,
    Refused,
}

/// A field that says something else than before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldChange {
    /// As the movie's.
    field: String,
    /// What it was.
    #[schema(value_type = Value, required)]
    old: Value,
    /// What it is.
    #[schema(value_type = Value, required)]
    new: Value,
}

/// Adds the films of a file, or says what that would change.
///
/// The file is what `marquee import movies` takes: vega-datasets' `movies.json` or schema.org JSON-LD, of at most a mebibyte.
/// Films are known by what the file calls them, so that the same file twice changes nothing. A bad record is refused alone.
#[utoipa::path(
    post, path = "/admin/movies/import", tag = "administration", security(("bearer" = [])), params(HowToImport),
    request_body(content = Value, description = "The file.", content_type = "application/json"),
    responses(
        (status = 200, description = "What became of it, or would.", body = ImportView),
        (status = 413, description = "`too_large`", body = ProblemDoc, content_type = "application/problem+json"),
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
    let (films, refused, showings) = Films::of(records);
    let outcomes = outcomes(&catalog, Actor::User(admin.user_id), dry_run, &films).await?;
    Ok(Json(ImportView::of(dry_run, showings, films, outcomes, refused)))
}

async fn outcomes(
    catalog: &Catalog,
    actor: Actor,
    dry_run: bool,
    films: &[MovieRecord],
) -> Result<Vec<Foreseen>, Error> {
    let movies: Vec<NewMovie> = films.iter().map(|film| film.movie.clone()).collect();
    if dry_run {
        return catalog.foresee_movies(movies).await;
    }
    let added = catalog.add_movies(actor, movies).await?.movies;
    Ok(added.into_iter().map(|movie| movie.map(|(movie_id, fate)| (Some(movie_id), fate))).collect())
}

impl ImportView {
    fn of(
        dry_run: bool,
        showings: usize,
        films: Vec<MovieRecord>,
        outcomes: Vec<Foreseen>,
        refused: Vec<BadRecord>,
    ) -> Self {
        let durations_assumed = films.iter().filter(|film| film.duration_assumed).count();
        let mut view = Self { dry_run, showings, durations_assumed, ..Self::default() };
        for (film, outcome) in films.into_iter().zip(outcomes) {
            view.note(film, outcome);
        }
        for BadRecord { line, reason } in refused {
            view.refuse(line, None, reason);
        }
        view.records.sort_by_key(|record| record.line);
        view
    }

    fn note(&mut self, film: MovieRecord, outcome: Foreseen) {
        let (line, title) = (film.line, Some(film.movie.details.title));
        let (outcome, movie_id, changed) = match outcome {
            Ok((movie_id, Fate::Added)) => (Outcome::Added, movie_id, None),
            Ok((movie_id, Fate::Changed(changed))) => (Outcome::Changed, movie_id, Some(changed)),
            Ok((_, Fate::Unchanged)) => {
                self.unchanged += 1;
                return;
            }
            Err(faults) => return self.refuse(line, title, faults.to_string()),
        };
        match outcome {
            Outcome::Added => self.added += 1,
            Outcome::Changed | Outcome::Refused => self.changed += 1,
        }
        let changes = changed.into_iter().flatten().map(FieldChange::from).collect();
        self.records.push(RecordView { line, title, outcome, movie_id, changes, reason: None });
    }

    fn refuse(&mut self, line: usize, title: Option<String>, reason: String) {
        self.refused += 1;
        let (outcome, reason) = (Outcome::Refused, Some(reason));
        self.records.push(RecordView { line, title, outcome, movie_id: None, changes: Vec::new(), reason });
    }
}

impl From<(String, Value)> for FieldChange {
    fn from((field, mut change): (String, Value)) -> Self {
        Self { field, old: change["old"].take(), new: change["new"].take() }
    }
}
