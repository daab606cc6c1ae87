//! Live updates of a seat map.

use std::collections::BTreeMap;

use marquee_testkit::{Event, TestApp};
use reqwest::Method;
use serde_json::Value;

use super::has_members;

/// What a client that follows the stream believes to be unavailable.
fn follow(belief: &mut BTreeMap<String, String>, event: &Event) -> u64 {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match event.event.as_str() {
        "snapshot" => {
            has_members(&event.data, &["version", "unavailable"]);
            let whole = event.data["unavailable"].as_object().unwrap();
            *belief = whole.iter().map(|(seat, status)| (seat.clone(), text(status))).collect();
        }
        "seats" => {
            has_members(&event.data, &["version", "changes"]);
            for change in event.data["changes"].as_array().unwrap() {
                match text(&change["status"]).as_str() {
                    "available" => drop(belief.remove(&text(&change["seat_id"]))),
                    status => drop(belief.insert(text(&change["seat_id"]), status.to_owned())),
                }
            }
        }
        other => panic!("an event of type {other}"),
    }
    let version = event.data["version"].as_u64().unwrap();
    assert_eq!(event.id, version.to_string(), "the event id is the version");
    version
}

#[tokio::test]
async fn the_stream_begins_with_a_snapshot_and_goes_on_with_changes() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let _ = ada.hold(&show, &["A1"]).await;
    let mut events = app.events(&show).await;
    let (mut belief, first) = (BTreeMap::new(), events.next().await);
    assert_eq!(first.event, "snapshot");
    let mut version = follow(&mut belief, &first);
    let map = app.seat_map(&show).await;
    assert_eq!((version, &belief), (map.version(), &map.unavailable()));

    let lock = ada.hold(&show, &["A2", "A3"]).await;
    let booking = ada.pay(&lock, "pm_card_visa").await.created();
    let _ = ada.cancel(&booking).await.ok();
    app.pass_seconds(480);
    let end = app.seat_map(&show).await;
    while version < end.version() {
        let event = events.next().await;
        assert_eq!(event.event, "seats");
        let next = follow(&mut belief, &event);
        assert!(next > version, "versions only rise");
        version = next;
    }
    assert_eq!(belief, end.unavailable());
}

#[tokio::test]
async fn a_lapse_is_told_to_those_who_watch() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let _ = app.customer("Ada").await.hold(&show, &["A1"]).await;
    let mut events = app.events(&show).await;
    let mut belief = BTreeMap::new();
    let _ = follow(&mut belief, &events.next().await);
    assert_eq!(belief.len(), 1);
    app.pass_seconds(480);
    let _ = follow(&mut belief, &events.next().await);
    assert_eq!(belief.len(), 0);
}

#[tokio::test]
async fn a_stream_resumes_where_it_broke_off_or_starts_again() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let mut events = app.events(&show).await;
    let (mut belief, first) = (BTreeMap::new(), events.next().await);
    let _ = follow(&mut belief, &first);
    drop(events);

    let _ = ada.hold(&show, &["A1"]).await;
    let _ = ada.book(&show, &["A2"]).await;
    let map = app.seat_map(&show).await;
    for last_seen in [first.id.as_str(), "0", "18446744073709551615", "nonsense", "-1", ""] {
        let request = app.request(Method::GET, &show.path("/seats/events")).header("last-event-id", last_seen);
        let mut events = request.stream().await;
        let mut belief = if last_seen == first.id { belief.clone() } else { BTreeMap::new() };
        let mut version = 0;
        while version != map.version() {
            version = follow(&mut belief, &events.next().await);
        }
        assert_eq!(belief, map.unavailable(), "resumed after {last_seen:?}");
    }
}

#[tokio::test]
async fn a_stream_of_the_present_says_so_when_resumed() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let now = app.events(&show).await.next().await;
    let request = app.request(Method::GET, &show.path("/seats/events")).header("last-event-id", &now.id);
    let mut events = request.stream().await;
    let _ = ada.hold(&show, &["A1"]).await;
    let map = app.seat_map(&show).await;
    let (mut belief, mut version) = (BTreeMap::new(), 0);
    while version < map.version() {
        version = follow(&mut belief, &events.next().await);
    }
    assert_eq!(belief, map.unavailable());
}
