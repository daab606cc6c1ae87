//! What is held: all of the seats, or none.

use jiff::SignedDuration;
use marquee_testkit::{TestApp, id_of};
use serde_json::{Value, json};

use super::{HOLD_S, expiry, lock_path, show};

#[tokio::test]
async fn a_hold_says_what_is_held_for_whom_and_until_when() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1", "B2"]).await;
    assert!(!id_of(&lock, "lock_id").is_empty());
    assert_eq!((&lock["show_id"], &lock["user_id"]), (&json!(show.show_id), &json!(ada.user_id)));
    assert_eq!(lock["total"], json!({ "amount": 40_000, "currency": "INR" }));
    assert_eq!(expiry(&lock), app.from_now(SignedDuration::from_secs(HOLD_S)));
    assert!(lock["expiry"].as_str().unwrap().ends_with('Z'));
    let seats = lock["seats"].as_array().unwrap();
    assert_eq!(seats.len(), 2);
    for (seat, name, category, amount) in [(&seats[0], "A1", "gold", 25_000), (&seats[1], "B2", "silver", 15_000)] {
        assert_eq!(seat["seat_id"], show.seat(name));
        assert_eq!(seat["category"], category);
        assert_eq!(seat["price"], json!({ "amount": amount, "currency": "INR" }));
        assert!(!seat["label"].as_str().unwrap().is_empty());
    }
    assert_eq!(ada.get(&lock_path(&lock)).await.ok(), lock);
}

#[tokio::test]
async fn the_next_seat_map_shows_the_hold_to_everybody() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let before = app.seat_map(&show).await;
    assert_eq!(before.status("A1"), "available");
    let _ = ada.hold(&show, &["A1", "A2"]).await;
    for map in [ada.seat_map(&show).await, app.seat_map(&show).await] {
        assert_eq!((map.status("A1"), map.status("A2"), map.status("A3")), ("held", "held", "available"));
        assert_eq!(map.available(), before.available() - 2);
        assert!(map.version() > before.version());
    }
}

#[tokio::test]
async fn all_of_the_seats_or_none() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let _ = bob.hold(&show, &["A2"]).await;
    let _ = bob.book(&show, &["A4"]).await;
    let before = app.seat_map(&show).await;
    let refusal = ada.reserve(&show, &["A1", "A2", "A3", "A4"]).await.problem("seats_unavailable");
    assert_eq!(refusal["seats"], json!(show.seats(&["A2", "A4"])));
    let after = app.seat_map(&show).await;
    assert_eq!(after.unavailable(), before.unavailable(), "a refused hold changes nothing");
    assert_eq!(after.version(), before.version(), "a refused hold changes nothing");
    let _ = ada.hold(&show, &["A1", "A3"]).await;
}

#[tokio::test]
async fn a_seat_held_by_oneself_is_not_free_either() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let _ = ada.hold(&show, &["A1"]).await;
    let other_device = app.again(&ada).await;
    let refusal = other_device.reserve(&show, &["A1", "A2"]).await.problem("seats_unavailable");
    assert_eq!(refusal["seats"], json!([show.seat("A1")]));
}

#[tokio::test]
async fn picks_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let elsewhere = app.a_show().row("Z", "gold", "12").create().await;
    let pick = async |body: Value| ada.post(&show.path("/reserve"), body).await;
    pick(json!({ "seats": [] })).await.blames("seats");
    pick(json!({ "seats": show.seats(&["A1", "A1"]) })).await.blames("seats");
    pick(json!({ "seats": ["Z-99"] })).await.blames("seats");
    pick(json!({ "seats": [""] })).await.blames("seats");
    pick(json!({ "seats": ["x".repeat(10_000)] })).await.blames("seats");
    pick(json!({ "seats": [show.seat("A1"), elsewhere.seat("Z1")] })).await.blames("seats");
    pick(json!({ "seats": "A1" })).await.blames("seats");
    pick(json!({ "seats": [1] })).await.blames("seats");
    pick(json!({})).await.problem("invalid_request");
    pick(json!({ "seats": [show.seat("A1")], "total": { "amount": 1, "currency": "INR" } }))
        .await
        .problem("invalid_request");
    assert_eq!(app.seat_map(&show).await.available(), 20);
}
