//! The clock of one of two nodes is an hour off: Redis's clock decides.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use marquee_kernel::Clock;
use marquee_kv::testing::Server;
use marquee_testkit::{Launch, Person, Process, Show, eventually};
use serde_json::json;

use crate::MARQUEE;

const HOLD_S: u64 = 2;

/// What makes a process see another time of day.
fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
    let library = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|library| library.exists());
    library.unwrap_or_else(|| panic!("no libfaketime (Debian: apt install faketime)")).display().to_string()
}

/// Holds a seat at one node and sees it through both: it is held for its time, and no longer.
async fn is_held_for_its_time(show: &Show, holder: &Person, other: &Person, nodes: [&Process; 2]) {
    let begun = Instant::now();
    let lock = holder.hold(show, &["A1"]).await;
    let expiry: Timestamp = lock["expiry"].as_str().unwrap().parse().unwrap();
    let ahead = expiry.duration_since(Clock::System.now());
    assert!(ahead < SignedDuration::from_secs(60) && ahead > SignedDuration::from_secs(-60), "{expiry}");
    let path = format!("/locks/{}", lock["lock_id"].as_str().unwrap());
    let wanted = json!({ "seats": show.seats(&["A1"]) });
    let refused = other.post(&show.path("/reserve"), wanted.clone()).await;
    let (here, there) = (holder.get(&path).await, other.get(&path).await);
    // A machine that was busy for two seconds has seen nothing of it.
    if begun.elapsed() < Duration::from_secs(HOLD_S) {
        refused.problem("seats_unavailable");
        assert_eq!((here.ok(), there.ok()), (lock.clone(), lock));
    }
    for node in nodes {
        eventually("it has lapsed", async || (node.seat_map(show).await.status("A1") == "available").then_some(()))
            .await;
        assert!(begun.elapsed() >= Duration::from_secs(HOLD_S), "it lapsed early");
    }
    other.get(&path).await.problem("lock_expired");
}

async fn a_node_that_is_off_by(offset: &str) {
    let server = Server::start().await;
    let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let right = Launch::shared(MARQUEE, here.path())
        .env("MARQUEE_REDIS_URL", &server.url())
        .env("MARQUEE_HOLD_SECONDS", &HOLD_S.to_string());
    let wrong = right
        .beside(elsewhere.path())
        .env("LD_PRELOAD", &faketime())
        .env("FAKETIME", offset)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let (right, wrong) = (right.ready().await, wrong.ready().await);
    let show = right.a_show().seats(4).create().await;
    // Each with tokens of that node: by the other's clock they are of another hour.
    let ada = right.customer("Ada").await;
    let ada_there = wrong.sign_in(&ada.email, &ada.password).await;
    for _ in 0..2 {
        is_held_for_its_time(&show, &ada, &ada_there, [&right, &wrong]).await;
        is_held_for_its_time(&show, &ada_there, &ada, [&right, &wrong]).await;
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_an_hour_ahead_lapses_nothing_early() {
    a_node_that_is_off_by("+3600").await;
}

#[tokio::test]
async fn a_node_whose_clock_is_an_hour_behind_keeps_nothing_for_ever() {
    a_node_that_is_off_by("-3600").await;
}
