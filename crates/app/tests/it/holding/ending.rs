//! How a hold goes on and how it ends: it lapses, is extended, released or booked, and outlives a restart.

use jiff::SignedDuration;
use marquee_testkit::{TestApp, eventually};
use serde_json::json;

use super::{HOLD_MAX_S, HOLD_S, expiry, lock_path, show};

#[tokio::test]
async fn a_hold_lapses_at_its_expiry_by_itself() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = ada.hold(&show, &["A1", "A2"]).await;
    let held = app.seat_map(&show).await;

    app.pass(SignedDuration::from_millis(HOLD_S * 1_000 - 1));
    assert_eq!(app.seat_map(&show).await.status("A1"), "held");
    let _ = ada.get(&lock_path(&lock)).await.ok();

    app.pass(SignedDuration::from_millis(1));
    let lapsed = app.seat_map(&show).await;
    assert_eq!((lapsed.status("A1"), lapsed.available()), ("available", 20));
    assert!(lapsed.version() > held.version(), "a lapse is a change");
    ada.get(&lock_path(&lock)).await.problem("lock_expired");
    ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.problem("lock_expired");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_expired");

    let bobs = bob.hold(&show, &["A1"]).await;
    ada.delete(&lock_path(&lock)).await.no_content();
    ada.get(&lock_path(&lock)).await.problem("lock_expired");
    assert_eq!(bob.get(&lock_path(&bobs)).await.ok(), bobs, "an expired hold does not poison the next one");
    assert_eq!(app.seat_map(&show).await.status("A1"), "held");
}

#[tokio::test]
async fn lists_count_a_lapsed_seat_as_available() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let available = async || app.get(&show.path("")).await.ok()["seats_available"].as_u64();
    let _ = ada.hold(&show, &["A1", "A2"]).await;
    eventually("the list counts the hold", async || (available().await == Some(18)).then_some(())).await;
    app.pass_seconds(HOLD_S);
    eventually("the list counts the lapse", async || (available().await == Some(20)).then_some(())).await;
}

#[tokio::test]
async fn extending_moves_the_expiry_and_never_past_the_longest_hold() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let longest = app.from_now(SignedDuration::from_secs(HOLD_MAX_S));
    let extend = format!("{}/extend", lock_path(&lock));

    app.pass_seconds(100);
    let first = ada.post_nothing(&extend).await.ok();
    assert_eq!(expiry(&first), app.from_now(SignedDuration::from_secs(HOLD_S)));
    assert_eq!(
        (&first["lock_id"], &first["seats"], &first["total"]),
        (&lock["lock_id"], &lock["seats"], &lock["total"])
    );
    assert_eq!(ada.get(&lock_path(&lock)).await.ok(), first);

    app.pass_seconds(400);
    for _ in 0..3 {
        let last = ada.post(&extend, json!({})).await.ok();
        assert_eq!(expiry(&last), longest);
    }
    app.pass_seconds(399);
    assert_eq!(expiry(&ada.post_nothing(&extend).await.ok()), longest);
    app.pass_seconds(1);
    app.again(&ada).await.post_nothing(&extend).await.problem("lock_expired");
    assert_eq!(app.seat_map(&show).await.status("A1"), "available");
}

#[tokio::test]
async fn extending_is_in_time_or_it_is_not() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let (in_time, too_late) = (ada.hold(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    app.pass(SignedDuration::from_millis(HOLD_S * 1_000 - 1));
    let _ = ada.post_nothing(&format!("{}/extend", lock_path(&in_time))).await.ok();
    app.pass(SignedDuration::from_millis(1));
    ada.post_nothing(&format!("{}/extend", lock_path(&too_late))).await.problem("lock_expired");
    let map = app.seat_map(&show).await;
    assert_eq!((map.status("A1"), map.status("A2")), ("held", "available"));
}

#[tokio::test]
async fn what_is_refused_never_moves_the_expiry() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = ada.hold(&show, &["A1"]).await;
    app.pass_seconds(60);
    let extend = format!("{}/extend", lock_path(&lock));
    ada.post(&extend, json!({ "seconds": 900 })).await.problem("invalid_request");
    ada.request(reqwest::Method::POST, &extend)
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .problem("malformed_json");
    bob.post_nothing(&extend).await.problem("lock_not_found");
    app.post_nothing(&extend).await.problem("unauthenticated");
    ada.reserve(&show, &["A1"]).await.problem("seats_unavailable");
    ada.pay(&lock, "pm_card_visa_chargeDeclined").await.problem("payment_declined");
    assert_eq!(ada.get(&lock_path(&lock)).await.ok(), lock);
}

#[tokio::test]
async fn releasing_frees_the_seats_and_can_be_repeated() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let held = app.seat_map(&show).await;
    ada.delete(&lock_path(&lock)).await.no_content();
    let released = ada.seat_map(&show).await;
    assert_eq!(released.status("A1"), "available");
    assert!(released.version() > held.version());
    ada.delete(&lock_path(&lock)).await.no_content();
    ada.get(&lock_path(&lock)).await.problem("lock_not_found");
    ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.problem("lock_not_found");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_not_found");
    let _ = bob.hold(&show, &["A1"]).await;
    ada.delete(&lock_path(&lock)).await.no_content();
    assert_eq!(app.seat_map(&show).await.status("A1"), "held", "a second release leaves the next hold alone");
}

#[tokio::test]
async fn a_booked_hold_has_ended() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let _ = ada.pay(&lock, "pm_card_visa").await.created();
    ada.get(&lock_path(&lock)).await.problem("lock_not_found");
    ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.problem("lock_not_found");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_not_found");
    app.pass_seconds(HOLD_S);
    assert_eq!(app.seat_map(&show).await.status("A1"), "booked");
}

#[tokio::test]
async fn holds_survive_a_graceful_restart_with_their_expiry() {
    let mut app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let (lock, lapsing) = (ada.hold(&show, &["A1", "A2"]).await, bob.hold(&show, &["B1"]).await);
    let released = ada.hold(&show, &["A3"]).await;
    ada.delete(&lock_path(&released)).await.no_content();
    app.pass_seconds(60);
    let _ = ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.ok();
    let extended = ada.get(&lock_path(&lock)).await.ok();
    let before = app.seat_map(&show).await;

    app.restart().await;
    let (ada, bob) = (ada.at(&app), bob.at(&app));

    let after = app.seat_map(&show).await;
    assert_eq!(after.unavailable(), before.unavailable());
    assert!(after.version() >= before.version());
    assert_eq!(ada.get(&lock_path(&lock)).await.ok(), extended);
    bob.reserve(&show, &["A1"]).await.problem("seats_unavailable");
    app.pass_seconds(HOLD_S - 60);
    bob.get(&lock_path(&lapsing)).await.problem("lock_expired");
    let _ = ada.pay(&lock, "pm_card_visa").await.created();
}
