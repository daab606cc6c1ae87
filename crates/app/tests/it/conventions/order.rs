//! Which error comes first: who you are, what is there, what you ask, what stands in the way.

use marquee_testkit::{TestApp, id_of};
use reqwest::Method;
use serde_json::json;

use super::{NOBODY, admin_calls, call, calls_with_a_token};

#[tokio::test]
async fn an_id_of_nothing_is_not_found_by_its_kind() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for id in [NOBODY, "nonsense", "1", "%20", "%27", "00000000-0000-0000-0000-000000000000"] {
        app.get(&format!("/movies/{id}")).await.problem("movie_not_found");
        app.get(&format!("/cinemas/{id}")).await.problem("cinema_not_found");
        app.get(&format!("/shows/{id}")).await.problem("show_not_found");
        app.get(&format!("/shows/{id}/seats")).await.problem("show_not_found");
        app.get(&format!("/shows/{id}/availability")).await.problem("show_not_found");
        app.get(&format!("/shows/{id}/seats/events")).await.problem("show_not_found");
        ada.post(&format!("/shows/{id}/reserve"), json!({ "seats": ["A-1"] })).await.problem("show_not_found");
        ada.get(&format!("/locks/{id}")).await.problem("lock_not_found");
        ada.post_nothing(&format!("/locks/{id}/extend")).await.problem("lock_not_found");
        ada.delete(&format!("/locks/{id}")).await.no_content();
        ada.get(&format!("/booking/{id}")).await.problem("booking_not_found");
        ada.get(&format!("/booking/{id}/ticket.pdf")).await.problem("booking_not_found");
        ada.get(&format!("/booking/{id}/ticket.svg")).await.problem("booking_not_found");
        ada.post_nothing(&format!("/booking/{id}/cancel")).await.problem("booking_not_found");
        ada.get(&format!("/user/{id}")).await.problem("user_not_found");
        ada.get(&format!("/user/{id}/bookings")).await.problem("user_not_found");
    }
}

#[tokio::test]
async fn administration_of_nothing_is_not_found_by_its_kind() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for id in [NOBODY, "nonsense"] {
        for (kind, code) in [
            ("movies", "movie_not_found"),
            ("cinemas", "cinema_not_found"),
            ("screens", "screen_not_found"),
            ("shows", "show_not_found"),
        ] {
            admin.patch(&format!("/admin/{kind}/{id}"), json!({})).await.problem(code);
            admin.patch(&format!("/admin/{kind}/{id}"), json!({ "surprise": 1 })).await.problem(code);
            admin.delete(&format!("/admin/{kind}/{id}")).await.problem(code);
        }
        let screen = json!({ "name": "1", "layout": { "rows": [{ "row": "A", "category": "gold", "seats": "12" }] } });
        admin.post(&format!("/admin/cinemas/{id}/screens"), screen).await.problem("cinema_not_found");
    }
}

#[tokio::test]
async fn a_lock_id_of_nothing_in_a_body_is_not_found_either() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for id in [NOBODY, "nonsense", ""] {
        ada.pay(&json!({ "lock_id": id }), "pm_card_visa").await.problem("lock_not_found");
    }
    ada.pay(&json!({ "lock_id": 7 }), "pm_card_visa").await.blames("lock_id");
}

#[tokio::test]
async fn every_call_of_an_account_needs_a_good_token() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let tampered = format!("{}x", ada.token());
    let strangers = [
        app.anonymous(),
        app.with_token("nonsense"),
        app.with_token(""),
        app.with_token(&tampered),
        app.with_token(&ada.refresh_token),
    ];
    for (method, path, body) in calls_with_a_token() {
        for stranger in &strangers {
            call(stranger, &method, &path, body.as_ref()).await.problem("unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_refused_token_says_how_to_authenticate() {
    let app = TestApp::start().await;
    // RFC 6750, section 3.
    let answer = app.get("/user/me").await;
    answer.problem("unauthenticated");
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer}");
    let basic = app.request(Method::GET, "/user/me").header("authorization", "Basic YWRhOnB3").send().await;
    basic.problem("unauthenticated");
}

#[tokio::test]
async fn who_you_are_is_checked_before_what_you_ask() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for (method, path, _) in admin_calls() {
        for body in [None, Some(json!({ "surprise": 1 }))] {
            call(&app, &method, &path, body.as_ref()).await.problem("unauthenticated");
            call(&ada, &method, &path, body.as_ref()).await.problem("forbidden");
        }
    }
    let nowhere = format!("/shows/{NOBODY}/reserve");
    app.post(&nowhere, json!({ "surprise": 1 })).await.problem("unauthenticated");
    ada.post(&nowhere, json!({ "seats": ["A-1"], "user_id": NOBODY })).await.problem("forbidden");
}

#[tokio::test]
async fn what_is_not_there_is_told_before_what_is_wrong_with_the_request() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.customer("Ada").await, app.admin().await);
    ada.post(&format!("/shows/{NOBODY}/reserve"), json!({ "seats": [] })).await.problem("show_not_found");
    ada.post(&format!("/shows/{NOBODY}/reserve"), json!({ "surprise": 1 })).await.problem("show_not_found");
    let unknown_token = json!({ "lock_id": NOBODY, "payment_token": "pm_nonsense" });
    ada.post("/booking", unknown_token).await.problem("lock_not_found");
    // Ids in a body as well, and before a parameter that the call does not have.
    let (movie_id, screen_id) = (app.a_movie().create().await, app.a_screen().create().await);
    for (movie_id, screen_id, code) in [
        (NOBODY, NOBODY, "movie_not_found"),
        (NOBODY, &screen_id, "movie_not_found"),
        (&movie_id, NOBODY, "screen_not_found"),
        (&movie_id, &screen_id, "invalid_request"),
    ] {
        let show =
            json!({ "movie_id": movie_id, "screen_id": screen_id, "start_time": "2020-01-01T00:00:00Z", "prices": {} });
        for path in ["/admin/shows", "/admin/shows?surprise=1"] {
            admin.post(path, show.clone()).await.problem(code);
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_before_conflicts() {
    let app = TestApp::start().await;
    let (ada, bob, admin) = (app.customer("Ada").await, app.customer("Bob").await, app.admin().await);
    let show = app.a_show().create().await;
    let _ = bob.hold(&show, &["A1"]).await;
    let reserve = show.path("/reserve");
    ada.post(&reserve, json!({ "seats": [show.seat("A1"), "Z-99"] })).await.problem("invalid_request");
    let lock = ada.hold(&show, &["A2"]).await;
    let _ = admin.delete(&show.admin_path()).await.ok();
    ada.post(&reserve, json!({ "seats": ["Z-99"] })).await.problem("invalid_request");
    ada.reserve(&show, &["A3"]).await.problem("show_not_on_sale");
    ada.pay(&lock, "pm_nonsense").await.problem("invalid_request");
}

#[tokio::test]
async fn a_question_without_an_answer_never_says_more_than_it_should() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let show = app.a_show().create().await;
    let lock = bob.hold(&show, &["A1"]).await;
    let booking = bob.book(&show, &["A2"]).await;
    let (lock_id, booking_id) = (id_of(&lock, "lock_id"), id_of(&booking, "booking_id"));
    for (theirs, nobodys) in [
        (format!("/locks/{lock_id}"), format!("/locks/{NOBODY}")),
        (format!("/booking/{booking_id}"), format!("/booking/{NOBODY}")),
        (format!("/booking/{booking_id}/ticket.pdf"), format!("/booking/{NOBODY}/ticket.pdf")),
        (format!("/booking/{booking_id}/ticket.svg"), format!("/booking/{NOBODY}/ticket.svg")),
        (format!("/user/{}", bob.user_id), format!("/user/{NOBODY}")),
        (format!("/user/{}/bookings", bob.user_id), format!("/user/{NOBODY}/bookings")),
    ] {
        let (theirs, nobodys) = (ada.get(&theirs).await, ada.get(&nobodys).await);
        assert_eq!((theirs.status(), theirs.json()), (404, nobodys.json()), "{theirs}");
    }
}
