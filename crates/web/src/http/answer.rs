//! How pages and files are answered.

use axum::body::Body as Content;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use marquee_catalog::Error;
use marquee_http::Problem;
use marquee_http::encoding::{Encoding, accepted, names};
use marquee_http::front::no_such_path;

use super::App;
use crate::files::{ASK, Body};
use crate::head::Head;
use crate::page::{Subject, Written};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// The gate scans tickets; nothing else that a browser can do is wanted.
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(self), geolocation=(), microphone=(), payment=(), usb=()");

/// What a request for a page says.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
}

/// A body with what says how to read and keep it.
pub(super) struct Sent<'a> {
    pub(super) status: StatusCode,
    pub(super) media_type: HeaderValue,
    pub(super) cache: HeaderValue,
    pub(super) encoding: Encoding,
    pub(super) body: &'a Body,
}

impl App {
    /// The page about what was found, or of what was not.
    pub(super) fn page(&self, asked: Asked<'_>, found: Result<Subject, Error>) -> Response {
        let (status, subject) = match found {
            Ok(found) => (StatusCode::OK, found),
            Err(error) => {
                let problem = Problem::from(error);
                let status = StatusCode::from_u16(problem.code().status());
                (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Subject::only(Head::unlisted()))
            }
        };
        self.page_of(asked, status, &subject)
    }

    /// The page of that subject.
    pub(super) fn page_of(&self, asked: Asked<'_>, status: StatusCode, subject: &Subject) -> Response {
        let Some(page) = &self.site.page else { return no_such_path().into_response() };
        let (head, opening, view) = (subject.head.html(), subject.opening.html(), self.site.views.html(&subject.view));
        let links = self.site.pages.links(asked.path);
        let written = Written { links, head: &head, opening: &opening, view: &view };
        let (encoding, body) = page.with(written, accepted(asked.headers));
        self.send(asked.headers, Sent { status, media_type: HTML, cache: ASK, encoding, body: &body })
    }

    /// What the client has not got yet.
    pub(super) fn send(&self, headers: &HeaderMap, sent: Sent<'_>) -> Response {
        let Sent { status, media_type, cache, encoding, body } = sent;
        let has = headers.get_all(IF_NONE_MATCH).iter().any(|tags| names(tags, &body.etag));
        let known = has && status == StatusCode::OK;
        let kind = media_type.as_bytes();
        let (is_page, is_script) = (kind.starts_with(b"text/html"), kind.starts_with(b"text/javascript"));
        let mut answer = Response::new(if known { Content::empty() } else { Content::from(body.bytes.clone()) });
        *answer.status_mut() = if known { StatusCode::NOT_MODIFIED } else { status };
        let set = answer.headers_mut();
        if !known {
            set.insert(CONTENT_TYPE, media_type);
            if encoding != Encoding::Identity {
                set.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.word()));
            }
        }
        set.insert(ETAG, body.etag.clone());
        set.insert(CACHE_CONTROL, cache);
        set.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if is_page {
            self.confine(&mut answer);
        } else if is_script {
            // A worker has the policy of its own file. What does nothing needs none, and headers weigh, too.
            answer.headers_mut().insert(CONTENT_SECURITY_POLICY, self.site.policy.clone());
        }
        answer
    }

    /// What the page, and every other that was built, may do.
    fn confine(&self, answer: &mut Response) {
        let set = answer.headers_mut();
        set.insert(CONTENT_SECURITY_POLICY, self.site.policy.clone());
        set.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        set.insert(PERMISSIONS_POLICY, PERMISSIONS);
    }
}
