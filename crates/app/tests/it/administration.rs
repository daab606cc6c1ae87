//! Administration: what is on, where, when and for how much; by administrators alone.

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{Answer, Charge, Person, TestApp, id_of};
use reqwest::Method;
use serde_json::{Value, json};

fn inr(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "INR" })
}

fn rows(rows: &[(&str, &str, &str)]) -> Value {
    let row = |(row, category, seats): &(&str, &str, &str)| json!({ "row": row, "category": category, "seats": seats });
    json!({ "rows": rows.iter().map(row).collect::<Vec<_>>() })
}

/// A request for a show that would be good.
async fn a_show_request(app: &TestApp) -> Value {
    let screen_id = app.a_screen().row("A", "gold", "123").row("B", "silver", "123").create().await;
    json!({
        "movie_id": app.a_movie().create().await,
        "screen_id": screen_id,
        "start_time": app.from_now(SignedDuration::from_hours(6)).to_string(),
        "prices": { "gold": inr(25_000), "silver": inr(15_000) },
    })
}

fn changed(request: &Value, member: &str, value: Value) -> Value {
    let mut request = request.clone();
    request[member] = value;
    request
}

fn end_time(show: &Value) -> Timestamp {
    show["end_time"].as_str().unwrap().parse().unwrap()
}

/// Asserts that a deletion was done.
#[track_caller]
fn is_gone(answer: &Answer) {
    assert!(matches!(answer.status(), 200 | 204), "{answer}");
}

#[tokio::test]
async fn only_administrators_administer() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let (ada, clerk) = (app.customer("Ada").await, app.box_office(&show.cinema_id).await);
    let request = a_show_request(&app).await;
    let calls = [
        (Method::POST, "/admin/movies".to_owned(), json!({ "title": "Sholay", "duration_minutes": 204 })),
        (
            Method::POST,
            "/admin/cinemas".to_owned(),
            json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" }),
        ),
        (
            Method::POST,
            format!("/admin/cinemas/{}/screens", show.cinema_id),
            json!({ "name": "2", "layout": rows(&[("A", "gold", "123")]) }),
        ),
        (Method::POST, "/admin/shows".to_owned(), request),
        (Method::PATCH, format!("/admin/movies/{}", show.movie_id), json!({ "title": "Stolen" })),
        (Method::PATCH, format!("/admin/cinemas/{}", show.cinema_id), json!({ "name": "Stolen" })),
        (Method::PATCH, format!("/admin/screens/{}", show.screen_id), json!({ "name": "Stolen" })),
        (Method::PATCH, show.admin_path(), json!({ "prices": { "gold": inr(1), "silver": inr(1) } })),
        (Method::DELETE, format!("/admin/movies/{}", show.movie_id), Value::Null),
        (Method::DELETE, format!("/admin/cinemas/{}", show.cinema_id), Value::Null),
        (Method::DELETE, format!("/admin/screens/{}", show.screen_id), Value::Null),
        (Method::DELETE, show.admin_path(), Value::Null),
    ];
    let before = app.get(&show.path("")).await.ok();
    for (method, path, body) in calls {
        let ask = async |client: &marquee_testkit::Client| {
            let request = client.request(method.clone(), &path);
            if body.is_null() { request.send().await } else { request.json(&body).send().await }
        };
        ask(&app).await.problem("unauthenticated");
        ask(&ada).await.problem("forbidden");
        ask(&clerk).await.problem("forbidden");
    }
    assert_eq!(app.get(&show.path("")).await.ok(), before);
}

#[tokio::test]
async fn a_movie_is_added_changed_and_removed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let created = admin.post("/admin/movies", json!({ "title": "Sholay", "duration_minutes": 204 })).await.created();
    let path = format!("/movies/{}", id_of(&created, "movie_id"));
    assert_eq!(app.get(&path).await.ok()["title"], "Sholay");

    let change = json!({ "title": "Sholay (restored)", "cast": ["Dharmendra"] });
    let _ = admin.patch(&format!("/admin{path}"), change).await.ok();
    let movie = app.get(&path).await.ok();
    assert_eq!((&movie["title"], &movie["cast"]), (&json!("Sholay (restored)"), &json!(["Dharmendra"])));
    assert_eq!(movie["duration_minutes"], 204, "what is not named stays");

    is_gone(&admin.delete(&format!("/admin{path}")).await);
    app.get(&path).await.problem("movie_not_found");
    admin.delete(&format!("/admin{path}")).await.problem("movie_not_found");
    admin.patch(&format!("/admin{path}"), json!({ "title": "x" })).await.problem("movie_not_found");
    assert_eq!(app.get("/movies").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_movie_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let good = json!({ "title": "Sholay", "duration_minutes": 204 });
    for (field, bad) in [
        ("title", json!("")),
        ("title", json!("   ")),
        ("title", json!("x".repeat(100_000))),
        ("duration_minutes", json!(0)),
        ("duration_minutes", json!(-1)),
        ("duration_minutes", json!(100_000)),
        ("release_date", json!("15.08.1975")),
        ("release_date", json!("1975-02-30")),
        ("genres", json!("action")),
    ] {
        admin.post("/admin/movies", changed(&good, field, bad)).await.blames(field);
    }
    let movie_id = app.a_movie().create().await;
    let path = format!("/admin/movies/{movie_id}");
    admin.patch(&path, json!({ "title": "" })).await.blames("title");
    admin.patch(&path, json!({ "title": null })).await.problem("invalid_request");
    admin.patch(&path, json!({ "movie_id": movie_id })).await.problem("invalid_request");
}

#[tokio::test]
async fn a_cinema_is_added_changed_and_removed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let request = json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata", "address": "Colaba" });
    let created = admin.post("/admin/cinemas", request).await.created();
    let path = format!("/cinemas/{}", id_of(&created, "cinema_id"));
    let _ = admin.patch(&format!("/admin{path}"), json!({ "name": "New Regal" })).await.ok();
    let cinema = app.get(&path).await.ok();
    assert_eq!((&cinema["name"], &cinema["address"]), (&json!("New Regal"), &json!("Colaba")));
    is_gone(&admin.delete(&format!("/admin{path}")).await);
    app.get(&path).await.problem("cinema_not_found");
    let screen = json!({ "name": "1", "layout": rows(&[("A", "gold", "123")]) });
    admin.post(&format!("/admin{path}/screens"), screen).await.problem("cinema_not_found");
}

#[tokio::test]
async fn a_cinema_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let good = json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" });
    for (field, bad) in [
        ("name", json!("")),
        ("city", json!("")),
        ("timezone", json!("Mars/Olympus")),
        ("timezone", json!("")),
        ("location", json!({ "lat": 91, "lon": 0 })),
        ("location", json!({ "lat": 0, "lon": -181 })),
        ("location", json!({ "lat": 0 })),
        ("location", json!({ "lat": 0, "lon": 0, "alt": 0 })),
    ] {
        admin.post("/admin/cinemas", changed(&good, field, bad)).await.blames(field);
    }
}

#[tokio::test]
async fn a_screen_counts_its_places() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let cinema_id = app.a_cinema().create().await;
    let layout = rows(&[("A", "gold", "_1234_w"), ("B", "gold", "12c____"), ("AA", "silver", "x")]);
    let path = format!("/admin/cinemas/{cinema_id}/screens");
    let created = admin.post(&path, json!({ "name": "Screen 1", "layout": layout })).await.created();
    assert_eq!(created["capacity"], 9);
    let screens = app.get(&format!("/cinemas/{cinema_id}")).await.ok()["screens"].clone();
    assert_eq!(screens, json!([{ "screen_id": created["screen_id"], "name": "Screen 1", "capacity": 9 }]));
}

#[tokio::test]
async fn a_layout_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = format!("/admin/cinemas/{}/screens", app.a_cinema().create().await);
    let bad = [
        json!({ "rows": [] }),
        rows(&[("A", "gold", "")]),
        rows(&[("A", "gold", "____")]),
        rows(&[("A", "gold", "12"), ("A", "gold", "34")]),
        rows(&[("", "gold", "12")]),
        rows(&[("A", "", "12")]),
        json!({ "rows": [{ "row": "A", "category": "gold", "seats": "12", "price": 1 }] }),
        json!({ "rows": [{ "row": "A", "seats": "12" }] }),
        json!({}),
    ];
    for layout in bad {
        admin.post(&path, json!({ "name": "1", "layout": layout })).await.blames("layout");
    }
    admin.post(&path, json!({ "name": "", "layout": rows(&[("A", "gold", "12")]) })).await.blames("name");
}

#[tokio::test]
async fn a_new_layout_leaves_the_shows_that_use_the_old_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let screen_id = app.a_screen().row("A", "gold", "12345").create().await;
    let old = app.a_show().on(&screen_id).price("gold", 25_000).create().await;
    let booking = app.customer("Ada").await.book(&old, &["A5"]).await;
    let layout = rows(&[("A", "gold", "12"), ("B", "silver", "12")]);
    let answer = admin.patch(&format!("/admin/screens/{screen_id}"), json!({ "layout": layout })).await;
    let later = match answer.status() {
        200 => app.a_show().on(&screen_id).starts_in(SignedDuration::from_hours(48)).create().await,
        _ => {
            answer.problem("in_use");
            return;
        }
    };
    let map = app.seat_map(&old).await;
    assert_eq!((map.seats().len(), map.status("A5")), (5, "booked"), "{booking}");
    assert_eq!(app.seat_map(&later).await.seats().len(), 4);
}

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
    let past = app.from_now(SignedDuration::from_secs(-60)).to_string();
    for start_time in ["tomorrow", "2026-10-21 18:30", "2026-10-21T18:30:00", "", past.as_str(), "9999-12-31T23:59:59Z"]
    {
        admin.post("/admin/shows", changed(&good, "start_time", json!(start_time))).await.blames("start_time");
    }
    let nobody = json!("019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c");
    admin.post("/admin/shows", changed(&good, "movie_id", nobody.clone())).await.problem("movie_not_found");
    admin.post("/admin/shows", changed(&good, "screen_id", nobody)).await.problem("screen_not_found");
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
