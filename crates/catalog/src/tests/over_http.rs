//! The calls as a client sees them.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::{Extension, Router};
use marquee_http::{Authenticate, Caller, Grant, Problem, Role};
use marquee_kernel::{Code, SessionId, UserId};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::*;

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

pub(super) fn app(house: &House) -> Router {
    let authenticate: Authenticate = Arc::new(|token| {
        // Such as `manager@018f…`, of that cinema.
        let (role, cinema_id) = token.split_once('@').map_or((token, None), |(role, at)| (role, at.parse().ok()));
        let role = match role {
            "admin" => Role::Admin,
            "manager" => Role::Manager,
            "box_office" => Role::BoxOffice,
            "customer" => Role::Customer,
            _ => return Err(Problem::new(Code::Unauthenticated, "no")),
        };
        let (user_id, session_id) = (UserId::from(Uuid::nil()), SessionId::from(Uuid::nil()));
        Ok(Caller { user_id, session_id, grants: Arc::new([Grant { role, cinema_id }]) })
    });
    let (router, _) = crate::router(house.catalog.clone()).split_for_parts();
    router.layer(Extension(authenticate))
}

pub(super) async fn call(
    app: &Router,
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
        .unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn get(app: &Router, path: &str) -> (u16, Value) {
    let (status, body) = call(app, "customer", "GET", path, None).await;
    (status.as_u16(), body)
}

pub(super) async fn admin(app: &Router, method: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, body) = call(app, "admin", method, path, Some(body)).await;
    (status.as_u16(), body)
}

pub(super) fn refused((status, body): &(u16, Value)) -> (u16, &str) {
    (*status, body["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn an_administrator_puts_a_show_on_sale() {
    let house = House::open();
    let app = app(&house);
    let dune = json!({ "title": "Dune", "duration_minutes": 155, "genres": ["Sci-Fi"], "release_date": "2026-11-20" });
    let (status, movie) = admin(&app, "POST", "/admin/movies", dune).await;
    assert_eq!((status, &movie["rating"]), (201, &json!({ "average": null, "count": 0 })));
    let place = json!({ "lat": 19.076, "lon": 72.8777 });
    let regal = json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata", "location": place });
    let (status, cinema) = admin(&app, "POST", "/admin/cinemas", regal).await;
    assert_eq!((status, &cinema["location"]), (201, &place));
    let path = format!("/admin/cinemas/{}/screens", cinema["cinema_id"].as_str().unwrap());
    let rows = json!([{ "row": "A", "category": "gold", "seats": "12345_6789" }]);
    let (status, screen) = admin(&app, "POST", &path, json!({ "name": "Audi 1", "layout": { "rows": rows } })).await;
    assert_eq!((status, &screen["capacity"]), (201, &json!(9)));
    let show = json!({
        "movie_id": movie["movie_id"], "screen_id": screen["screen_id"], "start_time": "2026-12-01T15:30:00+05:30",
        "language": "Hindi", "format": "IMAX", "prices": { "gold": { "amount": 25000, "currency": "INR" } },
    });
    let (status, scheduled) = admin(&app, "POST", "/admin/shows", show.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(scheduled["start_time"], "2026-12-01T10:00:00Z");
    assert_eq!(scheduled["end_time"], "2026-12-01T12:35:00Z");
    assert_eq!(scheduled["status"], "on_sale");
    let path = format!("/shows/{}", scheduled["show_id"].as_str().unwrap());
    assert_eq!(get(&app, &path).await, (200, scheduled.clone()));
    assert_eq!(refused(&admin(&app, "POST", "/admin/shows", show).await), (409, "screen_occupied"));
    // What seating says shows in every list at once.
    house.catalog.availability().set_taken(scheduled["show_id"].as_str().unwrap().parse().unwrap(), 4);
    let (_, list) = get(&app, "/shows?date=2026-12-01&city=mumbai").await;
    assert_eq!((&list["items"][0]["seats_available"], &list["next_cursor"]), (&json!(5), &Value::Null));
    assert_eq!(list["items"], json!([get(&app, &path).await.1]));
    let (_, found) = get(&app, "/movies?q=DUN&genre=sci-fi&city=Mumbai").await;
    assert_eq!(found["items"][0]["movie_id"], movie["movie_id"]);
    assert!(found["items"][0].get("synopsis").is_none());
    let (_, cinemas) = get(&app, "/cinemas?city=MUMBAI").await;
    assert_eq!(
        cinemas["items"][0]["screens"][0],
        json!({
            "screen_id": screen["screen_id"], "name": "Audi 1", "capacity": 9,
        })
    );
}

#[tokio::test]
async fn what_is_kept_in_memory_changes_with_the_catalogue() {
    let house = House::open();
    let app = app(&house);
    let film = house.movie("Dune", 155).await;
    let page = format!("/movies/{film}");
    for (path, title) in [("/movies", "/items/0/title"), (page.as_str(), "/title")] {
        assert_eq!(get(&app, path).await.1.pointer(title), Some(&json!("Dune")));
    }
    let change = json!({ "title": "Dune: Part Two", "director": "Villeneuve" });
    assert_eq!(admin(&app, "PATCH", &format!("/admin{page}"), change).await.0, 200);
    for (path, title) in [("/movies", "/items/0/title"), (page.as_str(), "/title")] {
        assert_eq!(get(&app, path).await.1.pointer(title), Some(&json!("Dune: Part Two")));
    }
    let (_, changed) = admin(&app, "PATCH", &format!("/admin{page}"), json!({ "director": null })).await;
    assert_eq!(changed["director"], Value::Null);
    let (status, _) = call(&app, "admin", "DELETE", &format!("/admin{page}"), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(refused(&get(&app, &page).await), (404, "movie_not_found"));
    assert_eq!(get(&app, "/movies").await.1["items"], json!([]));
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let house = House::open();
    let app = app(&house);
    for (path, method) in [("movies", "PATCH"), ("cinemas", "PATCH"), ("screens", "PATCH"), ("shows", "PATCH")] {
        let path = format!("/admin/{path}/{NOBODY}");
        let bad = Some(json!({ "nonsense": 1 }));
        assert_eq!(call(&app, "nobody", method, &path, bad.clone()).await.0, 401);
        assert_eq!(call(&app, "customer", method, &path, bad.clone()).await.0, 403);
        assert_eq!(call(&app, "admin", method, &path, bad).await.0, 404);
        assert_eq!(call(&app, "customer", "DELETE", &path, None).await.0, 403);
        assert_eq!(call(&app, "admin", "DELETE", &path, None).await.0, 404);
    }
    assert_eq!(call(&app, "customer", "PATCH", "/admin/movies/no-id", None).await.0, 403);
    let screens = format!("/admin/cinemas/{NOBODY}/screens");
    assert_eq!(refused(&admin(&app, "POST", &screens, json!({})).await), (404, "cinema_not_found"));
    let show = json!({
        "movie_id": NOBODY, "screen_id": NOBODY, "start_time": "2020-01-01T00:00:00Z", "prices": {},
    });
    // Also before a parameter that the call does not have.
    for path in ["/admin/shows", "/admin/shows?surprise=1"] {
        assert_eq!(refused(&admin(&app, "POST", path, show.clone()).await), (404, "movie_not_found"));
    }
}

#[tokio::test]
async fn nothing_that_is_sent_is_ignored() {
    let house = House::open();
    let app = app(&house);
    let film = house.movie("Dune", 155).await;
    let path = format!("/admin/movies/{film}");
    let bodies = [
        json!({ "rating": { "average": 5, "count": 1 } }),
        json!({ "title": null }),
        json!({ "title": "" }),
        json!({ "title": "a\u{7}" }),
        json!({ "duration_minutes": 0 }),
        json!({ "duration_minutes": -1 }),
        json!({ "genres": ["Drama", "drama"] }),
        json!({ "release_date": "yesterday" }),
    ];
    for body in bodies {
        let answer = admin(&app, "PATCH", &path, body.clone()).await;
        assert_eq!(refused(&answer), (422, "invalid_request"), "{body}");
        assert!(!answer.1["errors"][0]["field"].as_str().unwrap().is_empty(), "{body}");
    }
    assert_eq!(admin(&app, "PATCH", &path, json!({})).await.0, 200);
    let queries = [
        "/movies?limit=0",
        "/movies?limit=101",
        "/movies?cursor=x",
        "/movies?title=x",
        "/movies?q=a&q=b",
        "/shows?date=2026-02-30",
        "/shows?movie_id=x",
        "/shows?cursor=WyJhIiwxXQ",
        "/cinemas?limit=-1",
    ];
    for query in queries {
        assert_eq!(refused(&get(&app, query).await), (422, "invalid_request"), "{query}");
    }
    let long = format!("/movies?q={}", "x".repeat(101));
    assert_eq!(get(&app, &long).await.0, 422);
}

#[tokio::test]
async fn a_show_is_cancelled_by_deleting_it_as_often_as_one_likes() {
    let house = House::open();
    let app = app(&house);
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let show = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    let path = format!("/admin/shows/{}", show.show_id);
    for body in [json!({ "screen_id": one }), json!({ "prices": {} }), json!({ "start_time": NOON })] {
        assert_eq!(refused(&admin(&app, "PATCH", &path, body).await), (422, "invalid_request"));
    }
    let (status, first) = call(&app, "admin", "DELETE", &path, None).await;
    assert_eq!((status.as_u16(), &first["status"]), (200, &json!("cancelled")));
    assert_eq!(call(&app, "admin", "DELETE", &path, None).await, (status, first));
    assert_eq!(get(&app, "/shows").await.1["items"][0]["status"], "cancelled");
    let past = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    house.hands.set(past.start_time);
    let path = format!("/admin/shows/{}", past.show_id);
    assert_eq!(refused(&admin(&app, "DELETE", &path, json!({})).await), (422, "invalid_request"));
    assert_eq!(refused(&admin(&app, "PATCH", &path, json!({ "format": "3D" })).await), (422, "invalid_request"));
}

#[tokio::test]
async fn managers_schedule_in_their_own_cinemas_and_nobody_else_does() {
    let house = House::open();
    let app = app(&house);
    let (mumbai, delhi) = (house.cinema("Mumbai", "Asia/Kolkata").await, house.cinema("Delhi", "Asia/Kolkata").await);
    let (dune, screen_id) = (house.movie("Dune", 120).await, house.screen(&mumbai).await);
    let show = house.schedule(dune, screen_id, at("2026-12-01T10:00:00Z")).await.unwrap();
    let cinema_id = mumbai.cinema_id;
    let another = json!({
        "movie_id": dune, "screen_id": screen_id, "start_time": "2026-12-01T18:00:00Z",
        "prices": { "gold": { "amount": 25000, "currency": "INR" } },
    });
    let copy = json!({ "from": "2026-12-01", "to": "2026-12-02" });
    let calls = [
        ("GET", format!("/admin/shows?cinema_id={cinema_id}&from=2026-12-01"), None, 200),
        ("GET", format!("/admin/cinemas/{cinema_id}/scheduling"), None, 200),
        ("POST", "/admin/shows".to_owned(), Some(another), 201),
        ("POST", format!("/admin/cinemas/{cinema_id}/shows/copy"), Some(copy), 200),
        ("PATCH", format!("/admin/shows/{}", show.show_id), Some(json!({ "format": "3D" })), 200),
        ("DELETE", format!("/admin/shows/{}", show.show_id), None, 200),
    ];
    let elsewhere = format!("manager@{}", delhi.cinema_id);
    let clerk = format!("box_office@{cinema_id}");
    for (method, path, body, _) in &calls {
        for (token, status) in [("nobody", 401), ("customer", 403), (clerk.as_str(), 403), (elsewhere.as_str(), 403)] {
            let (refused, _) = call(&app, token, method, path, body.clone()).await;
            assert_eq!(refused.as_u16(), status, "{token}: {method} {path}");
        }
    }
    for (method, path, body, status) in calls {
        let (done, answer) = call(&app, &format!("manager@{cinema_id}"), method, &path, body).await;
        assert_eq!(done.as_u16(), status, "{method} {path}: {answer}");
    }
}

#[tokio::test]
async fn a_timetable_and_its_copy_are_told_whole() {
    let house = House::open();
    let app = app(&house);
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, screen_id) = (house.movie("Dune", 120).await, house.screen(&mumbai).await);
    let show = house.schedule(dune, screen_id, at("2026-12-01T10:00:00Z")).await.unwrap();
    let day = format!("/admin/shows?cinema_id={}", mumbai.cinema_id);
    let (_, timetable) = admin(&app, "GET", &format!("{day}&from=2026-12-01"), json!({})).await;
    let gold = json!({ "gold": { "amount": 25_000, "currency": "INR" } });
    assert_eq!((&timetable["items"][0]["prices"], &timetable["next_cursor"]), (&gold, &Value::Null));
    assert_eq!(timetable["items"][0]["show_id"], json!(show.show_id));
    let scheduling = format!("/admin/cinemas/{}/scheduling", mumbai.cinema_id);
    let (_, told) = admin(&app, "GET", &scheduling, json!({})).await;
    assert_eq!((&told["cleaning_gap_minutes"], &told["screens"][0]["last_prices"]), (&json!(15), &gold));
    let copy = format!("/admin/cinemas/{}/shows/copy", mumbai.cinema_id);
    let week = json!({ "from": "2026-12-01", "to": "2026-12-08", "days": 7, "dry_run": true });
    let (status, would) = admin(&app, "POST", &copy, week).await;
    assert_eq!((status, &would["made"], &would["shows"][0]["show_id"]), (200, &json!(1), &Value::Null));
    assert_eq!(would["shows"][0]["start_time"], "2026-12-08T10:00:00Z");
    let mut tomorrow = json!({ "from": "2026-12-01", "to": "2026-12-02" });
    let (_, made) = admin(&app, "POST", &copy, tomorrow.clone()).await;
    assert!(made["shows"][0]["show_id"].is_string(), "{made}");
    let again = admin(&app, "POST", &copy, tomorrow.clone()).await;
    assert_eq!(refused(&again), (409, "schedule_clashes"));
    let problem = &again.1["shows"][0]["problem"];
    assert_eq!((&problem["code"], &problem["show_id"]), (&json!("screen_occupied"), &made["shows"][0]["show_id"]));
    tomorrow["on_clash"] = json!("skip");
    let (_, skipped) = admin(&app, "POST", &copy, tomorrow).await;
    assert_eq!((&skipped["made"], &skipped["refused"]), (&json!(0), &json!(1)));
    for body in [
        json!({ "from": "2026-12-01", "to": "2026-12-01" }),
        json!({ "from": "2026-12-01", "to": "2026-12-02", "days": 8 }),
        json!({ "from": "2026-12-01", "to": "2026-12-02", "days": 0 }),
        json!({ "from": "2026-12-01", "to": "tomorrow" }),
        json!({ "from": "2026-12-01", "to": "2026-12-02", "screen_ids": [] }),
        json!({ "from": "2026-12-01", "to": "2026-12-02", "on_clash": "hope" }),
        json!({ "from": "2026-12-01", "to": "2026-12-02", "surprise": 1 }),
    ] {
        assert_eq!(refused(&admin(&app, "POST", &copy, body.clone()).await), (422, "invalid_request"), "{body}");
    }
    for query in [
        "",
        "&from=soon",
        "&from=2026-12-01&to=2026-11-30",
        "&from=2026-12-01&to=2027-01-01",
        "&from=2026-12-01&surprise=1",
    ] {
        let answer = admin(&app, "GET", &format!("{day}{query}"), json!({})).await;
        assert_eq!(refused(&answer), (422, "invalid_request"), "{query}");
    }
    let nowhere = format!("/admin/shows?cinema_id={NOBODY}&from=2026-12-01");
    assert_eq!(refused(&admin(&app, "GET", &nowhere, json!({})).await), (404, "cinema_not_found"));
}

#[test]
fn the_document_tells_every_call() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let (_, document) = crate::router(House::open().catalog).split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    let calls = document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len());
    assert_eq!(calls.sum::<usize>(), 23);
    let schedule = &document["paths"]["/admin/shows"]["post"]["responses"];
    let mut statuses: Vec<_> = schedule.as_object().unwrap().keys().collect();
    statuses.sort();
    assert_eq!(statuses, ["201", "400", "401", "403", "404", "409", "415", "422"]);
}

#[tokio::test]
async fn a_page_of_shows_that_is_kept_follows_the_clock_and_the_sale() {
    let house = House::open();
    let app = app(&house);
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (film, start) = (house.movie("\"Dune\", \\ {}\u{1f3ac}", 60).await, at(NOON) + minutes(10));
    let mut ids = Vec::new();
    for nth in 0..3 {
        let screen_id = house.screen(&mumbai).await;
        ids.push(house.schedule(film, screen_id, start + minutes(nth)).await.unwrap().show_id);
    }
    let compare = async |path: &str, wanted: &[ShowId]| {
        let (_, list) = get(&app, path).await;
        let mut shows = Vec::new();
        for show_id in wanted {
            shows.push(get(&app, &format!("/shows/{show_id}")).await.1);
        }
        assert_eq!(list["items"], json!(shows), "{path}");
        list["next_cursor"].as_str().map(str::to_owned)
    };
    // The second time it comes from memory.
    for _ in 0..2 {
        let cursor = compare("/shows?limit=2", &ids[..2]).await.unwrap();
        assert_eq!(compare(&format!("/shows?limit=2&cursor={cursor}"), &ids[2..]).await, None);
    }
    house.catalog.availability().set_taken(ids[1], 3);
    house.hands.set(start + minutes(1));
    compare("/shows", &ids).await;
    compare("/shows?limit=2", &ids[..2]).await;
    house.hands.set(start + minutes(61));
    compare("/shows?limit=2", &ids[2..][..0]).await;
    compare("/shows", &ids[2..]).await;
}
