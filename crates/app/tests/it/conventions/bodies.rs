//! JSON bodies: form, type, size and fields.

use marquee_testkit::{Client, TestApp, id_of};
use reqwest::Method;
use serde_json::{Value, json};

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

/// A lock that `person` holds.
async fn a_lock(app: &TestApp, person: &Client) -> Value {
    let show = app.a_show().create().await;
    person.hold(&show, &["A1"]).await
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
async fn a_field_of_another_type_is_told_what_it_must_be_in_json_s_words() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let show = app.a_show().create().await;
    let message = async |method: Method, path: &str, body: Value| {
        let problem = admin.request(method, path).json(&body).send().await.problem("invalid_request");
        problem["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let movie = |minutes: Value| json!({ "title": "Sholay", "duration_minutes": minutes });
    for (body, expected) in [
        (movie(json!("204")), "must be a whole number, not a string"),
        (movie(json!(204.5)), "must be a whole number, without a fraction"),
        (json!({ "title": 5, "duration_minutes": 204 }), "must be a string, not a number"),
        (json!({ "title": null, "duration_minutes": 204 }), "must be a string, not null"),
        (json!({ "duration_minutes": 204 }), "is missing"),
        (json!({ "title": "Sholay", "duration_minutes": 204, "surprise": 1 }), "is not known to this call"),
    ] {
        assert_eq!(message(Method::POST, "/admin/movies", body.clone()).await, expected, "{body}");
    }
    let too_long = message(Method::POST, "/admin/movies", movie(json!(1_u64 << 40))).await;
    assert!(too_long.starts_with("must be a whole number from 0 to "), "{too_long}");
    let instant = "must be an instant such as 2026-11-22T18:30:00Z";
    assert_eq!(message(Method::PATCH, &show.admin_path(), json!({ "start_time": "tomorrow" })).await, instant);
    assert_eq!(
        message(Method::POST, &show.path("/reserve"), json!({ "seats": "A1" })).await,
        "must be an array, not a string"
    );
}
