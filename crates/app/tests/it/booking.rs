//! Booking: paid once, answered the same every time, and given back when it is cancelled.

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{Answer, Charge, Client, Show, TestApp, eventually, id_of};
use reqwest::Method;
use serde_json::{Value, json};

const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";
const HOLD_S: i64 = 480;

/// What the contract allows a payment whose answer never came.
const SETTLED_WITHIN: SignedDuration = SignedDuration::from_secs(30);
/// What the contract allows a sandbox refund.
const REFUNDED_WITHIN: SignedDuration = SignedDuration::from_secs(5);

async fn show(app: &TestApp) -> Show {
    app.a_show().create().await
}

fn id(booking: &Value) -> &str {
    id_of(booking, "booking_id")
}

fn payment(lock: &Value, payment_token: &str) -> Value {
    json!({ "lock_id": lock["lock_id"], "payment_token": payment_token })
}

/// `POST /booking` with the key in the header.
async fn pay_with_header(client: &Client, body: &Value, key: &str) -> Answer {
    client.request(Method::POST, "/booking").header("idempotency-key", key).json(body).send().await
}

/// Asserts that `replay` is the very answer `first` was.
#[track_caller]
fn replays(replay: &Answer, first: &Answer) {
    assert!(!first.is_replay(), "{first}");
    assert!(replay.is_replay(), "{replay}");
    assert_eq!(replay.status(), first.status(), "{replay}");
    assert_eq!(replay.json(), first.json());
}

/// The booking once it is not pending any more.
async fn settled(app: &TestApp, client: &Client, booking: &Value) -> Value {
    app.while_time_passes(SETTLED_WITHIN, "the booking is settled", async || {
        let booking = client.booking(booking).await;
        (booking["status"] != "pending").then_some(booking)
    })
    .await
}

/// The booking once its refund has arrived.
async fn refunded(app: &TestApp, client: &Client, booking: &Value) -> Value {
    app.while_time_passes(REFUNDED_WITHIN, "the refund arrives", async || {
        let booking = client.booking(booking).await;
        (booking["refund"]["status"] == "succeeded").then_some(booking)
    })
    .await
}

async fn history(client: &Client) -> Vec<Value> {
    client.get("/user/me/bookings?limit=100").await.ok()["items"].as_array().unwrap().clone()
}

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

#[tokio::test]
async fn somebody_else_s_booking_does_not_exist() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let booking = bob.book(&show, &["A1"]).await;
    for path in ["", "/ticket.pdf", "/ticket.svg"] {
        ada.get(&format!("/booking/{}{path}", id(&booking))).await.problem("booking_not_found");
        app.get(&format!("/booking/{}{path}", id(&booking))).await.problem("unauthenticated");
    }
    ada.cancel(&booking).await.problem("booking_not_found");
    assert_eq!(bob.booking(&booking).await["status"], "confirmed");
}

#[tokio::test]
async fn staff_see_and_cancel_the_bookings_of_their_cinema_alone() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let elsewhere = app.a_cinema().create().await;
    let (first, second) = (ada.book(&show, &["A1"]).await, ada.book(&show, &["A2"]).await);
    let (clerk, stranger) = (app.box_office(&show.cinema_id).await, app.box_office(&elsewhere).await);
    assert_eq!(clerk.booking(&first).await, first);
    assert_eq!(app.admin().await.booking(&first).await, first);
    stranger.get(&format!("/booking/{}", id(&first))).await.problem("booking_not_found");
    stranger.cancel(&first).await.problem("booking_not_found");
    assert_eq!(clerk.cancel(&first).await.ok()["status"], "cancelled");
    assert_eq!(app.admin().await.cancel(&second).await.ok()["status"], "cancelled");
    assert_eq!(ada.booking(&first).await["status"], "cancelled");
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
    assert_eq!(ada.seat_map(&show).await.status("A1"), "booked");
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
    assert_eq!(app.seat_map(&show).await.status("A1"), "booked");
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
    let answer = ada.pay(&lock, "pm_card_visa").await;
    assert!(matches!(answer.status(), 404 | 409 | 410), "{answer}");
    assert_eq!(app.ledger().charges().values().map(Charge::kept).sum::<i64>(), 0);
    assert!(history(&ada).await.iter().all(|booking| booking["status"] != "confirmed"));
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

#[tokio::test]
async fn history_is_newest_first_and_paged_without_loss() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    assert_eq!(ada.get("/user/me/bookings").await.ok(), json!({ "items": [], "next_cursor": null }));
    let mut booked = Vec::new();
    for seat in ["A1", "A2", "A3", "A4", "A5"] {
        booked.push(ada.book(&show, &[seat]).await);
        let _ = bob.book(&show, &[&seat.replace('A', "B")]).await;
        app.pass_seconds(1);
    }
    booked.reverse();
    assert_eq!(history(&ada).await, booked);

    let (mut seen, mut next) = (Vec::new(), "/user/me/bookings?limit=2".to_owned());
    for seat in ["A6", "A7", "A8", "A9"] {
        let page = ada.get(&next).await.ok();
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/user/me/bookings?limit=2&cursor={cursor}");
        let _ = ada.book(&show, &[seat]).await;
        app.pass_seconds(1);
    }
    assert_eq!(seen, booked, "what is booked meanwhile does not move the pages");
    let by_id = ada.get(&format!("/user/{}/bookings?limit=100", ada.user_id)).await.ok();
    assert_eq!(by_id["items"].as_array().unwrap(), &history(&ada).await);
}

#[tokio::test]
async fn a_cursor_is_of_no_use_to_somebody_else() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    for seat in ["A1", "A2", "A3"] {
        let _ = ada.book(&show, &[seat]).await;
        app.pass_seconds(1);
    }
    let page = ada.get("/user/me/bookings?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    let stolen = bob.get(&format!("/user/me/bookings?limit=1&cursor={cursor}")).await;
    assert!(matches!(stolen.status(), 200 | 422), "{stolen}");
    assert!(!stolen.text().contains(&ada.user_id));
}
