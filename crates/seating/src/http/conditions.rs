//! Conditional and encoded reads: which body a client can take, and which it has already.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderName, HeaderValue, StatusCode, request::Parts};
use axum::response::Response;
use marquee_http::encoding::{Encoding, accepted, names};
use marquee_http::{NoQuery, Problem};
use marquee_kernel::ShowId;

use crate::Seating;
use crate::seat_map::{Rendered, View};

/// What the request says about the body it wants.
pub(crate) struct Conditions {
    encoding: Encoding,
    /// Tags of bodies that the client has (`If-None-Match`).
    has: Vec<HeaderValue>,
    query: NoQuery,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let has = parts.headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
        let query = NoQuery::from_request_parts(parts, state).await?;
        Ok(Self { encoding: accepted(&parts.headers), has, query })
    }
}

impl Conditions {
    /// Answers a view of a show's seats: from memory when it is there, which takes no lock and copies nothing.
    pub(crate) async fn answer(&self, seating: &Seating, show_id: ShowId, view: View) -> Result<Response, Problem> {
        let answer = match seating.body_at_hand(show_id, view, self.encoding) {
            Some(body) => self.respond(&body),
            None => self.respond(&*seating.body(show_id, view, self.encoding).await?),
        };
        self.query.check()?;
        Ok(answer)
    }

    fn respond(&self, body: &Rendered) -> Response {
        let known = self.has.iter().any(|tags| names(tags, &body.etag));
        let content = if known { Body::empty() } else { Body::from(body.bytes.clone()) };
        let mut answer = Response::new(content);
        let headers = answer.headers_mut();
        headers.reserve(5);
        let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        set(VARY, "accept-encoding");
        set(CACHE_CONTROL, "no-cache");
        if !known {
            set(CONTENT_TYPE, "application/json");
            if body.encoding != Encoding::Identity {
                set(CONTENT_ENCODING, body.encoding.word());
            }
        }
        headers.insert(ETAG, body.etag.clone());
        if known {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
        }
        answer
    }
}
