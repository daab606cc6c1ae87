//! The best seats for a party.

use jiff::SignedDuration;
use marquee_testkit::{Client, Show, TestApp};
use serde_json::{Value, json};

async fn best(client: &Client, show: &Show, query: &str) -> Value {
    client.get(&show.path(&format!("/best-seats?{query}"))).await.ok()
}

#[tokio::test]
async fn the_best_seats_can_be_held_and_are_not_offered_again() {
    let app = TestApp::start().await;
    let show = app.a_show().row("A", "silver", "........").row("B", "gold", "........").create().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let found = best(&app, &show, "count=2").await;
    assert_eq!(found["seats"].as_array().unwrap().len(), 2);
    assert_eq!(found["version"], json!(app.seat_map(&show).await.version()));
    let _ = ada.post(&show.path("/reserve"), json!({ "seats": found["seats"] })).await.created();
    let next = best(&bob, &show, "count=2").await;
    let taken = found["seats"].as_array().unwrap();
    assert!(next["seats"].as_array().unwrap().iter().all(|seat| !taken.contains(seat)), "{found} {next}");
    assert_eq!(best(&app, &show, "count=3&category=silver").await["seats"].as_array().unwrap().len(), 3);
    let silver = best(&app, &show, "count=1&category=silver").await["seats"][0].as_str().unwrap().to_owned();
    assert!(silver.starts_with("A-"), "{silver}");
}

#[tokio::test]
async fn a_wheelchair_gets_its_space_with_the_companion_s_seat() {
    let app = TestApp::start().await;
    let show = app.a_show().row("A", "gold", "wc......").create().await;
    assert_eq!(best(&app, &show, "count=2&wheelchair=true").await["seats"], json!(["A-1", "A-2"]));
    assert!(!best(&app, &show, "count=2&wheelchair=false").await["seats"].to_string().contains("A-1"));
}

#[tokio::test]
async fn what_cannot_be_found_is_refused() {
    let app = TestApp::start().await;
    let show = app.a_show().row("A", "gold", "....").create().await;
    let ask = async |query: &str| app.get(&show.path(&format!("/best-seats{query}"))).await;
    ask("").await.blames("count");
    ask("?count=0").await.blames("count");
    ask("?count=11").await.blames("count");
    ask("?count=two").await.blames("count");
    ask("?count=2&category=balcony").await.blames("category");
    ask("?count=2&wheelchair=yes").await.blames("wheelchair");
    ask("?count=2&row=A").await.blames("row");
    ask("?count=5").await.problem("seats_unavailable");
    ask("?count=1&wheelchair=true").await.problem("seats_unavailable");
    app.get("/shows/nothing/best-seats?count=x").await.problem("show_not_found");
    app.pass(SignedDuration::from_hours(7));
    ask("?count=2").await.problem("show_not_on_sale");
}
