//! Query strings and paging.

use std::collections::HashSet;
use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use marquee_kernel::{Code, CursorError, LIMIT_DEFAULT, LIMIT_MAX, PageRequest, decode_cursor};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::message::{named_field, plain};
use crate::{Fields, Problem};

/// The one parameter that may be empty: a search field that is not filled in asks for everything.
const SEARCH: &str = "q";

/// A query string that is not read yet.
#[derive(Debug)]
pub struct Query<T> {
    text: String,
    wanted: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Query<T> {
    /// The query as a `T`: flat, `deny_unknown_fields`. A parameter without a value is refused, `q` alone is not.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter: unknown, repeated, empty, not UTF-8, or not of its type.
    pub fn parse(self) -> Result<T, Problem> {
        let (mut seen, mut empty) = (HashSet::new(), None);
        for pair in self.text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(unreadable)?;
            let value = decode(value).ok_or_else(|| invalid(&name, "must be UTF-8 text, percent-encoded"))?;
            if value.contains('\0') {
                return Err(invalid(&name, "must not contain the character U+0000"));
            }
            if value.trim().is_empty() && name != SEARCH {
                empty.get_or_insert_with(|| invalid(&name, "must not be empty; leave it out instead"));
            }
            if seen.contains(&name) {
                return Err(invalid(&name, "must not be given more than once"));
            }
            seen.insert(name);
        }
        let parser = serde_urlencoded::Deserializer::new(form_urlencoded::parse(self.text.as_bytes()));
        let read = serde_path_to_error::deserialize(parser).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            invalid(named_field(&message).unwrap_or(path.trim_matches('.')), &plain(&message))
        })?;
        // Only now: that a parameter is unknown weighs more than that it is empty.
        empty.map_or(Ok(read), Err)
    }
}

/// The text behind percent signs and pluses; `None` when it is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

/// The query string of a call that takes no parameters: there should be none.
#[derive(Debug)]
pub struct NoQuery {
    text: Option<Box<str>>,
}

impl NoQuery {
    /// All is well, or 422. Call it once it is known that what the call is about exists, and before anything changes.
    ///
    /// # Errors
    /// `invalid_request` naming the first parameter.
    pub fn check(&self) -> Result<(), Problem> {
        let Some(text) = &self.text else { return Ok(()) };
        match form_urlencoded::parse(text.as_bytes()).next() {
            Some((name, _)) => Err(invalid(&name, "is not a parameter of this call")),
            None => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { text: parts.uri.query().map(Box::from) })
    }
}

fn unreadable() -> Problem {
    Problem::new(Code::InvalidRequest, "The query string must be UTF-8 text, percent-encoded.")
}

fn invalid(name: &str, message: &str) -> Problem {
    Problem::new(Code::InvalidRequest, "Some parameters are not valid.").field(name, message)
}

impl<S: Sync, T> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { text: parts.uri.query().unwrap_or_default().to_owned(), wanted: PhantomData })
    }
}

/// Checks `limit` and `cursor` of a call that lists `list`: a cursor of another list is refused.
///
/// # Errors
/// `invalid_request` naming the parameter.
pub fn page_request<C: DeserializeOwned>(
    list: &'static str,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<PageRequest<C>, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    let mut fields = Fields::default();
    fields.check((1..=LIMIT_MAX).contains(&limit), "limit", format!("must be from 1 to {LIMIT_MAX}"));
    let after = cursor.map(|word| read_cursor(list, word)).and_then(|cursor| fields.take("cursor", cursor));
    fields.finish()?;
    Ok(PageRequest { limit, after })
}

/// A forged cursor is text of the client's: what no store takes is not let in by this door either.
fn read_cursor<C: DeserializeOwned>(list: &'static str, word: &str) -> Result<C, CursorError> {
    let key: Value = decode_cursor(list, word)?;
    if holds_nul(&key) {
        return Err(CursorError);
    }
    serde_json::from_value(key).map_err(|_| CursorError)
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use marquee_kernel::{Timestamp, encode_cursor};

    use super::*;

    async fn checked(uri: &str) -> Result<(), Value> {
        let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        let Ok(query) = NoQuery::from_request_parts(&mut parts, &()).await;
        query.check().map_err(|problem| problem.document())
    }

    #[tokio::test]
    async fn a_call_without_parameters_refuses_one_by_its_name() {
        for uri in ["/movies/1", "/movies/1?", "/movies/1?&"] {
            assert_eq!(checked(uri).await, Ok(()), "{uri}");
        }
        for uri in
            ["/movies/1?surprise=1&limit=2", "/movies/1?surprise", "/movies/1?surprise=%FF", "/movies/1?s%75rprise="]
        {
            let refused = checked(uri).await.unwrap_err();
            assert_eq!((&refused["status"], &refused["code"]), (&422.into(), &"invalid_request".into()), "{uri}");
            assert_eq!(refused["errors"][0]["field"], "surprise", "{uri}");
        }
        assert!(checked("/movies/1?=1").await.is_err());
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Search {
        q: Option<String>,
        city: Option<String>,
        limit: Option<u32>,
    }

    /// The search, or the parameter that is wrong and what is wrong with it.
    fn search(text: &str) -> Result<Search, String> {
        let query = Query::<Search> { text: text.to_owned(), wanted: PhantomData };
        query.parse().map_err(|problem| {
            let error = problem.document()["errors"][0].clone();
            [&error["field"], &error["message"]].map(|word| word.as_str().unwrap_or_default()).join(" ")
        })
    }

    #[test]
    fn what_is_not_utf_8_is_refused_by_name() {
        for text in ["q=%ff", "q=a%C3", "limit=1&q=%ED%A0%80"] {
            assert_eq!(search(text).unwrap_err(), "q must be UTF-8 text, percent-encoded", "{text}");
        }
        assert!(search("%ff=1").is_err());
        assert_eq!(search("q=%F0%9F%8E%AC+%EF%BF%BD").unwrap().q.unwrap(), "\u{1f3ac} \u{fffd}");
    }

    #[test]
    fn an_empty_parameter_is_refused_unless_it_is_the_search_field() {
        for text in ["city=", "city", "city=+", "city=%20&q=x"] {
            assert_eq!(search(text).unwrap_err(), "city must not be empty; leave it out instead", "{text}");
        }
        for text in ["", "&", "q=", "q", "q=&city=Pune"] {
            assert!(search(text).is_ok(), "{text}");
        }
        assert_eq!(search("surprise=").unwrap_err(), "surprise is not known to this call");
    }

    #[test]
    fn a_bad_parameter_is_told_what_it_must_be() {
        for (text, said) in [
            ("limit=ten", "limit must be a whole number"),
            ("limit=", "limit must be a whole number"),
            ("limit=-1", "limit must be a whole number"),
            ("limit=99999999999", "limit must be a smaller number"),
            ("q=a&q=b", "q must not be given more than once"),
        ] {
            assert_eq!(search(text).unwrap_err(), said, "{text}");
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given_and_a_forged_one_does_not() {
        let key = ("100% Wölf \\u0000".to_owned(), i64::MAX, Timestamp::MIN);
        let read =
            page_request::<(String, i64, Timestamp)>("movies", None, Some(&encode_cursor("movies", &key))).unwrap();
        assert_eq!(read.after, Some(key));
        let (nul_within, nul) = (encode_cursor("movies", &("a\0b", 1)), encode_cursor("movies", &("\0", 1)));
        let (untyped, elsewhere) = (encode_cursor("movies", &(1, 1)), encode_cursor("cinemas", &("a", 1)));
        for forged in [nul_within, nul, untyped, elsewhere, String::new()] {
            let refused = page_request::<(String, i64)>("movies", None, Some(&forged)).unwrap_err();
            assert_eq!(refused.document()["errors"][0]["field"], "cursor", "{forged}");
        }
    }
}
