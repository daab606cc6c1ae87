//! Who may change what belongs to a cinema: its managers and administrators.

use axum::Router;
use serde_json::{Value, json};

use super::over_http::{admin, app, call, refused};
use super::*;

const ROWS: &str = r#"[{"row":"A","category":"gold","seats":"12_w"},{"row":"","category":"","seats":""}]"#;

async fn ask(app: &Router, who: &str, (method, path, body): &(&str, String, Value)) -> u16 {
    let body = (!body.is_null()).then(|| body.clone());
    call(app, who, method, path, body).await.0.as_u16()
}

#[tokio::test]
async fn a_cinema_s_facts_and_screens_are_its_managers_and_administrators_to_change() {
    let house = House::open();
    let app = app(&house);
    let (mumbai, pune) = (house.cinema("Mumbai", "Asia/Kolkata").await, house.cinema("Pune", "Asia/Kolkata").await);
    let screen = format!("/admin/screens/{}", house.screen(&mumbai).await);
    let (cinema, screens) =
        (format!("/admin/cinemas/{}", mumbai.cinema_id), format!("/admin/cinemas/{}/screens", mumbai.cinema_id));
    let rows: Value = serde_json::from_str(ROWS).unwrap();
    let add = json!({ "name": "Another", "layout": { "rows": rows } });
    let calls = [
        ("GET", screen.clone(), Value::Null),
        ("PATCH", cinema.clone(), json!({ "address": "Colaba" })),
        ("POST", screens, add),
        ("PATCH", screen.clone(), json!({ "layout": { "rows": rows } })),
        ("DELETE", screen, Value::Null),
    ];
    let (here, there) = (mumbai.cinema_id, pune.cinema_id);
    for request in &calls {
        for (who, status) in [
            ("nobody", 401),
            ("customer", 403),
            (&*format!("box_office@{here}"), 403),
            (&*format!("box_office@{there}"), 403),
            (&*format!("manager@{there}"), 403),
        ] {
            assert_eq!(ask(&app, who, request).await, status, "{who}: {} {}", request.0, request.1);
        }
        let done = ask(&app, &format!("manager@{here}"), request).await;
        assert!((200..300).contains(&done), "{done}: {} {}", request.0, request.1);
    }
    // What is not about one cinema, or ends it, is the administrators'.
    let manager = format!("manager@{here}");
    for request in [
        ("POST", "/admin/cinemas".to_owned(), json!({ "name": "New", "city": "Goa", "timezone": "Asia/Kolkata" })),
        ("DELETE", cinema, Value::Null),
        ("POST", "/admin/movies".to_owned(), json!({ "title": "Dune", "duration_minutes": 155 })),
        ("POST", "/admin/movies/import".to_owned(), json!([{ "Title": "Dune" }])),
    ] {
        assert_eq!(ask(&app, &manager, &request).await, 403, "{} {}", request.0, request.1);
    }
    // Of what does not exist a manager hears so, a customer does not.
    let nothing = ("GET", "/admin/screens/00000000-0000-7000-8000-000000000000".to_owned(), Value::Null);
    assert_eq!((ask(&app, &manager, &nothing).await, ask(&app, "customer", &nothing).await), (404, 403));
}

#[tokio::test]
async fn a_layout_is_read_back_as_it_was_written_and_grows_a_version_when_it_changes() {
    let house = House::open();
    let app = app(&house);
    let cinema = house.cinema("Mumbai", "Asia/Kolkata").await;
    let rows: Value = serde_json::from_str(ROWS).unwrap();
    let new = json!({ "name": " Audi 1 ", "layout": { "rows": rows } });
    let (_, added) = admin(&app, "POST", &format!("/admin/cinemas/{}/screens", cinema.cinema_id), new).await;
    let path = format!("/admin/screens/{}", added["screen_id"].as_str().unwrap());
    let (_, screen) = admin(&app, "GET", &path, json!({})).await;
    let wanted = json!({
        "screen_id": added["screen_id"], "cinema_id": cinema.cinema_id, "name": "Audi 1", "capacity": 3,
        "layout_version": 1, "layout": { "rows": rows },
    });
    assert_eq!(screen, wanted);
    let same = admin(&app, "PATCH", &path, json!({ "layout": { "rows": rows } })).await.1;
    assert_eq!(same["layout_version"], 1);
    let wider = json!({ "rows": [{ "row": "A", "category": "gold", "seats": "12345" }] });
    assert_eq!(admin(&app, "PATCH", &path, json!({ "layout": wider })).await.0, 200);
    let (_, screen) = admin(&app, "GET", &path, json!({})).await;
    assert_eq!((&screen["layout_version"], &screen["layout"]), (&json!(2), &wider));
    // Whoever drew on the first version hears that it is no longer the newest, and changes nothing.
    let stale = json!({ "layout": { "rows": rows }, "layout_version": 1 });
    let answer = admin(&app, "PATCH", &path, stale.clone()).await;
    assert_eq!((refused(&answer), &answer.1["layout_version"]), ((409, "layout_changed"), &json!(2)));
    let alone = admin(&app, "PATCH", &path, json!({ "layout_version": 2 })).await;
    assert_eq!(refused(&alone), (422, "invalid_request"));
    let fresh = json!({ "layout": stale["layout"], "layout_version": 2 });
    assert_eq!(admin(&app, "PATCH", &path, fresh).await.1["layout_version"], 3);
    assert_eq!(refused(&admin(&app, "GET", &format!("{path}?surprise=1"), json!({})).await), (422, "invalid_request"));
}
