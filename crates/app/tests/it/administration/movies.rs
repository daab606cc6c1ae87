//! Movies.

use marquee_testkit::{TestApp, id_of};
use serde_json::json;

use super::{changed, is_gone};

#[tokio::test]
async fn a_movie_is_added_changed_and_removed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let created = admin.post("/admin/movies", json!({ "title": "Sholay", "duration_minutes": 204 })).await.created();
    let path = format!("/movies/{}", id_of(&created, "movie_id"));
    assert_eq!(app.get(&path).await.ok()["title"], "Sholay");

    let change = json!({ "title": "Sholay (restored)", "cast": ["Dharmendra"] });
    let _ = admin.patch(&format!("/admin{path}"), change).await.ok();
    let movie = app.get(&path).await.ok();
    assert_eq!((&movie["title"], &movie["cast"]), (&json!("Sholay (restored)"), &json!(["Dharmendra"])));
    assert_eq!(movie["duration_minutes"], 204, "what is not named stays");

    is_gone(&admin.delete(&format!("/admin{path}")).await);
    app.get(&path).await.problem("movie_not_found");
    admin.delete(&format!("/admin{path}")).await.problem("movie_not_found");
    admin.patch(&format!("/admin{path}"), json!({ "title": "x" })).await.problem("movie_not_found");
    assert_eq!(app.get("/movies").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_movie_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let good = json!({ "title": "Sholay", "duration_minutes": 204 });
    for (field, bad) in [
        ("title", json!("")),
        ("title", json!("   ")),
        ("title", json!("x".repeat(100_000))),
        ("duration_minutes", json!(0)),
        ("duration_minutes", json!(-1)),
        ("duration_minutes", json!(100_000)),
        ("release_date", json!("15.08.1975")),
        ("release_date", json!("1975-02-30")),
        ("genres", json!("action")),
    ] {
        admin.post("/admin/movies", changed(&good, field, bad)).await.blames(field);
    }
    let movie_id = app.a_movie().create().await;
    let path = format!("/admin/movies/{movie_id}");
    admin.patch(&path, json!({ "title": "" })).await.blames("title");
    admin.patch(&path, json!({ "title": null })).await.problem("invalid_request");
    admin.patch(&path, json!({ "movie_id": movie_id })).await.problem("invalid_request");
}
