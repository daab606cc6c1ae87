//! Calls from web pages of other origins (CORS, the Fetch standard's section 3.2).

use marquee_testkit::{Answer, Client, TestApp};
use reqwest::Method;

const OURS: &str = "https://www.example.org";
const THEIRS: &str = "https://www.example.net";

async fn app_for(origins: &[&str]) -> TestApp {
    TestApp::start_with(|config| config.cors_origins = origins.iter().map(|origin| origin.parse().unwrap()).collect())
        .await
}

/// What a browser asks before it lets a page of `origin` book.
async fn preflight(client: &Client, origin: &str) -> Answer {
    let request = client.request(Method::OPTIONS, "/booking").header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "authorization,content-type,idempotency-key").send().await
}

async fn get(client: &Client, path: &str, origin: &str) -> Answer {
    client.request(Method::GET, path).header("origin", origin).send().await
}

fn lists(answer: &Answer, header: &str, word: &str) -> bool {
    answer.header(header).split(',').any(|item| item.trim().eq_ignore_ascii_case(word))
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_and_read() {
    let app = app_for(&["https://m.example.org", OURS]).await;
    let answer = preflight(&app, OURS).await;
    assert_eq!((answer.status(), answer.header("access-control-allow-origin")), (200, OURS), "{answer}");
    assert!(lists(&answer, "access-control-allow-methods", "POST"), "{answer}");
    for header in ["authorization", "content-type", "idempotency-key"] {
        assert!(lists(&answer, "access-control-allow-headers", header), "{header}: {answer}");
    }
    assert!(answer.header("access-control-max-age").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{answer}");
    for (path, status) in [("/movies", 200), ("/movies?limit=0", 422), ("/user/me", 401), ("/nothing", 404)] {
        let answer = get(&app, path, OURS).await;
        assert_eq!((answer.status(), answer.header("access-control-allow-origin")), (status, OURS), "{answer}");
        for header in ["etag", "retry-after", "x-request-id", "idempotent-replayed"] {
            assert!(lists(&answer, "access-control-expose-headers", header), "{header}: {answer}");
        }
    }
    let answer = reqwest::get(format!("{}/api/v1/movies", app.origin())).await.unwrap();
    let vary = answer.headers().get_all("vary").iter().any(|line| line == "origin");
    assert!(vary, "a cache must not give it to a page of another origin: {:?}", answer.headers());
}

#[tokio::test]
async fn a_page_of_another_origin_may_not() {
    let app = app_for(&[OURS]).await;
    for origin in [THEIRS, "https://www.example.org.example.net", "http://www.example.org", "null"] {
        assert!(!preflight(&app, origin).await.has_header("access-control-allow-origin"), "{origin}");
        let answer = get(&app, "/movies", origin).await;
        assert_eq!((answer.status(), answer.has_header("access-control-allow-origin")), (200, false), "{answer}");
    }
}

#[tokio::test]
async fn a_page_of_any_origin_may_call_when_the_operator_says_so() {
    let app = app_for(&["*"]).await;
    for origin in [OURS, THEIRS] {
        assert_eq!(preflight(&app, origin).await.header("access-control-allow-origin"), "*");
        let answer = get(&app, "/movies", origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(!answer.has_header("access-control-allow-credentials"), "{answer}");
    }
}

#[tokio::test]
async fn without_origins_no_page_but_our_own_may_call() {
    let app = TestApp::start().await;
    let answer = preflight(&app, OURS).await;
    answer.problem("method_not_allowed");
    assert!(!answer.has_header("access-control-allow-origin"), "{answer}");
    assert!(!get(&app, "/movies", OURS).await.has_header("access-control-allow-origin"));
}

#[tokio::test]
async fn a_page_may_read_that_it_calls_too_often() {
    let app = TestApp::start_with(|config| {
        config.rate_limits = true;
        config.cors_origins = vec![OURS.parse().unwrap()];
    })
    .await;
    for _ in 0..200 {
        let answer = app.request(Method::POST, "/auth/token").header("origin", OURS).send().await;
        if answer.status() == 429 {
            assert_eq!(answer.header("access-control-allow-origin"), OURS, "{answer}");
            return;
        }
    }
    panic!("signing in is never slowed down");
}
