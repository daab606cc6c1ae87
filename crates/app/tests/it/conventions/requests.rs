//! Request ids, routes, methods and rates.

use marquee_testkit::TestApp;
use reqwest::Method;
use serde_json::json;

use super::NOBODY;

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
