//! JSON bodies.

use std::marker::PhantomData;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use marquee_kernel::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{named_field, plain};
use crate::{BODY_BYTES_MAX, Problem};

/// How long a body may take to arrive; less than a handler has to answer.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A JSON body that has arrived but is not read yet.
#[derive(Debug)]
pub struct Body<T> {
    arrived: Result<Bytes, Problem>,
    json: bool,
    wanted: PhantomData<fn() -> T>,
}

impl<T> Body<T> {
    /// The JSON as it came, for a call that reads it itself.
    ///
    /// # Errors
    /// `unsupported_media_type`, `too_large`.
    pub fn bytes(self) -> Result<Bytes, Problem> {
        if !self.json {
            let detail = "Send the body as JSON, with 'Content-Type: application/json'.";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        self.arrived
    }
}

impl<T: DeserializeOwned> Body<T> {
    /// The body as a `T`.
    ///
    /// # Errors
    /// `unsupported_media_type`, `too_large`, `malformed_json`, and `invalid_request` naming the field.
    pub fn parse(self) -> Result<T, Problem> {
        read(&self.bytes()?)
    }

    /// The body as a `T`; no body at all is the default.
    ///
    /// # Errors
    /// As [`Body::parse`].
    pub fn parse_or_default(self) -> Result<T, Problem>
    where
        T: Default,
    {
        match &self.arrived {
            Ok(bytes) if bytes.is_empty() => Ok(T::default()),
            _ => self.parse(),
        }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Derived readers take an array for a struct, field by field: the contract's bodies are objects.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let array = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| malformed(&error));
        return array.and(Err(Problem::new(Code::InvalidRequest, "The body must be a JSON object.")));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refuse(bytes, error.into_inner(), &path)
    })?;
    json.end().map_err(|error| malformed(&error))?;
    // What no store takes, no call takes: PostgreSQL has no NUL in text.
    if holds_nul(bytes) {
        return Err(Problem::new(Code::InvalidRequest, "Text must not contain the character U+0000."));
    }
    Ok(value)
}

/// Whether the JSON text holds an escaped NUL (a raw one is not JSON). A backslash that is itself escaped escapes nothing.
fn holds_nul(bytes: &[u8]) -> bool {
    let escapes = |at: usize| bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0;
    bytes.windows(6).enumerate().any(|(at, escape)| escape == b"\\u0000" && escapes(at))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Code::MalformedJson, format!("The body is not JSON: {error}."))
}

fn refuse(bytes: &[u8], error: serde_json::Error, path: &str) -> Problem {
    // A wrong value early in the text hides malformed text after it: malformed wins.
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        return malformed(&error);
    }
    let message = error.to_string();
    // Where in the text it stands is serde_json's addition; the field says it better.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    // For a missing or unknown field serde's path is the parent's; the name is in the message.
    let field = match (path, named_field(message)) {
        (".", Some(name)) => name.to_owned(),
        (parent, Some(name)) if !parent.ends_with(name) => format!("{parent}.{name}"),
        (path, _) => path.trim_matches('.').to_owned(),
    };
    Problem::new(Code::InvalidRequest, "Some fields are not valid.").field(field, plain(message))
}

impl<S: Sync, T> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let arrived = collect(request).await;
        Ok(Self { arrived, json, wanted: PhantomData })
    }
}

/// The whole body, up to the limit.
pub(crate) async fn collect(request: Request) -> Result<Bytes, Problem> {
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    let Ok(body) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
        return Err(Problem::new(Code::RequestTimeout, "The body took too long to arrive."));
    };
    match body {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Code::TooLarge, format!("A body may have at most {BODY_BYTES_MAX} bytes.")))
        }
        Err(_) => Err(Problem::new(Code::MalformedJson, "The body did not arrive whole.")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A 201 with a JSON body.
#[derive(Clone, Debug)]
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, axum::Json(self.0)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Order {
        seats: Vec<String>,
        note: Option<Note>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Note {
        text: String,
    }

    fn refused(text: &str) -> (&'static str, serde_json::Value) {
        let problem = read::<Order>(text.as_bytes()).unwrap_err();
        (problem.code().word(), problem.document()["errors"][0]["field"].clone())
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        assert_eq!(refused(r#"{"seats": [1]}"#), ("invalid_request", "seats[0]".into()));
        assert_eq!(refused("{}"), ("invalid_request", "seats".into()));
        assert_eq!(refused(r#"{"seats": [], "total": 0}"#), ("invalid_request", "total".into()));
        assert_eq!(refused(r#"{"seats": [], "note": {}}"#), ("invalid_request", "note.text".into()));
        assert_eq!(refused(r#"{"seats": ["\u0000"]}"#).0, "invalid_request");
        assert!(read::<Order>(br#"{"seats": ["\\u0000"]}"#).is_ok());
    }

    #[test]
    fn an_array_is_no_body() {
        assert_eq!(refused(r#" [["A-1"], null]"#).0, "invalid_request");
        assert_eq!(refused("[").0, "malformed_json");
    }

    #[test]
    fn what_is_not_json_is_malformed_even_after_a_wrong_field() {
        for text in ["", "{", "{\"seats\": 1", "{\"seats\": []} x", "\u{feff}{}"] {
            assert_eq!(refused(text).0, "malformed_json", "{text}");
        }
    }
}
