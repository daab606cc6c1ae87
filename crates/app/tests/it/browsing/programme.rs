//! Movies and cinemas, listed and shown.

use marquee_testkit::TestApp;
use serde_json::json;

use super::{has_members, items, listed};

const MOVIE: [&str; 8] =
    ["movie_id", "title", "genres", "languages", "duration_minutes", "certificate", "release_date", "rating"];

#[tokio::test]
async fn a_movie_is_listed_and_shown_in_full() {
    let app = TestApp::start().await;
    let movie_id = app
        .a_movie()
        .title("Sholay")
        .minutes(204)
        .with("genres", json!(["action", "drama"]))
        .with("languages", json!(["hi"]))
        .with("certificate", json!("U"))
        .with("synopsis", json!("Two men are hired to catch a bandit."))
        .with("release_date", json!("1975-08-15"))
        .with("director", json!("Ramesh Sippy"))
        .with("cast", json!(["Dharmendra", "Amitabh Bachchan"]))
        .create()
        .await;
    let listed = items(&app.get("/movies").await.ok()).remove(0);
    has_members(&listed, &MOVIE);
    assert_eq!(listed["movie_id"], json!(movie_id));
    assert_eq!((&listed["title"], &listed["duration_minutes"]), (&json!("Sholay"), &json!(204)));
    assert_eq!((&listed["genres"], &listed["languages"]), (&json!(["action", "drama"]), &json!(["hi"])));
    assert_eq!((&listed["certificate"], &listed["release_date"]), (&json!("U"), &json!("1975-08-15")));
    assert_eq!(listed["rating"]["count"], 0);
    has_members(&listed["rating"], &["average", "count"]);

    let movie = app.get(&format!("/movies/{movie_id}")).await.ok();
    has_members(&movie, &[&MOVIE[..], &["synopsis", "cast", "director"]].concat());
    for member in MOVIE {
        assert_eq!(movie[member], listed[member]);
    }
    assert_eq!(movie["cast"], json!(["Dharmendra", "Amitabh Bachchan"]));
    assert_eq!(movie["director"], "Ramesh Sippy");
}

#[tokio::test]
async fn movies_are_found_by_title_genre_language_and_city() {
    let app = TestApp::start().await;
    let movie = |title: &'static str, genre: &'static str, language: &'static str| {
        app.a_movie().title(title).with("genres", json!([genre])).with("languages", json!([language])).create()
    };
    let sholay = movie("Sholay", "action", "hi").await;
    let _ = movie("100% Wolf", "animation", "en").await;
    let nayakan = movie("Nayakan", "action", "ta").await;
    let (mumbai, chennai) = (app.a_cinema().create().await, app.a_cinema().city("Chennai").create().await);
    let _ = app.a_show().of(&sholay).at(&mumbai).create().await;
    let _ = app.a_show().of(&nayakan).at(&chennai).create().await;

    let titles = async |query: &str| listed(&app, &format!("/movies?{query}"), "title").await;
    assert_eq!(titles("q=shol").await, ["Sholay"]);
    assert_eq!(titles("q=SHOLAY").await, ["Sholay"]);
    assert_eq!(titles("q=100%25").await, ["100% Wolf"]);
    assert_eq!(titles("q=%25").await, ["100% Wolf"], "a wildcard is only a character");
    assert_eq!(titles("q=S_olay").await, [""; 0]);
    assert_eq!(titles("genre=animation").await, ["100% Wolf"]);
    assert_eq!(titles("language=ta").await, ["Nayakan"]);
    assert_eq!(titles("city=Chennai").await, ["Nayakan"]);
    assert_eq!(titles("genre=action&city=Mumbai").await, ["Sholay"]);
    assert_eq!(titles("genre=action&language=en").await, [""; 0]);
    assert_eq!(titles("city=Nowhere").await, [""; 0]);
}

#[tokio::test]
async fn a_cinema_is_listed_with_its_screens() {
    let app = TestApp::start().await;
    let cinema_id = app
        .a_cinema()
        .with("name", json!("Regal"))
        .with("address", json!("Colaba Causeway"))
        .with("location", json!({ "lat": 18.9243, "lon": 72.8327 }))
        .create()
        .await;
    let screen_id = app.a_screen().of(&cinema_id).name("Screen 1").row("A", "gold", "12w_c3").create().await;
    let _ = app.a_cinema().city("Chennai").create().await;

    let cinema = app.get(&format!("/cinemas/{cinema_id}")).await.ok();
    has_members(&cinema, &["cinema_id", "name", "city", "address", "timezone", "location", "screens"]);
    assert_eq!((&cinema["name"], &cinema["city"]), (&json!("Regal"), &json!("Mumbai")));
    assert_eq!((&cinema["address"], &cinema["timezone"]), (&json!("Colaba Causeway"), &json!("Asia/Kolkata")));
    assert_eq!(cinema["location"], json!({ "lat": 18.9243, "lon": 72.8327 }));
    assert_eq!(cinema["screens"], json!([{ "screen_id": screen_id, "name": "Screen 1", "capacity": 5 }]));
    assert_eq!(items(&app.get("/cinemas?city=Mumbai").await.ok()), [cinema]);
    assert_eq!(items(&app.get("/cinemas").await.ok()).len(), 2);
    assert_eq!(items(&app.get("/cinemas?city=Pune").await.ok()).len(), 0);
}
