//! Two nodes of one shop.

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use marquee_kernel::SeatId;

use super::until;
use crate::fixtures::{Place, Shop, attempt, booking, seconds, user};
use crate::model::{BeginPayment, Outcome};
use crate::store::claims::{claim, confirm};
use crate::{Error, Settings};

/// Both with their jobs running.
async fn two(place: Place) -> (Shop, Shop) {
    let one = place.open().await;
    let two = one.another().await;
    for shop in [&one, &two] {
        drop(shop.seating.spawn_jobs(&shop.stop));
    }
    (one, two)
}

async fn what_one_node_holds_the_other_refuses_shows_and_can_use(place: Place) {
    let (one, two) = two(place).await;
    let holder = user();
    // Both have the show in memory.
    assert_eq!((one.status("A-1").await, two.status("A-1").await), ("available", "available"));
    let hold = one.hold(holder, &["A-1", "A-2"]).await.unwrap();
    assert_eq!(one.status("A-1").await, "held", "a client reads its own writes");
    assert!(
        matches!(two.hold(user(), &["A-1", "A-3"]).await, Err(Error::SeatsUnavailable(seats)) if seats == [SeatId::from("A-1")])
    );
    until("the other node shows it", async || two.status("A-1").await == "held").await;
    assert_eq!(one.version().await, two.version().await);
    assert_eq!(two.seating.hold(hold.hold_id, holder).await.unwrap(), hold);
    assert!(matches!(two.seating.hold(hold.hold_id, user()).await, Err(Error::HoldNotFound)));
    one.hands.advance(seconds(100));
    let extended = two.seating.extend_hold(hold.hold_id, holder).await.unwrap();
    assert_eq!(extended.expiry, hold.expiry + seconds(100));
    two.seating.release_hold(hold.hold_id, holder).await.unwrap();
    assert_eq!(two.status("A-1").await, "available", "a client reads its own writes");
    until("the first node shows it", async || one.status("A-1").await == "available").await;
    assert!(matches!(one.seating.hold(hold.hold_id, holder).await, Err(Error::HoldNotFound)));
}

async fn a_hold_of_one_node_is_paid_for_on_the_other(place: Place) {
    let (one, two) = two(place).await;
    let (holder, booking_id) = (user(), booking());
    one.status("A-1").await;
    let hold = one.hold(holder, &["A-1"]).await.unwrap();
    two.seating.begin_payment(hold.hold_id, holder, attempt(booking_id)).await.unwrap().unwrap();
    let again = one.seating.begin_payment(hold.hold_id, holder, attempt(booking())).await.unwrap();
    assert_eq!(again, Err(BeginPayment::Paying(attempt(booking_id))));
    let (show_id, wanted) = (two.show.show_id, two.seating.claim_of(&hold, booking_id));
    two.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    two.db.write(move |tx| confirm(tx, &[(show_id, booking_id)])).await.unwrap();
    two.seating.end_payment(show_id, hold.hold_id, booking_id, Outcome::Booked).await;
    assert_eq!(two.status("A-1").await, "booked");
    until("the first node shows it", async || one.status("A-1").await == "booked").await;
    assert!(matches!(one.seating.hold(hold.hold_id, holder).await, Err(Error::HoldNotFound)));
    assert!(matches!(one.hold(user(), &["A-1"]).await, Err(Error::SeatsUnavailable(_))));
}

async fn a_watcher_of_one_node_hears_what_the_other_does_and_what_lapses(place: Place) {
    let (one, two) = two(place).await;
    let watcher = two.seating.watch(two.show.show_id, None).await.unwrap();
    let mut events = Box::pin(crate::live::stream(watcher));
    events.next().await.unwrap().unwrap();
    let hold = one.hold(user(), &["B-1"]).await.unwrap();
    let told = String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(told.contains(r#"{"seat_id":"B-1","status":"held"}"#), "{told}");
    one.hands.set(hold.expiry);
    let told = String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(told.contains(r#"{"seat_id":"B-1","status":"available"}"#), "{told}");
    assert!(matches!(two.seating.hold(hold.hold_id, hold.user_id).await, Err(Error::HoldExpired)));
    until("lists count it", async || two.catalog.availability().taken(two.show.show_id) == 0).await;
}

async fn a_hundred_buyers_at_two_nodes_get_each_seat_once(place: Place) {
    let one = Shop::open_with(Settings::default(), place.holds()).await;
    let two = one.another().await;
    let seats = ["A-1", "A-2", "A-3", "A-4", "A-5", "B-1", "B-2", "B-3", "B-4", "B-5"];
    let buy = async |n: usize| {
        let shop = if n.is_multiple_of(2) { &one } else { &two };
        // Pairs that overlap their neighbours, in both orders.
        let (first, second) = (seats[n * 7 % 10], seats[(n * 7 + 1) % 10]);
        match shop.hold(user(), &[first, second]).await {
            Ok(hold) => hold.seats.into_iter().map(|seat| seat.seat_id).collect(),
            Err(Error::SeatsUnavailable(taken)) => {
                assert!(!taken.is_empty());
                Vec::new()
            }
            Err(other) => panic!("{other}"),
        }
    };
    let mut got: Vec<SeatId> = join_all((0..100).map(buy)).await.into_iter().flatten().collect();
    let count = got.len();
    got.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    got.dedup();
    assert_eq!(got.len(), count, "a seat was held twice");
    assert!(count >= 6, "pairs of neighbours leave at most every third seat: {count}");
    until("both show the same", async || one.version().await == two.version().await).await;
    let statuses = async |shop: &Shop| shop.seating.seats(shop.show.show_id).await.unwrap().glance().statuses;
    assert_eq!(statuses(&one).await, statuses(&two).await);
}

async fn with_the_guard_switched_off_the_last_seat_is_held_more_than_once(place: Place) {
    let settings = Settings { faults: crate::Faults { skip_seat_guard: true }, ..Settings::default() };
    let shop = Shop::open_with(settings, place.holds()).await;
    let held = join_all((0..20).map(|_| shop.hold(user(), &["A-1"]))).await;
    assert!(held.iter().filter(|held| held.is_ok()).count() > 1, "the race test would not notice a broken guard");
}

async fn a_payment_of_a_node_that_is_gone_is_settled_by_what_the_record_says(place: Place) {
    let (gone, here) = two(place).await;
    let (free, claimed, booked) = (booking(), booking(), booking());
    here.status("A-1").await;
    let mut holds = Vec::new();
    for (seat, booking_id) in [("A-1", free), ("A-2", claimed), ("A-3", booked)] {
        let hold = gone.hold(user(), &[seat]).await.unwrap();
        gone.seating.begin_payment(hold.hold_id, hold.user_id, attempt(booking_id)).await.unwrap().unwrap();
        if booking_id != free {
            let wanted = gone.seating.claim_of(&hold, booking_id);
            gone.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
        }
        holds.push(hold);
    }
    let show_id = gone.show.show_id;
    gone.db.write(move |tx| confirm(tx, &[(show_id, booked)])).await.unwrap();
    gone.stop.cancel();
    until("the other shows the holds", async || here.catalog.availability().taken(show_id) == 3).await;
    here.hands.set(holds[0].expiry + seconds(1));
    until("what nobody claimed is free", async || here.status("A-1").await == "available").await;
    until("what was sold is booked", async || here.status("A-3").await == "booked").await;
    assert_eq!(here.status("A-2").await, "held", "whether it is sold, the reconciler will say");
    here.seating.end_payment(show_id, holds[1].hold_id, claimed, Outcome::Booked).await;
    assert_eq!(here.status("A-2").await, "booked");
}

async fn a_lapse_is_told_from_a_hold_that_never_was_on_every_node(place: Place) {
    let (one, two) = two(place).await;
    let hold = one.hold(user(), &["A-1"]).await.unwrap();
    one.hands.set(hold.expiry);
    assert!(matches!(two.seating.hold(hold.hold_id, hold.user_id).await, Err(Error::HoldExpired)));
    assert!(matches!(two.seating.extend_hold(hold.hold_id, hold.user_id).await, Err(Error::HoldExpired)));
    let late = two.seating.begin_payment(hold.hold_id, hold.user_id, attempt(booking())).await.unwrap();
    assert_eq!(late, Err(BeginPayment::Expired));
    assert!(matches!(two.seating.hold(hold.hold_id, user()).await, Err(Error::HoldNotFound)));
    let unknown = crate::fixtures::standing(user(), &[0], hold.expiry, hold.expiry).hold.hold_id;
    assert!(matches!(two.seating.hold(unknown, hold.user_id).await, Err(Error::HoldNotFound)));
}

macro_rules! in_redis {
    ($($name:ident),* $(,)?) => {
        mod single {
            $(#[tokio::test] async fn $name() { super::$name(super::Place::Redis).await; })*
        }
        mod cluster {
            $(#[tokio::test] async fn $name() { super::$name(super::Place::Cluster).await; })*
        }
    };
}

in_redis!(
    what_one_node_holds_the_other_refuses_shows_and_can_use,
    a_hold_of_one_node_is_paid_for_on_the_other,
    a_watcher_of_one_node_hears_what_the_other_does_and_what_lapses,
    a_hundred_buyers_at_two_nodes_get_each_seat_once,
    with_the_guard_switched_off_the_last_seat_is_held_more_than_once,
    a_payment_of_a_node_that_is_gone_is_settled_by_what_the_record_says,
    a_lapse_is_told_from_a_hold_that_never_was_on_every_node,
);
