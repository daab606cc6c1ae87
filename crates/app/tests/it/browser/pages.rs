//! The app's pages, whether or not the program was built with them.

use marquee_testkit::TestApp;
use reqwest::Method;

#[tokio::test]
async fn the_first_page_is_a_page() {
    let app = TestApp::start().await;
    let home = app.raw(Method::GET, "/").send().await;
    assert_eq!(home.status(), 200);
    assert!(home.header("content-type").starts_with("text/html"), "{home}");
    assert!(home.text().contains("Marquee"), "{home}");
}

#[tokio::test]
async fn what_is_the_api_s_stays_the_api_s() {
    let app = TestApp::start().await;
    for path in ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/movies", "/nothing.js"] {
        app.raw(Method::GET, path).send().await.problem("not_found");
        app.raw(Method::POST, path).send().await.problem("not_found");
    }
    app.raw(Method::POST, "/api/v1/movies").send().await.problem("method_not_allowed");
    app.raw(Method::POST, "/").send().await.problem("method_not_allowed");
    assert_eq!(app.raw(Method::GET, "/api/docs/").send().await.status(), 200);
    assert_eq!(app.raw(Method::GET, "/.well-known/jwks.json").send().await.status(), 200);
}
