//! Booking: paid once, answered the same every time, and given back when it is cancelled.

mod buying;
mod cancelling;
mod keys;
mod looking_up;
mod till;
mod under_way;

use marquee_testkit::{Answer, Client, Show, TestApp, id_of};
use serde_json::{Value, json};

const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

const HOLD_S: i64 = 480;

async fn show(app: &TestApp) -> Show {
    app.a_show().create().await
}

fn id(booking: &Value) -> &str {
    id_of(booking, "booking_id")
}

fn payment(lock: &Value, payment_token: &str) -> Value {
    json!({ "lock_id": lock["lock_id"], "payment_token": payment_token })
}

/// Asserts that `replay` is the very answer `first` was.
#[track_caller]
fn replays(replay: &Answer, first: &Answer) {
    assert!(!first.is_replay(), "{first}");
    assert!(replay.is_replay(), "{replay}");
    assert_eq!(replay.status(), first.status(), "{replay}");
    assert_eq!(replay.json(), first.json());
}

async fn history(client: &Client) -> Vec<Value> {
    client.get("/user/me/bookings?limit=100").await.ok()["items"].as_array().unwrap().clone()
}
