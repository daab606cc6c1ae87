//! Records of vega-datasets' `movies.json`.
//!
//! What the data set leaves open, and what is made of it: no running time is [`DURATION_ASSUMED_MINUTES`]; no language is
//! known, so [`LANGUAGE_ASSUMED`]; a title that is a number is that number's digits; `Open` as a rating is none; a year past
//! 2011, when the data ends, came of two digits and means the century before. A date in the ISO form is taken as it stands.

use jiff::civil::Date;
use serde_json::Value;

use super::{DURATION_ASSUMED_MINUTES, LANGUAGE_ASSUMED, MovieRecord, Object, checked, key_of, once};
use crate::model::{MovieDetails, NewMovie};

/// The last year of the data: what claims to be later was written with two digits.
const LAST_YEAR: i16 = 2011;

pub(super) fn movie(line: usize, record: &Object) -> Result<MovieRecord, String> {
    let title = title(record)?;
    let release_date = release_date(record)?;
    let duration = running_time(record)?;
    let genres = text(record, "Major Genre")?.unwrap_or_default();
    let genres = genres.split('/').map(|genre| genre.trim().to_owned()).filter(|genre| !genre.is_empty());
    let details = MovieDetails {
        title,
        duration_minutes: duration.unwrap_or(DURATION_ASSUMED_MINUTES),
        genres: once(genres),
        languages: vec![LANGUAGE_ASSUMED.to_owned()],
        certificate: text(record, "MPAA Rating")?.filter(|rating| rating != "Open"),
        release_date,
        director: text(record, "Director")?,
        ..MovieDetails::default()
    };
    let movie = NewMovie { source_key: key_of("vega", &details.title, release_date), details };
    checked(MovieRecord { line, movie, duration_assumed: duration.is_none() })
}

fn running_time(record: &Object) -> Result<Option<u32>, String> {
    match record.get("Running Time min") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            // Saturates: what is too long stays too long.
            Some(minutes) => Ok(Some(u32::try_from(minutes).unwrap_or(u32::MAX))),
            None => Err(format!("\"Running Time min\" must be a whole number of minutes, not {value}")),
        },
    }
}

fn title(record: &Object) -> Result<String, String> {
    match record.get("Title") {
        None | Some(Value::Null) => Err("has no title".to_owned()),
        Some(Value::String(title)) if title.trim().is_empty() => Err("has an empty title".to_owned()),
        Some(Value::String(title)) => Ok(title.trim().to_owned()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(other) => Err(format!("\"Title\" must be text or a number, not {other}")),
    }
}

fn text(record: &Object, field: &str) -> Result<Option<String>, String> {
    match record.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(other) => Err(format!("\"{field}\" must be text, not {other}")),
    }
}

fn release_date(record: &Object) -> Result<Option<Date>, String> {
    let Some(text) = text(record, "Release Date")? else { return Ok(None) };
    if let Ok(date) = text.parse::<Date>() {
        return Ok(Some(date));
    }
    let refused = || format!("\"Release Date\" must read like \"Jun 12 1998\", not {text:?}");
    let date = Date::strptime("%b %d %Y", &text).map_err(|_| refused())?;
    if date.year() <= LAST_YEAR {
        return Ok(Some(date));
    }
    // 29 February of a century year has no counterpart a hundred years earlier.
    Date::new(date.year() - 100, date.month(), date.day()).map(Some).map_err(|_| refused())
}
