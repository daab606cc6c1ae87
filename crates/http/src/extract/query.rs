//! Query strings and paging.

use std::collections::HashSet;
use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use marquee_kernel::{Code, CursorError, LIMIT_DEFAULT, LIMIT_MAX, PageRequest, decode_cursor};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Fields, Problem};

/// A query string that is not read yet.
#[derive(Debug)]
pub struct Query<T> {
    text: String,
    wanted: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Query<T> {
    /// The query as a `T`: flat, `deny_unknown_fields`.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter: unknown, repeated, or not of its type.
    pub fn parse(self) -> Result<T, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&self.text).map_err(|_| unreadable())?;
        let mut seen = HashSet::new();
        for (name, value) in &pairs {
            if !seen.insert(name.as_str()) {
                return Err(invalid(name, "given more than once"));
            }
            if value.contains('\0') {
                return Err(invalid(name, "must not contain the character U+0000"));
            }
        }
        let parser = serde_urlencoded::Deserializer::new(form_urlencoded::parse(self.text.as_bytes()));
        serde_path_to_error::deserialize(parser).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let named = message.split('`').nth(1).filter(|_| message.contains(" field `"));
            invalid(named.unwrap_or(path.trim_matches('.')), &message)
        })
    }
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
    Problem::new(Code::InvalidRequest, "The query string cannot be read.")
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
