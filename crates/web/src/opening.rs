//! What a page asks the API for first, answered in the page: an answer that is there need not be waited for.
//!
//! The API itself is asked, in process, with the very call that the app makes; the app looks for the answer by the call. What
//! it does not find there, it asks for.

use std::fmt::Write as _;

use axum::Router;
use axum::body::{self, Body};
use axum::http::{Request, StatusCode};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tower::ServiceExt as _;

use crate::head::escape;

/// What a URI's component keeps as it is, in a browser's `encodeURIComponent`.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
/// Items that the app asks a list for.
const LIMIT: &str = "limit=100";
/// Days that the app offers, from today.
const DAYS: i64 = 7;
/// The largest answer that goes into a page, in bytes: past it the page itself would come late.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A call, and what the API said.
#[derive(Debug)]
struct Answer {
    call: String,
    body: String,
}

/// The answers to what a page asks first.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    answers: Vec<Answer>,
    /// What is too large to be in the page, and can be on its way while the scripts are.
    soon: Vec<String>,
}

/// A cinema of the list, as far as it says what is near.
#[derive(Debug, Deserialize)]
struct Listed {
    city: String,
    timezone: String,
    screens: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct List<T> {
    items: Vec<T>,
}

/// What somebody wants to see: by the page's address, and by what they chose before.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) city: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) kept_city: Option<String>,
}

impl Wanted {
    /// The day asked for, if the app offers it.
    fn day(&self, today: Date) -> Option<Date> {
        let asked = self.date.as_deref()?.parse().ok()?;
        let days = asked >= today && today.checked_add(DAYS.days()).is_ok_and(|end| asked < end);
        days.then_some(asked)
    }
}

/// Asks the API what a page will ask it.
#[derive(Clone, Debug)]
pub(crate) struct Api(pub(crate) Router);

impl Api {
    /// What the first page asks: the cinemas, then films and shows of a city's day; and which city that is.
    pub(crate) async fn home(&self, wanted: &Wanted, now: Timestamp) -> (Option<String>, Opening) {
        let mut opening = Opening::default();
        let Some((city, zone)) = self.city(&mut opening, wanted).await else { return (None, opening) };
        let today = now.to_zoned(zone).date();
        let asked = wanted.day(today);
        let on_that_day = self.shows_of(&mut opening, &city, asked.unwrap_or(today)).await;
        // Late at night there is nothing left of today, and the app asks for tomorrow.
        if on_that_day == Some(0)
            && asked.is_none()
            && let Ok(tomorrow) = today.tomorrow()
        {
            self.shows_of(&mut opening, &city, tomorrow).await;
        }
        self.ask(&mut opening, format!("/api/v1/movies?city={}&{LIMIT}", component(&city))).await;
        (Some(city), opening)
    }

    /// What a film's page asks: the cinemas, the film, its shows in a city.
    pub(crate) async fn film(&self, movie_id: &str, wanted: &Wanted) -> Opening {
        let mut opening = Opening::default();
        self.ask(&mut opening, format!("/api/v1/movies/{movie_id}")).await;
        if let Some((city, _)) = self.city(&mut opening, wanted).await {
            let call = format!("/api/v1/shows?movie_id={movie_id}&city={}&{LIMIT}", component(&city));
            self.ask(&mut opening, call).await;
        }
        opening
    }

    /// What a cinema's page asks: the cinema, its shows of a day, the films of its city.
    pub(crate) async fn cinema(&self, cinema_id: &str, wanted: &Wanted, now: Timestamp) -> Opening {
        let mut opening = Opening::default();
        let cinema = self.ask(&mut opening, format!("/api/v1/cinemas/{cinema_id}")).await;
        let Some(cinema) = cinema.and_then(|body| serde_json::from_str::<Listed>(body).ok()) else { return opening };
        let today = now.to_zoned(zone(&cinema.timezone)).date();
        let date = wanted.day(today).unwrap_or(today);
        self.ask(&mut opening, format!("/api/v1/shows?cinema_id={cinema_id}&date={date}&{LIMIT}")).await;
        self.ask(&mut opening, format!("/api/v1/movies?city={}&{LIMIT}", component(&cinema.city))).await;
        opening
    }

    /// What a show's page asks: the show, its film and cinema; and its seats.
    pub(crate) async fn show(&self, show_id: &str, movie_id: &str, cinema_id: &str) -> Opening {
        let mut opening = Opening::default();
        for call in [format!("shows/{show_id}"), format!("movies/{movie_id}"), format!("cinemas/{cinema_id}")] {
            self.ask(&mut opening, format!("/api/v1/{call}")).await;
        }
        opening.soon.push(format!("/api/v1/shows/{show_id}/seats"));
        opening
    }

    /// The city that the app will show, and its zone: the one asked for, or kept, or else that with the most screens.
    async fn city(&self, opening: &mut Opening, wanted: &Wanted) -> Option<(String, TimeZone)> {
        let body = self.ask(opening, format!("/api/v1/cinemas?{LIMIT}")).await?;
        let cinemas = serde_json::from_str::<List<Listed>>(body).ok()?.items;
        let known = |city: &&String| cinemas.iter().any(|cinema| cinema.city == **city);
        let chosen = [&wanted.city, &wanted.kept_city].into_iter().flatten().find(known).cloned();
        let city = chosen.or_else(|| largest(&cinemas))?;
        let first = cinemas.iter().find(|cinema| cinema.city == city)?;
        Some((city, zone(&first.timezone)))
    }

    /// Asks for the shows of a day; says how many there are.
    async fn shows_of(&self, opening: &mut Opening, city: &str, date: Date) -> Option<usize> {
        let call = format!("/api/v1/shows?city={}&date={date}&{LIMIT}", component(city));
        let body = self.ask(opening, call).await?;
        serde_json::from_str::<List<IgnoredAny>>(body).ok().map(|list| list.items.len())
    }

    /// Has the answer to `call` put into `opening`, if it is one: a refusal the app will see for itself.
    async fn ask<'o>(&self, opening: &'o mut Opening, call: String) -> Option<&'o str> {
        let request = Request::get(&call).body(Body::empty()).ok()?;
        let answer = match self.0.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        if answer.status() != StatusCode::OK {
            return None;
        }
        let bytes = body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.ok()?;
        let body = String::from_utf8(bytes.into()).ok()?;
        opening.answers.push(Answer { call, body });
        opening.answers.last().map(|answer| answer.body.as_str())
    }
}

impl Opening {
    /// The elements that hold the answers.
    pub(crate) fn html(&self) -> String {
        let mut html = String::new();
        // Writing to a string cannot fail.
        for call in &self.soon {
            let href = escape(call);
            let _ = write!(html, "<link rel=\"preload\" as=\"fetch\" crossorigin=\"anonymous\" href=\"{href}\">");
        }
        for Answer { call, body } in &self.answers {
            let (call, body) = (escape(call), json_in_script(body));
            let _ = write!(html, "<script type=\"application/json\" data-call=\"{call}\">{body}</script>");
        }
        html
    }
}

/// JSON as it may stand in a script element: nothing in it can end the element or begin a comment.
pub(crate) fn json_in_script(json: &str) -> String {
    // Outside of strings JSON has none of these characters.
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn component(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, COMPONENT)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The city with the most screens; of several, the first by name.
fn largest(cinemas: &[Listed]) -> Option<String> {
    let screens = |city: &str| -> usize {
        cinemas.iter().filter(|cinema| cinema.city == city).map(|cinema| cinema.screens.len()).sum()
    };
    let cities = cinemas.iter().map(|cinema| cinema.city.as_str());
    cities.min_by_key(|city| (std::cmp::Reverse(screens(city)), *city)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cinema(city: &str, screens: usize) -> Listed {
        Listed {
            city: city.to_owned(),
            timezone: "UTC".to_owned(),
            screens: std::iter::repeat_with(|| IgnoredAny).take(screens).collect(),
        }
    }

    #[test]
    fn who_says_no_city_is_shown_the_one_with_the_most_screens() {
        let cinemas = [cinema("Pune", 3), cinema("Delhi", 2), cinema("Agra", 3), cinema("Delhi", 2)];
        assert_eq!(largest(&cinemas).as_deref(), Some("Delhi"));
        assert_eq!(largest(&cinemas[..3]).as_deref(), Some("Agra"));
        assert_eq!(largest(&[]), None);
    }

    #[test]
    fn a_day_that_the_app_does_not_offer_is_not_asked_for() {
        let today = jiff::civil::date(2026, 11, 26);
        let day = |date: &str| Wanted { date: Some(date.to_owned()), ..Wanted::default() }.day(today);
        assert_eq!(day("2026-11-26"), Some(today));
        assert!(day("2026-12-02").is_some());
        for not_offered in ["2026-11-25", "2026-12-03", "tomorrow", ""] {
            assert_eq!(day(not_offered), None, "{not_offered}");
        }
    }

    #[test]
    fn a_call_is_spelled_as_a_browser_spells_it() {
        assert_eq!(component("São Paulo & Co. (2)*'!~_-").to_string(), "S%C3%A3o%20Paulo%20%26%20Co.%20(2)*'!~_-");
    }
}
