//! Idempotency keys: one call, one effect, the same answer every time.

use jiff::SignedDuration;
use marquee_testkit::{Answer, Client, TestApp, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::{HOLD_S, NOBODY, history, payment, replays, show};

/// `POST /booking` with the key in the header.
async fn pay_with_header(client: &Client, body: &Value, key: &str) -> Answer {
    client.request(Method::POST, "/booking").header("idempotency-key", key).json(body).send().await
}

#[tokio::test]
async fn the_same_key_and_payload_get_the_first_answer_again() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let first = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
    let _ = first.created();
    for _ in 0..3 {
        replays(&ada.pay_once(&lock, "pm_card_visa", "order-1").await, &first);
    }
    replays(&app.again(&ada).await.pay_once(&lock, "pm_card_visa", "order-1").await, &first);
    assert_eq!(history(&ada).await.len(), 1);
    assert_eq!(app.ledger().charges().len(), 1);
}

#[tokio::test]
async fn the_key_may_stand_in_the_header_in_the_body_or_in_both_alike() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let (plain, mut keyed) = (payment(&lock, "pm_card_visa"), payment(&lock, "pm_card_visa"));
    keyed["idempotency_key"] = json!("order-1");
    pay_with_header(&ada, &keyed, "another").await.problem("invalid_request");
    let first = pay_with_header(&ada, &plain, "order-1").await;
    let _ = first.created();
    replays(&pay_with_header(&ada, &plain, "order-1").await, &first);
    replays(&ada.post("/booking", keyed.clone()).await, &first);
    replays(&pay_with_header(&ada, &keyed, "order-1").await, &first);
}

#[tokio::test]
async fn the_order_of_members_is_not_part_of_the_payload() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let first = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
    let reordered = format!(
        r#" {{"idempotency_key" : "order-1", "payment_token":"pm_card_visa", "lock_id": {} }} "#,
        lock["lock_id"]
    );
    let request = ada.request(Method::POST, "/booking").header("content-type", "application/json");
    replays(&request.body(reordered).send().await, &first);
}

#[tokio::test]
async fn the_same_key_with_another_payload_is_refused() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let (lock, other) = (ada.hold(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    let first = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
    ada.pay_once(&other, "pm_card_visa", "order-1").await.problem("idempotency_key_reused");
    ada.pay_once(&lock, "pm_sandbox_slow", "order-1").await.problem("idempotency_key_reused");
    replays(&ada.pay_once(&lock, "pm_card_visa", "order-1").await, &first);
    let _ = ada.pay_once(&other, "pm_card_visa", "order-2").await.created();
}

#[tokio::test]
async fn a_key_belongs_to_its_user() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let (adas, bobs) = (ada.hold(&show, &["A1"]).await, bob.hold(&show, &["A2"]).await);
    let first = ada.pay_once(&adas, "pm_card_visa", "order-1").await.created();
    bob.pay_once(&adas, "pm_card_visa", "order-1").await.problem("lock_not_found");
    let second = bob.pay_once(&bobs, "pm_card_visa", "order-1").await;
    assert!(!second.is_replay());
    assert_ne!(second.created()["booking_id"], first["booking_id"]);
}

#[tokio::test]
async fn a_key_is_one_to_two_hundred_and_fifty_five_characters() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    ada.pay_once(&lock, "pm_card_visa", "").await.blames("idempotency_key");
    ada.pay_once(&lock, "pm_card_visa", &"k".repeat(256)).await.blames("idempotency_key");
    pay_with_header(&ada, &payment(&lock, "pm_card_visa"), "").await.problem("invalid_request");
    pay_with_header(&ada, &payment(&lock, "pm_card_visa"), &"k".repeat(256)).await.problem("invalid_request");
    let longest = "ü".repeat(255);
    let first = ada.pay_once(&lock, "pm_card_visa", &longest).await;
    let _ = first.created();
    replays(&ada.pay_once(&lock, "pm_card_visa", &longest).await, &first);
}

#[tokio::test]
async fn what_is_refused_for_itself_is_not_remembered() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let (lock, lapsing) = (ada.hold(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    ada.pay_once(&json!({ "lock_id": NOBODY }), "pm_card_visa", "order-1").await.problem("lock_not_found");
    ada.pay_once(&lock, "pm_nonsense", "order-1").await.problem("invalid_request");
    let first = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
    assert!(!first.is_replay());
    let _ = first.created();

    app.pass_seconds(HOLD_S);
    ada.pay_once(&lapsing, "pm_card_visa", "order-2").await.problem("lock_expired");
    let next = ada.hold(&show, &["A2"]).await;
    let second = ada.pay_once(&next, "pm_card_visa", "order-2").await;
    assert!(!second.is_replay());
    let _ = second.created();
}

#[tokio::test]
async fn a_decline_is_remembered_for_its_key() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let declined = ada.pay_once(&lock, "pm_card_visa_chargeDeclined", "order-1").await;
    declined.problem("payment_declined");
    replays(&ada.pay_once(&lock, "pm_card_visa_chargeDeclined", "order-1").await, &declined);
    ada.pay_once(&lock, "pm_card_visa", "order-1").await.problem("idempotency_key_reused");
    let _ = ada.pay_once(&lock, "pm_card_visa", "order-2").await.created();
    replays(&ada.pay_once(&lock, "pm_card_visa_chargeDeclined", "order-1").await, &declined);
}

#[tokio::test]
async fn a_key_is_kept_for_twenty_four_hours_and_then_forgotten() {
    let mut app = TestApp::start().await;
    let show = app.a_show().starts_in(SignedDuration::from_hours(72)).create().await;
    let ada = app.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    let first = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
    // Keys are cleared out at the start, too.
    app.pass(SignedDuration::from_mins(24 * 60 - 1));
    app.restart().await;
    let ada = app.again(&ada).await;
    replays(&ada.pay_once(&lock, "pm_card_visa", "order-1").await, &first);
    app.pass(SignedDuration::from_mins(2));
    app.restart().await;
    let ada = app.again(&ada).await;
    let forgotten = eventually("the key is forgotten", async || {
        let answer = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
        (!answer.is_replay()).then_some(answer)
    })
    .await;
    forgotten.problem("lock_not_found");
    let another = ada.hold(&show, &["A2"]).await;
    let second = ada.pay_once(&another, "pm_card_visa", "order-1").await;
    assert!(!second.is_replay());
    let _ = second.created();
}

#[tokio::test]
async fn replays_survive_a_restart() {
    let mut app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let (paid, declined) = (ada.hold(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    let first = ada.pay_once(&paid, "pm_card_visa", "order-1").await;
    let second = ada.pay_once(&declined, "pm_card_visa_chargeDeclined", "order-2").await;
    app.restart().await;
    let ada = ada.at(&app);
    replays(&ada.pay_once(&paid, "pm_card_visa", "order-1").await, &first);
    replays(&ada.pay_once(&declined, "pm_card_visa_chargeDeclined", "order-2").await, &second);
    ada.pay_once(&declined, "pm_card_visa", "order-2").await.problem("idempotency_key_reused");
}

#[tokio::test]
async fn a_call_without_a_key_is_a_call_of_its_own() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let _ = ada.pay(&lock, "pm_card_visa").await.created();
    ada.pay(&lock, "pm_card_visa").await.problem("lock_not_found");
    assert_eq!(app.ledger().charges().len(), 1);
}

#[tokio::test]
async fn a_duplicate_waits_for_the_first_and_gets_its_answer() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let calls = (0..8).map(|_| ada.pay_once(&lock, "pm_sandbox_slow", "order-1"));
    let answers = futures_util::future::join_all(calls).await;
    let firsts: Vec<_> = answers.iter().filter(|answer| !answer.is_replay()).collect();
    assert_eq!(firsts.len(), 1);
    for replay in answers.iter().filter(|answer| answer.is_replay()) {
        replays(replay, firsts[0]);
    }
    assert_eq!(app.ledger().charges().len(), 1);
}
