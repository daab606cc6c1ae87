//! An HTTP client that speaks Marquee: paths without the prefix, answers that are already checked.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::{Answer, Events, SeatMap, Show};

/// No answer of a test server takes longer; a gateway that never answers is given up by the server long before.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Somebody who talks to a server, with a token or without.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    origin: Arc<str>,
    token: Option<Arc<str>>,
}

impl Client {
    /// A stranger without a token. `origin` is like `http://127.0.0.1:8080`.
    ///
    /// # Panics
    /// When the client cannot be built.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build().expect("an HTTP client");
        Self { http, origin: origin.trim_end_matches('/').into(), token: None }
    }

    /// The same connections, with this bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same connections, without a token.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The bearer token in use; empty without one.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Where the server is, like `http://127.0.0.1:8080`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A request to `path` under `/api/v1`, to be given headers and a body.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.raw(method, &format!("/api/v1{path}"))
    }

    /// A request to a path outside the API.
    #[must_use]
    pub fn raw(&self, method: Method, path: &str) -> Request {
        let what = format!("{method} {path}");
        let mut builder = self.http.request(method, format!("{}{path}", self.origin));
        if let Some(token) = &self.token {
            builder = builder.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        Request { what, builder }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(&body).send().await
    }

    /// `POST path` without a body.
    pub async fn post_nothing(&self, path: &str) -> Answer {
        self.request(Method::POST, path).send().await
    }

    /// `POST path` with a form.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.request(Method::POST, path).form(form).send().await
    }

    /// `PATCH path` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, path).json(&body).send().await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }

    /// Asks for these seats of the show, named by row and number (`A1`).
    pub async fn reserve(&self, show: &Show, seats: &[&str]) -> Answer {
        self.post(&show.path("/reserve"), json!({ "seats": show.seats(seats) })).await
    }

    /// Holds these seats: the lock, as the 201 gave it.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn hold(&self, show: &Show, seats: &[&str]) -> Value {
        self.reserve(show, seats).await.created()
    }

    /// Pays for a lock, without an idempotency key.
    pub async fn pay(&self, lock: &Value, payment_token: &str) -> Answer {
        self.post("/booking", json!({ "lock_id": lock["lock_id"], "payment_token": payment_token })).await
    }

    /// Pays for a lock under an idempotency key.
    pub async fn pay_once(&self, lock: &Value, payment_token: &str, key: &str) -> Answer {
        let body = json!({ "lock_id": lock["lock_id"], "payment_token": payment_token, "idempotency_key": key });
        self.post("/booking", body).await
    }

    /// Holds and pays: the confirmed booking.
    ///
    /// # Panics
    /// When either is refused.
    pub async fn book(&self, show: &Show, seats: &[&str]) -> Value {
        let lock = self.hold(show, seats).await;
        let booking = self.pay(&lock, "pm_card_visa").await.created();
        assert_eq!(booking["status"], "confirmed");
        booking
    }

    /// Cancels a booking, without a body.
    pub async fn cancel(&self, booking: &Value) -> Answer {
        self.post_nothing(&format!("/booking/{}/cancel", id_of(booking, "booking_id"))).await
    }

    /// The booking as it is now.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn booking(&self, booking: &Value) -> Value {
        self.get(&format!("/booking/{}", id_of(booking, "booking_id"))).await.ok()
    }

    /// The show's seat map as this client sees it.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn seat_map(&self, show: &Show) -> SeatMap {
        SeatMap::new(self.get(&show.path("/seats")).await.ok())
    }

    /// Opens the show's event stream.
    ///
    /// # Panics
    /// When it is not a stream.
    pub async fn events(&self, show: &Show) -> Events {
        self.request(Method::GET, &show.path("/seats/events")).stream().await
    }
}

/// The id in a member of a document.
///
/// # Panics
/// When there is none.
#[must_use]
#[track_caller]
pub fn id_of<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap_or_else(|| panic!("no {member} in {document}"))
}

/// A request that is not sent yet.
#[derive(Debug)]
pub struct Request {
    what: String,
    builder: reqwest::RequestBuilder,
}

impl Request {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Gives it a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// Gives it a form body.
    #[must_use]
    pub fn form(mut self, form: &[(&str, &str)]) -> Self {
        self.builder = self.builder.form(form);
        self
    }

    /// Gives it any body.
    #[must_use]
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.body(body);
        self
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(self) -> Answer {
        let what = self.what.clone();
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: no answer: {error:?}"))
    }

    /// Sends it to a server that may be gone.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn try_send(self) -> reqwest::Result<Answer> {
        let response = self.builder.send().await?;
        Answer::read(self.what, response).await
    }

    /// Sends it and keeps reading the events that come.
    ///
    /// # Panics
    /// When the answer is not a stream of events.
    pub async fn stream(self) -> Events {
        let builder = self.builder.header("accept", "text/event-stream");
        let response = builder.send().await.unwrap_or_else(|error| panic!("{}: no answer: {error:?}", self.what));
        Events::of(&self.what, response)
    }
}
