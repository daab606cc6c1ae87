//! Problem details (RFC 9457): the one form of every error.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use marquee_kernel::Code;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How long a client should wait when a dependency is down, in seconds.
const RETRY_AFTER_S: u64 = 1;

/// An error on its way to a client.
#[derive(Clone, Debug)]
pub struct Problem {
    facts: Box<Facts>,
}

#[derive(Clone, Debug)]
struct Facts {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    more: Map<String, Value>,
    retry_after_s: Option<u64>,
    cause: Option<String>,
}

/// What went wrong behind a problem: for the log, with the request's id, never for the client.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field, as a path such as `prices.gold.amount`.
    pub field: String,
    /// What it must be.
    pub message: String,
}

impl Problem {
    /// A problem with that code; `detail` says what happened, to what, and what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = (code == Code::Unavailable).then_some(RETRY_AFTER_S);
        let (errors, more) = (Vec::new(), Map::new());
        let facts = Facts { code, detail: detail.into(), errors, more, retry_after_s, cause: None };
        Self { facts: Box::new(facts) }
    }

    /// Adds a member of its own to the document, such as `seats` or `decline_code`.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.facts.more.insert(member.to_owned(), value);
        self
    }

    /// Adds a field error.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.facts.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.facts.retry_after_s = Some(seconds);
        self
    }

    /// Keeps what went wrong behind it for the log; the client never sees it.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.facts.cause = Some(cause.to_string());
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.facts.code
    }

    /// The document as JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        let Facts { code, detail, errors, more, .. } = &*self.facts;
        let mut document = json!({
            "type": format!("urn:marquee:problem:{}", code.word()),
            "title": code.title(),
            "status": code.status(),
            "detail": detail,
            "code": code.word(),
        });
        if let Some(members) = document.as_object_mut() {
            if !errors.is_empty() {
                members.insert("errors".to_owned(), json!(errors));
            }
            members.extend(more.clone());
        }
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.facts.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = self.document().to_string();
        let mut answer = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.facts.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.facts.code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(cause) = self.facts.cause {
            answer.extensions_mut().insert(Cause(cause));
        }
        answer
    }
}

impl From<marquee_db::Error> for Problem {
    fn from(error: marquee_db::Error) -> Self {
        match error {
            marquee_db::Error::Busy => Problem::new(Code::Unavailable, "The shop is very busy; try again in a moment."),
            error => {
                let detail = "The shop cannot reach its records; try again in a moment.";
                Problem::new(Code::Unavailable, detail).because(error)
            }
        }
    }
}

/// Problem details (RFC 9457).
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDoc {
    /// A URN of the code.
    #[schema(example = "urn:marquee:problem:seats_unavailable")]
    r#type: String,
    /// The code in a sentence.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: String,
    /// The stable word to match on.
    #[schema(example = "seats_unavailable")]
    code: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
    /// The seats that are not free (`seats_unavailable`).
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<Vec<String>>,
    /// Why the bank declined (`payment_declined`).
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<String>,
}
