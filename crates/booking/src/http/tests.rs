//! What goes over the wire: statuses, headers and bodies. The use cases have tests of their own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use marquee_http::{Authenticate, Caller, Problem};
use marquee_kernel::{Code, UserId};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::service::tests::{NO_FUNDS, Stage, VISA, guest};

/// The routes, with one guest whose token is `good`.
struct Wire {
    stage: Stage,
    user: UserId,
    routes: Router,
}

impl Wire {
    async fn open() -> Self {
        let stage = Stage::set().await;
        let user = stage.user();
        let authenticate: Authenticate = Arc::new(move |token: &str| -> Result<Caller, Problem> {
            if token == "good" { Ok(guest(user)) } else { Err(Problem::new(Code::Unauthenticated, "No.")) }
        });
        let (routes, _) = super::router(stage.booking.clone()).split_for_parts();
        Self { stage, user, routes: routes.layer(axum::Extension(authenticate)) }
    }

    async fn call(&self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> Heard {
        let mut request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, "Bearer good");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.routes.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Heard { status: head.status, headers: head.headers, json: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    async fn book(&self, lock_id: &str, token: &str, key: Option<&str>) -> Heard {
        self.call("POST", "/booking", key, Some(json!({ "lock_id": lock_id, "payment_token": token }))).await
    }

    async fn lock(&self, seat: &str) -> String {
        self.stage.hold(self.user, &[seat]).await.hold_id.to_string()
    }
}

#[derive(Debug)]
struct Heard {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Heard {
    fn code(&self) -> (u16, &str) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        (self.status.as_u16(), self.json["code"].as_str().unwrap_or_default())
    }
}

#[tokio::test]
async fn a_booking_is_created_and_its_replay_says_that_it_is_one() {
    let wire = Wire::open().await;
    let lock = wire.lock("A-1").await;
    let first = wire.book(&lock, VISA, Some("k")).await;
    assert_eq!((first.status, first.headers.get("idempotent-replayed")), (StatusCode::CREATED, None));
    let again = wire.book(&lock, VISA, Some("k")).await;
    assert_eq!((again.status, &again.headers["idempotent-replayed"]), (StatusCode::CREATED, &"true".parse().unwrap()));
    assert_eq!(
        (&again.json, &again.headers[header::CONTENT_TYPE]),
        (&first.json, &"application/json".parse().unwrap())
    );
    assert_eq!(wire.book(&lock, NO_FUNDS, Some("k")).await.code(), (422, "idempotency_key_reused"));

    let path = format!("/booking/{}", first.json["booking_id"].as_str().unwrap());
    assert_eq!(wire.call("GET", &path, None, None).await.json, first.json);
    let listed = wire.call("GET", "/user/me/bookings?limit=1", None, None).await;
    assert_eq!((&listed.json["items"][0], listed.json["next_cursor"].is_null()), (&first.json, true));
    let pdf = wire.call("GET", &format!("{path}/ticket.pdf"), None, None).await;
    assert_eq!(pdf.headers[header::CONTENT_TYPE], "application/pdf");
    let name = format!("inline; filename=\"{}.pdf\"", first.json["reference"].as_str().unwrap());
    assert_eq!(
        (&pdf.headers[header::CONTENT_DISPOSITION], &pdf.headers[header::CACHE_CONTROL]),
        (&name.parse().unwrap(), &"private, no-store".parse().unwrap())
    );
    let svg = wire.call("GET", &format!("{path}/ticket.svg"), None, None).await;
    assert_eq!(svg.headers[header::CONTENT_TYPE], "image/svg+xml");

    let cancelled = wire.call("POST", &format!("{path}/cancel"), None, None).await;
    assert_eq!((cancelled.status, &cancelled.json["status"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(cancelled.json["refund"]["amount"], first.json["total_price"]);
    let keys = wire.call("GET", "/tickets/keys", None, None).await;
    assert_eq!(keys.json["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_decline_is_a_problem_also_when_it_is_replayed() {
    let wire = Wire::open().await;
    let lock = wire.lock("A-1").await;
    for replayed in [false, true] {
        let declined = wire.book(&lock, NO_FUNDS, Some("k")).await;
        assert_eq!(declined.code(), (402, "payment_declined"));
        assert_eq!(declined.json["decline_code"], "insufficient_funds");
        assert_eq!(declined.headers.contains_key("idempotent-replayed"), replayed);
    }
}

#[tokio::test]
async fn what_is_not_there_comes_before_what_is_not_right() {
    let wire = Wire::open().await;
    let (lock, long) = (wire.lock("A-1").await, "k".repeat(256));
    let unknown = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";
    for lock_id in [unknown, "nonsense"] {
        assert_eq!(wire.book(lock_id, VISA, None).await.code(), (404, "lock_not_found"));
        assert_eq!(wire.book(lock_id, VISA, Some(&long)).await.code(), (404, "lock_not_found"));
    }
    assert_eq!(wire.book(&lock, VISA, Some(&long)).await.code(), (422, "invalid_request"));
    assert_eq!(wire.book(&lock, "pm_nobody", None).await.code(), (422, "invalid_request"));
    let order = |member: &str, value: Value| {
        let mut order = json!({ "lock_id": lock.clone(), "payment_token": VISA });
        order[member] = value;
        Some(order)
    };
    for (member, value, code) in [
        ("idempotency_key", json!("other"), (422, "invalid_request")),
        ("voucher_codes", json!(["SUMMER"]), (422, "invalid_request")),
        ("total", json!(1), (422, "invalid_request")),
        ("user_id", json!(unknown), (403, "forbidden")),
    ] {
        assert_eq!(wire.call("POST", "/booking", Some("k"), order(member, value)).await.code(), code, "{member}");
    }
    for path in [format!("/booking/{unknown}/cancel"), "/booking/nonsense/cancel".to_owned()] {
        let refused = wire.call("POST", &path, None, Some(json!({ "reason": 1 }))).await;
        assert_eq!(refused.code(), (404, "booking_not_found"));
    }
    assert_eq!(
        wire.call("GET", &format!("/user/{unknown}/bookings"), None, None).await.code(),
        (404, "user_not_found")
    );
    assert_eq!(wire.call("GET", "/user/me/bookings?limit=0", None, None).await.code(), (422, "invalid_request"));
    assert_eq!(wire.call("GET", "/user/me/bookings?page=2", None, None).await.code(), (422, "invalid_request"));
}
