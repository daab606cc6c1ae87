//! Administration: what is on, where, when and for how much, and what was sold; by administrators, and by managers and clerks in
//! what is theirs of it.

mod cancelling;
mod desk;
mod movies;
mod places;
mod roles;
mod schedule;
mod shows;

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{Answer, TestApp};
use serde_json::{Value, json};

fn inr(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "INR" })
}

fn rows(rows: &[(&str, &str, &str)]) -> Value {
    let row = |(row, category, seats): &(&str, &str, &str)| json!({ "row": row, "category": category, "seats": seats });
    json!({ "rows": rows.iter().map(row).collect::<Vec<_>>() })
}

/// A request for a show that would be good.
async fn a_show_request(app: &TestApp) -> Value {
    let screen_id = app.a_screen().row("A", "gold", "123").row("B", "silver", "123").create().await;
    json!({
        "movie_id": app.a_movie().create().await,
        "screen_id": screen_id,
        "start_time": app.from_now(SignedDuration::from_hours(6)).to_string(),
        "prices": { "gold": inr(25_000), "silver": inr(15_000) },
    })
}

fn changed(request: &Value, member: &str, value: Value) -> Value {
    let mut request = request.clone();
    request[member] = value;
    request
}

fn end_time(show: &Value) -> Timestamp {
    show["end_time"].as_str().unwrap().parse().unwrap()
}

/// Asserts that a deletion was done.
#[track_caller]
fn is_gone(answer: &Answer) {
    assert!(matches!(answer.status(), 200 | 204), "{answer}");
}
