//! Taking something out: what is in use, a show of the past, a cancelled show and its money.

use jiff::SignedDuration;
use marquee_testkit::{Charge, Person, TestApp, id_of};
use serde_json::{Value, json};

use super::{inr, is_gone};

#[tokio::test]
async fn what_a_future_show_uses_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let show = app.a_show().create().await;
    let used = [
        format!("/admin/movies/{}", show.movie_id),
        format!("/admin/cinemas/{}", show.cinema_id),
        format!("/admin/screens/{}", show.screen_id),
    ];
    for path in &used {
        admin.delete(path).await.problem("in_use");
    }
    let _ = app.get(&format!("/movies/{}", show.movie_id)).await.ok();
    let _ = admin.delete(&show.admin_path()).await.ok();
    for path in [&used[0], &used[2], &used[1]] {
        is_gone(&admin.delete(path).await);
    }
    assert_eq!(app.seat_map(&show).await.seats().len(), 20, "the seat map stays readable");
}

#[tokio::test]
async fn a_show_of_the_past_is_not_touched() {
    let app = TestApp::start().await;
    let show = app.a_show().starts_in(SignedDuration::from_mins(10)).create().await;
    app.pass(SignedDuration::from_hours(5));
    let admin = app.admin().await;
    admin.delete(&show.admin_path()).await.problem("invalid_request");
    admin.patch(&show.admin_path(), json!({ "language": "hi" })).await.problem("invalid_request");
    is_gone(&admin.delete(&format!("/admin/movies/{}", show.movie_id)).await);
}

#[tokio::test]
async fn a_cancelled_show_refunds_every_booking_once() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let (first, second) = (ada.book(&show, &["A1", "A2"]).await, bob.book(&show, &["B1"]).await);
    let returned = ada.book(&show, &["B5"]).await;
    let _ = ada.cancel(&returned).await.ok();
    let lock = bob.hold(&show, &["B2"]).await;

    let admin = app.admin().await;
    let cancelled = admin.delete(&show.admin_path()).await.ok();
    assert_eq!((&cancelled["show_id"], &cancelled["status"]), (&json!(show.show_id), &json!("cancelled")));
    assert_eq!(admin.delete(&show.admin_path()).await.ok()["status"], "cancelled");
    assert_eq!(app.get(&show.path("")).await.ok()["status"], "cancelled");

    let is_refunded = async |person: &Person, booking: &Value| {
        app.while_time_passes(SignedDuration::from_secs(60), "the booking is refunded", async || {
            let booking = person.booking(booking).await;
            (booking["refund"]["status"] == "succeeded").then_some(booking)
        })
        .await
    };
    for (person, booking, amount) in [(&ada, &first, 50_000), (&bob, &second, 15_000), (&ada, &returned, 15_000)] {
        let end = is_refunded(person, booking).await;
        assert_eq!((&end["status"], &end["refund"]["amount"]), (&json!("cancelled"), &inr(amount)));
        let charge = app.ledger().charge(id_of(booking, "booking_id"));
        assert_eq!((charge.kept(), charge.given_back()), (0, 1));
    }
    let paid = bob.pay(&lock, "pm_card_visa").await;
    assert!(matches!(paid.status(), 404 | 409 | 410), "{paid}");
    assert_eq!(app.seat_map(&show).await.seats().len(), 20);
    assert_eq!(app.ledger().charges().values().map(Charge::kept).sum::<i64>(), 0);
}

#[tokio::test]
async fn a_cancelled_show_s_refunds_survive_a_restart() {
    let mut app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1"]).await;
    let _ = app.admin().await.delete(&show.admin_path()).await.ok();
    app.restart().await;
    let ada = ada.at(&app);
    let end = app
        .while_time_passes(SignedDuration::from_secs(60), "the booking is refunded", async || {
            let booking = ada.booking(&booking).await;
            (booking["refund"]["status"] == "succeeded").then_some(booking)
        })
        .await;
    assert_eq!(end["status"], "cancelled");
    assert_eq!(app.ledger().charge(id_of(&booking, "booking_id")).given_back(), 1);
}
