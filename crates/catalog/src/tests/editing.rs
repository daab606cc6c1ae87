//! Two editors of the same facts: the second to save is told.

use serde_json::{Value, json};

use super::over_http::{app, call, refused};
use super::*;

/// What a person reads before changing it.
async fn seen(app: &axum::Router, path: &str) -> Value {
    call(app, "admin", "GET", path, None).await.1
}

#[tokio::test]
async fn a_change_that_was_made_from_facts_of_before_is_refused_and_changes_nothing() {
    let house = House::open();
    let app = app(&house);
    let (dune, mumbai) = (house.movie("Dune", 155).await, house.cinema("Mumbai", "Asia/Kolkata").await);
    let cinema_id = mumbai.cinema_id;
    let manager = format!("manager@{cinema_id}");
    let (film, place) = (format!("/movies/{dune}"), format!("/cinemas/{cinema_id}"));
    for (who, path, theirs, mine) in [
        ("admin", &film, json!({ "director": "Lynch" }), json!({ "title": "Dune 1984" })),
        ("admin", &place, json!({ "address": "Colaba" }), json!({ "timezone": "Europe/London" })),
        (&*manager, &place, json!({ "address": "Fort" }), json!({ "name": "Regal", "city": "London" })),
    ] {
        let change = async |mut change: Value, version: &Value| {
            change["facts_version"] = version.clone();
            let (status, body) = call(&app, who, "PATCH", &format!("/admin{path}"), Some(change)).await;
            (status.as_u16(), body)
        };
        let before = seen(&app, path).await;
        let (status, changed) = change(theirs.clone(), &before["facts_version"]).await;
        assert_eq!((status, &changed), (200, &seen(&app, path).await));
        assert_ne!(changed["facts_version"], before["facts_version"]);

        let events = house.events().await;
        let late = change(mine.clone(), &before["facts_version"]).await;
        assert_eq!((refused(&late), &late.1["facts_version"]), ((409, "facts_changed"), &changed["facts_version"]));
        assert_eq!(seen(&app, path).await, changed, "a refused change changes nothing");
        assert_eq!(house.events().await, events);

        // An answer that was lost is asked for again: what was saved is what is there.
        assert_eq!(change(theirs.clone(), &before["facts_version"]).await, (200, changed.clone()));
        // Who has read anew may, and so may who names no version.
        assert_eq!(change(mine, &changed["facts_version"]).await.0, 200);
        assert_eq!(call(&app, who, "PATCH", &format!("/admin{path}"), Some(theirs)).await.0.as_u16(), 200);
    }
}

#[tokio::test]
async fn a_version_helps_nobody_who_may_not() {
    let house = House::open();
    let app = app(&house);
    let (dune, mumbai) = (house.movie("Dune", 155).await, house.cinema("Mumbai", "Asia/Kolkata").await);
    let (here, there) = (mumbai.cinema_id, house.cinema("Pune", "Asia/Kolkata").await.cinema_id);
    let stale = json!({ "facts_version": "0" });
    for (who, of_film, of_cinema) in [
        ("nobody".to_owned(), 401, 401),
        ("customer".to_owned(), 403, 403),
        (format!("box_office@{here}"), 403, 403),
        (format!("manager@{there}"), 403, 403),
        (format!("manager@{here}"), 403, 200),
        ("admin".to_owned(), 200, 200),
    ] {
        for (path, status) in
            [(format!("/admin/movies/{dune}"), of_film), (format!("/admin/cinemas/{here}"), of_cinema)]
        {
            let answer = call(&app, &who, "PATCH", &path, Some(stale.clone())).await;
            // Nothing is changed by it, so that there is nothing to undo.
            assert_eq!(answer.0.as_u16(), status, "{who}: {path}");
        }
    }
    let none = json!({ "facts_version": null });
    assert_eq!(call(&app, "admin", "PATCH", &format!("/admin/movies/{dune}"), Some(none)).await.0.as_u16(), 422);
}
