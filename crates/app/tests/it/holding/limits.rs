//! How much one person may hold, and for how long without buying.

use jiff::SignedDuration;
use marquee_testkit::{TestApp, eventually};

use super::{HOLD_S, lock_path, show};

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
