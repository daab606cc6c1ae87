//! Films, cinemas and shows in the words of schema.org, for search engines.
//!
//! Addresses are relative: the server does not know by which name it is called, and a reader resolves them by the page's.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use marquee_catalog::{Catalog, Cinema, Movie, Show};
use serde_json::{Map, Value, json};

/// The document's vocabulary.
const CONTEXT: &str = "https://schema.org";

/// A film and when it is shown.
pub(crate) fn film(catalog: &Catalog, movie: &Movie, shows: &[Arc<Show>]) -> Value {
    let details = &movie.details;
    let mut film = Map::new();
    let mut say = |name: &str, value: Value| drop(film.insert(name.to_owned(), value));
    say("@type", json!("Movie"));
    say("@id", json!(format!("/films/{}", movie.movie_id)));
    say("url", json!(format!("/films/{}", movie.movie_id)));
    say("name", json!(details.title));
    say("duration", json!(format!("PT{}M", details.duration_minutes)));
    say("genre", json!(details.genres));
    say("inLanguage", json!(details.languages));
    say("description", json!(details.synopsis));
    say("contentRating", json!(details.certificate));
    say("datePublished", json!(details.release_date));
    say("director", json!(details.director.as_deref().map(person)));
    say("actor", details.cast.iter().map(|name| person(name)).collect());
    if let Some(average) = movie.rating_average() {
        let count = movie.rating_count;
        say("aggregateRating", json!({ "@type": "AggregateRating", "ratingValue": average, "ratingCount": count }));
    }
    graph(Value::Object(film), catalog, shows)
}

/// A cinema and what it shows.
pub(crate) fn cinema(catalog: &Catalog, cinema: &Cinema, shows: &[Arc<Show>]) -> Value {
    let details = &cinema.details;
    let geo = details.location.map(|at| json!({ "@type": "GeoCoordinates", "latitude": at.lat, "longitude": at.lon }));
    let theatre = json!({
        "@type": "MovieTheater",
        "@id": format!("/cinemas/{}", cinema.cinema_id),
        "url": format!("/cinemas/{}", cinema.cinema_id),
        "name": details.name,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": details.address,
            "addressLocality": details.city,
        },
        "geo": geo,
        "screenCount": cinema.screens.len(),
    });
    graph(theatre, catalog, shows)
}

/// One show.
pub(crate) fn show(catalog: &Catalog, show: &Show) -> Value {
    let mut event = event(catalog, show);
    event["@context"] = json!(CONTEXT);
    without_null(event)
}

fn graph(subject: Value, catalog: &Catalog, shows: &[Arc<Show>]) -> Value {
    let events = shows.iter().map(|show| event(catalog, show));
    let graph: Vec<Value> = std::iter::once(subject).chain(events).map(without_null).collect();
    json!({ "@context": CONTEXT, "@graph": graph })
}

fn event(catalog: &Catalog, show: &Show) -> Value {
    let address = format!("/shows/{}", show.show_id);
    let full = catalog.availability().taken(show.show_id) >= show.layout.capacity();
    json!({
        "@type": "ScreeningEvent",
        "@id": address,
        "url": address,
        "name": show.movie_title,
        "startDate": local(show, show.start_time),
        "endDate": local(show, show.end_time),
        "eventStatus": if show.cancelled { "https://schema.org/EventCancelled" } else { "https://schema.org/EventScheduled" },
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "inLanguage": show.language,
        "videoFormat": show.format,
        "workPresented": { "@type": "Movie", "@id": format!("/films/{}", show.movie_id), "name": show.movie_title },
        "location": {
            "@type": "MovieTheater",
            "@id": format!("/cinemas/{}", show.cinema_id),
            "name": show.cinema_name,
            "address": show.cinema_address,
        },
        "offers": {
            "@type": "Offer",
            "url": address,
            "price": decimal(show),
            "priceCurrency": show.prices.from().currency.code(),
            "availability": if full { "https://schema.org/SoldOut" } else { "https://schema.org/InStock" },
            "validThrough": local(show, show.sales_close_at),
        },
    })
}

fn person(name: &str) -> Value {
    json!({ "@type": "Person", "name": name })
}

/// The lowest price without its currency, as `250.00`.
fn decimal(show: &Show) -> String {
    let price = show.prices.from().to_string();
    price.split_once(' ').map_or_else(|| price.clone(), |(_, amount)| amount.to_owned())
}

/// The cinema's zone; UTC should the machine not know it.
pub(crate) fn zone(show: &Show) -> TimeZone {
    TimeZone::get(&show.timezone).unwrap_or(TimeZone::UTC)
}

/// An instant on the cinema's clock, with its distance from UTC.
fn local(show: &Show, at: Timestamp) -> String {
    at.to_zoned(zone(show)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The same without what is not known.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k, without_null(v))).collect()
        }
        other => other,
    }
}
