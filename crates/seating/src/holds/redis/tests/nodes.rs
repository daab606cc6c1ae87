//! Two nodes of one shop.

use futures_util::StreamExt as _;
use marquee_kernel::SeatId;
use marquee_kv::testing::until;

use crate::Error;
use crate::fixtures::{Place, Shop, attempt, booking, conforms, seconds, user};
use crate::model::{BeginPayment, Outcome};
use crate::store::claims::claim;

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
    two.confirm(&hold, booking_id).await;
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
    gone.confirm(&holds[2], booked).await;
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

conforms!(between_nodes:
    what_one_node_holds_the_other_refuses_shows_and_can_use,
    a_hold_of_one_node_is_paid_for_on_the_other,
    a_watcher_of_one_node_hears_what_the_other_does_and_what_lapses,
    a_payment_of_a_node_that_is_gone_is_settled_by_what_the_record_says,
    a_lapse_is_told_from_a_hold_that_never_was_on_every_node,
);
