//! Payments that take their time, and what may happen meanwhile.

use jiff::SignedDuration;
use marquee_testkit::{Charge, Client, Show, TestApp, eventually, id_of};
use serde_json::{Value, json};

use super::{HOLD_S, history, id, replays, show};

/// What the contract allows a payment whose answer never came.
const SETTLED_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// The booking once it is not pending any more.
async fn settled(app: &TestApp, client: &Client, booking: &Value) -> Value {
    app.while_time_passes(SETTLED_WITHIN, "the booking is settled", async || {
        let booking = client.booking(booking).await;
        (booking["status"] != "pending").then_some(booking)
    })
    .await
}

/// Waits until the seat map shows the seat as booked: it hears of a settlement after the database has it.
async fn shows_booked(app: &TestApp, show: &Show, seat: &str) {
    let booked = async || (app.seat_map(show).await.status(seat) == "booked").then_some(());
    eventually("the seat map shows what was settled", booked).await;
}

#[tokio::test]
async fn a_payment_that_was_never_answered_is_pending_then_settled_and_its_replay_stays() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let first = ada.pay_once(&lock, "pm_sandbox_timeout", "order-1").await;
    let pending = first.expect(202);
    assert_eq!((&pending["status"], &pending["seats"]), (&json!("pending"), &lock["seats"]));
    assert_eq!(pending["total_price"], lock["total"]);
    assert_eq!(ada.seat_map(&show).await.status("A1"), "held");
    ada.cancel(&pending).await.problem("booking_pending");
    replays(&ada.pay_once(&lock, "pm_sandbox_timeout", "order-1").await, &first);

    let confirmed = settled(&app, &ada, &pending).await;
    assert_eq!(confirmed["status"], "confirmed");
    assert_eq!(confirmed["tickets"].as_array().unwrap().len(), 1);
    shows_booked(&app, &show, "A1").await;
    replays(&ada.pay_once(&lock, "pm_sandbox_timeout", "order-1").await, &first);
    let charge = app.ledger().charge(id(&pending));
    assert_eq!((charge.authorised, charge.kept()), (1, 25_000));
    assert_eq!(history(&ada).await, [confirmed]);
}

#[tokio::test]
async fn seats_stay_held_past_the_expiry_while_a_payment_is_under_way() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = ada.hold(&show, &["A1"]).await;
    app.pass_seconds(HOLD_S - 1);
    let pending = ada.pay(&lock, "pm_sandbox_timeout").await.expect(202);
    app.pass_seconds(2);
    assert_eq!(app.seat_map(&show).await.status("A1"), "held");
    bob.reserve(&show, &["A1"]).await.problem("seats_unavailable");
    assert_eq!(settled(&app, &ada, &pending).await["status"], "confirmed");
    shows_booked(&app, &show, "A1").await;
}

#[tokio::test]
async fn a_slow_payment_succeeds_and_no_other_is_taken_meanwhile() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let slow = tokio::spawn({
        let (ada, lock) = (ada.clone(), lock.clone());
        async move { ada.pay_once(&lock, "pm_sandbox_slow", "slow").await }
    });
    eventually("the slow payment has begun", async || (!history(&ada).await.is_empty()).then_some(())).await;
    let refused = ada.pay_once(&lock, "pm_card_visa", "fast").await;
    refused.problem("payment_in_progress");
    replays(&ada.pay_once(&lock, "pm_card_visa", "fast").await, &refused);

    let answer = slow.await.unwrap();
    assert!(matches!(answer.status(), 201 | 202), "{answer}");
    let booking = settled(&app, &ada, &answer.json()).await;
    assert_eq!(booking["status"], "confirmed");
    replays(&ada.pay_once(&lock, "pm_sandbox_slow", "slow").await, &answer);
    replays(&ada.pay_once(&lock, "pm_card_visa", "fast").await, &refused);
    let kept: i64 = app.ledger().charges().values().map(Charge::kept).sum();
    assert_eq!(kept, 25_000);
}

#[tokio::test]
async fn a_gateway_that_is_down_costs_nobody_anything() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    app.sandbox().go_down();
    let answer = ada.pay_once(&lock, "pm_card_visa", "order-1").await;
    app.sandbox().come_back();
    match answer.status() {
        503 => {
            answer.problem("unavailable");
            assert!(answer.has_header("retry-after"), "{answer}");
            let booking = ada.pay_once(&lock, "pm_card_visa", "order-1").await.created();
            assert_eq!(app.ledger().charge(id(&booking)).kept(), 25_000);
        }
        _ => {
            let pending = answer.expect(202);
            let end = settled(&app, &ada, &pending).await;
            let kept = app.ledger().charge(id(&pending)).kept();
            match end["status"].as_str().unwrap() {
                "confirmed" => assert_eq!(kept, 25_000),
                "failed" => {
                    assert_eq!(kept, 0);
                    ada.cancel(&pending).await.problem("cancellation_closed");
                    assert_eq!(app.customer("Bob").await.seat_map(&show).await.status("A1"), "available");
                }
                other => panic!("settled as {other}"),
            }
        }
    }
}

#[tokio::test]
async fn a_show_cancelled_during_checkout_charges_nobody() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let _ = app.admin().await.delete(&show.admin_path()).await.ok();
    ada.pay(&lock, "pm_card_visa").await.problem("show_not_on_sale");
    ada.post_nothing(&format!("/locks/{}/extend", id_of(&lock, "lock_id"))).await.problem("show_not_on_sale");
    ada.reserve(&show, &["A2"]).await.problem("show_not_on_sale");
    assert!(app.ledger().charges().is_empty());
    assert!(history(&ada).await.is_empty());
}

#[tokio::test]
async fn a_show_cancelled_while_a_payment_is_under_way_gives_the_money_back() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let slow = tokio::spawn({
        let ada = ada.clone();
        async move { ada.pay(&lock, "pm_sandbox_slow").await }
    });
    eventually("the slow payment has begun", async || (!history(&ada).await.is_empty()).then_some(())).await;
    let _ = app.admin().await.delete(&show.admin_path()).await.ok();
    let answer = slow.await.unwrap();
    assert!(matches!(answer.status(), 201 | 202 | 409), "{answer}");
    app.while_time_passes(SignedDuration::from_secs(60), "nobody is charged", async || {
        let undone = history(&ada)
            .await
            .iter()
            .all(|booking| booking["status"] == "failed" || booking["refund"]["status"] == "succeeded");
        let kept: i64 = app.ledger().charges().values().map(Charge::kept).sum();
        (undone && kept == 0).then_some(())
    })
    .await;
    assert!(app.ledger().charges().values().all(|charge| charge.given_back() <= 1));
}
