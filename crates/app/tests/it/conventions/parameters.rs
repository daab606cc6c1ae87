//! Query strings: nothing unknown is ignored, and text is only text.

use marquee_testkit::{TestApp, id_of};
use reqwest::Method;
use serde_json::{Value, json};

use super::{NOBODY, call};

/// Every list; an administrator may read them all.
const LISTS: [&str; 6] = ["/movies", "/cinemas", "/shows", "/user/me/bookings", "/admin/bookings", "/admin/users"];

#[tokio::test]
async fn an_unknown_repeated_or_bad_query_parameter_is_refused_by_every_list() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for list in LISTS {
        let _ = admin.get(&format!("{list}?limit=1")).await.ok();
        let _ = admin.get(&format!("{list}?limit=100")).await.ok();
        admin.get(&format!("{list}?limit=0")).await.blames("limit");
        admin.get(&format!("{list}?limit=101")).await.blames("limit");
        admin.get(&format!("{list}?cursor=nonsense")).await.blames("cursor");
        let bad = [
            "limit=-1",
            "limit=ten",
            "limit=",
            "limit=99999999999999999999",
            "cursor=",
            "page=2",
            "offset=1",
            "limit=1&limit=2",
            "LIMIT=1",
        ];
        for query in bad {
            admin.get(&format!("{list}?{query}")).await.problem("invalid_request");
        }
    }
}

#[tokio::test]
async fn an_unknown_query_parameter_is_refused_by_single_things_too() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let paths = [
        format!("/movies/{}", show.movie_id),
        format!("/cinemas/{}", show.cinema_id),
        show.path(""),
        show.path("/seats"),
        show.path("/availability"),
    ];
    for path in paths {
        let _ = app.get(&path).await.ok();
        app.get(&format!("{path}?surprise=1")).await.problem("invalid_request");
    }
}

#[tokio::test]
async fn a_call_without_parameters_refuses_one_and_changes_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let show = app.a_show().create().await;
    let booking = admin.book(&show, &["A1"]).await;
    let lock = admin.hold(&show, &["A2"]).await;
    let (booking_path, lock_path) =
        (format!("/booking/{}", id_of(&booking, "booking_id")), format!("/locks/{}", id_of(&lock, "lock_id")));
    let screen_id = id_of(&app.get(&show.path("")).await.ok(), "screen_id").to_owned();
    let one = |kind: &str, id: &str| format!("/admin/{kind}/{id}");
    let blocked = format!("{}/blocked-seats", show.admin_path());
    let screen = json!({ "name": "2", "layout": { "rows": [{ "row": "A", "category": "gold", "seats": "12" }] } });
    let ada = json!({ "name": "Ada", "email": "ada@example.org", "password": "long enough" });
    let mut calls: Vec<(Method, String, Option<Value>)> = vec![
        (Method::POST, "/auth/register".to_owned(), Some(ada)),
        (Method::POST, show.path("/reserve"), Some(json!({ "seats": [show.seat("A3")] }))),
        (Method::POST, format!("{lock_path}/extend"), None),
        (Method::DELETE, lock_path.clone(), None),
        (
            Method::POST,
            "/booking".to_owned(),
            Some(json!({ "lock_id": lock["lock_id"], "payment_token": "pm_card_visa" })),
        ),
        (Method::POST, format!("{booking_path}/cancel"), None),
        (Method::POST, "/admin/movies".to_owned(), Some(json!({ "title": "Sholay", "duration_minutes": 204 }))),
        (
            Method::POST,
            "/admin/cinemas".to_owned(),
            Some(json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" })),
        ),
        (Method::POST, format!("{}/screens", one("cinemas", &show.cinema_id)), Some(screen)),
        (
            Method::POST,
            "/admin/shows".to_owned(),
            Some(json!({
                "movie_id": show.movie_id, "screen_id": screen_id, "start_time": "2026-12-01T10:00:00Z", "prices": {},
            })),
        ),
        (Method::POST, blocked.clone(), Some(json!({ "seats": [show.seat("A4")] }))),
        (Method::DELETE, format!("{blocked}/{}", show.seat("A4")), None),
    ];
    for (kind, id) in
        [("movies", &show.movie_id), ("cinemas", &show.cinema_id), ("screens", &screen_id), ("shows", &show.show_id)]
    {
        calls.push((Method::PATCH, one(kind, id), Some(json!({}))));
        calls.push((Method::DELETE, one(kind, id), None));
    }
    let looks = ["", "/ticket.pdf", "/ticket.svg"].map(|end| format!("{booking_path}{end}"));
    let others = ["/user/me", "/tickets/keys", "/openapi.json"].map(str::to_owned);
    let looks = looks.into_iter().chain(others).chain([lock_path.clone(), show.path("/seats/events")]);
    calls.extend(looks.map(|path| (Method::GET, path, None)));
    let before = app.seat_map(&show).await.json;
    for (method, path, body) in calls {
        for query in ["surprise=1", "surprise", "limit=1&surprise="] {
            let answer = call(&admin, &method, &format!("{path}?{query}"), body.as_ref()).await;
            answer.problem("invalid_request");
            assert!(answer.text().contains("is not a parameter"), "{answer}");
        }
    }
    assert_eq!(app.seat_map(&show).await.json, before);
    assert_eq!(admin.get(&lock_path).await.ok(), lock);
    assert_eq!(admin.booking(&booking).await["status"], "confirmed");
    assert_eq!(app.get(&show.path("")).await.ok()["status"], "on_sale");
    for list in ["/movies", "/cinemas", "/shows"] {
        assert_eq!(app.get(list).await.ok()["items"].as_array().unwrap().len(), 1, "{list}");
    }
}

#[tokio::test]
async fn an_unknown_query_parameter_comes_after_who_you_are_and_what_is_there() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.customer("Ada").await, app.admin().await);
    for (path, code) in [
        (format!("/movies/{NOBODY}"), "movie_not_found"),
        (format!("/cinemas/{NOBODY}"), "cinema_not_found"),
        (format!("/shows/{NOBODY}"), "show_not_found"),
        (format!("/shows/{NOBODY}/seats"), "show_not_found"),
        (format!("/shows/{NOBODY}/availability"), "show_not_found"),
        (format!("/shows/{NOBODY}/seats/events"), "show_not_found"),
        (format!("/locks/{NOBODY}"), "lock_not_found"),
        (format!("/booking/{NOBODY}"), "booking_not_found"),
        (format!("/booking/{NOBODY}/ticket.pdf"), "booking_not_found"),
        (format!("/booking/{NOBODY}/ticket.svg"), "booking_not_found"),
        (format!("/user/{NOBODY}"), "user_not_found"),
    ] {
        ada.get(&format!("{path}?surprise=1")).await.problem(code);
    }
    ada.post(&format!("/shows/{NOBODY}/reserve?surprise=1"), json!({ "seats": ["A-1"] }))
        .await
        .problem("show_not_found");
    ada.post_nothing(&format!("/locks/{NOBODY}/extend?surprise=1")).await.problem("lock_not_found");
    ada.post_nothing(&format!("/booking/{NOBODY}/cancel?surprise=1")).await.problem("booking_not_found");
    let payment = json!({ "lock_id": NOBODY, "payment_token": "pm_card_visa" });
    ada.post("/booking?surprise=1", payment).await.problem("lock_not_found");
    for (kind, code) in [
        ("movies", "movie_not_found"),
        ("cinemas", "cinema_not_found"),
        ("screens", "screen_not_found"),
        ("shows", "show_not_found"),
    ] {
        let path = format!("/admin/{kind}/{NOBODY}?surprise=1");
        app.delete(&path).await.problem("unauthenticated");
        ada.delete(&path).await.problem("forbidden");
        admin.delete(&path).await.problem(code);
        admin.patch(&path, json!({})).await.problem(code);
    }
}

#[tokio::test]
async fn oauth_s_forms_ignore_what_they_do_not_know() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", ada.refresh_token.as_str()), ("surprise", "1")];
    let _ = app.post_form("/auth/token?surprise=1", &refresh).await.ok();
    assert_eq!(app.post_form("/auth/revoke?surprise=1", &[("token", "none"), ("surprise", "1")]).await.status(), 200);
}

/// As another list would have given it, but with text that no store takes.
#[tokio::test]
async fn a_forged_cursor_is_refused_whatever_it_holds() {
    let app = TestApp::start().await;
    let forged = |list, key: Value| marquee_kernel::encode_cursor(list, &key);
    for list in ["movies", "cinemas", "shows"] {
        for key in [json!(["a\0b", NOBODY]), json!(["\0", NOBODY]), json!([{}, NOBODY]), json!(null)] {
            app.get(&format!("/{list}?cursor={}", forged(list, key))).await.blames("cursor");
        }
    }
    let _ = app.get(&format!("/movies?cursor={}", forged("movies", json!(["a", NOBODY])))).await.ok();
}

#[tokio::test]
async fn a_cursor_of_one_list_is_refused_by_the_others() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let _ = app.a_show().create().await;
    }
    for list in ["movies", "cinemas", "shows"] {
        let page = app.get(&format!("/{list}?limit=1")).await.ok();
        let cursor = page["next_cursor"].as_str().unwrap();
        for other in ["movies", "cinemas", "shows"] {
            let answer = app.get(&format!("/{other}?cursor={cursor}")).await;
            if other == list {
                let _ = answer.ok();
            } else {
                answer.blames("cursor");
            }
        }
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused_and_names_nothing_in_a_path() {
    let app = TestApp::start().await;
    for (list, names) in [
        ("movies", &["q", "genre", "language", "city", "cursor"][..]),
        ("cinemas", &["city"]),
        ("shows", &["city", "date"]),
    ] {
        for name in names {
            for bytes in ["%ff", "Pun%C3", "%ED%A0%80", "a+%80"] {
                app.get(&format!("/{list}?{name}={bytes}")).await.blames(name);
            }
        }
        app.get(&format!("/{list}?%ff=1")).await.problem("invalid_request");
    }
    for (kind, code) in [("movies", "movie_not_found"), ("cinemas", "cinema_not_found"), ("shows", "show_not_found")] {
        app.get(&format!("/{kind}/%ff")).await.problem(code);
    }
    app.get("/%ff").await.problem("not_found");
}

#[tokio::test]
async fn a_filter_without_a_value_is_refused_and_an_empty_search_finds_all() {
    let app = TestApp::start().await;
    let _ = app.a_show().create().await;
    for (list, names) in [
        ("movies", &["genre", "language", "city", "cursor", "limit"][..]),
        ("cinemas", &["city"]),
        ("shows", &["city", "date", "movie_id", "cinema_id"]),
    ] {
        for name in names {
            for query in [format!("{name}="), (*name).to_owned(), format!("{name}=+"), format!("limit=1&{name}=")] {
                app.get(&format!("/{list}?{query}")).await.problem("invalid_request");
            }
            app.get(&format!("/{list}?{name}=")).await.blames(name);
        }
    }
    for query in ["q=", "q", "q=&limit=1"] {
        let page = app.get(&format!("/movies?{query}")).await.ok();
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{query}");
    }
}

#[tokio::test]
async fn filters_are_taken_literally_whatever_they_hold() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let _ = app.get(&format!("/shows?movie_id={}", show.movie_id)).await.ok();
    for nasty in
        ["%25", "_", "%27%3B%20DROP%20TABLE%20movies%3B--", "%00", "%5C", "*", "title:x%20OR%20*", "%F0%9F%8E%AC"]
    {
        for list in
            ["/movies?q=", "/movies?genre=", "/movies?language=", "/movies?city=", "/cinemas?city=", "/shows?city="]
        {
            let answer = app.get(&format!("{list}{nasty}")).await;
            match answer.status() {
                200 => assert_eq!(answer.json()["items"], json!([]), "{answer}"),
                _ => drop(answer.problem("invalid_request")),
            }
        }
    }
    assert_eq!(app.get("/movies").await.ok()["items"].as_array().unwrap().len(), 1);
}
