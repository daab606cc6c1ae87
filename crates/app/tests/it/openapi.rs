//! The published OpenAPI document agrees with the contract.

use marquee_testkit::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

/// Every call of the contract with the statuses that it promises.
const CALLS: &[(&str, &str, &[&str])] = &[
    ("post", "/auth/register", &["201", "409", "422"]),
    ("post", "/auth/token", &["200", "400"]),
    ("post", "/auth/revoke", &["200"]),
    ("post", "/session", &["200", "403", "422"]),
    ("delete", "/session", &["204", "403"]),
    ("post", "/session/register", &["201", "403", "409", "422"]),
    ("post", "/session/refresh", &["200", "403"]),
    ("get", "/user/{user_id}", &["200", "401", "404"]),
    ("delete", "/user/{user_id}", &["204", "401", "404", "409", "422"]),
    ("get", "/user/{user_id}/sessions", &["200", "401", "404", "422"]),
    ("delete", "/user/{user_id}/sessions/{session_id}", &["204", "401", "404"]),
    ("get", "/user/{user_id}/export", &["200", "401", "404"]),
    ("get", "/user/{user_id}/bookings", &["200", "401", "404", "422"]),
    ("get", "/movies", &["200", "422"]),
    ("get", "/movies/{movie_id}", &["200", "404"]),
    ("get", "/cinemas", &["200", "422"]),
    ("get", "/cinemas/{cinema_id}", &["200", "404"]),
    ("get", "/shows", &["200", "422"]),
    ("get", "/shows/{show_id}", &["200", "404"]),
    ("get", "/shows/{show_id}/seats", &["200", "304", "404"]),
    ("get", "/shows/{show_id}/availability", &["200", "304", "404"]),
    ("get", "/shows/{show_id}/seats/events", &["200", "404"]),
    ("get", "/shows/{show_id}/best-seats", &["200", "404", "409", "422"]),
    ("post", "/shows/{show_id}/reserve", &["201", "401", "403", "404", "409", "422"]),
    ("get", "/locks/{lock_id}", &["200", "401", "404", "410"]),
    ("post", "/locks/{lock_id}/extend", &["200", "401", "404", "410", "422"]),
    ("delete", "/locks/{lock_id}", &["204", "401"]),
    ("post", "/booking", &["201", "202", "401", "402", "403", "404", "409", "410", "422"]),
    ("get", "/booking/{booking_id}", &["200", "401", "404"]),
    ("get", "/booking/{booking_id}/ticket.pdf", &["200", "401", "404"]),
    ("get", "/booking/{booking_id}/ticket.svg", &["200", "401", "404"]),
    ("get", "/booking/{booking_id}/ticket.ics", &["200", "401", "404", "409"]),
    ("get", "/booking/{booking_id}/cancellation", &["200", "401", "404", "409"]),
    ("post", "/booking/{booking_id}/payout", &["200", "401", "403", "404", "409", "422"]),
    ("get", "/box-office/customers", &["200", "401", "403", "404", "422"]),
    ("get", "/box-office/till", &["200", "401", "403", "404", "422"]),
    ("post", "/booking/{booking_id}/cancel", &["200", "401", "404", "409", "422"]),
    ("get", "/admin/dashboard", &["200", "401", "403", "404", "422"]),
    ("get", "/admin/users", &["200", "401", "403", "422"]),
    ("get", "/admin/users/{user_id}", &["200", "401", "403", "404"]),
    ("post", "/admin/users/{user_id}/roles", &["200", "401", "403", "404", "422"]),
    ("delete", "/admin/users/{user_id}/roles", &["200", "401", "403", "404", "409", "422"]),
    ("get", "/admin/bookings", &["200", "401", "403", "422"]),
    ("get", "/admin/bookings/{booking_id}", &["200", "401", "403", "404"]),
    ("get", "/admin/bookings/{booking_id}/story", &["200", "401", "403", "404"]),
    ("post", "/admissions", &["201", "401", "403", "409", "422"]),
    ("get", "/shows/{show_id}/admissions", &["200", "401", "403", "404"]),
    ("post", "/admin/movies", &["201", "401", "403", "422"]),
    ("post", "/admin/movies/import", &["200", "401", "403", "413", "415", "422"]),
    ("patch", "/admin/movies/{movie_id}", &["200", "401", "403", "404", "422"]),
    ("delete", "/admin/movies/{movie_id}", &["401", "403", "404", "409"]),
    ("post", "/admin/cinemas", &["201", "401", "403", "422"]),
    ("patch", "/admin/cinemas/{cinema_id}", &["200", "401", "403", "404", "422"]),
    ("delete", "/admin/cinemas/{cinema_id}", &["401", "403", "404", "409"]),
    ("post", "/admin/cinemas/{cinema_id}/screens", &["201", "401", "403", "404", "422"]),
    ("get", "/admin/screens/{screen_id}", &["200", "401", "403", "404"]),
    ("patch", "/admin/screens/{screen_id}", &["200", "401", "403", "404", "409", "422"]),
    ("delete", "/admin/screens/{screen_id}", &["401", "403", "404", "409"]),
    ("post", "/admin/shows", &["201", "401", "403", "404", "409", "422"]),
    ("patch", "/admin/shows/{show_id}", &["200", "401", "403", "404", "409", "422"]),
    ("delete", "/admin/shows/{show_id}", &["200", "401", "403", "404", "422"]),
];

#[tokio::test]
async fn every_call_is_declared_with_every_status_it_promises() {
    let app = TestApp::start().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path, statuses) in CALLS {
        let operation = &document["paths"][format!("/api/v1{path}")][method];
        assert!(operation.is_object(), "{method} {path} is not declared");
        for status in *statuses {
            let response = &operation["responses"][status];
            assert!(response.is_object(), "{method} {path} does not declare {status}");
            let is_problem = status.starts_with('4') && *path != "/auth/token";
            let media_types: Vec<_> =
                response["content"].as_object().into_iter().flat_map(|types| types.keys()).collect();
            assert!(
                !is_problem || media_types == ["application/problem+json"],
                "{method} {path} {status}: {media_types:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_needs_a_token_says_so_and_nothing_else_does() {
    let app = TestApp::start().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.ok();
    for (method, path, statuses) in CALLS {
        let operation = &document["paths"][format!("/api/v1{path}")][method];
        let secured = operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty());
        assert_eq!(secured, statuses.contains(&"401"), "{method} {path}");
    }
}

#[tokio::test]
async fn whoever_has_a_session_in_a_browser_needs_no_token() {
    let app = TestApp::start().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.ok();
    let scheme = &document["components"]["securitySchemes"]["session"];
    assert_eq!(
        (&scheme["type"], &scheme["in"], &scheme["name"]),
        (&"apiKey".into(), &"cookie".into(), &"marquee_access".into())
    );
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let (mut either, bearer) = (0, json!({ "bearer": [] }));
    for ways in
        operations.filter_map(|operation| operation["security"].as_array()).filter(|ways| ways.contains(&bearer))
    {
        assert!(ways.contains(&json!({ "session": [] })), "{ways:?}");
        either += 1;
    }
    assert!(either > 20, "{either}");
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
    let app = TestApp::start().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.ok();
    let (mut found, mut left) = (0, vec![&document]);
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let place = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads out"));
                    assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
                    found += 1;
                }
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    assert!(found > 0);
}

#[tokio::test]
async fn every_call_but_oauth_s_forms_declares_that_it_refuses_unknown_parameters() {
    let app = TestApp::start().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.ok();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let form = !operation["requestBody"]["content"]["application/x-www-form-urlencoded"].is_null();
            assert_eq!(operation["responses"]["422"].is_null(), form, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_may_be_left_out_is_not_described_as_null_or_empty() {
    let app = TestApp::start().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.ok();
    for (path, schema) in [("/locks/{lock_id}/extend", "ExtendHold"), ("/booking/{booking_id}/cancel", "CancelBooking")]
    {
        let body = &document["paths"][format!("/api/v1{path}")]["post"]["requestBody"];
        assert_ne!(body["required"], true, "{path}");
        let reference = format!("#/components/schemas/{schema}");
        assert_eq!(body["content"]["application/json"]["schema"], serde_json::json!({ "$ref": reference }), "{path}");
    }
    for list in ["/movies", "/cinemas", "/shows", "/user/{user_id}/bookings"] {
        let parameters = &document["paths"][format!("/api/v1{list}")]["get"]["parameters"];
        let cursor = parameters.as_array().unwrap().iter().find(|parameter| parameter["name"] == "cursor").unwrap();
        assert_eq!(cursor["schema"]["minLength"], 1, "{list}");
    }
}
