//! What became of a file, as clients see it.

use marquee_kernel::{MovieId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Error;
use crate::import::{Contents, MovieRecord, ScreeningRecord};
use crate::service::{Fate, Foreseen, Showing};

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
    /// Showings that are on sale now.
    shows_added: usize,
    /// Showings that were there, or had been and were cancelled, and stay so.
    shows_known: usize,
    /// Cinemas that were added for showings.
    cinemas_added: usize,
    /// Records that cannot be imported.
    refused: usize,
    /// Films whose file gives no running time, and which are given 120 minutes.
    durations_assumed: usize,
    /// Every record that changes something or is refused, by line.
    records: Vec<ImportedRecord>,
}

/// A record of the file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedRecord {
    /// Where it stands in the file, from 1.
    line: usize,
    /// The film's title; `null` for a record that names none that can be read.
    #[schema(required)]
    title: Option<String>,
    /// Of a showing, where and when; `null` for a film.
    #[schema(required)]
    showing: Option<ImportedShowing>,
    outcome: ImportOutcome,
    /// The film; `null` while it is not there, and for a showing.
    #[schema(required)]
    movie_id: Option<MovieId>,
    /// What differs, of a film that is changed.
    changes: Vec<ImportedField>,
    /// Why it is refused.
    #[schema(required)]
    reason: Option<String>,
}

/// Where and when a film is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedShowing {
    cinema_name: String,
    city: String,
    screen_name: String,
    /// The cinema's IANA zone.
    timezone: String,
    #[schema(value_type = String, format = "date-time")]
    start_time: Timestamp,
}

/// What became of a record, or would.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ImportOutcome {
    Added,
    Changed,
    Refused,
}

/// A field that says something else than before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedField {
    /// As the movie's.
    field: String,
    /// What it was.
    #[schema(value_type = Value, required)]
    old: Value,
    /// What it is.
    #[schema(value_type = Value, required)]
    new: Value,
}

impl ImportView {
    pub(super) fn of(
        dry_run: bool,
        contents: Contents,
        films: Vec<Foreseen>,
        showings: Vec<Result<Showing, Error>>,
    ) -> Self {
        let durations_assumed = contents.films.iter().filter(|film| film.duration_assumed).count();
        let mut view = Self { dry_run, durations_assumed, ..Self::default() };
        for (film, outcome) in contents.films.into_iter().zip(films) {
            view.film(film, outcome);
        }
        for (showing, outcome) in contents.showings.into_iter().zip(showings) {
            view.showing(showing, outcome);
        }
        for bad in contents.refused {
            view.refuse(ImportedRecord::at(bad.line), bad.reason);
        }
        view.records.sort_by_key(|record| record.line);
        view
    }

    fn film(&mut self, film: MovieRecord, outcome: Foreseen) {
        let record = ImportedRecord { title: Some(film.movie.details.title), ..ImportedRecord::at(film.line) };
        match outcome {
            Ok((movie_id, Fate::Added)) => {
                self.added += 1;
                self.records.push(ImportedRecord { movie_id, ..record });
            }
            Ok((movie_id, Fate::Changed(changed))) => {
                self.changed += 1;
                let changes = changed.into_iter().map(ImportedField::from).collect();
                self.records.push(ImportedRecord { outcome: ImportOutcome::Changed, movie_id, changes, ..record });
            }
            Ok((_, Fate::Unchanged)) => self.unchanged += 1,
            Err(faults) => self.refuse(record, faults.to_string()),
        }
    }

    fn showing(&mut self, showing: ScreeningRecord, outcome: Result<Showing, Error>) {
        let record = ImportedRecord::of(showing);
        match outcome {
            Ok(Showing::Known) => self.shows_known += 1,
            Ok(added) => {
                self.shows_added += 1;
                self.cinemas_added += usize::from(added == Showing::AddedWithCinema);
                self.records.push(record);
            }
            Err(refused) => self.refuse(record, refused.to_string()),
        }
    }

    fn refuse(&mut self, record: ImportedRecord, reason: String) {
        self.refused += 1;
        self.records.push(ImportedRecord { outcome: ImportOutcome::Refused, reason: Some(reason), ..record });
    }
}

impl ImportedRecord {
    fn at(line: usize) -> Self {
        let (title, showing, movie_id, reason) = (None, None, None, None);
        Self { line, title, showing, outcome: ImportOutcome::Added, movie_id, changes: Vec::new(), reason }
    }

    fn of(ScreeningRecord { line, movie, cinema, screen_name, start_time, .. }: ScreeningRecord) -> Self {
        let title = Some(movie.movie.details.title);
        let (cinema_name, city, timezone) = (cinema.name, cinema.city, cinema.timezone);
        let showing = Some(ImportedShowing { cinema_name, city, screen_name, timezone, start_time });
        Self { title, showing, ..Self::at(line) }
    }
}

impl From<(String, Value)> for ImportedField {
    fn from((field, mut change): (String, Value)) -> Self {
        Self { field, old: change["old"].take(), new: change["new"].take() }
    }
}
