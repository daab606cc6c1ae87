//! At the gate: who may ask, what is said, and the list for when there is no network.

use jiff::SignedDuration;
use marquee_http::Role;
use marquee_testkit::{Person, Show, TestApp};
use serde_json::{Value, json};

/// A show whose doors are open.
async fn tonight(app: &TestApp) -> Show {
    app.a_show().starts_in(SignedDuration::from_mins(30)).create().await
}

fn scan(app: &TestApp, booking: &Value, nonce: &str) -> Value {
    let token = &booking["tickets"][0]["token"];
    json!({ "token": token, "gate": "North", "scanned_at": app.from_now(SignedDuration::ZERO), "nonce": nonce })
}

fn with(mut scan: Value, member: &str, value: Value) -> Value {
    scan[member] = value;
    scan
}

async fn worker(app: &TestApp, role: Role, cinema_id: &str) -> Person {
    let person = app.customer("Worker").await;
    let accounts = &app.running().services.accounts;
    accounts.grant_role(&person.email, role, &[cinema_id.parse().unwrap()]).await.unwrap();
    app.again(&person).await
}

#[tokio::test]
async fn staff_of_the_cinema_admit_and_nobody_else() {
    let app = TestApp::start().await;
    let (show, elsewhere) = (tonight(&app).await, tonight(&app).await);
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1", "A2", "A3"]).await;
    let list = show.path("/admissions");
    app.post("/admissions", scan(&app, &booking, "1")).await.problem("unauthenticated");
    app.get(&list).await.problem("unauthenticated");
    // Also with what is wrong with the request: who they are comes first.
    for nonsense in [scan(&app, &booking, "1"), json!({ "surprise": 1 })] {
        ada.post("/admissions", nonsense).await.problem("forbidden");
    }
    ada.get(&list).await.problem("forbidden");
    ada.get("/shows/nonsense/admissions").await.problem("forbidden");
    for role in [Role::BoxOffice, Role::Manager] {
        let other = worker(&app, role, &elsewhere.cinema_id).await;
        let refused = other.post("/admissions", scan(&app, &booking, "1")).await.problem("ticket_of_other_cinema");
        assert_eq!(refused["ticket"]["show_id"], show.show_id.as_str(), "{refused}");
        other.get(&list).await.problem("forbidden");
        other.get("/shows/nonsense/admissions").await.problem("show_not_found");
    }
    let here = [
        worker(&app, Role::BoxOffice, &show.cinema_id).await,
        worker(&app, Role::Manager, &show.cinema_id).await,
        app.admin().await,
    ];
    for (at, person) in here.iter().enumerate() {
        let ticket = with(scan(&app, &booking, &at.to_string()), "token", booking["tickets"][at]["token"].clone());
        let admitted = person.post("/admissions", ticket).await.created();
        assert_eq!(admitted["ticket"]["ticket_id"], booking["tickets"][at]["ticket_id"]);
        assert_eq!(person.get(&list).await.ok()["admitted"], at + 1);
    }
}

#[tokio::test]
async fn a_guest_goes_in_once_and_a_refusal_says_what_the_guard_needs_to_know() {
    let app = TestApp::start().await;
    let show = tonight(&app).await;
    let booking = app.customer("Ada").await.book(&show, &["A1"]).await;
    let guard = app.box_office(&show.cinema_id).await;
    let first = guard.post("/admissions", scan(&app, &booking, "1")).await;
    let again = guard.post("/admissions", scan(&app, &booking, "1")).await;
    assert_eq!((first.created(), first.is_replay()), (again.created(), false));
    assert!(again.is_replay());
    let admitted = first.created();
    assert_eq!((&admitted["ticket"]["label"], &admitted["booking_id"]), (&json!("A1"), &booking["booking_id"]));
    assert_eq!((&admitted["reference"], &admitted["party"]), (&booking["reference"], &json!(1)));
    let refused = guard.post("/admissions", scan(&app, &booking, "2")).await.problem("already_admitted");
    assert_eq!((&refused["gate"], &refused["scanned_at"]), (&json!("North"), &admitted["scanned_at"]));
    assert_eq!(refused["ticket"], admitted["ticket"]);

    let tomorrow = app.a_show().starts_in(SignedDuration::from_hours(24)).create().await;
    let early = app.customer("Bob").await.book(&tomorrow, &["A1"]).await;
    let admin = app.admin().await;
    let refused = admin.post("/admissions", scan(&app, &early, "3")).await.problem("admission_not_open");
    assert!(refused["opens_at"].is_string() && refused["ticket"]["start_time"].is_string(), "{refused}");
    let at_door = with(scan(&app, &early, "4"), "show_id", json!(show.show_id));
    admin.post("/admissions", at_door).await.problem("ticket_of_other_show");
    guard
        .post("/admissions", with(scan(&app, &early, "5"), "token", json!("mq1.no")))
        .await
        .problem("ticket_unreadable");
}

#[tokio::test]
async fn what_is_wrong_with_a_scan_is_named() {
    let app = TestApp::start().await;
    let show = tonight(&app).await;
    let booking = app.customer("Ada").await.book(&show, &["A1"]).await;
    let guard = app.box_office(&show.cinema_id).await;
    let day = SignedDuration::from_hours(24);
    for (member, value) in [
        ("gate", json!("")),
        ("gate", json!(" \t")),
        ("gate", json!("g".repeat(61))),
        ("gate", json!("two\nlines")),
        ("nonce", json!("")),
        ("nonce", json!("n".repeat(65))),
        ("scanned_at", json!(app.from_now(day))),
        ("scanned_at", json!(app.from_now(-day * 8))),
        ("scanned_at", json!("today")),
        ("token", json!(7)),
        ("show_id", json!("nonsense")),
        ("let_in", json!("yes")),
        ("surprise", json!(1)),
    ] {
        guard.post("/admissions", with(scan(&app, &booking, "1"), member, value)).await.blames(member);
    }
    let mut unnamed = scan(&app, &booking, "1");
    unnamed.as_object_mut().unwrap().remove("gate");
    guard.post("/admissions", unnamed).await.blames("gate");
    guard.post("/admissions?surprise=1", scan(&app, &booking, "1")).await.problem("invalid_request");
    assert_eq!(guard.get(&show.path("/admissions")).await.ok()["admitted"], 0);
}

#[tokio::test]
async fn the_list_has_every_ticket_that_is_good_and_who_is_in() {
    let app = TestApp::start().await;
    let show = tonight(&app).await;
    let ada = app.customer("Ada").await;
    let (booking, returned) = (ada.book(&show, &["A1", "A2"]).await, ada.book(&show, &["B1"]).await);
    let _ = ada.cancel(&returned).await.ok();
    let guard = app.box_office(&show.cinema_id).await;
    let _ = guard.post("/admissions", scan(&app, &booking, "1")).await.created();
    let again = with(with(scan(&app, &booking, "3"), "let_in", json!(true)), "gate", json!("Side"));
    guard.post("/admissions", again).await.problem("already_admitted");

    let list = guard.get(&show.path("/admissions")).await.ok();
    let labels: Vec<_> = list["tickets"].as_array().unwrap().iter().map(|ticket| &ticket["label"]).collect();
    assert_eq!(labels, ["A1", "A2"]);
    assert_eq!(list["tickets"][0]["admission"]["gate"], "North");
    assert!(list["tickets"][1]["admission"].is_null());
    let contested = &list["contested"][0];
    assert_eq!((&contested["gate"], &contested["code"]), (&json!("Side"), &json!("already_admitted")));
    for instant in ["as_of", "opens_at", "closes_at"] {
        assert!(list[instant].is_string(), "{list}");
    }
    // Whoever is in has seen it: the rest of the party does not get its money back either.
    ada.cancel(&booking).await.problem("cancellation_closed");
}
