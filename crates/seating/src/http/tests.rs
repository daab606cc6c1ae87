use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::{Extension, Router};
use http_body_util::BodyExt as _;
use marquee_http::{Authenticate, Caller, Grant, Problem, Role};
use marquee_kernel::{Clock, Code, Rng, SessionId, UserId};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fixtures::{Shop, seconds, user};

struct Client {
    shop: Shop,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap().to_owned())
    }
}

/// The token is `role user_id`, or `role@cinema_id user_id`.
fn authenticate(token: &str) -> Result<Caller, Problem> {
    let (role, user_id) = token.split_once(' ').ok_or_else(|| Problem::new(Code::Unauthenticated, "no"))?;
    let (role, cinema_id) = role.split_once('@').map_or((role, None), |(role, at)| (role, at.parse().ok()));
    let role = match role {
        "admin" => Role::Admin,
        "manager" => Role::Manager,
        "box_office" => Role::BoxOffice,
        _ => Role::Customer,
    };
    let session_id = SessionId::mint(&Clock::System, &Rng::System);
    let grants = Arc::from([Grant { role, cinema_id }]);
    Ok(Caller { user_id: user_id.parse().unwrap(), session_id, grants })
}

impl Client {
    async fn new() -> Self {
        let shop = Shop::open().await;
        let authenticate: Authenticate = Arc::new(authenticate);
        let (router, _) = super::router(shop.seating.clone()).split_for_parts();
        Self { shop, router: router.layer(Extension(authenticate)) }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, headers, bytes }
    }

    async fn call(&self, method: &str, path: &str, who: Option<(&str, UserId)>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some((role, user_id)) = who {
            request = request.header(AUTHORIZATION, format!("Bearer {role} {user_id}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    fn path(&self, rest: &str) -> String {
        format!("/shows/{}/{rest}", self.shop.show.show_id)
    }

    async fn get(&self, path: &str, headers: &[(axum::http::HeaderName, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn a_hold_is_placed_read_extended_and_released() {
    let (client, buyer) = (Client::new().await, user());
    let who = Some(("customer", buyer));
    let placed = client.call("POST", &client.path("reserve"), who, Some(json!({"seats": ["A-1", "A-2"]}))).await;
    assert_eq!(placed.status, StatusCode::CREATED);
    let lock = placed.json();
    assert_eq!(lock["total"], json!({"amount": 50_000, "currency": "INR"}));
    assert_eq!(lock["seats"][1]["label"], "A2");
    assert_eq!((&lock["user_id"], &lock["expiry"]), (&json!(buyer), &json!("2026-11-22T12:08:00Z")));
    let path = format!("/locks/{}", lock["lock_id"].as_str().unwrap());
    assert_eq!(client.call("GET", &path, who, None).await.json(), lock);
    let stranger = Some(("customer", user()));
    assert_eq!(client.call("GET", &path, stranger, None).await.code(), (404, "lock_not_found".into()));
    client.shop.hands.advance(seconds(60));
    let extend = format!("{path}/extend");
    let extended = client.call("POST", &extend, who, None).await;
    assert_eq!(extended.json()["expiry"], "2026-11-22T12:09:00Z");
    assert_eq!(client.call("POST", &extend, who, Some(json!({}))).await.status, StatusCode::OK);
    let mass_assignment = client.call("POST", &extend, who, Some(json!({"seconds": 9_999}))).await;
    assert_eq!(mass_assignment.code(), (422, "invalid_request".into()));
    for who in [stranger, who, who] {
        assert_eq!(client.call("DELETE", &path, who, None).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(client.call("DELETE", "/locks/nonsense", who, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.call("GET", &path, who, None).await.code(), (404, "lock_not_found".into()));
}

#[tokio::test]
async fn refusals_come_in_the_contracts_order_and_words() {
    let client = Client::new().await;
    let (customer, staff) = (Some(("customer", user())), Some(("box_office", user())));
    let (here, nowhere) = (client.path("reserve"), "/shows/019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c/reserve".to_owned());
    let for_other = json!({"seats": [], "user_id": user()});
    let (bad, good) = (json!({"seats": ["A-1", "A-1", "Z-9"]}), json!({"seats": ["A-1"]}));
    for (path, who, body, code) in [
        (&nowhere, None, &bad, (401, "unauthenticated")),
        (&nowhere, customer, &for_other, (403, "forbidden")),
        (&nowhere, staff, &for_other, (404, "show_not_found")),
        (&here, staff, &for_other, (404, "user_not_found")),
        (&nowhere, customer, &bad, (404, "show_not_found")),
        (&here, customer, &bad, (422, "invalid_request")),
        (&here, customer, &json!({"seats": []}), (422, "invalid_request")),
        (&here, customer, &json!({"seats": ["A-1"], "price": 1}), (422, "invalid_request")),
        (&here, customer, &json!({"seats": vec!["A-1"; 11]}), (422, "invalid_request")),
    ] {
        let answer = client.call("POST", path, who, Some(body.clone())).await;
        assert_eq!(answer.code(), (code.0, code.1.to_owned()), "{path} {body}");
    }
    let errors = client.call("POST", &here, customer, Some(bad)).await.json()["errors"].clone();
    assert_eq!((&errors[0]["field"], &errors[1]["field"]), (&json!("seats[1]"), &json!("seats[2]")));
    assert_eq!(client.call("POST", &here, staff, Some(good.clone())).await.status, StatusCode::CREATED);
    let taken = client.call("POST", &here, customer, Some(json!({"seats": ["A-2", "A-1"]}))).await;
    assert_eq!(taken.code(), (409, "seats_unavailable".into()));
    assert_eq!(taken.json()["seats"], json!(["A-1"]));
    client.shop.hands.set(client.shop.show.start_time);
    let late = client.call("POST", &here, customer, Some(good)).await;
    assert_eq!(late.code(), (409, "show_not_on_sale".into()));
}

#[tokio::test]
async fn a_map_is_conditional_and_encoded_as_the_client_wants() {
    let client = Client::new().await;
    for path in [client.path("seats"), client.path("availability")] {
        let plain = client.get(&path, &[]).await;
        let etag = plain.headers[ETAG].to_str().unwrap().to_owned();
        assert_eq!((plain.status, &plain.headers["vary"]), (StatusCode::OK, &"accept-encoding".parse().unwrap()));
        assert_eq!(plain.headers["cache-control"], "no-cache");
        for tags in [etag.clone(), "*".to_owned(), format!("W/{etag}"), format!("\"x\", {etag}")] {
            let same = client.get(&path, &[(IF_NONE_MATCH, &tags)]).await;
            assert_eq!((same.status, same.bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{tags}");
            assert_eq!(same.headers[ETAG], etag);
            assert!(same.headers.contains_key("vary"));
        }
        let other = client.get(&path, &[(IF_NONE_MATCH, "\"x\"")]).await;
        assert_eq!(other.bytes, plain.bytes);
        client.shop.hold(user(), &[if path.ends_with("seats") { "A-1" } else { "A-2" }]).await.unwrap();
        let changed = client.get(&path, &[(IF_NONE_MATCH, &etag)]).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert!(changed.json()["version"].as_u64() > plain.json()["version"].as_u64());
    }
    let coded = client.get(&client.path("seats"), &[(ACCEPT_ENCODING, "gzip, br")]).await;
    assert_eq!(coded.headers["content-encoding"], "br");
    let head = Request::head(client.path("seats")).body(Body::empty()).unwrap();
    let head = client.send(head).await;
    assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
    let nowhere = client.get("/shows/nonsense/seats", &[]).await;
    assert_eq!(nowhere.code(), (404, "show_not_found".into()));
}

#[tokio::test]
async fn a_stream_starts_with_a_snapshot_and_says_what_it_is() {
    let client = Client::new().await;
    client.shop.hold(user(), &["A-1"]).await.unwrap();
    let request = Request::get(client.path("seats/events")).body(Body::empty()).unwrap();
    let answer = client.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let first = String::from_utf8(first.to_vec()).unwrap();
    assert!(first.contains("event: snapshot\n") && first.contains(r#""unavailable":{"A-1":"held"}"#), "{first}");
    client.shop.stop.cancel();
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn managers_block_seats_and_give_them_back() {
    let client = Client::new().await;
    let here = format!("manager@{}", client.shop.show.cinema_id);
    let manager = Some((here.as_str(), user()));
    let path = format!("/admin/shows/{}/blocked-seats", client.shop.show.show_id);
    let body = Some(json!({"seats": ["A-1", "A-2"]}));
    assert_eq!(client.call("POST", &path, manager, body.clone()).await.status, StatusCode::OK);
    assert_eq!(client.call("POST", &path, manager, body).await.json()["seats"], json!(["A-1", "A-2"]));
    assert_eq!(client.shop.status("A-1").await, "blocked");
    // Blocked already: it is kept for another reason from now on.
    let broken = json!({"seats": ["A-2", "B-3"], "reason": "broken", "note": " spring "});
    assert_eq!(client.call("POST", &path, manager, Some(broken)).await.status, StatusCode::OK);
    let (house, broken) = (json!(["house", null]), json!(["broken", "spring"]));
    let wanted = json!([["A-1", house], ["A-2", broken], ["B-3", broken]]);
    let mut listed = Vec::new();
    let mut next = format!("{path}?limit=2");
    loop {
        let page = client.call("GET", &next, manager, None).await.json();
        let seats = page["items"].as_array().unwrap().iter();
        listed.extend(seats.map(|seat| json!([seat["seat_id"], [seat["reason"], seat["note"]]])));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{path}?limit=2&cursor={cursor}");
    }
    assert_eq!(json!(listed), wanted);
    let one = format!("{path}/A-1");
    assert_eq!(client.call("DELETE", &one, manager, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.call("DELETE", &one, manager, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!((client.shop.status("A-1").await, client.shop.status("A-2").await), ("available", "blocked"));
    let unknown = client.call("DELETE", &format!("{path}/Z-9"), manager, None).await;
    assert_eq!(unknown.code(), (404, "not_found".into()));
    let all = Some(json!({"seats": ["A-1", "A-2", "B-3"]}));
    let given_back = client.call("POST", &format!("{path}/release"), manager, all).await;
    assert_eq!(given_back.json()["seats"], json!(["A-2", "B-3"]));
    assert_eq!((client.shop.status("A-2").await, client.shop.status("B-3").await), ("available", "available"));
}

#[tokio::test]
async fn seats_are_blocked_by_their_cinemas_managers_alone_and_for_a_reason_that_there_is() {
    let client = Client::new().await;
    let path = format!("/admin/shows/{}/blocked-seats", client.shop.show.show_id);
    let nowhere = "/admin/shows/019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c/blocked-seats";
    let here = client.shop.show.cinema_id;
    let (seat, bad) = (json!({"seats": ["A-1"]}), json!({"seats": ["A-1"], "reason": "whim"}));
    let [manager, clerk] = ["manager", "box_office"].map(|role| format!("{role}@{here}"));
    let elsewhere = format!("manager@{}", marquee_kernel::CinemaId::mint(&Clock::System, &Rng::System));
    let by = |role| Some((role, user()));
    for (who, path, body, code) in [
        (None, nowhere, &bad, (401, "unauthenticated")),
        (by("customer"), nowhere, &bad, (403, "forbidden")),
        (by(clerk.as_str()), nowhere, &bad, (403, "forbidden")),
        (by(elsewhere.as_str()), nowhere, &bad, (404, "show_not_found")),
        (by(elsewhere.as_str()), path.as_str(), &bad, (403, "forbidden")),
        (by(manager.as_str()), path.as_str(), &bad, (422, "invalid_request")),
        (by(manager.as_str()), path.as_str(), &json!({"seats": []}), (422, "invalid_request")),
        (by(manager.as_str()), path.as_str(), &json!({"seats": ["A-1"], "note": "a\nb"}), (422, "invalid_request")),
    ] {
        let answer = client.call("POST", path, who, Some(body.clone())).await;
        assert_eq!(answer.code(), (code.0, code.1.to_owned()), "{who:?} {path} {body}");
    }
    for who in [by("customer"), by(clerk.as_str()), by(elsewhere.as_str())] {
        for (method, path, body) in [
            ("GET", path.clone(), None),
            ("DELETE", format!("{path}/A-1"), None),
            ("POST", format!("{path}/release"), Some(seat.clone())),
        ] {
            assert_eq!(client.call(method, &path, who, body).await.code(), (403, "forbidden".into()), "{who:?} {path}");
        }
    }
    assert_eq!(client.shop.status("A-1").await, "available");
    let sold = client.shop.hold(user(), &["A-1"]).await.unwrap();
    let claim = client.shop.seating.claim_of(&sold, crate::fixtures::booking());
    client.shop.db.write(move |tx| crate::store::claims::claim(tx, &[claim])).await.unwrap();
    let answer = client.call("POST", &path, by("admin"), Some(json!({"seats": ["A-2", "A-1"]}))).await;
    assert_eq!(answer.code(), (409, "seats_unavailable".into()));
    assert_eq!(answer.json()["seats"], json!(["A-1"]));
    assert_eq!(client.shop.status("A-2").await, "available");
}
