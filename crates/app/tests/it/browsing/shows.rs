//! Shows: what is on, where and on which day.

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::TestApp;
use serde_json::json;

use super::{has_members, items, listed};

#[tokio::test]
async fn a_show_is_listed_with_what_a_customer_chooses_by() {
    let app = TestApp::start().await;
    let movie_id = app.a_movie().title("Sholay").minutes(204).create().await;
    let cinema_id = app.a_cinema().with("name", json!("Regal")).create().await;
    let screen_id = app.a_screen().of(&cinema_id).name("Screen 1").create().await;
    let show = app
        .a_show()
        .of(&movie_id)
        .on(&screen_id)
        .with("language", json!("hi"))
        .with("format", json!("IMAX"))
        .create()
        .await;
    let listed = app.get(&show.path("")).await.ok();
    has_members(
        &listed,
        &[
            "show_id",
            "movie_id",
            "movie_title",
            "cinema_id",
            "cinema_name",
            "screen_id",
            "screen_name",
            "start_time",
            "end_time",
            "language",
            "format",
            "status",
            "price_from",
            "seats_total",
            "seats_available",
        ],
    );
    let expected = [
        ("movie_title", json!("Sholay")),
        ("cinema_name", json!("Regal")),
        ("screen_name", json!("Screen 1")),
        ("language", json!("hi")),
        ("format", json!("IMAX")),
        ("status", json!("on_sale")),
        ("price_from", json!({ "amount": 15_000, "currency": "INR" })),
        ("seats_total", json!(20)),
        ("seats_available", json!(20)),
    ];
    for (member, value) in expected {
        assert_eq!(listed[member], value, "{member}");
    }
    let end_time: Timestamp = listed["end_time"].as_str().unwrap().parse().unwrap();
    assert!(end_time >= show.start_time + SignedDuration::from_mins(204));
    assert_eq!(items(&app.get("/shows").await.ok()), [listed]);
}

#[tokio::test]
async fn shows_are_found_by_movie_cinema_city_and_in_order() {
    let app = TestApp::start().await;
    let (sholay, nayakan) = (app.a_movie().create().await, app.a_movie().create().await);
    let (mumbai, chennai) = (app.a_cinema().create().await, app.a_cinema().city("Chennai").create().await);
    let at = |hours: i64| SignedDuration::from_hours(hours);
    let late = app.a_show().of(&sholay).at(&mumbai).starts_in(at(30)).create().await.show_id;
    let early = app.a_show().of(&sholay).at(&mumbai).starts_in(at(2)).create().await.show_id;
    let south = app.a_show().of(&nayakan).at(&chennai).starts_in(at(10)).create().await.show_id;
    let found = async |query: &str| listed(&app, &format!("/shows?{query}"), "show_id").await;
    assert_eq!(found("").await, [early.clone(), south.clone(), late.clone()]);
    assert_eq!(found(&format!("movie_id={sholay}")).await, [early.clone(), late.clone()]);
    assert_eq!(found(&format!("cinema_id={chennai}")).await, std::slice::from_ref(&south));
    assert_eq!(found("city=Chennai").await, std::slice::from_ref(&south));
    assert_eq!(found(&format!("movie_id={nayakan}&cinema_id={mumbai}")).await, [""; 0]);
    assert_eq!(found(&format!("movie_id={sholay}&date=2026-10-20&city=Mumbai")).await, [early]);
}

#[tokio::test]
async fn the_date_filter_is_the_cinema_s_day() {
    let app = TestApp::start().await;
    let mumbai = app.a_cinema().create().await;
    // 23:30, 00:30 and 23:45 in India are 18:00, 19:00 and 18:15 UTC.
    let mut shows = Vec::new();
    for start in ["2026-10-21T18:00:00Z", "2026-10-21T19:00:00Z", "2026-10-22T18:15:00Z", "2026-10-22T18:30:00Z"] {
        shows.push(app.a_show().at(&mumbai).starts_at(start).create().await.show_id);
    }
    let on = async |date: &str| listed(&app, &format!("/shows?date={date}"), "show_id").await;
    assert_eq!(on("2026-10-21").await, shows[..1]);
    assert_eq!(on("2026-10-22").await, shows[1..3]);
    assert_eq!(on("2026-10-23").await, shows[3..]);
    for bad in ["2026-13-01", "2026-02-30", "22-10-2026", "2026-10-22T00:00:00Z", "today", ""] {
        app.get(&format!("/shows?date={bad}")).await.blames("date");
    }
}

#[tokio::test]
async fn a_day_of_twenty_five_hours_has_all_its_shows() {
    let app = TestApp::start().await;
    let berlin = app.a_cinema().city("Berlin").timezone("Europe/Berlin").create().await;
    // The clocks go back on the 25th: it begins at 22:00 UTC of the 24th and ends at 23:00 UTC of the 25th.
    let starts = [
        "2026-10-24T21:30:00Z",
        "2026-10-24T22:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T22:30:00Z",
        "2026-10-25T23:30:00Z",
    ];
    let mut shows = Vec::new();
    for start in starts {
        shows.push(app.a_show().at(&berlin).starts_at(start).create().await.show_id);
    }
    let on = async |date: &str| listed(&app, &format!("/shows?city=Berlin&date={date}"), "show_id").await;
    assert_eq!(on("2026-10-24").await, shows[..1]);
    assert_eq!(on("2026-10-25").await, shows[1..4]);
    assert_eq!(on("2026-10-26").await, shows[4..]);
    let across = app.get(&format!("/shows/{}", shows[2])).await.ok();
    let end: Timestamp = across["end_time"].as_str().unwrap().parse().unwrap();
    assert_eq!(end, starts[2].parse::<Timestamp>().unwrap() + SignedDuration::from_hours(2));
}

#[tokio::test]
async fn one_date_may_be_different_days_in_different_cities() {
    let app = TestApp::start().await;
    let tokyo = app.a_cinema().city("Tokyo").timezone("Asia/Tokyo").create().await;
    let lima = app.a_cinema().city("Lima").timezone("America/Lima").create().await;
    let in_tokyo = app.a_show().at(&tokyo).starts_at("2026-10-21T16:00:00Z").create().await.show_id;
    let in_lima = app.a_show().at(&lima).starts_at("2026-10-22T02:00:00Z").create().await.show_id;
    let on = async |date: &str| listed(&app, &format!("/shows?date={date}"), "show_id").await;
    assert_eq!(on("2026-10-22").await, [in_tokyo]);
    assert_eq!(on("2026-10-21").await, [in_lima]);
}

#[tokio::test]
async fn a_show_s_status_follows_the_clock_and_an_ended_one_leaves_the_list() {
    let app = TestApp::start().await;
    let movie_id = app.a_movie().minutes(90).create().await;
    let show = app.a_show().of(&movie_id).starts_in(SignedDuration::from_mins(10)).create().await;
    let cancelled = app.a_show().of(&movie_id).starts_in(SignedDuration::from_mins(20)).create().await;
    let _ = app.admin().await.delete(&cancelled.admin_path()).await.ok();
    let status = async |show_id: &str| app.get(&format!("/shows/{show_id}")).await.ok()["status"].clone();
    assert_eq!(status(&show.show_id).await, "on_sale");
    assert_eq!(status(&cancelled.show_id).await, "cancelled");
    app.pass_seconds(600);
    assert_eq!(status(&show.show_id).await, "started");
    let found = async || listed(&app, &format!("/shows?movie_id={movie_id}"), "show_id").await;
    assert_eq!(found().await, [show.show_id.clone(), cancelled.show_id.clone()]);
    app.pass(SignedDuration::from_mins(89));
    assert!(found().await.contains(&show.show_id));
    app.pass(SignedDuration::from_hours(4));
    assert_eq!(found().await, [""; 0]);
    let _ = app.get(&show.path("/seats")).await.ok();
}
