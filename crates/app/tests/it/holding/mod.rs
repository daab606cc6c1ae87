//! Holding seats: all of them or none, for a while, and never for ever.

mod best_seats;
mod ending;
mod limits;
mod others;
mod picking;
mod sales;

use jiff::Timestamp;
use marquee_testkit::{Show, TestApp, id_of};
use serde_json::Value;

const HOLD_S: i64 = 480;
const HOLD_MAX_S: i64 = 900;
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

fn lock_path(lock: &Value) -> String {
    format!("/locks/{}", id_of(lock, "lock_id"))
}

fn expiry(lock: &Value) -> Timestamp {
    lock["expiry"].as_str().unwrap().parse().unwrap()
}

/// A show in six hours with row A (gold) and row B (silver), ten seats each.
async fn show(app: &TestApp) -> Show {
    app.a_show().create().await
}
