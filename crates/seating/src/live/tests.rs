use std::collections::BTreeMap;

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use serde_json::Value;

use super::*;
use crate::Settings;
use crate::fixtures::{noon, seconds, show_on, standing, user};
use crate::holds::MemoryHolds;
use crate::model::Rules;

struct Stage {
    store: MemoryHolds,
    live: Live,
    seats: Arc<ShowSeats>,
}

/// An event as a client reads it.
#[derive(Debug, PartialEq)]
struct Event {
    id: u64,
    name: String,
    data: Value,
}

impl Stage {
    fn new() -> Self {
        let store = MemoryHolds::new(Rules::new(&Settings::default()), 0, Box::new(|_, _| ()));
        let seats = store.get_or_new(&show_on(&[("A", "gold", "123456")]));
        Self { store, live: Live::new(CancellationToken::new()), seats }
    }

    /// Holds a seat; the function returned releases it.
    fn hold(&self, place: u16) -> impl FnOnce() + '_ {
        let placed = standing(user(), &[place], noon(), noon() + seconds(60));
        let (hold_id, user_id) = (placed.hold.hold_id, placed.hold.user_id);
        self.store.place(&self.seats, placed, noon()).unwrap();
        move || self.store.release(hold_id, user_id, noon())
    }

    fn watch(&self, seen: Option<u64>) -> impl Stream<Item = Event> + Unpin {
        let watcher = self.live.watch(&self.seats, seen, noon()).unwrap();
        Box::pin(stream(watcher).map(|bytes| read(&bytes.unwrap())))
    }

    fn tell(&self) {
        self.live.tell(noon());
    }
}

fn read(bytes: &[u8]) -> Event {
    let text = std::str::from_utf8(bytes).unwrap();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap();
    assert!(text.ends_with("\n\n"));
    let data = serde_json::from_str(field("data")).unwrap();
    Event { id: field("id").parse().unwrap(), name: field("event").to_owned(), data }
}

/// What the client's picture is after the events that are there already.
fn follow(events: &mut (impl Stream<Item = Event> + Unpin), picture: &mut BTreeMap<String, String>) -> Vec<String> {
    let mut names = Vec::new();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    while let Some(Some(event)) = events.next().now_or_never() {
        assert_eq!(event.data["version"].as_u64(), Some(event.id));
        if event.name == "snapshot" {
            let all = event.data["unavailable"].as_object().unwrap();
            *picture = all.iter().map(|(seat, status)| (seat.clone(), word(status))).collect();
        } else {
            for change in event.data["changes"].as_array().unwrap() {
                picture.insert(word(&change["seat_id"]), word(&change["status"]));
            }
        }
        picture.retain(|_, status| status != "available");
        names.push(event.name);
    }
    names
}

fn held(seats: &[&str]) -> BTreeMap<String, String> {
    seats.iter().map(|seat| ((*seat).to_owned(), "held".to_owned())).collect()
}

#[tokio::test]
async fn a_watcher_sees_a_snapshot_and_then_what_changes_coalesced() {
    let (stage, mut picture) = (Stage::new(), BTreeMap::new());
    let _first = stage.hold(0);
    let mut events = stage.watch(None);
    assert_eq!(follow(&mut events, &mut picture), ["snapshot"]);
    assert_eq!(picture, held(&["A-1"]));
    let _others = (stage.hold(1), stage.hold(2));
    assert!(events.next().now_or_never().is_none(), "nothing before the tick");
    stage.tell();
    assert_eq!(follow(&mut events, &mut picture), ["seats"]);
    assert_eq!(picture, held(&["A-1", "A-2", "A-3"]));
    stage.tell();
    assert!(follow(&mut events, &mut picture).is_empty(), "nothing when nothing changed");
}

#[tokio::test]
async fn a_watcher_who_came_in_between_is_told_of_a_seat_that_changed_back() {
    let (stage, mut picture) = (Stage::new(), BTreeMap::new());
    let mut first = stage.watch(None);
    follow(&mut first, &mut BTreeMap::new());
    let release = stage.hold(0);
    let mut second = stage.watch(None);
    follow(&mut second, &mut picture);
    assert_eq!(picture, held(&["A-1"]));
    release();
    stage.tell();
    follow(&mut second, &mut picture);
    assert_eq!(picture, held(&[]));
}

#[tokio::test]
async fn a_watcher_who_comes_back_goes_on_where_they_were() {
    let (stage, mut picture) = (Stage::new(), BTreeMap::new());
    let mut events = stage.watch(None);
    follow(&mut events, &mut picture);
    let _a = stage.hold(0);
    stage.tell();
    follow(&mut events, &mut picture);
    let seen = stage.seats.version();
    drop(events);
    let _b = stage.hold(1);
    stage.tell();
    let _c = stage.hold(2);
    let mut again = stage.watch(Some(seen));
    assert_eq!(follow(&mut again, &mut picture), ["seats"]);
    assert_eq!(picture, held(&["A-1", "A-2", "A-3"]));
    let mut stranger = stage.watch(Some(seen + 1_000));
    assert_eq!(follow(&mut stranger, &mut picture), ["snapshot"], "a version that never was");
    let mut late = stage.watch(Some(0));
    assert_eq!(follow(&mut late, &mut picture), ["snapshot"], "a version from before anybody watched");
}

#[tokio::test]
async fn a_watcher_who_comes_back_hears_everything_that_others_were_told_meanwhile() {
    let (stage, mut picture) = (Stage::new(), BTreeMap::new());
    let mut events = stage.watch(None);
    let _other = stage.watch(None);
    follow(&mut events, &mut picture);
    let seen = stage.seats.version();
    drop(events);
    let _a = stage.hold(0);
    stage.tell();
    let _b = stage.hold(1);
    stage.tell();
    let _c = stage.hold(2);
    let mut again = stage.watch(Some(seen));
    assert_eq!(follow(&mut again, &mut picture), ["seats", "seats"]);
    stage.tell();
    assert_eq!(follow(&mut again, &mut picture), ["seats"]);
    assert_eq!(picture, held(&["A-1", "A-2", "A-3"]));
}

#[tokio::test]
async fn a_slow_watcher_gets_a_fresh_snapshot_in_place_of_a_backlog() {
    let (stage, mut picture) = (Stage::new(), BTreeMap::new());
    let mut events = stage.watch(None);
    for _ in 0..=CLIENT_FRAMES_MAX + 1 {
        stage.hold(0)();
        stage.tell();
    }
    let _last = stage.hold(5);
    assert_eq!(follow(&mut events, &mut picture), ["snapshot", "snapshot"]);
    assert_eq!(picture, held(&["A-6"]));
}

#[tokio::test]
async fn streams_end_when_the_server_stops_and_their_places_are_free() {
    let stage = Stage::new();
    let mut events = stage.watch(None);
    assert_eq!(stage.live.clients(), 1);
    stage.live.stop.cancel();
    assert!(events.next().await.is_none());
    drop(events);
    assert_eq!(stage.live.clients(), 0);
    stage.live.forget_idle(noon() + seconds(IDLE_S));
    assert!(stage.live.channels.is_empty());
}
