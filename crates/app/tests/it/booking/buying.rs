//! From a hold to a paid booking: what it says, what it costs, whose it is.

use jiff::Timestamp;
use marquee_testkit::{Charge, TestApp, id_of};
use serde_json::{Value, json};

use super::{HOLD_S, history, id, payment, show};

#[tokio::test]
async fn a_booking_says_what_was_bought() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1", "B2"]).await;
    let answer = ada.pay(&lock, "pm_card_visa").await;
    let booking = answer.created();
    assert!(!answer.is_replay());
    let members: Vec<_> = booking.as_object().unwrap().keys().map(String::as_str).collect();
    for member in [
        "booking_id",
        "user_id",
        "show_id",
        "status",
        "seats",
        "total_price",
        "payment_id",
        "created_at",
        "tickets",
        "refund",
    ] {
        assert!(members.contains(&member), "no {member}\n{answer}");
    }
    assert_eq!((&booking["user_id"], &booking["show_id"]), (&json!(ada.user_id), &json!(show.show_id)));
    assert_eq!((&booking["status"], &booking["refund"]), (&json!("confirmed"), &Value::Null));
    assert_eq!((&booking["seats"], &booking["total_price"]), (&lock["seats"], &lock["total"]));
    assert!(booking["payment_id"].is_string());
    assert_eq!(booking["created_at"].as_str().unwrap().parse::<Timestamp>().unwrap(), app.now());
    let tickets = booking["tickets"].as_array().unwrap();
    let seats = booking["seats"].as_array().unwrap();
    assert_eq!(tickets.len(), 2);
    for (ticket, seat) in tickets.iter().zip(seats) {
        assert_eq!((&ticket["seat_id"], &ticket["label"]), (&seat["seat_id"], &seat["label"]));
        assert!(!ticket["token"].as_str().unwrap().is_empty());
    }
    assert_ne!(tickets[0]["ticket_id"], tickets[1]["ticket_id"]);
    assert_ne!(tickets[0]["token"], tickets[1]["token"]);

    assert_eq!(ada.booking(&booking).await, booking);
    let map = ada.seat_map(&show).await;
    assert_eq!((map.status("A1"), map.status("B2"), map.available()), ("booked", "booked", 18));
    assert_eq!(app.ledger().charge(id(&booking)).kept(), 40_000);
}

#[tokio::test]
async fn booked_seats_are_gone_for_others() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let _ = ada.book(&show, &["A1"]).await;
    app.pass_seconds(10_000);
    let bob = app.again(&bob).await;
    let refusal = bob.reserve(&show, &["A1"]).await.problem("seats_unavailable");
    assert_eq!(refusal["seats"], json!([show.seat("A1")]));
}

#[tokio::test]
async fn a_declined_card_leaves_the_hold_for_another_one() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1", "A2"]).await;
    let path = format!("/locks/{}", id_of(&lock, "lock_id"));
    for (card, decline_code) in [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ] {
        let declined = ada.pay(&lock, card).await.problem("payment_declined");
        assert_eq!(declined["decline_code"], decline_code);
        assert_eq!(ada.get(&path).await.ok(), lock);
        assert_eq!(ada.seat_map(&show).await.status("A1"), "held");
    }
    let booking = ada.pay(&lock, "pm_card_visa").await.created();
    let ledger = app.ledger();
    let kept: i64 = ledger.charges().values().map(Charge::kept).sum();
    assert_eq!((kept, ledger.charge(id(&booking)).kept()), (50_000, 50_000));
}

#[tokio::test]
async fn after_a_decline_the_hold_still_lapses_on_time() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    app.pass_seconds(HOLD_S - 1);
    ada.pay(&lock, "pm_card_visa_chargeDeclined").await.problem("payment_declined");
    app.pass_seconds(1);
    assert_eq!(ada.seat_map(&show).await.status("A1"), "available");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_expired");
    let _ = app.customer("Bob").await.book(&show, &["A1"]).await;
}

#[tokio::test]
async fn an_unknown_payment_token_or_voucher_costs_nothing_and_leaves_the_hold() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    for payment_token in ["pm_nonsense", "", "PM_CARD_VISA", "pm_card_visa "] {
        ada.pay(&lock, payment_token).await.blames("payment_token");
    }
    let mut with_voucher = payment(&lock, "pm_card_visa");
    for codes in [json!(["SAVE10"]), json!([""]), json!(["A", "A"])] {
        with_voucher["voucher_codes"] = codes;
        ada.post("/booking", with_voucher.clone()).await.blames("voucher_codes");
    }
    assert_eq!(ada.seat_map(&show).await.status("A1"), "held");
    assert!(app.ledger().charges().is_empty());
    with_voucher["voucher_codes"] = json!([]);
    let _ = ada.post("/booking", with_voucher).await.created();
}

#[tokio::test]
async fn what_it_costs_is_not_for_the_client_to_say() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    for (field, value) in [
        ("total_price", json!({ "amount": 1, "currency": "INR" })),
        ("amount", json!(1)),
        ("seats", json!([show.seat("A2")])),
        ("status", json!("confirmed")),
    ] {
        let mut body = payment(&lock, "pm_card_visa");
        body[field] = value;
        ada.post("/booking", body).await.problem("invalid_request");
    }
}

#[tokio::test]
async fn the_price_of_the_hold_is_the_price_that_is_paid() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let dearer = json!({
        "gold": { "amount": 99_000, "currency": "INR" },
        "silver": { "amount": 99_000, "currency": "INR" },
    });
    let _ = app.admin().await.patch(&show.admin_path(), json!({ "prices": dearer })).await.ok();
    let booking = ada.pay(&lock, "pm_card_visa").await.created();
    assert_eq!(booking["total_price"], lock["total"]);
    assert_eq!(app.ledger().charge(id(&booking)).kept(), 25_000);
    let next = ada.hold(&show, &["A2"]).await;
    assert_eq!(next["total"]["amount"], 99_000);
}

#[tokio::test]
async fn booking_for_somebody_else_is_for_staff() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = ada.hold(&show, &["A1"]).await;
    let mut body = payment(&lock, "pm_card_visa");
    body["user_id"] = json!(bob.user_id);
    ada.post("/booking", body).await.problem("forbidden");
    let mut body = payment(&lock, "pm_card_visa");
    body["user_id"] = json!(ada.user_id);
    let _ = ada.post("/booking", body).await.created();

    let clerk = app.box_office(&show.cinema_id).await;
    let picks = json!({ "seats": show.seats(&["A2"]), "user_id": bob.user_id });
    let lock = clerk.post(&show.path("/reserve"), picks).await.created();
    let mut body = payment(&lock, "pm_card_visa");
    body["user_id"] = json!(bob.user_id);
    let booking = clerk.post("/booking", body).await.created();
    assert_eq!(booking["user_id"], json!(bob.user_id));
    assert_eq!(bob.booking(&booking).await, booking);
    assert_eq!(history(&bob).await, [booking]);
}
