//! What every request passes before its handler and every answer after it: an id, limits on rate and time, security headers,
//! metrics, and a way out for panics.

mod address;
mod limits;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use marquee_kernel::{Code, Rng};
use metrics::{describe_histogram, histogram};
use tower_http::cors::CorsLayer;
use tracing::{debug, error, warn};

pub use address::{ClientAddress, NoNetwork, TrustedProxies, network};
pub use limits::RateLimits;

use crate::problem::Cause;
use crate::{Authenticate, Problem};

/// The longest a handler may take to begin its answer.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long browsers may keep the answer to a CORS preflight, in seconds.
const PREFLIGHT_AGE_S: u64 = 600;
/// The longest request id taken from a caller, in characters.
const REQUEST_ID_CHARS_MAX: usize = 128;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ),
];

/// What the front needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Tells who holds a token.
    pub authenticate: Authenticate,
    /// Requests allowed per address and per account; `None` lifts them.
    pub rate_limits: Option<Arc<RateLimits>>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Web origins that may call from a browser; `*` alone for any. Empty: the same origin only.
    pub cors_origins: Vec<HeaderValue>,
    /// Where request ids come from.
    pub rng: Rng,
}

/// Puts the front before `router`.
pub fn before(router: Router, settings: Settings) -> Router {
    describe_histogram!("marquee_http_request_seconds", metrics::Unit::Seconds, "Time to an answer's head, by route");
    let router = router.fallback(async || no_such_path()).method_not_allowed_fallback(async || {
        Problem::new(Code::MethodNotAllowed, "This path exists, but not for this method.")
    });
    let router = match &settings.rate_limits {
        None => router,
        Some(limits) => router.layer(from_fn_with_state(limits.clone(), limit)),
    };
    // Around the limits: a page must be able to read that it calls too often.
    let router = match settings.cors_origins.as_slice() {
        [] => router,
        origins => router.layer(cors(origins)),
    };
    router.layer(from_fn_with_state(Arc::new(settings), pass))
}

/// What a path gets that leads nowhere.
#[must_use]
pub fn no_such_path() -> Problem {
    Problem::new(Code::NotFound, "No such path; see /api/v1/openapi.json.")
}

fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let layer = match origins {
        [any] if any == "*" => CorsLayer::new().allow_origin(tower_http::cors::Any),
        origins => CorsLayer::new().allow_origin(origins.to_vec()),
    };
    layer
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            X_REQUEST_ID,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            X_REQUEST_ID,
            HeaderName::from_static("idempotent-replayed"),
        ])
        .max_age(Duration::from_secs(PREFLIGHT_AGE_S))
}

async fn pass(State(settings): State<Arc<Settings>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = request_id(request.headers(), &settings.rng);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    request.extensions_mut().insert(settings.authenticate.clone());
    place_client(&settings, &mut request);

    let mut answer = handle(next, request).await;

    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = answer.status();
    note(&answer, &request_id, route, &method);
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        let id = request_id.to_str().unwrap_or_default();
        answer = Problem::new(Code::Internal, format!("Tell the shop this request id: {id}.")).into_response();
    }
    let headers = answer.headers_mut();
    headers.insert(X_REQUEST_ID, request_id);
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(value);
    }
    let labels = [
        ("route", route.to_owned()),
        ("method", method_label(&method).to_owned()),
        ("status", status.as_u16().to_string()),
    ];
    histogram!("marquee_http_request_seconds", &labels).record(started.elapsed().as_secs_f64());
    answer
}

/// Puts the client's address, and how it got here, into the request.
fn place_client(settings: &Settings, request: &mut Request) {
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() else { return };
    let client = settings.trusted_proxies.client(peer.ip(), request.headers());
    let transport = settings.trusted_proxies.transport(peer.ip(), request.headers());
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(transport);
}

async fn limit(State(limits): State<Arc<RateLimits>>, request: Request, next: Next) -> Response {
    match admit(&limits, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Checks the rate limits of the request's address and account.
async fn admit(limits: &RateLimits, request: Request) -> Result<Request, Problem> {
    let address = request.extensions().get::<ClientAddress>().copied().unwrap_or(ClientAddress::UNKNOWN);
    limits.check_address(address)?;
    if request.method() == Method::POST && is_sign_in(request.uri().path()) {
        limits.check_sign_in(address).await?;
    }
    let headers = request.headers();
    if !headers.contains_key(header::AUTHORIZATION) && !headers.contains_key(header::COOKIE) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    if let Ok(caller) = crate::caller::identify(&mut parts) {
        limits.check_account(caller.user_id)?;
    }
    Ok(Request::from_parts(parts, body))
}

/// Whether passwords are taken, or made, at that path.
fn is_sign_in(path: &str) -> bool {
    path.contains("/auth/") || path.ends_with("/session") || path.ends_with("/session/register")
}

/// Runs the handler: a panic is a 500, an endless one a 503.
async fn handle(next: Next, request: Request) -> Response {
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(HANDLER_TIMEOUT, run).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Problem::new(Code::Internal, "").because("the handler panicked").into_response(),
        Err(_) => {
            let detail = "The shop took too long to answer; try again in a moment.";
            Problem::new(Code::Unavailable, detail).because("the handler timed out").into_response()
        }
    }
}

/// The method as a label: a caller may invent methods, but not time series.
fn method_label(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PATCH | Method::DELETE | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

fn note(answer: &Response, request_id: &HeaderValue, route: &str, method: &Method) {
    let (status, request_id) = (answer.status().as_u16(), request_id.to_str().unwrap_or_default());
    let cause = answer.extensions().get::<Cause>().map(|cause| cause.0.as_str());
    match (status, cause) {
        (500, cause) => error!(request_id, route, %method, cause, "request failed"),
        (501.., cause) => warn!(request_id, route, %method, status, cause, "request not served"),
        _ => debug!(request_id, route, %method, status, "request served"),
    }
}

/// The caller's request id when it is sane, else one of ours.
fn request_id(headers: &HeaderMap, rng: &Rng) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        !bytes.is_empty() && bytes.len() <= REQUEST_ID_CHARS_MAX && bytes.iter().all(plain)
    };
    match headers.get(&X_REQUEST_ID).filter(sane) {
        Some(value) => value.clone(),
        None => {
            let mut hex = [0_u8; 32];
            for (at, byte) in rng.bytes::<16>().into_iter().enumerate() {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                hex[at * 2] = DIGITS[usize::from(byte >> 4)];
                hex[at * 2 + 1] = DIGITS[usize::from(byte & 15)];
            }
            HeaderValue::from_bytes(&hex).unwrap_or(HeaderValue::from_static("none"))
        }
    }
}
