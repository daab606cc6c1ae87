//! Movies.

use jiff::civil::Date;
use marquee_kernel::MovieId;
use serde::Serialize;

use super::{Checked, Faults};

/// The longest film, in minutes. A show is never longer, which bounds every search among shows by time.
pub const DURATION_MINUTES_MAX: u32 = 1_000;

const TITLE_CHARS_MAX: usize = 200;
const LABELS_MAX: usize = 20;
const LABEL_CHARS_MAX: usize = 50;
const CERTIFICATE_CHARS_MAX: usize = 16;
const SYNOPSIS_CHARS_MAX: usize = 5_000;
const NAME_CHARS_MAX: usize = 200;
const CAST_MAX: usize = 100;
const SOURCE_KEY_CHARS_MAX: usize = 200;

/// A film, as people tell of it. What is unknown is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MovieDetails {
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// How long it runs, 1 to [`DURATION_MINUTES_MAX`].
    pub duration_minutes: u32,
    /// At most 20, each once.
    pub genres: Vec<String>,
    /// Languages it is shown in; at most 20, each once.
    pub languages: Vec<String>,
    /// The censor's mark, such as `UA` or `PG-13`.
    pub certificate: Option<String>,
    /// What it is about, at most 5,000 characters; may have line breaks.
    pub synopsis: Option<String>,
    /// The day it came out.
    pub release_date: Option<Date>,
    /// Who directed it.
    pub director: Option<String>,
    /// Who plays in it, in the order of billing; at most 100.
    pub cast: Vec<String>,
}

impl MovieDetails {
    /// Trims every text and checks every limit.
    ///
    /// # Errors
    /// Everything that is wrong, by field.
    pub fn check(mut self) -> Result<Checked<MovieDetails>, Faults> {
        let mut faults = Faults::default();
        faults.line("title", &mut self.title, 1..=TITLE_CHARS_MAX);
        let runs = (1..=DURATION_MINUTES_MAX).contains(&self.duration_minutes);
        faults.check(runs, "duration_minutes", format!("must be 1 to {DURATION_MINUTES_MAX}"));
        faults.labels("genres", &mut self.genres, LABELS_MAX, LABEL_CHARS_MAX);
        faults.labels("languages", &mut self.languages, LABELS_MAX, LABEL_CHARS_MAX);
        faults.optional_line("certificate", &mut self.certificate, CERTIFICATE_CHARS_MAX);
        faults.optional_prose("synopsis", &mut self.synopsis, SYNOPSIS_CHARS_MAX);
        let released = self.release_date.is_none_or(|date| date.year() >= 1);
        faults.check(released, "release_date", "must be a date such as 2026-11-22");
        faults.optional_line("director", &mut self.director, NAME_CHARS_MAX);
        faults.lines("cast", &mut self.cast, CAST_MAX, NAME_CHARS_MAX);
        faults.finish(self)
    }
}

/// A movie to be added from a file, known there by a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMovie {
    /// The file's own name for it, such as `tmdb:603`: adding the same key again changes that movie.
    pub source_key: String,
    /// The film.
    pub details: MovieDetails,
}

impl NewMovie {
    pub(crate) fn check(mut self) -> Result<(String, Checked<MovieDetails>), Faults> {
        let mut faults = Faults::default();
        faults.line("source_key", &mut self.source_key, 1..=SOURCE_KEY_CHARS_MAX);
        let source_key = faults.finish(self.source_key)?.into_inner();
        Ok((source_key, self.details.check()?))
    }
}

/// A movie of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Movie {
    /// Its id.
    pub movie_id: MovieId,
    /// The film.
    pub details: MovieDetails,
    /// Stars of all published reviews together.
    pub rating_sum: i64,
    /// Published reviews.
    pub rating_count: i64,
}

impl Movie {
    /// Stars of an average review; `None` while there is none.
    #[must_use]
    pub fn rating_average(&self) -> Option<f64> {
        (self.rating_count > 0).then(|| self.rating_sum as f64 / self.rating_count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dune() -> MovieDetails {
        MovieDetails { title: " Dune ".to_owned(), duration_minutes: 155, ..MovieDetails::default() }
    }

    #[test]
    fn a_movie_needs_a_title_and_a_length_alone() {
        assert_eq!(dune().check().unwrap().title, "Dune");
        let nothing = MovieDetails::default().check().unwrap_err();
        assert_eq!(nothing.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["title", "duration_minutes"]);
    }

    #[test]
    fn an_empty_text_is_none() {
        let movie = MovieDetails { director: Some("  ".to_owned()), ..dune() };
        assert_eq!(movie.check().unwrap().director, None);
    }

    #[test]
    fn no_film_runs_longer_than_the_longest() {
        assert!(MovieDetails { duration_minutes: 1_000, ..dune() }.check().is_ok());
        assert!(MovieDetails { duration_minutes: 1_001, ..dune() }.check().is_err());
    }
}
