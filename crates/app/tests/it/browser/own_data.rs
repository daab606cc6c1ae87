//! Sessions seen and ended, what is kept of somebody, the end of an account; what a cancellation would give back.

use jiff::SignedDuration;
use marquee_testkit::{Answer, Person, TestApp, id_of};
use reqwest::Method;
use serde_json::{Value, json};

async fn erase(person: &Person, password: &str) -> Answer {
    person.request(Method::DELETE, "/user/me").json(&json!({ "password": password })).send().await
}

async fn sessions(person: &Person) -> Vec<Value> {
    person.get("/user/me/sessions").await.ok()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn somebody_sees_where_they_are_signed_in_and_ends_it_there() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    app.pass_seconds(60);
    let phone = app.again(&ada).await;
    let listed = sessions(&phone).await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!(listed[0]["created_at"], listed[0]["refreshed_at"]);
    let other = format!("/user/me/sessions/{}", id_of(&listed[1], "session_id"));
    bob.delete(&other).await.problem("session_not_found");
    bob.delete(&other.replace("me", &ada.user_id)).await.problem("user_not_found");
    phone.delete(&other).await.no_content();
    phone.delete(&other).await.problem("session_not_found");
    phone.delete("/user/me/sessions/nonsense").await.problem("session_not_found");
    ada.get("/user/me").await.problem("unauthenticated");
    assert_eq!(app.refresh_grant(&ada.refresh_token).await.status(), 400);
    assert_eq!(sessions(&phone).await.len(), 1);
}

#[tokio::test]
async fn a_session_tells_when_it_was_last_there() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    app.pass_seconds(600);
    let renewed = app.refresh_grant(&ada.refresh_token).await.ok();
    let ada = app.with_token(renewed["access_token"].as_str().unwrap());
    let session = ada.get("/user/me/sessions").await.ok()["items"][0].clone();
    assert_eq!(session["refreshed_at"], json!(app.now().to_string()));
    assert_ne!(session["created_at"], session["refreshed_at"]);
}

#[tokio::test]
async fn sessions_come_in_pages() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for _ in 0..3 {
        app.pass_seconds(1);
        let _ = app.again(&ada).await;
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/user/me/sessions?limit=2{cursor}")).await.ok();
        found.extend(page["items"].as_array().unwrap().iter().map(|item| id_of(item, "session_id").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found.len(), 4);
    assert!(found.is_sorted_by(|newer, older| newer > older), "{found:?}");
    ada.get("/user/me/sessions?cursor=nonsense").await.blames("cursor");
}

#[tokio::test]
async fn all_that_is_kept_of_somebody_is_theirs_to_have() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (app.a_show().create().await, app.customer("Ada").await, app.customer("Bob").await);
    let booking = ada.book(&show, &["A1"]).await;
    let _ = bob.book(&show, &["A2"]).await;
    let answer = ada.get("/user/me/export").await;
    let export = answer.ok();
    assert!(answer.header("content-disposition").starts_with("attachment;"), "{answer}");
    assert!(answer.header("cache-control").contains("no-store"), "{answer}");
    assert_eq!((&export["account"]["email"], &export["account"]["name"]), (&json!(ada.email), &json!("Ada")));
    assert_eq!(export["account"]["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(export["bookings"], json!([booking]));
    assert!(!answer.text().contains("hash"), "{answer}");
    bob.get(&format!("/user/{}/export", ada.user_id)).await.problem("user_not_found");
}

#[tokio::test]
async fn an_erased_account_is_of_nobody_and_its_address_is_free_again() {
    let app = TestApp::start().await;
    let (show, ada) = (app.a_show().create().await, app.customer("Ada").await);
    let other_device = app.again(&ada).await;
    let booking = ada.book(&show, &["A1"]).await;
    app.pass(SignedDuration::from_hours(7));
    let ada = app.again(&ada).await;
    erase(&ada, "not her password").await.blames("password");
    erase(&ada, &ada.password).await.no_content();
    for device in [&ada, &other_device] {
        device.get("/user/me").await.problem("unauthenticated");
        assert_eq!(app.refresh_grant(&device.refresh_token).await.status(), 400);
    }
    assert_eq!(app.password_grant(&ada.email, &ada.password).await.status(), 400);
    // The books have the sale still, of nobody.
    let kept = app.admin().await.get(&format!("/booking/{}", id_of(&booking, "booking_id"))).await.ok();
    assert_eq!((&kept["status"], &kept["user_id"]), (&json!("confirmed"), &json!(ada.user_id)));
    let again = json!({ "name": "Ada", "email": ada.email, "password": "another password" });
    let new = app.post("/auth/register", again).await.created();
    assert_ne!(new["user_id"], json!(ada.user_id));
    let new = app.with_token(new["access_token"].as_str().unwrap());
    assert_eq!(new.get("/user/me/bookings").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn whoever_is_still_to_come_cannot_go() {
    let app = TestApp::start().await;
    let (show, ada) = (app.a_show().create().await, app.customer("Ada").await);
    let booking = ada.book(&show, &["A1"]).await;
    let refused = erase(&ada, &ada.password).await.problem("bookings_open");
    assert_eq!(refused["bookings"], json!([booking["booking_id"]]));
    let _ = ada.get("/user/me").await.ok();
    let _ = ada.cancel(&booking).await.ok();
    erase(&ada, &ada.password).await.no_content();
}

#[tokio::test]
async fn nobody_erases_another_s_account_nor_guesses_at_its_password() {
    let app = TestApp::start_with(|config| config.rate_limits = true).await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let body = json!({ "password": bob.password });
    let path = format!("/user/{}", ada.user_id);
    bob.request(Method::DELETE, &path).json(&body).send().await.problem("user_not_found");
    bob.delete("/user/me").await.problem("unsupported_media_type");
    for _ in 0..20 {
        let answer = erase(&bob, "a guess").await;
        if answer.status() == 429 {
            return;
        }
        answer.blames("password");
    }
    panic!("twenty guesses were looked at");
}

#[tokio::test]
async fn the_books_of_a_shop_hold_after_an_account_was_erased() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    erase(&ada, &ada.password).await.no_content();
    let now = app.now();
    let faults = app.running().services.db.read(move |tx| marquee_accounts::check(tx, now)).await.unwrap();
    assert!(faults.is_empty(), "{faults:?}");
}

#[tokio::test]
async fn what_a_cancellation_gives_back_is_told_before() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (app.a_show().create().await, app.customer("Ada").await, app.customer("Bob").await);
    let (booking, later) = (ada.book(&show, &["A1", "B1"]).await, ada.book(&show, &["A2"]).await);
    let path = |booking: &Value| format!("/booking/{}/cancellation", id_of(booking, "booking_id"));
    let told = ada.get(&path(&booking)).await.ok();
    assert_eq!(told["refund"], booking["total_price"]);
    let starts = app.get(&show.path("")).await.ok()["start_time"].clone();
    assert_eq!(told["until"], starts);
    bob.get(&path(&booking)).await.problem("booking_not_found");
    let cancelled = ada.cancel(&booking).await.ok();
    assert_eq!(cancelled["refund"]["amount"], told["refund"]);
    ada.get(&path(&booking)).await.problem("cancellation_closed");
    app.pass(SignedDuration::from_hours(6));
    let ada = app.again(&ada).await;
    ada.get(&path(&later)).await.problem("cancellation_closed");
}

#[tokio::test]
async fn a_booking_goes_into_a_calendar() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (app.a_show().create().await, app.customer("Ada").await, app.customer("Bob").await);
    let booking = ada.book(&show, &["A1", "A2"]).await;
    let path = format!("/booking/{}/ticket.ics", id_of(&booking, "booking_id"));
    let answer = ada.get(&path).await;
    assert_eq!((answer.status(), answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
    assert!(answer.header("content-disposition").ends_with(".ics\""), "{answer}");
    let file = answer.text();
    assert!(file.contains(&format!("UID:{}\r\n", id_of(&booking, "booking_id"))), "{file}");
    assert!(file.contains("DTSTART:20261020T150000Z\r\n") && file.contains("Seats: A1\\, A2"), "{file}");
    bob.get(&path).await.problem("booking_not_found");
    let _ = ada.cancel(&booking).await.ok();
    ada.get(&path).await.problem("booking_not_found");
}
