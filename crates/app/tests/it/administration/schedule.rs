//! A manager's day: the timetable, its copy, what a cancellation gives back.

use jiff::SignedDuration;
use marquee_testkit::{TestApp, id_of};
use serde_json::json;

use super::inr;

#[tokio::test]
async fn a_manager_plans_copies_and_cancels_in_their_cinema_and_nowhere_else() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let elsewhere = app.a_show().create().await;
    let (manager, other) = (app.manager(&show.cinema_id).await, app.manager(&elsewhere.cinema_id).await);
    let (ada, clerk) = (app.customer("Ada").await, app.box_office(&show.cinema_id).await);
    let planned = app.get(&show.path("")).await.ok();
    let zone = app.get(&format!("/cinemas/{}", show.cinema_id)).await.ok()["timezone"].as_str().unwrap().to_owned();
    let start: jiff::Timestamp = planned["start_time"].as_str().unwrap().parse().unwrap();
    let day = start.to_zoned(jiff::tz::TimeZone::get(&zone).unwrap()).date();
    let tomorrow = day.checked_add(jiff::Span::new().days(1)).unwrap();

    let timetable = format!("/admin/shows?cinema_id={}&from={day}&to={tomorrow}", show.cinema_id);
    let copy = format!("/admin/cinemas/{}/shows/copy", show.cinema_id);
    let cancellation = format!("{}/cancellation", show.admin_path());
    let order = json!({ "from": day.to_string(), "to": tomorrow.to_string() });
    app.get(&cancellation).await.problem("unauthenticated");
    for stranger in [&ada, &clerk, &other] {
        stranger.get(&timetable).await.problem("forbidden");
        stranger.get(&cancellation).await.problem("forbidden");
        stranger.post(&copy, order.clone()).await.problem("forbidden");
        stranger.delete(&show.admin_path()).await.problem("forbidden");
    }
    assert_eq!(manager.get(&timetable).await.ok()["items"].as_array().unwrap().len(), 1);

    let made = manager.post(&copy, order).await.ok();
    let copied = app.get(&format!("/shows/{}", id_of(&made["shows"][0], "show_id"))).await.ok();
    assert_eq!(copied["start_time"], json!((start + SignedDuration::from_hours(24)).to_string()));
    assert_eq!(manager.get(&timetable).await.ok()["items"].as_array().unwrap().len(), 2);

    let booking = ada.book(&show, &["A1", "B1"]).await;
    let told = manager.get(&cancellation).await.ok();
    assert_eq!((&told["bookings"], &told["refunds"]), (&json!(1), &json!([inr(40_000)])));
    let _ = manager.delete(&show.admin_path()).await.ok();
    app.while_time_passes(SignedDuration::from_secs(60), "the booking is refunded", async || {
        let refund = ada.booking(&booking).await["refund"].clone();
        (refund["amount"] == inr(40_000)).then_some(())
    })
    .await;
    assert_eq!(manager.get(&cancellation).await.ok()["refunds"], json!([]));
}
