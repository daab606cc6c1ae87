//! What holds for every call: errors, their order, limits and headers.

use marquee_testkit::{Answer, Client, TestApp, id_of};
use reqwest::Method;
use serde_json::{Value, json};

/// An id that is well-formed and belongs to nothing.
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

/// The largest body that is taken, in bytes.
const BODY_MAX: usize = 1 << 20;

/// Every call that takes a JSON body, with one that would be good: `lock` is the caller's own.
fn calls_with_a_body(lock: &Value) -> Vec<(Method, String, Value)> {
    let post = |path: &str, body: Value| (Method::POST, path.to_owned(), body);
    vec![
        post("/auth/register", json!({ "name": "Ada", "email": "ada@example.org", "password": "long enough" })),
        post("/booking", json!({ "lock_id": lock["lock_id"], "payment_token": "pm_card_visa" })),
        post("/admin/movies", json!({ "title": "Sholay", "duration_minutes": 204 })),
        post("/admin/cinemas", json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" })),
    ]
}

/// Every call that needs a token, with a body where one is needed.
fn calls_with_a_token() -> Vec<(Method, String, Option<Value>)> {
    let mut calls = vec![
        (Method::GET, "/user/me".to_owned(), None),
        (Method::GET, "/user/me/bookings".to_owned(), None),
        (Method::POST, format!("/shows/{NOBODY}/reserve"), Some(json!({ "seats": ["A-1"] }))),
        (Method::GET, format!("/locks/{NOBODY}"), None),
        (Method::POST, format!("/locks/{NOBODY}/extend"), None),
        (Method::DELETE, format!("/locks/{NOBODY}"), None),
        (Method::POST, "/booking".to_owned(), Some(json!({ "lock_id": NOBODY, "payment_token": "pm_card_visa" }))),
        (Method::GET, format!("/booking/{NOBODY}"), None),
        (Method::GET, format!("/booking/{NOBODY}/ticket.pdf"), None),
        (Method::GET, format!("/booking/{NOBODY}/ticket.svg"), None),
        (Method::POST, format!("/booking/{NOBODY}/cancel"), None),
    ];
    calls.extend(admin_calls());
    calls
}

/// Every call of administration.
fn admin_calls() -> Vec<(Method, String, Option<Value>)> {
    let mut calls = vec![
        (Method::POST, "/admin/movies".to_owned(), Some(json!({ "title": "Sholay", "duration_minutes": 204 }))),
        (
            Method::POST,
            "/admin/cinemas".to_owned(),
            Some(json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" })),
        ),
        (
            Method::POST,
            format!("/admin/cinemas/{NOBODY}/screens"),
            Some(json!({ "name": "1", "layout": { "rows": [] } })),
        ),
        (Method::POST, "/admin/shows".to_owned(), Some(json!({ "movie_id": NOBODY }))),
    ];
    for kind in ["movies", "cinemas", "screens", "shows"] {
        calls.push((Method::PATCH, format!("/admin/{kind}/{NOBODY}"), Some(json!({}))));
        calls.push((Method::DELETE, format!("/admin/{kind}/{NOBODY}"), None));
    }
    calls
}

/// Every list, and who may read it.
const LISTS: [&str; 4] = ["/movies", "/cinemas", "/shows", "/user/me/bookings"];

/// A lock that `person` holds.
async fn a_lock(app: &TestApp, person: &Client) -> Value {
    let show = app.a_show().create().await;
    person.hold(&show, &["A1"]).await
}

async fn call(client: &Client, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    let request = client.request(method.clone(), path);
    match body {
        Some(body) => request.json(body).send().await,
        None => request.send().await,
    }
}

#[tokio::test]
async fn a_sane_request_id_comes_back_and_another_is_replaced() {
    let app = TestApp::start().await;
    let ask = async |id: &str| {
        let answer = app.request(Method::GET, "/movies").header("x-request-id", id).send().await;
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(ask("order-4711_a.b").await, "order-4711_a.b");
    assert_eq!(ask(NOBODY).await, NOBODY);
    for insane in ["", &"x".repeat(4_000), "<script>alert(1)</script>", "two words", "a\"b"] {
        let given = ask(insane).await;
        assert_ne!(given, insane);
        assert!(!given.is_empty());
    }
    assert_ne!(ask("").await, ask("").await, "an id names one request");
}

#[tokio::test]
async fn the_request_id_comes_back_on_errors_too() {
    let app = TestApp::start().await;
    for path in ["/nothing/here", "/movies?limit=0", "/user/me"] {
        let answer = app.request(Method::GET, path).header("x-request-id", "mine-1").send().await;
        assert_eq!(answer.header("x-request-id"), "mine-1", "{answer}");
    }
}

#[tokio::test]
async fn an_unknown_route_is_not_found() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for path in ["/", "/nothing", "/movies/", "/shows/x/y/z", "/admin/nothing", "/../etc/passwd", "/%00"] {
        app.get(path).await.problem("not_found");
        ada.get(path).await.problem("not_found");
        app.post(path, json!({})).await.problem("not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_there_are() {
    let app = TestApp::start().await;
    let wrong = [
        (Method::DELETE, "/movies"),
        (Method::PUT, "/movies/x"),
        (Method::POST, "/shows"),
        (Method::GET, "/auth/register"),
        (Method::GET, "/auth/token"),
        (Method::PUT, "/booking"),
        (Method::PATCH, "/locks/x"),
    ];
    for (method, path) in wrong {
        let answer = app.request(method, path).send().await;
        answer.problem("method_not_allowed");
        // RFC 9110, section 15.5.6.
        assert!(!answer.header("allow").is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lock = a_lock(&app, &admin).await;
    let bodies: [&[u8]; 6] = [b"", b"{", b"{\"name\": }", b"\xff\xfe{}", b"{} {}", b"nonsense"];
    for (method, path, _) in calls_with_a_body(&lock) {
        for body in bodies {
            let request = admin.request(method.clone(), &path).header("content-type", "application/json");
            request.body(body).send().await.problem("malformed_json");
        }
    }
}

#[tokio::test]
async fn a_body_of_ten_thousand_brackets_is_malformed_and_harms_nobody() {
    let app = TestApp::start().await;
    let brackets = "[".repeat(10_000);
    let request = app.request(Method::POST, "/auth/register").header("content-type", "application/json");
    request.body(brackets).send().await.problem("malformed_json");
    let _ = app.get("/movies").await.ok();
}

#[tokio::test]
async fn another_media_type_is_unsupported() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lock = a_lock(&app, &admin).await;
    for (method, path, body) in calls_with_a_body(&lock) {
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"] {
            let request = admin.request(method.clone(), &path).header("content-type", media_type);
            request.body(body.to_string()).send().await.problem("unsupported_media_type");
        }
        let untyped = admin.request(method.clone(), &path).body(body.to_string());
        untyped.send().await.problem("unsupported_media_type");
    }
}

#[tokio::test]
async fn json_with_a_charset_is_json() {
    let app = TestApp::start().await;
    let (method, path, body) = calls_with_a_body(&Value::Null).remove(0);
    let request = app.request(method, &path).header("content-type", "application/json; charset=utf-8");
    let _ = request.body(body.to_string()).send().await.created();
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_too_large() {
    let app = TestApp::start().await;
    let (method, path, body) = calls_with_a_body(&Value::Null).remove(0);
    let padded = |length: usize| body.to_string() + &" ".repeat(length - body.to_string().len());
    let send = async |body: reqwest::Body| {
        let request = app.request(method.clone(), &path).header("content-type", "application/json");
        request.body(body).send().await
    };
    send(padded(BODY_MAX + 1).into()).await.problem("too_large");
    let in_pieces = futures_util::stream::iter(vec![Ok::<_, std::io::Error>(padded(BODY_MAX)), Ok(" ".to_owned())]);
    send(reqwest::Body::wrap_stream(in_pieces)).await.problem("too_large");
    let _ = send(padded(BODY_MAX).into()).await.created();
}

#[tokio::test]
async fn an_unknown_field_is_refused_everywhere() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let show = app.a_show().create().await;
    let lock = admin.hold(&show, &["A1"]).await;
    let mut calls = calls_with_a_body(&lock);
    calls.push((Method::POST, show.path("/reserve"), json!({ "seats": [show.seat("A2")] })));
    calls.push((Method::PATCH, show.admin_path(), json!({})));
    for (method, path, mut body) in calls {
        for field in ["is_admin", "total_price", "__proto__"] {
            body[field] = json!(1);
            let answer = admin.request(method.clone(), &path).json(&body).send().await;
            answer.problem("invalid_request");
            assert!(answer.text().contains(field), "the field is not named\n{answer}");
            body.as_object_mut().unwrap().remove(field);
        }
    }
    let extend = format!("/locks/{}/extend", id_of(&lock, "lock_id"));
    admin.post(&extend, json!({ "seconds": 3600 })).await.problem("invalid_request");
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_blamed_by_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lock = a_lock(&app, &admin).await;
    for (method, path, body) in calls_with_a_body(&lock) {
        for field in body.as_object().unwrap().keys() {
            for wrong in [json!({}), json!([1]), json!(true)] {
                let mut bad = body.clone();
                bad[field] = wrong;
                admin.request(method.clone(), &path).json(&bad).send().await.blames(field);
            }
        }
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lock = a_lock(&app, &admin).await;
    for (method, path, body) in calls_with_a_body(&lock) {
        for field in body.as_object().unwrap().keys() {
            let mut bad = body.clone();
            bad.as_object_mut().unwrap().remove(field);
            let answer = admin.request(method.clone(), &path).json(&bad).send().await;
            answer.problem("invalid_request");
            assert!(answer.text().contains(field), "{field} is not named\n{answer}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_json_but_no_object_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lock = a_lock(&app, &admin).await;
    for (method, path, _) in calls_with_a_body(&lock) {
        for body in [json!([]), json!(null), json!("text"), json!(7)] {
            admin.request(method.clone(), &path).json(&body).send().await.problem("invalid_request");
        }
    }
}

#[tokio::test]
async fn an_unknown_repeated_or_bad_query_parameter_is_refused_by_every_list() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for list in LISTS {
        let _ = ada.get(&format!("{list}?limit=1")).await.ok();
        let _ = ada.get(&format!("{list}?limit=100")).await.ok();
        ada.get(&format!("{list}?limit=0")).await.blames("limit");
        ada.get(&format!("{list}?limit=101")).await.blames("limit");
        ada.get(&format!("{list}?cursor=nonsense")).await.blames("cursor");
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
            ada.get(&format!("{list}?{query}")).await.problem("invalid_request");
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

#[tokio::test]
async fn an_id_of_nothing_is_not_found_by_its_kind() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for id in [NOBODY, "nonsense", "1", "%20", "%27", "00000000-0000-0000-0000-000000000000"] {
        app.get(&format!("/movies/{id}")).await.problem("movie_not_found");
        app.get(&format!("/cinemas/{id}")).await.problem("cinema_not_found");
        app.get(&format!("/shows/{id}")).await.problem("show_not_found");
        app.get(&format!("/shows/{id}/seats")).await.problem("show_not_found");
        app.get(&format!("/shows/{id}/availability")).await.problem("show_not_found");
        app.get(&format!("/shows/{id}/seats/events")).await.problem("show_not_found");
        ada.post(&format!("/shows/{id}/reserve"), json!({ "seats": ["A-1"] })).await.problem("show_not_found");
        ada.get(&format!("/locks/{id}")).await.problem("lock_not_found");
        ada.post_nothing(&format!("/locks/{id}/extend")).await.problem("lock_not_found");
        ada.delete(&format!("/locks/{id}")).await.no_content();
        ada.get(&format!("/booking/{id}")).await.problem("booking_not_found");
        ada.get(&format!("/booking/{id}/ticket.pdf")).await.problem("booking_not_found");
        ada.get(&format!("/booking/{id}/ticket.svg")).await.problem("booking_not_found");
        ada.post_nothing(&format!("/booking/{id}/cancel")).await.problem("booking_not_found");
        ada.get(&format!("/user/{id}")).await.problem("user_not_found");
        ada.get(&format!("/user/{id}/bookings")).await.problem("user_not_found");
    }
}

#[tokio::test]
async fn administration_of_nothing_is_not_found_by_its_kind() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for id in [NOBODY, "nonsense"] {
        for (kind, code) in [
            ("movies", "movie_not_found"),
            ("cinemas", "cinema_not_found"),
            ("screens", "screen_not_found"),
            ("shows", "show_not_found"),
        ] {
            admin.patch(&format!("/admin/{kind}/{id}"), json!({})).await.problem(code);
            admin.patch(&format!("/admin/{kind}/{id}"), json!({ "surprise": 1 })).await.problem(code);
            admin.delete(&format!("/admin/{kind}/{id}")).await.problem(code);
        }
        let screen = json!({ "name": "1", "layout": { "rows": [{ "row": "A", "category": "gold", "seats": "12" }] } });
        admin.post(&format!("/admin/cinemas/{id}/screens"), screen).await.problem("cinema_not_found");
    }
}

#[tokio::test]
async fn a_lock_id_of_nothing_in_a_body_is_not_found_either() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for id in [NOBODY, "nonsense", ""] {
        ada.pay(&json!({ "lock_id": id }), "pm_card_visa").await.problem("lock_not_found");
    }
    ada.pay(&json!({ "lock_id": 7 }), "pm_card_visa").await.blames("lock_id");
}

#[tokio::test]
async fn every_call_of_an_account_needs_a_good_token() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let tampered = format!("{}x", ada.token());
    let strangers = [
        app.anonymous(),
        app.with_token("nonsense"),
        app.with_token(""),
        app.with_token(&tampered),
        app.with_token(&ada.refresh_token),
    ];
    for (method, path, body) in calls_with_a_token() {
        for stranger in &strangers {
            call(stranger, &method, &path, body.as_ref()).await.problem("unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_refused_token_says_how_to_authenticate() {
    let app = TestApp::start().await;
    // RFC 6750, section 3.
    let answer = app.get("/user/me").await;
    answer.problem("unauthenticated");
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer}");
    let basic = app.request(Method::GET, "/user/me").header("authorization", "Basic YWRhOnB3").send().await;
    basic.problem("unauthenticated");
}

#[tokio::test]
async fn who_you_are_is_checked_before_what_you_ask() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for (method, path, _) in admin_calls() {
        for body in [None, Some(json!({ "surprise": 1 }))] {
            call(&app, &method, &path, body.as_ref()).await.problem("unauthenticated");
            call(&ada, &method, &path, body.as_ref()).await.problem("forbidden");
        }
    }
    let nowhere = format!("/shows/{NOBODY}/reserve");
    app.post(&nowhere, json!({ "surprise": 1 })).await.problem("unauthenticated");
    ada.post(&nowhere, json!({ "seats": ["A-1"], "user_id": NOBODY })).await.problem("forbidden");
}

#[tokio::test]
async fn what_is_not_there_is_told_before_what_is_wrong_with_the_request() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.customer("Ada").await, app.admin().await);
    ada.post(&format!("/shows/{NOBODY}/reserve"), json!({ "seats": [] })).await.problem("show_not_found");
    ada.post(&format!("/shows/{NOBODY}/reserve"), json!({ "surprise": 1 })).await.problem("show_not_found");
    let unknown_token = json!({ "lock_id": NOBODY, "payment_token": "pm_nonsense" });
    ada.post("/booking", unknown_token).await.problem("lock_not_found");
    let show = json!({ "movie_id": NOBODY, "screen_id": NOBODY, "start_time": "2026-12-01T10:00:00Z", "prices": {} });
    admin.post("/admin/shows", show).await.problem("movie_not_found");
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_before_conflicts() {
    let app = TestApp::start().await;
    let (ada, bob, admin) = (app.customer("Ada").await, app.customer("Bob").await, app.admin().await);
    let show = app.a_show().create().await;
    let _ = bob.hold(&show, &["A1"]).await;
    let reserve = show.path("/reserve");
    ada.post(&reserve, json!({ "seats": [show.seat("A1"), "Z-99"] })).await.problem("invalid_request");
    let lock = ada.hold(&show, &["A2"]).await;
    let _ = admin.delete(&show.admin_path()).await.ok();
    ada.post(&reserve, json!({ "seats": ["Z-99"] })).await.problem("invalid_request");
    ada.reserve(&show, &["A3"]).await.problem("show_not_on_sale");
    ada.pay(&lock, "pm_nonsense").await.problem("invalid_request");
}

#[tokio::test]
async fn enormous_numbers_are_refused_and_never_a_fault() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let cinema_id = app.a_cinema().create().await;
    for number in ["-1", "0", "99999999999", "9223372036854775808", "1e400", "1.5"] {
        let body = format!(r#"{{"title": "Sholay", "duration_minutes": {number}}}"#);
        let request = admin.request(Method::POST, "/admin/movies").header("content-type", "application/json");
        let answer = request.body(body).send().await;
        assert!(matches!(answer.status(), 400 | 422), "{answer}");
    }
    let wide = json!({ "name": "1", "layout": { "rows": [{ "row": "A", "category": "gold", "seats": "1".repeat(500_000) }] } });
    admin.post(&format!("/admin/cinemas/{cinema_id}/screens"), wide).await.problem("invalid_request");
}

#[tokio::test]
async fn a_question_without_an_answer_never_says_more_than_it_should() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let show = app.a_show().create().await;
    let lock = bob.hold(&show, &["A1"]).await;
    let booking = bob.book(&show, &["A2"]).await;
    let (lock_id, booking_id) = (id_of(&lock, "lock_id"), id_of(&booking, "booking_id"));
    for (theirs, nobodys) in [
        (format!("/locks/{lock_id}"), format!("/locks/{NOBODY}")),
        (format!("/booking/{booking_id}"), format!("/booking/{NOBODY}")),
        (format!("/booking/{booking_id}/ticket.pdf"), format!("/booking/{NOBODY}/ticket.pdf")),
        (format!("/booking/{booking_id}/ticket.svg"), format!("/booking/{NOBODY}/ticket.svg")),
        (format!("/user/{}", bob.user_id), format!("/user/{NOBODY}")),
        (format!("/user/{}/bookings", bob.user_id), format!("/user/{NOBODY}/bookings")),
    ] {
        let (theirs, nobodys) = (ada.get(&theirs).await, ada.get(&nobodys).await);
        assert_eq!((theirs.status(), theirs.json()), (404, nobodys.json()), "{theirs}");
    }
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let app = TestApp::start_with(|config| config.rate_limits = true).await;
    let ada = app.customer("Ada").await;
    let mut refused = None;
    for _ in 0..1_000 {
        let answer = app.password_grant(&ada.email, "a wrong password").await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.expect(400)["error"], "invalid_grant");
    }
    let refused = refused.expect("guessing passwords is never slowed down");
    refused.problem("rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{refused}");
}
