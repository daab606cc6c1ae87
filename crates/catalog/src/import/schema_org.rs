//! schema.org JSON-LD: `Movie` and `ScreeningEvent`, with what they refer to embedded or named by `@id`.
//!
//! Vocabulary: <https://schema.org/Movie>, <https://schema.org/ScreeningEvent>, <https://schema.org/MovieTheater>.
//! schema.org has no property for a place's time zone: an `additionalProperty` named `timezone` gives it, or else the
//! country when it has one zone only; a showing whose cinema has neither is refused.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime};
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};
use marquee_kernel::{Currency, Money};
use serde_json::Value;

use super::{
    DURATION_ASSUMED_MINUTES, LANGUAGE_ASSUMED, MovieRecord, Object, Record, ScreeningRecord, checked, key_of, once,
};
use crate::model::{CinemaDetails, Location, MovieDetails, NewMovie, zone};

/// The screen of a showing whose place is the cinema itself.
const ONLY_SCREEN: &str = "Screen 1";

/// Countries that keep one time zone, by ISO 3166-1 code.
const ONE_ZONE: &[(&str, &str)] = &[
    ("AE", "Asia/Dubai"),
    ("AT", "Europe/Vienna"),
    ("BD", "Asia/Dhaka"),
    ("BE", "Europe/Brussels"),
    ("CH", "Europe/Zurich"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("EG", "Africa/Cairo"),
    ("FI", "Europe/Helsinki"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("GR", "Europe/Athens"),
    ("HK", "Asia/Hong_Kong"),
    ("HU", "Europe/Budapest"),
    ("IE", "Europe/Dublin"),
    ("IL", "Asia/Jerusalem"),
    ("IN", "Asia/Kolkata"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("KE", "Africa/Nairobi"),
    ("KR", "Asia/Seoul"),
    ("LK", "Asia/Colombo"),
    ("NG", "Africa/Lagos"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("NP", "Asia/Kathmandu"),
    ("PK", "Asia/Karachi"),
    ("PL", "Europe/Warsaw"),
    ("SA", "Asia/Riyadh"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("TH", "Asia/Bangkok"),
    ("TR", "Europe/Istanbul"),
    ("ZA", "Africa/Johannesburg"),
];

/// The objects of the file that have an `@id`.
type Nodes<'a> = HashMap<&'a str, &'a Object>;

pub(super) fn record(line: usize, object: &Object, nodes: &Nodes<'_>) -> Result<Record, String> {
    let types = types(object);
    let is = |wanted: &str| types.contains(&wanted);
    if is("Movie") {
        movie(line, object, nodes).map(|movie| Record::Movie(Box::new(movie)))
    } else if is("ScreeningEvent") {
        screening(line, object, nodes).map(|screening| Record::Screening(Box::new(screening)))
    } else if is("MovieTheater") || is("Place") {
        Ok(Record::Place)
    } else {
        Err(format!("is of type {}; imported are Movie and ScreeningEvent", types.join(", ")))
    }
}

/// The types' bare names: `Movie` for `schema:Movie` and for `https://schema.org/Movie`.
fn types(object: &Object) -> Vec<&str> {
    let names = many(object.get("@type")).filter_map(Value::as_str);
    names.filter_map(|name| name.rsplit(['/', ':']).next()).collect()
}

fn movie(line: usize, object: &Object, nodes: &Nodes<'_>) -> Result<MovieRecord, String> {
    let title = name(object).ok_or("has no name")?;
    let release_date = ["datePublished", "dateCreated"].iter().find_map(|field| date(object.get(*field)));
    let duration = text(object.get("duration")).map(|duration| minutes(&duration)).transpose()?;
    let mut languages = once(many(object.get("inLanguage")).filter_map(label));
    if languages.is_empty() {
        languages.push(LANGUAGE_ASSUMED.to_owned());
    }
    let directors = people(object, &["director"], nodes);
    let source_key = identity(object).unwrap_or_else(|| key_of("schema.org", &title, release_date));
    let details = MovieDetails {
        title,
        duration_minutes: duration.unwrap_or(DURATION_ASSUMED_MINUTES),
        genres: once(many(object.get("genre")).filter_map(label)),
        languages,
        certificate: object.get("contentRating").and_then(rating),
        synopsis: text(object.get("description")),
        release_date,
        director: (!directors.is_empty()).then(|| directors.join(", ")),
        cast: people(object, &["actor", "actors"], nodes),
    };
    checked(MovieRecord { line, movie: NewMovie { source_key, details }, duration_assumed: duration.is_none() })
}

fn screening(line: usize, event: &Object, nodes: &Nodes<'_>) -> Result<ScreeningRecord, String> {
    if text(event.get("eventStatus")).is_some_and(|status| status.ends_with("EventCancelled")) {
        return Err("is cancelled".to_owned());
    }
    let work = ["workPresented", "workFeatured"].iter().find_map(|field| event.get(*field));
    let work = work.and_then(|work| follow(work, nodes)).ok_or("names no film (workPresented)")?;
    let mut movie = movie(line, work, nodes).map_err(|reason| format!("its film {reason}"))?;
    if let (true, Some(duration)) = (movie.duration_assumed, text(event.get("duration"))) {
        (movie.movie.details.duration_minutes, movie.duration_assumed) = (minutes(&duration)?, false);
        movie = checked(movie)?;
    }
    let place = event.get("location").and_then(|place| follow(place, nodes)).ok_or("names no cinema (location)")?;
    let (theatre, screen_name) = match place.get("containedInPlace").and_then(|theatre| follow(theatre, nodes)) {
        Some(theatre) => (theatre, name(place)),
        None => (place, None),
    };
    let cinema = cinema(theatre)?;
    let start_time = text(event.get("startDate")).ok_or("has no start (startDate)")?;
    let capacity = |of: &Object| of.get("maximumAttendeeCapacity").and_then(whole);
    Ok(ScreeningRecord {
        line,
        movie,
        start_time: instant(&start_time, &cinema.timezone)?,
        cinema,
        screen_name: screen_name.unwrap_or_else(|| ONLY_SCREEN.to_owned()),
        capacity: capacity(event).or_else(|| capacity(place)),
        language: many(event.get("inLanguage")).find_map(label),
        format: text(event.get("videoFormat")),
        price: many(event.get("offers"))
            .find_map(|offer| price(offer).transpose())
            .ok_or("has no price (offers)")??,
    })
}

fn cinema(theatre: &Object) -> Result<CinemaDetails, String> {
    let name = name(theatre).ok_or("its cinema has no name")?;
    let address = theatre.get("address").and_then(Value::as_object);
    let part = |field: &str| address.and_then(|address| text(address.get(field)));
    let city = part("addressLocality").ok_or("its cinema has no city (address.addressLocality)")?;
    let country = address.and_then(|address| address.get("addressCountry")).and_then(label);
    let zone_of_country = || {
        let country = country?.to_uppercase();
        ONE_ZONE.iter().find(|(code, _)| *code == country).map(|(_, zone)| (*zone).to_owned())
    };
    let timezone = timezone(theatre).or_else(zone_of_country);
    let timezone =
        timezone.ok_or("its cinema has no time zone (additionalProperty timezone, or a country with one)")?;
    let lines: Vec<String> = ["streetAddress", "postalCode"].into_iter().filter_map(part).collect();
    let geo = theatre.get("geo").and_then(Value::as_object);
    let degrees = |field: &str| geo.and_then(|geo| text(geo.get(field)))?.parse::<f64>().ok();
    let details = CinemaDetails {
        name,
        city,
        timezone,
        address: (!lines.is_empty()).then(|| lines.join(", ")),
        location: degrees("latitude").zip(degrees("longitude")).map(|(lat, lon)| Location { lat, lon }),
        ..CinemaDetails::default()
    };
    let checked = details.check().map_err(|faults| format!("its cinema's {faults}"))?;
    Ok(checked.into_inner())
}

fn timezone(theatre: &Object) -> Option<String> {
    let properties = many(theatre.get("additionalProperty")).filter_map(Value::as_object);
    let mut named =
        properties.filter(|property| name(property).is_some_and(|name| name.eq_ignore_ascii_case("timezone")));
    named.find_map(|property| text(property.get("value")))
}

/// The price of an `Offer`, or the lowest of an `AggregateOffer`; none when it gives none.
fn price(offer: &Value) -> Result<Option<Money>, String> {
    let Some(offer) = offer.as_object() else { return Ok(None) };
    let Some(amount) = ["price", "lowPrice"].iter().find_map(|field| text(offer.get(*field))) else { return Ok(None) };
    let code = text(offer.get("priceCurrency")).ok_or("its price has no currency (priceCurrency)")?;
    let currency: Currency = code.parse().map_err(|_| format!("{code:?} is not an ISO 4217 currency"))?;
    let minor = minor_units(&amount, currency.decimals());
    minor.map(|minor| Some(Money::new(minor, currency))).ok_or_else(|| format!("{amount:?} is not a price in {code}"))
}

/// `12.5` with two decimals is 1250: by digits, never through a float.
fn minor_units(amount: &str, decimals: u32) -> Option<i64> {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let (decimals, part) = (usize::try_from(decimals).ok()?, part.trim_end_matches('0'));
    if part.len() > decimals || !whole.bytes().chain(part.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

/// An ISO 8601 duration in minutes, a begun minute counting whole.
fn minutes(duration: &str) -> Result<u32, String> {
    let refused = || format!("{duration:?} is not an ISO 8601 duration such as \"PT2H15M\"");
    let span: Span = duration.parse().map_err(|_| refused())?;
    let total = span.total((Unit::Minute, SpanRelativeTo::days_are_24_hours())).map_err(|_| refused())?;
    // Saturates: what is negative or too long is refused as a running time of 0, or of far too many minutes.
    Ok(total.ceil() as u32)
}

/// An RFC 3339 instant, or a local time at the cinema.
fn instant(text: &str, timezone: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let refused = || format!("{text:?} is not a start time such as \"2026-11-22T19:30:00+05:30\"");
    let local: DateTime = text.parse().map_err(|_| refused())?;
    zone(timezone).and_then(|zone| zone.to_timestamp(local).ok()).ok_or_else(refused)
}

/// The day of a full date or an instant; a bare year or month is no day.
fn date(value: Option<&Value>) -> Option<Date> {
    text(value)?.get(..10)?.parse().ok()
}

fn identity(object: &Object) -> Option<String> {
    let id = ["@id", "url", "sameAs"].iter().find_map(|field| text(object.get(*field)))?;
    Some(format!("schema.org:{id}"))
}

fn people(object: &Object, fields: &[&str], nodes: &Nodes<'_>) -> Vec<String> {
    let named = |person: &Value| follow(person, nodes).and_then(name).or_else(|| label(person));
    fields.iter().flat_map(|field| many(object.get(*field))).filter_map(named).collect()
}

/// The object itself, or the one of the file that it names by `@id`.
fn follow<'a>(value: &'a Value, nodes: &Nodes<'a>) -> Option<&'a Object> {
    match value {
        Value::Array(values) => values.iter().find_map(|value| follow(value, nodes)),
        Value::String(id) => nodes.get(id.as_str()).copied(),
        Value::Object(object) => match object.get("@id").and_then(Value::as_str) {
            Some(id) if !object.contains_key("name") => Some(nodes.get(id).copied().unwrap_or(object)),
            _ => Some(object),
        },
        _ => None,
    }
}

fn name(object: &Object) -> Option<String> {
    text(object.get("name"))
}

/// An age rating: text, or a `Rating`.
fn rating(value: &Value) -> Option<String> {
    match value {
        Value::Object(rating) => ["name", "ratingValue"].iter().find_map(|field| text(rating.get(*field))),
        value => text(Some(value)),
    }
}

/// A word for a value that is a text or a named thing, such as a `Language` or a `Country`.
fn label(value: &Value) -> Option<String> {
    match value {
        Value::Object(named) => ["alternateName", "name"].iter().find_map(|field| text(named.get(*field))),
        value => text(Some(value)),
    }
}

/// A text of some length: as it is, in an `@value`, a number's digits, or the first of several.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => values.iter().find_map(|value| text(Some(value))),
        Value::Object(literal) => text(literal.get("@value")),
        Value::Null | Value::Bool(_) => None,
    }
}

fn whole(value: &Value) -> Option<u32> {
    text(Some(value))?.parse().ok().filter(|number| *number > 0)
}

/// JSON-LD writes one value bare and several as an array.
fn many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
    .iter()
}
