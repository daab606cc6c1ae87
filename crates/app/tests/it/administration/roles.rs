//! Who administers.

use marquee_testkit::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{a_show_request, inr, rows};

#[tokio::test]
async fn only_administrators_administer() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let (ada, clerk) = (app.customer("Ada").await, app.box_office(&show.cinema_id).await);
    let request = a_show_request(&app).await;
    let calls = [
        (Method::POST, "/admin/movies".to_owned(), json!({ "title": "Sholay", "duration_minutes": 204 })),
        (
            Method::POST,
            "/admin/cinemas".to_owned(),
            json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" }),
        ),
        (
            Method::POST,
            format!("/admin/cinemas/{}/screens", show.cinema_id),
            json!({ "name": "2", "layout": rows(&[("A", "gold", "123")]) }),
        ),
        (Method::POST, "/admin/shows".to_owned(), request),
        (Method::POST, "/admin/movies/import".to_owned(), json!([{ "Title": "Sholay" }])),
        (Method::PATCH, format!("/admin/movies/{}", show.movie_id), json!({ "title": "Stolen" })),
        (Method::PATCH, format!("/admin/cinemas/{}", show.cinema_id), json!({ "name": "Stolen" })),
        (Method::GET, format!("/admin/screens/{}", show.screen_id), Value::Null),
        (Method::PATCH, format!("/admin/screens/{}", show.screen_id), json!({ "name": "Stolen" })),
        (Method::PATCH, show.admin_path(), json!({ "prices": { "gold": inr(1), "silver": inr(1) } })),
        (Method::DELETE, format!("/admin/movies/{}", show.movie_id), Value::Null),
        (Method::DELETE, format!("/admin/cinemas/{}", show.cinema_id), Value::Null),
        (Method::DELETE, format!("/admin/screens/{}", show.screen_id), Value::Null),
        (Method::DELETE, show.admin_path(), Value::Null),
    ];
    let before = app.get(&show.path("")).await.ok();
    for (method, path, body) in calls {
        let ask = async |client: &marquee_testkit::Client| {
            let request = client.request(method.clone(), &path);
            if body.is_null() { request.send().await } else { request.json(&body).send().await }
        };
        ask(&app).await.problem("unauthenticated");
        ask(&ada).await.problem("forbidden");
        ask(&clerk).await.problem("forbidden");
    }
    assert_eq!(app.get(&show.path("")).await.ok(), before);
}
