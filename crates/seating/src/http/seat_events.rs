//! `GET /shows/{show_id}/seats/events`: live updates.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use marquee_http::{Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::ShowId;

use crate::Seating;
use crate::live::stream;

/// Where a client that comes back says what it saw last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells proxies to pass every event on at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// First an event `snapshot`, then an event `seats` whenever seats change; the event id is the seat map's version.
#[utoipa::path(
    get,
    path = "/shows/{show_id}/seats/events",
    tag = "browsing",
    params(
        ("show_id" = ShowId, Path, description = "The show"),
        ("Last-Event-ID" = Option<String>, Header, description = "The version that you saw last"),
    ),
    responses(
        (status = 200, description = "`snapshot` and `seats` events", body = String, content_type = "text/event-stream"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn seat_events(
    State(seating): State<Seating>,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
    query: NoQuery,
) -> Result<Response, Problem> {
    seating.show(show_id).await?;
    query.check()?;
    let seen = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    let watcher = seating.watch(show_id, seen).await?;
    let mut answer = Response::new(Body::from_stream(stream(watcher)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(answer)
}
