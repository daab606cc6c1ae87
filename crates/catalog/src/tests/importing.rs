//! Importing films over HTTP.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::over_http::{app, refused};
use super::*;

const FILE: &str = r#"[
{"Title": "Dune", "Running Time min": 155, "Release Date": "Oct 22 2010"},
{"Title": ""},
{"Title": "Brazil"},
{"Title": "Dune", "Release Date": "Oct 22 2010"},
{"Title": "Half
]"#;

async fn import(app: &axum::Router, query: &str, file: impl Into<Body>) -> (u16, Value) {
    let request = Request::post(format!("/admin/movies/import{query}"))
        .header(header::AUTHORIZATION, "Bearer admin")
        .header(header::CONTENT_TYPE, "application/json")
        .body(file.into())
        .unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn counts(view: &Value) -> [u64; 4] {
    ["added", "changed", "unchanged", "refused"].map(|field| view[field].as_u64().unwrap())
}

#[tokio::test]
async fn what_a_file_would_change_is_told_before_it_does() {
    let house = House::open();
    let app = app(&house);
    let (status, preview) = import(&app, "?dry_run=true", FILE).await;
    assert_eq!((status, counts(&preview), &preview["dry_run"]), (200, [2, 0, 0, 3], &json!(true)));
    assert_eq!(preview["durations_assumed"], 1);
    let records = preview["records"].as_array().unwrap();
    let told: Vec<_> =
        records.iter().map(|it| (it["line"].as_u64().unwrap(), it["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [(2, "added"), (3, "refused"), (4, "added"), (5, "refused"), (6, "refused")]);
    assert!(records[3]["reason"].as_str().unwrap().contains("line 2 again"), "{preview}");
    assert_eq!(house.events().await.len(), 0, "nothing was written");

    let (_, done) = import(&app, "", FILE).await;
    assert_eq!((counts(&done), &done["dry_run"]), ([2, 0, 0, 3], &json!(false)));
    assert!(done["records"][0]["movie_id"].is_string());
    let (_, again) = import(&app, "?dry_run=true", FILE).await;
    assert_eq!(counts(&again), [0, 0, 2, 3]);

    let longer = FILE.replace("155", "156");
    let (_, preview) = import(&app, "?dry_run=true", longer).await;
    assert_eq!(counts(&preview), [0, 1, 1, 3]);
    assert_eq!(preview["records"][0]["changes"], json!([{ "field": "duration_minutes", "old": 155, "new": 156 }]));
}

fn showing(film: &str, screen: &str, start: &str) -> Value {
    json!({
        "@type": "ScreeningEvent", "startDate": start, "offers": { "price": 300, "priceCurrency": "INR" },
        "workPresented": { "@type": "Movie", "name": film, "duration": "PT2H" },
        "location": {
            "@type": "Place", "name": screen, "maximumAttendeeCapacity": 40,
            "containedInPlace": {
                "@type": "MovieTheater", "name": "Regal",
                "address": { "addressLocality": "Mumbai", "addressCountry": "IN" },
            },
        },
    })
}

#[tokio::test]
async fn showings_are_put_on_sale_as_was_foreseen() {
    let house = House::open();
    let app = app(&house);
    let file = json!([
        showing("Dune", "Audi 1", "2026-12-01T18:00"),
        // In the first one's cleaning; on another screen; over already.
        showing("Brazil", "Audi 1", "2026-12-01T20:10"),
        showing("Dune", "Audi 2", "2026-12-01T20:10"),
        showing("Dune", "Audi 3", "2026-11-01T18:00"),
    ])
    .to_string();
    let shown = |view: &Value| {
        ["shows_added", "shows_known", "cinemas_added", "refused"].map(|field| view[field].as_u64().unwrap())
    };
    let (status, preview) = import(&app, "?dry_run=true", file.clone()).await;
    assert_eq!((status, counts(&preview), shown(&preview)), (200, [2, 0, 0, 2], [2, 0, 1, 2]), "{preview}");
    assert_eq!((house.events().await.len(), house.faults().await), (0, vec![]), "it was taken back");

    let (_, done) = import(&app, "", file.clone()).await;
    assert_eq!((counts(&done), shown(&done)), ([2, 0, 0, 2], [2, 0, 1, 2]), "{done}");
    let told = |view: &Value| {
        let records = view["records"].as_array().unwrap().iter();
        records.map(|it| (it["outcome"].clone(), it["showing"].clone(), it["reason"].is_null())).collect::<Vec<_>>()
    };
    assert_eq!(told(&done), told(&preview));
    let start = "2026-12-01T12:30:00Z";
    let place = json!({
        "cinema_name": "Regal", "city": "Mumbai", "screen_name": "Audi 1", "timezone": "Asia/Kolkata", "start_time": start,
    });
    assert!(done["records"].as_array().unwrap().iter().any(|record| record["showing"] == place), "{done}");
    assert_eq!(house.listed(ShowFilter::default(), 10).await.len(), 2);

    let (_, again) = import(&app, "", file).await;
    assert_eq!((counts(&again), shown(&again)), ([0, 0, 2, 2], [0, 2, 0, 2]), "{again}");
    assert_eq!(house.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_with_nothing_to_import_is_refused() {
    let house = House::open();
    let app = app(&house);
    for file in [&b""[..], b"[]", b"[{\"Title\": \"Am\xe9lie\"}]"] {
        assert_eq!(refused(&import(&app, "", file.to_vec()).await), (422, "invalid_request"));
    }
    for query in ["?dry_run=maybe", "?dry_run=", "?dry=true"] {
        assert_eq!(refused(&import(&app, query, FILE).await), (422, "invalid_request"), "{query}");
    }
}
