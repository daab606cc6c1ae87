//! Seats and money given back.

use jiff::SignedDuration;
use marquee_testkit::{Client, TestApp};
use serde_json::{Value, json};

use super::{id, show};

/// What the contract allows a sandbox refund.
const REFUNDED_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// The booking once its refund has arrived.
async fn refunded(app: &TestApp, client: &Client, booking: &Value) -> Value {
    app.while_time_passes(REFUNDED_WITHIN, "the refund arrives", async || {
        let booking = client.booking(booking).await;
        (booking["refund"]["status"] == "succeeded").then_some(booking)
    })
    .await
}

#[tokio::test]
async fn a_cancelled_booking_frees_its_seats_at_once_and_is_refunded_once() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let booking = ada.book(&show, &["A1", "B1"]).await;
    let cancelled = ada.cancel(&booking).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["refund"]["amount"], json!({ "amount": 40_000, "currency": "INR" }));
    assert!(["pending", "succeeded"].contains(&cancelled["refund"]["status"].as_str().unwrap()));
    assert_eq!(cancelled["booking_id"], booking["booking_id"]);
    let map = ada.seat_map(&show).await;
    assert_eq!((map.status("A1"), map.available()), ("available", 20));
    let _ = bob.book(&show, &["A1"]).await;

    let again = ada.cancel(&booking).await.ok();
    assert_eq!(again["refund"]["amount"], cancelled["refund"]["amount"]);
    let settled = refunded(&app, &ada, &booking).await;
    assert_eq!(ada.cancel(&booking).await.ok(), settled);
    let charge = app.ledger().charge(id(&booking));
    assert_eq!((charge.kept(), charge.given_back()), (0, 1));
    assert_eq!(app.seat_map(&show).await.status("A1"), "booked", "cancelling again leaves the next booking alone");
}

#[tokio::test]
async fn a_cancellation_may_give_a_reason_and_nothing_else() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let booking = ada.book(&show, &["A1"]).await;
    let path = format!("/booking/{}/cancel", id(&booking));
    ada.post(&path, json!({ "amount": 1 })).await.problem("invalid_request");
    ada.post(&path, json!({ "reason": 7 })).await.blames("reason");
    ada.post(&path, json!([])).await.problem("invalid_request");
    assert_eq!(ada.booking(&booking).await["status"], "confirmed");
    let _ = ada.post(&path, json!({ "reason": "The film has had bad reviews." })).await.ok();
    let another = ada.book(&show, &["A2"]).await;
    let _ = ada.post(&format!("/booking/{}/cancel", id(&another)), json!({})).await.ok();
}

#[tokio::test]
async fn nothing_is_cancelled_after_the_show_has_started() {
    let app = TestApp::start().await;
    let show = app.a_show().starts_in(SignedDuration::from_mins(5)).create().await;
    let ada = app.customer("Ada").await;
    let (kept, cancelled) = (ada.book(&show, &["A1"]).await, ada.book(&show, &["A2"]).await);
    app.pass_seconds(299);
    let _ = ada.cancel(&cancelled).await.ok();
    let answer = refunded(&app, &ada, &cancelled).await;
    app.pass_seconds(1);
    ada.cancel(&kept).await.problem("cancellation_closed");
    assert_eq!(ada.booking(&kept).await["status"], "confirmed");
    assert_eq!(ada.cancel(&cancelled).await.ok(), answer, "again: the same answer");
}

#[tokio::test]
async fn a_refund_that_fails_at_the_gateway_is_tried_again_until_it_arrives() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let booking = ada.book(&show, &["A1"]).await;
    app.sandbox().fail_next_refunds(2);
    let _ = ada.cancel(&booking).await.ok();
    let arrived = app
        .while_time_passes(SignedDuration::from_mins(5), "the refund arrives in the end", async || {
            let booking = ada.booking(&booking).await;
            (booking["refund"]["status"] == "succeeded").then_some(booking)
        })
        .await;
    assert_eq!(arrived["status"], "cancelled");
    assert_eq!(app.ledger().charge(id(&booking)).kept(), 0);
}
