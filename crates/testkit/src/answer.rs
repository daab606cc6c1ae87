//! What the server answered, with the assertions that the contract makes of every answer.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer, already read.
#[derive(Clone, Debug)]
pub struct Answer {
    what: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// Reads the answer to `what`, and checks what the contract says of every answer.
    pub(crate) async fn read(what: String, response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        let answer = Self { what, status, headers, body };
        answer.keeps_the_conventions();
        Ok(answer)
    }

    fn keeps_the_conventions(&self) {
        assert!(!self.header("x-request-id").is_empty(), "no x-request-id\n{self}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self}");
        if self.status.is_server_error() || self.status.is_client_error() {
            // People read pages, programs documents.
            let kind = self.header("content-type");
            assert!(kind.contains("json") || kind.starts_with("text/html"), "an error without a document\n{self}");
        }
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's value; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The cookies it sets: name, value, and the words that follow.
    #[must_use]
    pub fn cookies(&self) -> Vec<(String, String, String)> {
        let lines = self.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
        let read = |line: &str| {
            let (pair, words) = line.split_once("; ").unwrap_or((line, ""));
            let (name, value) = pair.split_once('=')?;
            Some((name.to_owned(), value.to_owned(), words.to_owned()))
        };
        lines.filter_map(read).collect()
    }

    /// Whether the header is there at all.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The bytes as they came over the wire, still encoded.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error})\n{self}"))
    }

    /// The JSON of an answer with this status.
    ///
    /// # Panics
    /// On any other status.
    #[must_use]
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status(), status, "{self}");
        self.json()
    }

    /// The JSON of a 200.
    ///
    /// # Panics
    /// On any other status.
    #[must_use]
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.expect(200)
    }

    /// The JSON of a 201.
    ///
    /// # Panics
    /// On any other status.
    #[must_use]
    #[track_caller]
    pub fn created(&self) -> Value {
        self.expect(201)
    }

    /// Checks a 204 without a body.
    ///
    /// # Panics
    /// On anything else.
    #[track_caller]
    pub fn no_content(&self) {
        assert_eq!(self.status(), 204, "{self}");
        assert!(self.body.is_empty(), "{self}");
    }

    /// The problem document of an error with this code: status, media type and members as the contract's tables say.
    ///
    /// # Panics
    /// When the answer is anything else.
    #[track_caller]
    pub fn problem(&self, code: &str) -> Value {
        assert_eq!(self.status(), status_of(code), "{code} was expected\n{self}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self}");
        assert_eq!(problem["status"], self.status(), "{self}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "no {member}\n{self}");
        }
        problem
    }

    /// The 422 `invalid_request` that blames `field` in its `errors`.
    ///
    /// # Panics
    /// When the answer is anything else.
    #[track_caller]
    pub fn blames(&self, field: &str) {
        let problem = self.problem("invalid_request");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let blamed = errors.iter().any(|error| error["field"].as_str().is_some_and(|name| name.contains(field)));
        assert!(blamed, "{field} is not blamed\n{self}");
        assert!(errors.iter().all(|error| error["message"].is_string()), "an error without a message\n{self}");
    }

    /// Whether this answer is a replay of an earlier one.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text().chars().take(2_000).collect();
        write!(f, "{}\n-> {} {:#?}\n{text}", self.what, self.status, self.headers)
    }
}

/// The status that the contract gives each error code.
#[track_caller]
fn status_of(code: &str) -> u16 {
    match code {
        "malformed_json" => 400,
        "unauthenticated" => 401,
        "payment_declined" => 402,
        "forbidden" | "csrf" => 403,
        "not_found" | "movie_not_found" | "cinema_not_found" | "screen_not_found" | "show_not_found"
        | "lock_not_found" | "booking_not_found" | "user_not_found" | "session_not_found" => 404,
        "method_not_allowed" => 405,
        "email_taken"
        | "seats_unavailable"
        | "show_not_on_sale"
        | "hold_limit_reached"
        | "payment_in_progress"
        | "cancellation_closed"
        | "booking_pending"
        | "screen_occupied"
        | "in_use"
        | "bookings_open"
        | "own_role"
        | "nothing_to_pay_out"
        | "ticket_unreadable"
        | "ticket_forged"
        | "ticket_unknown"
        | "ticket_unpaid"
        | "ticket_cancelled"
        | "ticket_of_other_cinema"
        | "ticket_of_other_show"
        | "already_admitted"
        | "admission_not_open"
        | "admission_over" => 409,
        "lock_expired" => 410,
        "too_large" => 413,
        "unsupported_media_type" => 415,
        "invalid_request" | "idempotency_key_reused" => 422,
        "rate_limited" => 429,
        "internal" => 500,
        "unavailable" => 503,
        _ => panic!("{code} is not a code of the contract"),
    }
}
