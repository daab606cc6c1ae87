//! Accounts: registering, tokens, their families and their end.

use jiff::Timestamp;
use marquee_testkit::{Answer, Person, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

async fn register(app: &TestApp, change: impl FnOnce(&mut Value)) -> Answer {
    let email = format!("ada.{}@example.org", app.number());
    let mut request = json!({ "name": "Ada Lovelace", "email": email, "password": "a long password" });
    change(&mut request);
    app.post("/auth/register", request).await
}

/// Asserts an error of RFC 6749, section 5.2.
#[track_caller]
fn refused(answer: &Answer, error: &str) {
    assert_eq!(answer.status(), 400, "{answer}");
    assert!(answer.header("content-type").starts_with("application/json"), "{answer}");
    assert_eq!(answer.json()["error"], error, "{answer}");
}

async fn is_signed_in(person: &Person) -> bool {
    let answer = person.get("/user/me").await;
    match answer.status() {
        200 => true,
        _ => {
            answer.problem("unauthenticated");
            false
        }
    }
}

#[tokio::test]
async fn registering_signs_in() {
    let app = TestApp::start().await;
    let answer = register(&app, |request| request["phone"] = json!("+919820098200")).await.created();
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer["expires_in"].as_u64().unwrap() > 0);
    assert!(!answer["refresh_token"].as_str().unwrap().is_empty());
    let me = app.with_token(answer["access_token"].as_str().unwrap()).get("/user/me").await.ok();
    assert_eq!(me["user_id"], answer["user_id"]);
    assert_eq!(me["name"], "Ada Lovelace");
}

#[tokio::test]
async fn an_address_registers_once_however_it_is_written() {
    let app = TestApp::start().await;
    let with_email = async |email: &str| register(&app, |request| request["email"] = json!(email)).await;
    let _ = with_email("grace@example.org").await.created();
    with_email("grace@example.org").await.problem("email_taken");
    with_email("Grace@Example.ORG").await.problem("email_taken");
}

#[tokio::test]
async fn a_bad_address_is_refused() {
    let app = TestApp::start().await;
    let long = format!("{}@example.org", "a".repeat(400));
    for email in ["", "ada", "ada@", "@example.org", "a da@example.org", "a@b@c", "ada@.", &long] {
        register(&app, |request| request["email"] = json!(email)).await.blames("email");
    }
}

#[tokio::test]
async fn a_password_has_ten_characters_not_ten_bytes() {
    let app = TestApp::start().await;
    let with_password = async |password: &str| register(&app, |request| request["password"] = json!(password)).await;
    with_password("").await.blames("password");
    with_password("nine char").await.blames("password");
    with_password("пароль123").await.blames("password");
    let _ = with_password("ten chars!").await.created();
    let _ = with_password("пароль1234").await.created();
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let app = TestApp::start().await;
    let answer = register(&app, |request| {
        request["email"] = json!("nonsense");
        request["password"] = json!("short");
    })
    .await;
    answer.blames("email");
    answer.blames("password");
}

#[tokio::test]
async fn nobody_registers_as_an_administrator() {
    let app = TestApp::start().await;
    for field in ["role", "roles", "is_admin", "user_id", "created_at"] {
        register(&app, |request| request[field] = json!("admin")).await.problem("invalid_request");
    }
}

#[tokio::test]
async fn the_account_shows_what_it_is_and_no_secret() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let me = ada.get("/user/me").await;
    assert_eq!(ada.get(&format!("/user/{}", ada.user_id)).await.ok(), me.ok());
    let account = me.ok();
    assert_eq!((&account["name"], &account["email"]), (&json!("Ada"), &json!(ada.email)));
    assert_eq!(account["roles"], json!(["customer"]));
    assert_eq!(account["created_at"].as_str().unwrap().parse::<Timestamp>().unwrap(), app.now());
    assert!(account["created_at"].as_str().unwrap().ends_with('Z'));
    let members: Vec<_> = account.as_object().unwrap().keys().collect();
    assert!(!members.iter().any(|member| member.contains("password") || member.contains("hash")), "{members:?}");
}

#[tokio::test]
async fn an_administrator_has_the_role() {
    let app = TestApp::start().await;
    let me = app.admin().await.get("/user/me").await.ok();
    assert!(me["roles"].as_array().unwrap().contains(&json!("admin")), "{me}");
}

#[tokio::test]
async fn somebody_else_s_account_does_not_exist() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    ada.get(&format!("/user/{}", bob.user_id)).await.problem("user_not_found");
    ada.get(&format!("/user/{}/bookings", bob.user_id)).await.problem("user_not_found");
}

#[tokio::test]
async fn a_password_is_exchanged_for_tokens() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let answer = app.password_grant(&ada.email, &ada.password).await;
    let tokens = answer.ok();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["expires_in"].as_u64().unwrap() > 0);
    assert!(tokens["refresh_token"].is_string() && tokens["access_token"].is_string());
    // RFC 6749, section 5.1: tokens are not for caches.
    assert_eq!(answer.header("cache-control"), "no-store");
    let _ = app.password_grant(&ada.email.to_uppercase(), &ada.password).await.ok();
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_refused_alike() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let wrong = app.password_grant(&ada.email, "not her password").await;
    let unknown = app.password_grant("nobody@example.org", "not her password").await;
    refused(&wrong, "invalid_grant");
    refused(&unknown, "invalid_grant");
    assert_eq!(wrong.json(), unknown.json());
    for (email, password) in [("", ""), (ada.email.as_str(), ""), ("", ada.password.as_str())] {
        assert_eq!(app.password_grant(email, password).await.status(), 400);
    }
}

#[tokio::test]
async fn a_token_request_is_judged_as_rfc_6749_says() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let ask = async |form: &[(&str, &str)]| app.post_form("/auth/token", form).await;
    refused(&ask(&[]).await, "invalid_request");
    refused(&ask(&[("grant_type", "password")]).await, "invalid_request");
    refused(&ask(&[("grant_type", "password"), ("username", &ada.email)]).await, "invalid_request");
    refused(&ask(&[("grant_type", "refresh_token")]).await, "invalid_request");
    refused(&ask(&[("grant_type", "refresh_token"), ("refresh_token", "nonsense")]).await, "invalid_grant");
    refused(&ask(&[("grant_type", "client_credentials")]).await, "unsupported_grant_type");
    let good = [("grant_type", "password"), ("username", ada.email.as_str()), ("password", ada.password.as_str())];
    refused(&ask(&[&good[..], &good[..1]].concat()).await, "invalid_request");
    let with_unknown = [&good[..], &[("scope", "everything"), ("surprise", "1")]].concat();
    let _ = ask(&with_unknown).await.ok();
}

#[tokio::test]
async fn a_refresh_token_works_once_and_keeps_the_session() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let renewed = app.refresh_grant(&ada.refresh_token).await.ok();
    assert_ne!(renewed["refresh_token"], json!(ada.refresh_token));
    let _ = app.with_token(renewed["access_token"].as_str().unwrap()).get("/user/me").await.ok();
    let again = app.refresh_grant(renewed["refresh_token"].as_str().unwrap()).await.ok();
    let _ = app.with_token(again["access_token"].as_str().unwrap()).get("/user/me").await.ok();
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_its_whole_family_and_no_other() {
    let app = TestApp::start().await;
    let stolen = app.customer("Ada").await;
    let other_device = app.again(&stolen).await;
    let renewed = app.refresh_grant(&stolen.refresh_token).await.ok();
    let renewed_access = app.with_token(renewed["access_token"].as_str().unwrap());

    refused(&app.refresh_grant(&stolen.refresh_token).await, "invalid_grant");

    refused(&app.refresh_grant(renewed["refresh_token"].as_str().unwrap()).await, "invalid_grant");
    renewed_access.get("/user/me").await.problem("unauthenticated");
    assert!(!is_signed_in(&stolen).await);
    assert!(is_signed_in(&other_device).await);
    let _ = app.refresh_grant(&other_device.refresh_token).await.ok();
}

#[tokio::test]
async fn a_refresh_token_used_twice_at_once_is_used_once() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let uses = (0..16).map(|_| app.refresh_grant(&ada.refresh_token));
    let answers = futures_util::future::join_all(uses).await;
    let good: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).collect();
    assert!(good.len() <= 1, "{} of the same refresh token worked", good.len());
    // Somebody used it a second time: the family is gone, whoever was first.
    for answer in good {
        let access = app.with_token(answer.json()["access_token"].as_str().unwrap());
        access.get("/user/me").await.problem("unauthenticated");
    }
}

#[tokio::test]
async fn an_access_token_ends_when_it_said_it_would() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let expires_in = app.password_grant(&ada.email, &ada.password).await.ok()["expires_in"].as_i64().unwrap();
    app.pass_seconds(expires_in - 1);
    assert!(is_signed_in(&ada).await);
    // A minute of leeway is customary between two clocks.
    app.pass_seconds(62);
    assert!(!is_signed_in(&ada).await);
    let _ = app.refresh_grant(&ada.refresh_token).await.ok();
}

#[tokio::test]
async fn revoking_either_token_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let other_device = app.again(&ada).await;
    for token_of in [|person: &Person| person.token().to_owned(), |person: &Person| person.refresh_token.clone()] {
        let session = app.again(&ada).await;
        let answer = app.post_form("/auth/revoke", &[("token", &token_of(&session))]).await;
        assert_eq!(answer.status(), 200, "{answer}");
        assert!(!is_signed_in(&session).await);
        refused(&app.refresh_grant(&session.refresh_token).await, "invalid_grant");
    }
    assert!(is_signed_in(&other_device).await);
}

#[tokio::test]
async fn revoking_says_yes_to_anything() {
    let app = TestApp::start().await;
    let forms: [&[(&str, &str)]; 4] =
        [&[("token", "nonsense")], &[("token", "")], &[], &[("token", "x"), ("token_type_hint", "access_token")]];
    for form in forms {
        let answer = app.post_form("/auth/revoke", form).await;
        assert_eq!(answer.status(), 200, "{answer}");
    }
}

#[tokio::test]
async fn a_forged_token_is_no_token() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let parts: Vec<_> = ada.token().split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return };
    let encode = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
    let hmac = encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let bobs: Vec<_> = bob.token().split('.').collect();
    let forged = [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{hmac}.{claims}.{signature}"),
        format!("{header}.{}.{signature}", bobs[1]),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
    ];
    for token in forged {
        app.with_token(&token).get("/user/me").await.problem("unauthenticated");
    }
}

#[tokio::test]
async fn an_account_s_answers_are_not_for_caches_of_others() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    for path in ["/user/me", "/user/me/bookings"] {
        let answer = ada.request(Method::GET, path).send().await;
        assert!(!answer.header("cache-control").contains("public"), "{answer}");
    }
}

#[tokio::test]
async fn tokens_survive_a_restart_and_so_does_their_end() {
    let mut app = TestApp::start().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    assert_eq!(app.post_form("/auth/revoke", &[("token", bob.token())]).await.status(), 200);
    app.restart().await;
    let (ada, bob) = (ada.at(&app), bob.at(&app));
    assert!(is_signed_in(&ada).await);
    assert!(!is_signed_in(&bob).await);
    let _ = app.refresh_grant(&ada.refresh_token).await.ok();
    refused(&app.refresh_grant(&bob.refresh_token).await, "invalid_grant");
    refused(&app.refresh_grant(&ada.refresh_token).await, "invalid_grant");
}
