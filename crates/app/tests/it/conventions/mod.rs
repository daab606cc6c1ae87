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
pub(crate) const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

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
        (Method::POST, format!("/booking/{NOBODY}/payout"), None),
        (Method::GET, "/box-office/customers?email=ada@example.test".to_owned(), None),
        (Method::GET, format!("/box-office/till?cinema_id={NOBODY}&date=2026-11-22"), None),
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
    calls.push((Method::GET, "/admin/dashboard?date=2026-11-26".to_owned(), None));
    for path in ["/users", "/bookings"] {
        calls.push((Method::GET, format!("/admin{path}"), None));
        calls.push((Method::GET, format!("/admin{path}/{NOBODY}"), None));
    }
    calls.push((Method::GET, format!("/admin/bookings/{NOBODY}/story"), None));
    calls.push((Method::POST, format!("/admin/users/{NOBODY}/roles"), Some(json!({ "role": "admin" }))));
    calls.push((Method::DELETE, format!("/admin/users/{NOBODY}/roles?role=admin"), None));
    calls.extend(schedule_calls());
    for kind in ["movies", "cinemas", "screens", "shows"] {
        calls.push((Method::PATCH, format!("/admin/{kind}/{NOBODY}"), Some(json!({}))));
        calls.push((Method::DELETE, format!("/admin/{kind}/{NOBODY}"), None));
    }
    calls
}

/// Every call of the schedule and of blocked seats but those of a show alone.
fn schedule_calls() -> Vec<(Method, String, Option<Value>)> {
    let (cinema, show) = (format!("/admin/cinemas/{NOBODY}"), format!("/admin/shows/{NOBODY}"));
    let seats = Some(json!({ "seats": ["A-1"] }));
    vec![
        (Method::GET, format!("/admin/shows?cinema_id={NOBODY}&from=2026-12-01"), None),
        (Method::GET, format!("{cinema}/scheduling"), None),
        (Method::POST, format!("{cinema}/shows/copy"), Some(json!({ "from": "2026-12-01", "to": "2026-12-02" }))),
        (Method::GET, format!("{show}/cancellation"), None),
        (Method::GET, format!("{show}/blocked-seats"), None),
        (Method::POST, format!("{show}/blocked-seats"), seats.clone()),
        (Method::POST, format!("{show}/blocked-seats/release"), seats),
        (Method::DELETE, format!("{show}/blocked-seats/A-1"), None),
    ]
}

async fn call(client: &Client, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    let request = client.request(method.clone(), path);
    match body {
        Some(body) => request.json(body).send().await,
        None => request.send().await,
    }
}
