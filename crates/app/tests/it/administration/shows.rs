//! Shows: when, on which screen, for how much.

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{TestApp, id_of};
use serde_json::json;

use super::{a_show_request, changed, end_time, inr};

/// How far ahead a show may be: 730 days.
const AHEAD_MAX_S: i64 = 730 * 24 * 60 * 60;

#[tokio::test]
async fn a_show_is_scheduled() {
    let app = TestApp::start().await;
    let request = a_show_request(&app).await;
    let created = app.admin().await.post("/admin/shows", request.clone()).await.created();
    let show = app.get(&format!("/shows/{}", id_of(&created, "show_id"))).await.ok();
    assert_eq!(
        show["start_time"].as_str().unwrap().parse::<Timestamp>().unwrap(),
        app.from_now(SignedDuration::from_hours(6))
    );
    assert_eq!(end_time(&created), end_time(&show));
    assert_eq!((&show["status"], &show["price_from"]), (&json!("on_sale"), &inr(15_000)));
}

#[tokio::test]
async fn a_show_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let good = a_show_request(&app).await;
    let bad_prices = [
        json!({}),
        json!({ "gold": inr(25_000) }),
        json!({ "gold": inr(25_000), "silver": { "amount": 15_000, "currency": "USD" } }),
        json!({ "gold": inr(-1), "silver": inr(15_000) }),
        json!({ "gold": { "amount": 1, "currency": "XXQ" }, "silver": inr(15_000) }),
        json!({ "gold": { "amount": 2.5, "currency": "INR" }, "silver": inr(15_000) }),
        json!({ "gold": { "amount": i64::MAX, "currency": "INR" }, "silver": inr(15_000) }),
        json!({ "gold": 25_000, "silver": inr(15_000) }),
        json!([]),
    ];
    for prices in bad_prices {
        admin.post("/admin/shows", changed(&good, "prices", prices)).await.blames("prices");
    }
    let scheduled = app.a_show().create().await;
    let past = app.from_now(SignedDuration::from_secs(-60)).to_string();
    let too_far = app.from_now(SignedDuration::from_secs(AHEAD_MAX_S + 1)).to_string();
    for start_time in
        ["tomorrow", "2026-10-21 18:30", "2026-10-21T18:30:00", "", &past, &too_far, "9999-12-31T23:59:59Z"]
    {
        admin.post("/admin/shows", changed(&good, "start_time", json!(start_time))).await.blames("start_time");
        admin.patch(&scheduled.admin_path(), json!({ "start_time": start_time })).await.blames("start_time");
    }
    for nobody in ["019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c", "nonsense", ""].map(|id| json!(id)) {
        admin.post("/admin/shows", changed(&good, "movie_id", nobody.clone())).await.problem("movie_not_found");
        admin.post("/admin/shows", changed(&good, "screen_id", nobody)).await.problem("screen_not_found");
    }
    admin.post("/admin/shows", changed(&good, "movie_id", json!(7))).await.blames("movie_id");
    let farthest = json!(app.from_now(SignedDuration::from_secs(AHEAD_MAX_S)).to_string());
    let _ = admin.post("/admin/shows", changed(&good, "start_time", farthest)).await.created();
    let _ = admin.post("/admin/shows", good).await.created();
}

#[tokio::test]
async fn an_offset_in_a_start_time_is_the_same_instant_in_utc() {
    let app = TestApp::start().await;
    let request = changed(&a_show_request(&app).await, "start_time", json!("2026-10-21T18:30:00+05:30"));
    let created = app.admin().await.post("/admin/shows", request).await.created();
    let show = app.get(&format!("/shows/{}", id_of(&created, "show_id"))).await.ok();
    assert_eq!(show["start_time"], "2026-10-21T13:00:00Z");
}

#[tokio::test]
async fn two_shows_never_share_a_screen() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let first_request = a_show_request(&app).await;
    let first = admin.post("/admin/shows", first_request.clone()).await.created();
    let start: Timestamp = first_request["start_time"].as_str().unwrap().parse().unwrap();
    let end = end_time(&first);
    let at = |instant: Timestamp| changed(&first_request, "start_time", json!(instant.to_string()));
    let minute = SignedDuration::from_mins(1);
    for overlapping in [start, start + minute, end - minute, start - minute] {
        admin.post("/admin/shows", at(overlapping)).await.problem("screen_occupied");
    }
    let long_movie = app.a_movie().minutes(600).create().await;
    let around = changed(&at(start - minute * 60), "movie_id", json!(long_movie));
    admin.post("/admin/shows", around).await.problem("screen_occupied");

    let next = admin.post("/admin/shows", at(end + minute * 60)).await.created();
    let next_path = format!("/admin/shows/{}", id_of(&next, "show_id"));
    admin.patch(&next_path, json!({ "start_time": start.to_string() })).await.problem("screen_occupied");
    let other_screen = a_show_request(&app).await;
    let _ = admin.post("/admin/shows", other_screen).await.created();

    let _ = admin.delete(&format!("/admin/shows/{}", id_of(&first, "show_id"))).await.ok();
    let _ = admin.post("/admin/shows", at(start)).await.created();
}

#[tokio::test]
async fn two_administrators_never_schedule_over_each_other() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let request = a_show_request(&app).await;
    let calls = (0..12).map(|_| admin.post("/admin/shows", request.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status() == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.problem("screen_occupied");
    }
}

#[tokio::test]
async fn a_show_is_moved_and_repriced() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let admin = app.admin().await;
    let later = app.from_now(SignedDuration::from_hours(9));
    let _ = admin.patch(&show.admin_path(), json!({ "start_time": later.to_string() })).await.ok();
    let moved = app.get(&show.path("")).await.ok();
    assert_eq!(moved["start_time"], json!(later.to_string()));
    assert_eq!(end_time(&moved), later + SignedDuration::from_hours(2));
    admin.patch(&show.admin_path(), json!({ "prices": { "gold": inr(1) } })).await.blames("prices");
    admin.patch(&show.admin_path(), json!({ "prices": {} })).await.blames("prices");
    admin.patch(&show.admin_path(), json!({ "status": "cancelled" })).await.problem("invalid_request");
}

#[tokio::test]
async fn a_show_may_begin_when_the_one_before_it_has_ended() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let request = a_show_request(&app).await;
    let first = admin.post("/admin/shows", request.clone()).await.created();
    let next = changed(&request, "start_time", first["end_time"].clone());
    let _ = admin.post("/admin/shows", next).await.created();
}

#[tokio::test]
async fn a_screen_may_be_kept_empty_between_two_shows() {
    let app = TestApp::start_with(|config| config.cleaning_minutes = 20).await;
    let admin = app.admin().await;
    let request = a_show_request(&app).await;
    let first = admin.post("/admin/shows", request.clone()).await.created();
    let after = |minutes: i64| {
        let start = end_time(&first) + SignedDuration::from_mins(minutes);
        changed(&request, "start_time", json!(start.to_string()))
    };
    admin.post("/admin/shows", after(19)).await.problem("screen_occupied");
    let _ = admin.post("/admin/shows", after(20)).await.created();
}

#[tokio::test]
async fn a_cinema_may_close_its_sales_and_cancellations_early() {
    let app = TestApp::start().await;
    let cinema_id = app
        .a_cinema()
        .with("sales_close_minutes_before_start", json!(30))
        .with("cancellation_close_minutes_before_start", json!(60))
        .create()
        .await;
    let show = app.a_show().at(&cinema_id).starts_in(SignedDuration::from_mins(70)).create().await;
    let ada = app.customer("Ada").await;
    let (kept, lock) = (ada.book(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    app.pass_seconds(10 * 60);
    ada.cancel(&kept).await.problem("cancellation_closed");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_expired");
    app.pass_seconds(30 * 60 - 1);
    let ada = app.again(&ada).await;
    let last = ada.hold(&show, &["A3"]).await;
    assert_eq!(app.get(&show.path("")).await.ok()["status"], "on_sale");
    app.pass_seconds(1);
    assert_eq!(app.get(&show.path("")).await.ok()["status"], "closed");
    ada.reserve(&show, &["A4"]).await.problem("show_not_on_sale");
    let paid = ada.pay(&last, "pm_card_visa").await;
    assert!(matches!(paid.status(), 409 | 410), "{paid}");
}
