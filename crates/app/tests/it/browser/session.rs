//! Signing in, staying signed in and signing out in a browser, and what a page of another site cannot do.

use marquee_testkit::{Answer, Person, TestApp};
use reqwest::Method;
use serde_json::json;

use super::Browser;

const OURS: (&str, &str) = ("x-marquee-csrf", "1");

async fn sign_in(browser: &mut Browser, person: &Person) -> Answer {
    browser.post("/session", json!({ "email": person.email, "password": person.password })).await
}

#[tokio::test]
async fn a_browser_signs_in_with_cookies_that_no_script_reads() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    browser.get("/user/me").await.problem("unauthenticated");
    let answer = sign_in(&mut browser, &ada).await;
    let session = answer.ok();
    assert_eq!((&session["user_id"], &session["name"]), (&json!(ada.user_id), &json!("Ada")));
    assert_eq!(session["roles"], json!(["customer"]));
    assert!(session["expires_in"].as_u64().unwrap() > 0);
    assert_eq!(session.as_object().unwrap().len(), 4, "no token: {session}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookies = answer.cookies();
    assert_eq!(cookies.len(), 2);
    for (name, _, words) in cookies {
        assert!(words.contains("HttpOnly") && words.contains("SameSite=Strict") && words.contains("Path=/"), "{words}");
        assert!(!words.contains("Secure") && name.starts_with("marquee_"), "{name}: {words}");
    }
    assert_eq!(browser.get("/user/me").await.ok()["user_id"], json!(ada.user_id));
}

#[tokio::test]
async fn a_wrong_password_signs_nobody_in_and_guesses_are_counted() {
    let app = TestApp::start_with(|config| config.rate_limits = true).await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    let wrong = json!({ "email": ada.email, "password": "not her password" });
    let refused = browser.post("/session", wrong.clone()).await;
    refused.problem("unauthenticated");
    assert!(refused.cookies().is_empty());
    browser.post("/session", json!({ "email": ada.email })).await.blames("password");
    for _ in 0..40 {
        let answer = browser.post("/session", wrong.clone()).await;
        if answer.status() == 429 {
            assert!(!answer.header("retry-after").is_empty());
            return;
        }
        answer.problem("unauthenticated");
    }
    panic!("forty wrong passwords were looked at");
}

#[tokio::test]
async fn a_browser_registers() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app);
    let ada = json!({ "name": "Ada", "email": "ada@example.org", "password": "a long password" });
    let session = browser.post("/session/register", ada.clone()).await.created();
    assert_eq!((&session["name"], session.get("access_token")), (&json!("Ada"), None));
    assert_eq!(browser.get("/user/me").await.ok()["user_id"], session["user_id"]);
    browser.post("/session/register", ada).await.problem("email_taken");
    let short = json!({ "name": "Ada", "email": "ada2@example.org", "password": "short" });
    browser.post("/session/register", short).await.blames("password");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let app = TestApp::start().await;
    let (ada, show) = (app.customer("Ada").await, app.a_show().create().await);
    let mut browser = Browser::of(&app);
    let _ = sign_in(&mut browser, &ada).await.ok();
    let seats = json!({ "seats": show.seats(&["A1"]) });
    let reserve = show.path("/reserve");
    for headers in [&[] as &[_], &[OURS, ("sec-fetch-site", "cross-site")], &[OURS, ("sec-fetch-site", "same-site")]] {
        let answer = browser.call_with(Method::POST, &reserve, headers, Some(seats.clone())).await;
        answer.problem("csrf");
        for path in ["/session", "/session/refresh"] {
            browser.call_with(Method::POST, path, headers, None).await.problem("csrf");
        }
        browser.call_with(Method::DELETE, "/session", headers, None).await.problem("csrf");
    }
    assert_eq!(ada.seat_map(&show).await.status("A1"), "available");
    // What only reads may come from anywhere: its answer cannot be read there.
    let _ = browser.call_with(Method::GET, "/user/me", &[("sec-fetch-site", "cross-site")], None).await.ok();
    let _ = browser.post(&reserve, seats).await.created();
}

#[tokio::test]
async fn who_is_nobody_hears_that_first() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app);
    browser.jar.insert("marquee_access".to_owned(), "nonsense".to_owned());
    browser.call_with(Method::POST, "/booking", &[], Some(json!({}))).await.problem("unauthenticated");
}

#[tokio::test]
async fn a_bearer_token_wins_over_a_cookie_and_needs_no_header() {
    let app = TestApp::start().await;
    let (ada, bob, show) = (app.customer("Ada").await, app.customer("Bob").await, app.a_show().create().await);
    let mut browser = Browser::of(&app);
    let _ = sign_in(&mut browser, &ada).await.ok();
    let bearer = format!("Bearer {}", bob.token());
    let seats = json!({ "seats": show.seats(&["A1"]) });
    let headers = [("authorization", bearer.as_str()), ("sec-fetch-site", "cross-site")];
    let lock = browser.call_with(Method::POST, &show.path("/reserve"), &headers, Some(seats)).await.created();
    assert_eq!(lock["user_id"], json!(bob.user_id));
    let bad = [("authorization", "Bearer nonsense")];
    browser.call_with(Method::GET, "/user/me", &bad, None).await.problem("unauthenticated");
}

#[tokio::test]
async fn two_tabs_refresh_at_once_and_both_stay_signed_in() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    let _ = sign_in(&mut browser, &ada).await.ok();
    let tabs = (0..8).map(|_| {
        let mut tab = Browser { client: browser.client.clone(), jar: browser.jar.clone() };
        async move {
            let answer = tab.call(Method::POST, "/session/refresh", None).await;
            let session = answer.ok();
            assert_eq!(session["name"], "Ada");
            tab
        }
    });
    for mut tab in futures_util::future::join_all(tabs).await {
        let _ = tab.get("/user/me").await.ok();
        // What each was given is good from then on.
        let _ = tab.call(Method::POST, "/session/refresh", None).await.ok();
    }
}

#[tokio::test]
async fn a_refresh_cookie_used_again_later_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    let _ = sign_in(&mut browser, &ada).await.ok();
    let mut thief = Browser { client: browser.client.clone(), jar: browser.jar.clone() };
    let _ = browser.call(Method::POST, "/session/refresh", None).await.ok();
    app.pass_seconds(29);
    let mut late = Browser { client: browser.client.clone(), jar: thief.jar.clone() };
    let _ = late.call(Method::POST, "/session/refresh", None).await.ok();
    app.pass_seconds(1);
    let refused = thief.call(Method::POST, "/session/refresh", None).await;
    refused.problem("unauthenticated");
    assert!(thief.jar.is_empty(), "its cookies are gone");
    browser.get("/user/me").await.problem("unauthenticated");
    browser.call(Method::POST, "/session/refresh", None).await.problem("unauthenticated");
}

#[tokio::test]
async fn an_oauth_client_s_second_use_is_never_forgiven() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    let _ = sign_in(&mut browser, &ada).await.ok();
    let token = browser.jar["marquee_refresh"].clone();
    let _ = browser.call(Method::POST, "/session/refresh", None).await.ok();
    assert_eq!(app.refresh_grant(&token).await.status(), 400);
    browser.get("/user/me").await.problem("unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_forgets_its_cookies() {
    let app = TestApp::start().await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    let _ = sign_in(&mut browser, &ada).await.ok();
    let mut other_tab = Browser { client: browser.client.clone(), jar: browser.jar.clone() };
    browser.call(Method::DELETE, "/session", None).await.no_content();
    assert!(browser.jar.is_empty());
    other_tab.get("/user/me").await.problem("unauthenticated");
    other_tab.call(Method::POST, "/session/refresh", None).await.problem("unauthenticated");
    browser.call(Method::DELETE, "/session", None).await.no_content();
    let _ = ada.get("/user/me").await.ok();
}

#[tokio::test]
async fn a_cookie_that_is_not_good_is_as_none_where_none_is_needed() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let mut browser = Browser::of(&app);
    browser.jar.insert("marquee_access".to_owned(), "nonsense".to_owned());
    for path in ["/movies", "/cinemas", "/shows", &show.path(""), &show.path("/seats")] {
        let _ = browser.get(path).await.ok();
    }
}

#[tokio::test]
async fn over_https_cookies_are_for_https_alone() {
    let app = TestApp::start_with(|config| config.trusted_proxies = "127.0.0.1".parse().unwrap()).await;
    let ada = app.customer("Ada").await;
    let mut browser = Browser::of(&app);
    let body = json!({ "email": ada.email, "password": ada.password });
    let https = [OURS, ("x-forwarded-proto", "https")];
    let answer = browser.call_with(Method::POST, "/session", &https, Some(body)).await;
    let _ = answer.ok();
    for (name, _, words) in answer.cookies() {
        assert!(name.starts_with("__Host-marquee_") && words.ends_with("; Secure"), "{name}: {words}");
    }
    let _ = browser.call_with(Method::GET, "/user/me", &https, None).await.ok();
    browser.call_with(Method::GET, "/user/me", &[OURS], None).await.problem("unauthenticated");
}
