use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::{Extension, Router};
use http_body_util::BodyExt;
use marquee_http::ClientAddress;
use marquee_kernel::Code;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{PASSWORD, Shop};

const ADA: &str = "ada@example.test";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn is_problem(&self, code: Code) -> bool {
        self.status.as_u16() == code.status()
            && self.body["code"] == code.word()
            && self.header(header::CONTENT_TYPE) == "application/problem+json"
    }

    fn is_refusal(&self, error: &str) -> bool {
        self.status == 400
            && self.body["error"] == error
            && self.header(header::CONTENT_TYPE) == "application/json"
            && self.header(header::CACHE_CONTROL) == "no-store"
    }
}

fn app(shop: &Shop) -> Router {
    let (calls, _) = crate::router(shop.accounts.clone()).split_for_parts();
    calls.merge(crate::jwks_router(shop.accounts.clone())).layer(Extension(shop.accounts.authenticator()))
}

async fn send(shop: &Shop, request: Request<Body>) -> Answer {
    let answer = app(shop).oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn post(shop: &Shop, path: &str, media: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, media).body(body.into()).unwrap();
    send(shop, request).await
}

async fn register(shop: &Shop, body: &Value) -> Answer {
    post(shop, "/auth/register", "application/json", body.to_string()).await
}

async fn token(shop: &Shop, form: &str) -> Answer {
    post(shop, "/auth/token", "application/x-www-form-urlencoded", form.to_owned()).await
}

async fn user(shop: &Shop, segment: &str, token: Option<&str>) -> Answer {
    let mut request = Request::get(format!("/user/{segment}"));
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    send(shop, request.body(Body::empty()).unwrap()).await
}

fn ada() -> Value {
    json!({"name": "Ada Lovelace", "email": ADA, "password": PASSWORD})
}

#[tokio::test]
async fn registering_answers_as_the_contract_says() {
    let shop = Shop::open().await;
    let answer = register(&shop, &ada()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(900)));
    let access = answer.body["access_token"].as_str().unwrap();
    let me = user(&shop, "me", Some(access)).await;
    assert_eq!(me.status, 200);
    let expected = json!({"user_id": answer.body["user_id"], "name": "Ada Lovelace", "email": ADA,
        "roles": ["customer"], "grants": [], "created_at": "2026-11-22T12:00:00Z"});
    assert_eq!(me.body, expected);
    assert!(register(&shop, &ada()).await.is_problem(Code::EmailTaken));
}

#[tokio::test]
async fn a_bad_registration_names_every_bad_field() {
    let shop = Shop::open().await;
    let answer = register(&shop, &json!({"name": "", "email": "ada", "password": "123456789", "phone": "x"})).await;
    assert!(answer.is_problem(Code::InvalidRequest), "{}", answer.body);
    let errors = answer.body["errors"].as_array().unwrap();
    let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "email", "password", "phone"]);
    assert!(!answer.body.to_string().contains("123456789"), "an answer never repeats a password");
}

#[tokio::test]
async fn nobody_registers_with_more_than_they_may_say() {
    let shop = Shop::open().await;
    let extras = [("roles", json!(["admin"])), ("role", json!("admin")), ("user_id", json!("1")), ("id", json!(1))];
    for (field, value) in extras {
        let mut body = ada();
        body[field] = value;
        let answer = register(&shop, &body).await;
        assert!(answer.is_problem(Code::InvalidRequest), "{field}");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    for (field, value) in [("name", json!(1)), ("email", json!(["a@b.test"])), ("password", Value::Null)] {
        let mut body = ada();
        body[field] = value;
        assert!(register(&shop, &body).await.is_problem(Code::InvalidRequest), "{field}");
    }
    assert_eq!(register(&shop, &ada()).await.status, 201, "nothing of that made an account");
}

#[tokio::test]
async fn what_is_no_json_is_no_registration() {
    let shop = Shop::open().await;
    let answer = post(&shop, "/auth/register", "application/json", "{").await;
    assert!(answer.is_problem(Code::MalformedJson));
    let answer = post(&shop, "/auth/register", "text/plain", ada().to_string()).await;
    assert!(answer.is_problem(Code::UnsupportedMediaType));
}

#[tokio::test]
async fn signing_in_and_refreshing_answer_as_oauth_says() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    let form = "scope=all&grant_type=password&username=ada%40example.test&password=correct+horse+battery&x=1&x=2";
    let signed_in = token(&shop, form).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    assert_eq!(signed_in.header(header::CACHE_CONTROL), "no-store");
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", signed_in.body["refresh_token"].as_str().unwrap());
    let refreshed = token(&shop, &refresh).await;
    let mut members: Vec<_> = refreshed.body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "token_type"]);
    assert!(token(&shop, &refresh).await.is_refusal("invalid_grant"), "used twice");
    let access = refreshed.body["access_token"].as_str().unwrap();
    assert!(user(&shop, "me", Some(access)).await.is_problem(Code::Unauthenticated), "the family has ended");
}

#[tokio::test]
async fn a_refused_sign_in_says_why_in_oauths_words() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    let refusals = [
        ("grant_type=password&username=ada%40example.test&password=wrong+password", "invalid_grant"),
        ("grant_type=password&username=bob%40example.test&password=correct+horse+battery", "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
        ("grant_type=password&username=ada%40example.test", "invalid_request"),
        ("grant_type=password&username=&password=correct+horse+battery", "invalid_request"),
        ("grant_type=refresh_token", "invalid_request"),
        ("username=ada%40example.test&password=correct+horse+battery", "invalid_request"),
        ("grant_type=password&grant_type=password&username=a&password=b", "invalid_request"),
        ("", "invalid_request"),
        ("grant_type=client_credentials", "unsupported_grant_type"),
        ("grant_type=Password&username=a&password=b", "unsupported_grant_type"),
    ];
    for (form, error) in refusals {
        let answer = token(&shop, form).await;
        assert!(answer.is_refusal(error), "{form}: {} {}", answer.status, answer.body);
    }
    let json = json!({"grant_type": "password", "username": ADA, "password": PASSWORD}).to_string();
    assert!(post(&shop, "/auth/token", "application/json", json).await.is_refusal("invalid_request"));
}

#[tokio::test]
async fn a_guesser_is_told_when_to_come_back() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    let form = "grant_type=password&username=ada%40example.test&password=wrong+password";
    let mut answer = token(&shop, form).await;
    for _ in 0..crate::guesses::BURST {
        answer = token(&shop, form).await;
    }
    assert!(answer.is_problem(Code::RateLimited), "{}", answer.body);
    assert_eq!(answer.header(header::RETRY_AFTER), "30");
}

#[tokio::test]
async fn a_guesser_does_not_lock_the_owner_out() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    let offer = async |password: &str, address: &str| {
        let form = format!("grant_type=password&username=ada%40example.test&password={password}");
        let client = ClientAddress(address.parse().unwrap());
        let request = Request::post("/auth/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(client);
        send(&shop, request.body(form.into()).unwrap()).await
    };
    for _ in 0..crate::guesses::BURST {
        assert!(offer("wrong+password", "192.0.2.1").await.is_refusal("invalid_grant"));
    }
    for password in ["wrong+password", "correct+horse+battery"] {
        let slowed_down = offer(password, "192.0.2.1").await;
        assert!(slowed_down.is_problem(Code::RateLimited), "{}", slowed_down.body);
    }
    for owner in ["198.51.100.7", "2001:db8::7"] {
        assert_eq!(offer("correct+horse+battery", owner).await.status, 200, "{owner}");
    }
}

#[tokio::test]
async fn revoking_is_always_200_and_ends_what_was_there() {
    let shop = Shop::open().await;
    let credentials = shop.register(ADA).await;
    let form = "application/x-www-form-urlencoded";
    for (media, body) in [(form, ""), (form, "token="), (form, "token=x"), (form, "token=a&token=b"), ("text/x", "x")] {
        assert_eq!(post(&shop, "/auth/revoke", media, body).await.status, 200, "{body}");
    }
    assert_eq!(user(&shop, "me", Some(&credentials.access_token)).await.status, 200);
    let body = format!("token={}&token_type_hint=access_token", credentials.access_token);
    assert_eq!(post(&shop, "/auth/revoke", form, body).await.status, 200);
    let after = user(&shop, "me", Some(&credentials.access_token)).await;
    assert!(after.is_problem(Code::Unauthenticated));
    assert_eq!(after.header(header::WWW_AUTHENTICATE), "Bearer");
}

#[tokio::test]
async fn everybody_elses_account_does_not_exist() {
    let shop = Shop::open().await;
    let (ada, bob) = (shop.register(ADA).await, shop.register("bob@example.test").await);
    shop.accounts.ensure_admin("root@example.test", PASSWORD).await.unwrap();
    let root = shop.sign_in("root@example.test").await.unwrap();
    let own = user(&shop, &ada.user_id.to_string(), Some(&ada.access_token)).await;
    assert_eq!((own.status, &own.body["email"]), (StatusCode::OK, &json!(ADA)));
    let others = [
        bob.user_id.to_string(),
        "ME".to_owned(),
        "1".to_owned(),
        "%27%20OR%201".to_owned(),
        "%ff".to_owned(),
        "-".repeat(300),
    ];
    let absent = user(&shop, "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c", Some(&ada.access_token)).await;
    for segment in others {
        for token in [&ada.access_token, &root.access_token] {
            let answer = user(&shop, &segment, Some(token)).await;
            assert!(answer.is_problem(Code::UserNotFound), "{segment}");
            assert_eq!(answer.body, absent.body, "exactly as if it did not exist");
        }
    }
    assert!(user(&shop, &bob.user_id.to_string(), None).await.is_problem(Code::Unauthenticated));
    assert!(user(&shop, "me", Some("")).await.is_problem(Code::Unauthenticated));
    assert!(user(&shop, "me", Some(&bob.refresh_token)).await.is_problem(Code::Unauthenticated));
}

#[tokio::test]
async fn anybody_can_verify_a_token_with_the_published_keys() {
    let shop = Shop::open().await;
    let before = shop.register(ADA).await;
    shop.accounts.rotate_keys().await.unwrap();
    let after = shop.sign_in(ADA).await.unwrap();
    let answer = send(&shop, Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(answer.body).unwrap();
    let mut anybody = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    anybody.set_audience(&["marquee-api"]);
    anybody.validate_exp = false;
    for credentials in [before, after] {
        let token = credentials.access_token;
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let key = set.find(&header.kid.unwrap()).unwrap().try_into().unwrap();
        let claims = jsonwebtoken::decode::<Value>(&token, &key, &anybody).unwrap().claims;
        assert_eq!(claims["sub"], credentials.user_id.to_string());
        assert_eq!(claims["roles"], json!(["customer"]));
    }
}

/// The front adds 408, 413, 429, 500 and 503 to every call; all else an answer can be stands here.
#[tokio::test]
async fn the_published_description_names_every_answer() {
    let shop = Shop::open().await;
    let (_, described) = crate::router(shop.accounts.clone()).split_for_parts();
    let described = serde_json::to_value(described).unwrap();
    let statuses = |path: &str, verb: &str| {
        let responses = described["paths"][path][verb]["responses"].as_object().unwrap();
        responses.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(statuses("/auth/register", "post"), "201 400 409 415 422");
    assert_eq!(statuses("/auth/token", "post"), "200 400");
    assert_eq!(statuses("/auth/revoke", "post"), "200");
    assert_eq!(statuses("/user/{user_id}", "get"), "200 401 404");
}
