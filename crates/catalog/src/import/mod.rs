//! Reading a catalogue from a file: vega-datasets' `movies.json` and schema.org JSON-LD (`Movie`, `ScreeningEvent`).
//!
//! Pure: bytes in, one verdict per record out, in the order of the file. A bad record is named by its line and the reason,
//! and never costs its neighbours; what a file does not say is filled with the defaults below, or left empty.

mod contents;
mod schema_org;
mod split;
mod vega;

use std::collections::{HashMap, HashSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use marquee_kernel::Money;
use serde_json::{Map, Value};

pub use contents::Contents;

use crate::model::{CinemaDetails, NewMovie, fold};

/// The running time of a film whose file gives none: most of `movies.json`.
pub const DURATION_ASSUMED_MINUTES: u32 = 120;
/// The language of a film whose file names none, as a BCP 47 tag.
pub const LANGUAGE_ASSUMED: &str = "en";
/// How much of a title goes into a key made from it.
const KEY_TITLE_CHARS_MAX: usize = 150;

/// What a file says about a film, within every limit of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovieRecord {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// The film, under a key that is the same in every reading, so that a second import finds it.
    pub movie: NewMovie,
    /// The file gave no running time, and [`DURATION_ASSUMED_MINUTES`] was taken.
    pub duration_assumed: bool,
}

/// What a file says about one showing: enough to put it on sale.
#[derive(Clone, Debug, PartialEq)]
pub struct ScreeningRecord {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// The film shown.
    pub movie: MovieRecord,
    /// The cinema.
    pub cinema: CinemaDetails,
    /// The screen's name; `Screen 1` when the file names none.
    pub screen_name: String,
    /// How many seats the screen has, when the file says so.
    pub capacity: Option<u32>,
    /// When it starts.
    pub start_time: Timestamp,
    /// Its spoken language.
    pub language: Option<String>,
    /// Its format, such as `IMAX`.
    pub format: Option<String>,
    /// What a seat costs.
    pub price: Money,
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A film.
    Movie(Box<MovieRecord>),
    /// A showing, with the film and the cinema it needs.
    Screening(Box<ScreeningRecord>),
    /// A place that showings refer to: nothing to import by itself.
    Place,
}

/// A record that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// What is wrong with it, for a person.
    pub reason: String,
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for BadRecord {}

type Object = Map<String, Value>;

/// Every record of a file, in its order: an array of records, an object with a `@graph`, a single record, or one record per
/// line. A record with an `@type` is read as schema.org, any other as one of `movies.json`.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Result<Record, BadRecord>> {
    let pieces: Vec<_> = split::pieces(bytes).into_iter().map(|piece| (piece.line, read(&piece))).collect();
    let nodes: HashMap<&str, &Object> = pieces
        .iter()
        .filter_map(|(_, object)| object.as_ref().ok())
        .filter_map(|object| Some((object.get("@id")?.as_str()?, object)))
        .collect();
    let reading = |(line, object): &(usize, Result<Object, String>)| {
        let record = object.as_ref().map_err(Clone::clone).and_then(|object| match object.contains_key("@type") {
            true => schema_org::record(*line, object, &nodes),
            false => vega::movie(*line, object).map(|movie| Record::Movie(Box::new(movie))),
        });
        record.map_err(|reason| BadRecord { line: *line, reason })
    };
    pieces.iter().map(reading).collect()
}

fn read(piece: &split::Piece<'_>) -> Result<Object, String> {
    if let Some(fault) = piece.fault {
        return Err(fault.to_owned());
    }
    match serde_json::from_slice(piece.bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("is not an object".to_owned()),
        Err(error) => {
            let (said, line) = (error.to_string(), piece.line + error.line().saturating_sub(1));
            // Its own place counts from the record's start.
            let problem = said.split(" at line ").next().unwrap_or_default();
            Err(format!("is not JSON: {problem} at line {line}"))
        }
    }
}

/// `movie` when it is within every limit of the catalogue.
fn checked(movie: MovieRecord) -> Result<MovieRecord, String> {
    movie.movie.clone().check().map_err(|faults| faults.to_string())?;
    Ok(movie)
}

/// The key of a film that the file gives no identity.
fn key_of(source: &str, title: &str, release_date: Option<Date>) -> String {
    let title: String = fold(title).chars().take(KEY_TITLE_CHARS_MAX).collect();
    let date = release_date.map_or_else(|| "undated".to_owned(), |date| date.to_string());
    format!("{source}:{title}:{date}")
}

/// Each label once, whatever its case.
fn once(labels: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    labels.filter(|label| seen.insert(fold(label))).collect()
}

#[cfg(test)]
mod tests;
