//! Cinemas, screens and their layouts.

use jiff::SignedDuration;
use marquee_testkit::{TestApp, id_of};
use serde_json::json;

use super::{changed, is_gone, rows};

#[tokio::test]
async fn a_cinema_is_added_changed_and_removed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let request = json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata", "address": "Colaba" });
    let created = admin.post("/admin/cinemas", request).await.created();
    let path = format!("/cinemas/{}", id_of(&created, "cinema_id"));
    let _ = admin.patch(&format!("/admin{path}"), json!({ "name": "New Regal" })).await.ok();
    let cinema = app.get(&path).await.ok();
    assert_eq!((&cinema["name"], &cinema["address"]), (&json!("New Regal"), &json!("Colaba")));
    is_gone(&admin.delete(&format!("/admin{path}")).await);
    app.get(&path).await.problem("cinema_not_found");
    let screen = json!({ "name": "1", "layout": rows(&[("A", "gold", "123")]) });
    admin.post(&format!("/admin{path}/screens"), screen).await.problem("cinema_not_found");
}

#[tokio::test]
async fn a_cinema_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let good = json!({ "name": "Regal", "city": "Mumbai", "timezone": "Asia/Kolkata" });
    for (field, bad) in [
        ("name", json!("")),
        ("city", json!("")),
        ("timezone", json!("Mars/Olympus")),
        ("timezone", json!("")),
        ("location", json!({ "lat": 91, "lon": 0 })),
        ("location", json!({ "lat": 0, "lon": -181 })),
        ("location", json!({ "lat": 0 })),
        ("location", json!({ "lat": 0, "lon": 0, "alt": 0 })),
    ] {
        admin.post("/admin/cinemas", changed(&good, field, bad)).await.blames(field);
    }
}

#[tokio::test]
async fn a_screen_counts_its_places() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let cinema_id = app.a_cinema().create().await;
    let layout = rows(&[("A", "gold", "_1234_w"), ("B", "gold", "12c____"), ("AA", "silver", "x")]);
    let path = format!("/admin/cinemas/{cinema_id}/screens");
    let created = admin.post(&path, json!({ "name": "Screen 1", "layout": layout })).await.created();
    assert_eq!(created["capacity"], 9);
    let screens = app.get(&format!("/cinemas/{cinema_id}")).await.ok()["screens"].clone();
    assert_eq!(screens, json!([{ "screen_id": created["screen_id"], "name": "Screen 1", "capacity": 9 }]));
}

#[tokio::test]
async fn no_two_screens_of_a_cinema_have_one_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let cinema_id = app.a_cinema().create().await;
    let one = app.a_screen().of(&cinema_id).name("Screen 1").create().await;
    let two = app.a_screen().of(&cinema_id).name("Screen 2").create().await;
    let screens = format!("/admin/cinemas/{cinema_id}/screens");
    let layout = rows(&[("A", "gold", "12")]);
    for name in ["Screen 1", " SCREEN  1 "] {
        admin.post(&screens, json!({ "name": name, "layout": layout })).await.blames("name");
        admin.patch(&format!("/admin/screens/{two}"), json!({ "name": name })).await.blames("name");
    }
    let _ = admin.patch(&format!("/admin/screens/{one}"), json!({ "name": "SCREEN 1" })).await.ok();
    let _ = app.a_screen().name("Screen 1").create().await;
    is_gone(&admin.delete(&format!("/admin/screens/{one}")).await);
    let _ = admin.patch(&format!("/admin/screens/{two}"), json!({ "name": "Screen 1" })).await.ok();
}

#[tokio::test]
async fn of_screens_of_one_name_that_are_added_at_once_one_is_added() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = format!("/admin/cinemas/{}/screens", app.a_cinema().create().await);
    let screen = json!({ "name": "Screen 1", "layout": rows(&[("A", "gold", "12")]) });
    let answers = futures_util::future::join_all((0..8).map(|_| admin.post(&path, screen.clone()))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status() == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.blames("name");
    }
}

#[tokio::test]
async fn a_layout_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = format!("/admin/cinemas/{}/screens", app.a_cinema().create().await);
    let bad = [
        json!({ "rows": [] }),
        rows(&[("A", "gold", "")]),
        rows(&[("A", "gold", "____")]),
        rows(&[("A", "gold", "12"), ("A", "gold", "34")]),
        rows(&[("", "gold", "12")]),
        rows(&[("A", "", "12")]),
        json!({ "rows": [{ "row": "A", "category": "gold", "seats": "12", "price": 1 }] }),
        json!({ "rows": [{ "row": "A", "seats": "12" }] }),
        json!({}),
    ];
    for layout in bad {
        admin.post(&path, json!({ "name": "1", "layout": layout })).await.blames("layout");
    }
    admin.post(&path, json!({ "name": "", "layout": rows(&[("A", "gold", "12")]) })).await.blames("name");
}

#[tokio::test]
async fn a_new_layout_leaves_the_shows_that_use_the_old_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let screen_id = app.a_screen().row("A", "gold", "12345").create().await;
    let old = app.a_show().on(&screen_id).price("gold", 25_000).create().await;
    let booking = app.customer("Ada").await.book(&old, &["A5"]).await;
    let layout = rows(&[("A", "gold", "12"), ("B", "silver", "12")]);
    let answer = admin.patch(&format!("/admin/screens/{screen_id}"), json!({ "layout": layout })).await;
    let later = match answer.status() {
        200 => app.a_show().on(&screen_id).starts_in(SignedDuration::from_hours(48)).create().await,
        _ => {
            answer.problem("in_use");
            return;
        }
    };
    let map = app.seat_map(&old).await;
    assert_eq!((map.seats().len(), map.status("A5")), (5, "booked"), "{booking}");
    assert_eq!(app.seat_map(&later).await.seats().len(), 4);
}
