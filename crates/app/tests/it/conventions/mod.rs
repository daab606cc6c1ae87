//! What holds for every call: errors, their order, limits and headers.

mod bodies;
mod cross_origin;
mod heads;
mod order;
mod parameters;
mod proxies;
mod requests;

use marquee_testkit::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

/// An id that is well-formed and belongs to nothing.
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

/// Every call that needs a token, with a body where one is needed.
fn calls_with_a_token() -> Vec<(Method, String, Option<Value>)> {
    let mut calls = vec![
        (Method::GET, "/user/me".to_owned(), None),
        (Method::GET, "/user/me/bookings".to_owned(), None),
        (Method::GET, "/user/me/sessions".to_owned(), None),
        (Method::DELETE, format!("/user/me/sessions/{NOBODY}"), None),
        (Method::GET, "/user/me/export".to_owned(), None),
        (Method::DELETE, "/user/me".to_owned(), Some(json!({ "password": "not the password" }))),
        (Method::POST, format!("/shows/{NOBODY}/reserve"), Some(json!({ "seats": ["A-1"] }))),
        (Method::GET, format!("/locks/{NOBODY}"), None),
        (Method::POST, format!("/locks/{NOBODY}/extend"), None),
        (Method::DELETE, format!("/locks/{NOBODY}"), None),
        (Method::POST, "/booking".to_owned(), Some(json!({ "lock_id": NOBODY, "payment_token": "pm_card_visa" }))),
        (Method::GET, format!("/booking/{NOBODY}"), None),
        (Method::GET, format!("/booking/{NOBODY}/ticket.pdf"), None),
        (Method::GET, format!("/booking/{NOBODY}/ticket.svg"), None),
        (Method::GET, format!("/booking/{NOBODY}/ticket.ics"), None),
        (Method::GET, format!("/booking/{NOBODY}/cancellation"), None),
        (Method::POST, format!("/booking/{NOBODY}/cancel"), None),
        (Method::GET, format!("/shows/{NOBODY}/admissions"), None),
        (
            Method::POST,
            "/admissions".to_owned(),
            Some(json!({ "token": "mq1.", "gate": "North", "scanned_at": "2026-11-22T18:00:00Z", "nonce": "1" })),
        ),
    ];
    calls.extend(admin_calls());
    calls
}

/// Every call of administration.
fn admin_calls() -> Vec<(Method, String, Option<Value>)> {
    let mut calls = vec![
        (Method::POST, "/admin/movies".to_owned(), Some(json!({ "title": "Sholay", "duration_minutes": 204 }))),
        (
            Method::POST,
            "/admin/cinemas".to_owned(),
            Some(json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" })),
        ),
        (
            Method::POST,
            format!("/admin/cinemas/{NOBODY}/screens"),
            Some(json!({ "name": "1", "layout": { "rows": [] } })),
        ),
        (Method::POST, "/admin/shows".to_owned(), Some(json!({ "movie_id": NOBODY }))),
    ];
    for kind in ["movies", "cinemas", "screens", "shows"] {
        calls.push((Method::PATCH, format!("/admin/{kind}/{NOBODY}"), Some(json!({}))));
        calls.push((Method::DELETE, format!("/admin/{kind}/{NOBODY}"), None));
    }
    calls
}

async fn call(client: &Client, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    let request = client.request(method.clone(), path);
    match body {
        Some(body) => request.json(body).send().await,
        None => request.send().await,
    }
}
