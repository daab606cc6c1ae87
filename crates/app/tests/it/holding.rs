//! Holding seats: all of them or none, for a while, and never for ever.

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{Show, TestApp, eventually, id_of};
use serde_json::{Value, json};

const HOLD_S: i64 = 480;
const HOLD_MAX_S: i64 = 900;
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

fn lock_path(lock: &Value) -> String {
    format!("/locks/{}", id_of(lock, "lock_id"))
}

fn expiry(lock: &Value) -> Timestamp {
    lock["expiry"].as_str().unwrap().parse().unwrap()
}

/// A show in six hours with row A (gold) and row B (silver), ten seats each.
async fn show(app: &TestApp) -> Show {
    app.a_show().create().await
}

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

#[tokio::test]
async fn a_hold_has_at_most_ten_seats() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let ten = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10"];
    ada.reserve(&show, &[&ten[..], &["B1"]].concat()).await.blames("seats");
    let _ = ada.hold(&show, &ten).await;
}

#[tokio::test]
async fn the_seats_of_a_hold_can_be_limited_further() {
    let app = TestApp::start_with(|config| config.max_seats_per_hold = 2).await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    ada.reserve(&show, &["A1", "A2", "A3"]).await.blames("seats");
    let _ = ada.hold(&show, &["A1", "A2"]).await;
}

#[tokio::test]
async fn what_somebody_already_holds_for_the_show_counts() {
    let app = TestApp::start_with(|config| config.max_held_seats_per_show = 3).await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let first = ada.hold(&show, &["A1", "A2"]).await;
    ada.reserve(&show, &["A3", "A4"]).await.problem("hold_limit_reached");
    assert_eq!(app.seat_map(&show).await.available(), 18, "a refused hold changes nothing");
    let _ = ada.hold(&show, &["A3"]).await;
    app.again(&ada).await.reserve(&show, &["A4"]).await.problem("hold_limit_reached");

    let _ = bob.hold(&show, &["A4", "A5", "A6"]).await;
    let another_show = self::show(&app).await;
    let _ = ada.hold(&another_show, &["A1", "A2", "A3"]).await;

    ada.delete(&lock_path(&first)).await.no_content();
    let second = ada.hold(&show, &["A1", "A2"]).await;
    let _ = ada.pay(&second, "pm_card_visa").await.created();
    let _ = ada.hold(&show, &["B1", "B2"]).await;
    app.pass_seconds(HOLD_S);
    let _ = ada.hold(&show, &["B3", "B4", "B5"]).await;
}

#[tokio::test]
async fn twenty_seats_of_a_show_is_the_limit_unless_set_and_nought_lifts_it() {
    let app = TestApp::start().await;
    let show_of_thirty = app.a_show().seats(30).create().await;
    let names: Vec<&str> = show_of_thirty.names().collect();
    let ada = app.customer("Ada").await;
    let _ = ada.hold(&show_of_thirty, &names[..10]).await;
    let _ = ada.hold(&show_of_thirty, &names[10..20]).await;
    ada.reserve(&show_of_thirty, &names[20..21]).await.problem("hold_limit_reached");

    let app = TestApp::start_with(|config| config.max_held_seats_per_show = 0).await;
    let show_of_thirty = app.a_show().seats(30).create().await;
    let names: Vec<&str> = show_of_thirty.names().collect();
    let ada = app.customer("Ada").await;
    for ten in names.chunks(10) {
        let _ = ada.hold(&show_of_thirty, ten).await;
    }
}

#[tokio::test]
async fn a_show_that_is_not_on_sale_takes_no_holds() {
    let app = TestApp::start().await;
    let (cancelled, started) = (show(&app).await, app.a_show().starts_in(SignedDuration::from_mins(5)).create().await);
    let _ = app.admin().await.delete(&cancelled.admin_path()).await.ok();
    let ada = app.customer("Ada").await;
    ada.reserve(&cancelled, &["A1"]).await.problem("show_not_on_sale");
    app.pass_seconds(299);
    let _ = ada.hold(&started, &["A1"]).await;
    app.pass_seconds(1);
    ada.reserve(&started, &["A2"]).await.problem("show_not_on_sale");
}

#[tokio::test]
async fn sales_that_close_before_the_payment_close_for_holds_extensions_and_bookings_alike() {
    let app = TestApp::start().await;
    let show = app.a_show().starts_in(SignedDuration::from_mins(5)).create().await;
    let ada = app.customer("Ada").await;
    app.pass_seconds(240);
    let lock = ada.hold(&show, &["A1"]).await;
    app.pass_seconds(60);
    ada.reserve(&show, &["A2"]).await.problem("show_not_on_sale");
    let extended = ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await;
    let paid = ada.pay(&lock, "pm_card_visa").await;
    // Either the hold ended with the sale, or it is still there and of no use.
    for answer in [extended, paid] {
        match answer.status() {
            410 => answer.problem("lock_expired"),
            _ => answer.problem("show_not_on_sale"),
        };
    }
    assert!(app.ledger().charges().is_empty());
}

#[tokio::test]
async fn holding_for_somebody_else_is_for_staff() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let for_bob = json!({ "seats": show.seats(&["A1"]), "user_id": bob.user_id });
    app.post(&show.path("/reserve"), for_bob.clone()).await.problem("unauthenticated");
    ada.post(&show.path("/reserve"), for_bob.clone()).await.problem("forbidden");
    let for_herself = json!({ "seats": show.seats(&["A2"]), "user_id": ada.user_id });
    let _ = ada.post(&show.path("/reserve"), for_herself).await.created();

    let clerk = app.box_office(&show.cinema_id).await;
    let lock = clerk.post(&show.path("/reserve"), for_bob).await.created();
    assert_eq!(lock["user_id"], json!(bob.user_id));
    assert_eq!(bob.get(&lock_path(&lock)).await.ok(), lock);
    let for_bob = json!({ "seats": show.seats(&["A3"]), "user_id": bob.user_id });
    let _ = app.admin().await.post(&show.path("/reserve"), for_bob).await.created();
}

#[tokio::test]
async fn nobody_can_hold_seats_for_somebody_who_does_not_exist() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let (clerk, admin) = (app.box_office(&show.cinema_id).await, app.admin().await);
    let (taken, reserve) = (ada.hold(&show, &["A2"]).await, show.path("/reserve"));
    let for_nobody = |seats: Value| json!({ "seats": seats, "user_id": NOBODY });
    app.post(&reserve, for_nobody(json!(["Z-99"]))).await.problem("unauthenticated");
    ada.post(&reserve, for_nobody(json!(["Z-99"]))).await.problem("forbidden");
    for staff in [&clerk, &admin] {
        // Free seats, a taken one, one that is not there, none.
        for seats in [show.seats(&["A1"]).into(), show.seats(&["A2"]).into(), json!(["Z-99"]), json!([])] {
            staff.post(&reserve, for_nobody(seats)).await.problem("user_not_found");
        }
    }
    admin.post(&format!("/shows/{NOBODY}/reserve"), for_nobody(json!([]))).await.problem("show_not_found");
    assert_eq!(app.seat_map(&show).await.available(), 19);
    assert_eq!(ada.get(&lock_path(&taken)).await.ok(), taken);
}

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
async fn releasing_what_is_not_one_s_own_hold_leaves_it_alone() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let bobs = bob.hold(&show, &["A1"]).await;
    let booked = ada.hold(&show, &["A2"]).await;
    let booking = ada.pay(&booked, "pm_card_visa").await.created();
    let before = app.seat_map(&show).await;
    for path in [lock_path(&bobs), lock_path(&booked), format!("/locks/{NOBODY}"), "/locks/nonsense".to_owned()] {
        ada.delete(&path).await.no_content();
    }
    app.delete(&lock_path(&bobs)).await.problem("unauthenticated");
    assert_eq!(app.seat_map(&show).await.json, before.json);
    assert_eq!(bob.get(&lock_path(&bobs)).await.ok(), bobs);
    assert_eq!(ada.booking(&booking).await["status"], "confirmed");
}

#[tokio::test]
async fn somebody_else_s_hold_does_not_exist() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = bob.hold(&show, &["A1"]).await;
    ada.get(&lock_path(&lock)).await.problem("lock_not_found");
    ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.problem("lock_not_found");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_not_found");
    app.pass_seconds(HOLD_S);
    ada.get(&lock_path(&lock)).await.problem("lock_not_found");
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

#[tokio::test]
async fn the_limit_counts_holds_from_before_a_restart() {
    let mut app = TestApp::start_with(|config| config.max_held_seats_per_show = 2).await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let _ = ada.hold(&show, &["A1", "A2"]).await;
    app.restart().await;
    ada.at(&app).reserve(&show, &["A3"]).await.problem("hold_limit_reached");
}

#[tokio::test]
async fn who_holds_again_and_again_without_buying_is_sent_away_for_a_while() {
    let app = TestApp::start_with(|config| config.rate_limits = true).await;
    let show = app.a_show().starts_in(SignedDuration::from_hours(24 * 7)).create().await;
    let ada = app.customer("Ada").await;
    let row = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10"];
    // Signing in is limited by a clock of its own.
    let signed_in = async || {
        let tokens = eventually("she may sign in", async || {
            let answer = app.password_grant(&ada.email, &ada.password).await;
            (answer.status() == 200).then(|| answer.json())
        })
        .await;
        app.with_token(tokens["access_token"].as_str().unwrap())
    };
    let mut refused = None;
    for _ in 0..50 {
        let answer = signed_in().await.reserve(&show, &row).await;
        if answer.status() != 201 {
            refused = Some(answer);
            break;
        }
        app.pass_seconds(HOLD_S);
    }
    let refused = refused.expect("one person can keep a whole row from everybody else");
    refused.problem("rate_limited");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!(wait > 0, "{refused}");
    assert_eq!(app.seat_map(&show).await.status("A1"), "available");
    let _ = app.customer("Bob").await.hold(&show, &["A1"]).await;
    app.pass_seconds(wait.max(HOLD_S));
    let _ = signed_in().await.hold(&show, &["A1"]).await;
}

#[tokio::test]
async fn without_limits_a_seat_may_be_held_again_and_again() {
    let app = TestApp::start().await;
    let show = app.a_show().starts_in(SignedDuration::from_hours(24 * 7)).create().await;
    let ada = app.customer("Ada").await;
    for _ in 0..50 {
        let _ = app.again(&ada).await.hold(&show, &["A1"]).await;
        app.pass_seconds(HOLD_S);
    }
}

#[tokio::test]
async fn one_seat_held_again_and_again_runs_into_a_cool_down_that_ends() {
    let app = TestApp::start_with(|config| config.rate_limits = true).await;
    let show = app.a_show().create().await;
    let mut keeper = app.customer("Ada").await;
    let mut held_s = 0;
    let refused = loop {
        let answer = keeper.reserve(&show, &["A1"]).await;
        if answer.status() == 429 {
            break answer;
        }
        let _ = answer.created();
        app.pass_seconds(HOLD_S);
        keeper = app.again(&keeper).await;
        held_s += HOLD_S;
        assert!(held_s <= 4 * 900, "one seat is kept from everybody for ever");
    };
    refused.problem("rate_limited");
    assert!(held_s >= 3 * 900, "{held_s}");
    let _ = app.customer("Bob").await.book(&show, &["A1"]).await;
    app.pass_seconds(refused.header("retry-after").parse().unwrap());
    let _ = app.again(&keeper).await.hold(&show, &["A2"]).await;
}
