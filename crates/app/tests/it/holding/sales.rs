//! A show that sells no more: closed, started or cancelled.

use jiff::SignedDuration;
use marquee_testkit::TestApp;

use super::{lock_path, show};

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
async fn the_holds_of_a_cancelled_show_have_ended_when_its_cancellation_is_answered() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.customer("Ada").await, app.admin().await);
    // Often enough to be faster, now and then, than whoever hears of it by the journal.
    for _ in 0..5 {
        let show = show(&app).await;
        let (lock, map) = (ada.hold(&show, &["A1", "A2"]).await, app.seat_map(&show).await);
        let _ = admin.delete(&show.admin_path()).await.ok();
        ada.get(&lock_path(&lock)).await.problem("lock_expired");
        let freed = app.seat_map(&show).await;
        assert_eq!((freed.status("A1"), freed.available()), ("available", 20));
        assert!(freed.version() > map.version());
        ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.problem("show_not_on_sale");
        ada.get(&lock_path(&lock)).await.problem("lock_expired");
        ada.delete(&lock_path(&lock)).await.no_content();
    }
}

#[tokio::test]
async fn the_next_seat_map_of_a_cancelled_show_has_no_held_seats_whoever_looks_first() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.customer("Ada").await, app.admin().await);
    for path in ["/seats", "/availability"] {
        let show = show(&app).await;
        let _ = ada.hold(&show, &["A1"]).await;
        let _ = app.get(&show.path(path)).await.ok();
        let _ = admin.delete(&show.admin_path()).await.ok();
        assert_eq!(app.get(&show.path(path)).await.ok()["seats_available"], 20, "{path}");
        assert_eq!(app.get(&show.path("")).await.ok()["seats_available"], 20, "{path}");
    }
}
