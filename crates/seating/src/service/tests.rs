use marquee_bus::Actor;

use super::*;
use crate::fixtures::{Shop, attempt, booking, seconds, user};
use crate::model::BeginPayment;
use crate::store::claims::claim;

#[tokio::test]
async fn a_show_cancelled_while_nothing_ran_takes_up_no_hold() {
    let (shop, holder) = (Shop::open().await, user());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.seating.keep_holds().await.unwrap();
    shop.catalog.cancel_show(Actor::System, shop.show.show_id).await.unwrap();
    let shop = shop.reopen().await;
    assert_eq!(shop.status("A-1").await, "available");
    assert!(matches!(shop.seating.hold(hold.hold_id, holder).await, Err(Error::HoldExpired)));
}

#[tokio::test]
async fn a_graceful_stop_keeps_the_holds_and_the_next_one_does_not_bring_back_the_ended() {
    let (shop, holder) = (Shop::open().await, user());
    let (kept, lapsed) =
        (shop.hold(holder, &["A-1", "A-2"]).await.unwrap(), shop.hold(user(), &["B-1"]).await.unwrap());
    shop.hands.advance(seconds(300));
    shop.seating.extend_hold(kept.hold_id, holder).await.unwrap();
    let version = shop.version().await;
    shop.seating.keep_holds().await.unwrap();
    shop.hands.set(lapsed.expiry);
    let shop = shop.reopen().await;
    assert!(shop.version().await > version);
    assert_eq!(shop.seating.hold(kept.hold_id, holder).await.unwrap().seats, kept.seats);
    assert_eq!((shop.status("A-1").await, shop.status("B-1").await), ("held", "available"));
    let shop = shop.reopen().await;
    assert_eq!(shop.status("A-1").await, "available", "a crash loses the holds, and only them");
    assert!(shop.version().await > version);
}

#[tokio::test]
async fn a_kept_payment_goes_on_only_while_its_claim_stands() {
    let (shop, holder) = (Shop::open().await, user());
    let (going_on, settled) = (booking(), booking());
    let one = shop.hold(holder, &["A-1"]).await.unwrap();
    let two = shop.hold(holder, &["A-2"]).await.unwrap();
    for (hold, booking_id) in [(&one, going_on), (&two, settled)] {
        shop.seating.begin_payment(hold.hold_id, holder, attempt(booking_id)).await.unwrap().unwrap();
        let wanted = shop.seating.claim_of(hold, booking_id);
        shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    }
    shop.seating.keep_holds().await.unwrap();
    shop.confirm(&two, settled).await;
    let shop = shop.reopen().await;
    let again = shop.seating.begin_payment(one.hold_id, holder, attempt(booking())).await.unwrap();
    assert_eq!(again, Err(BeginPayment::Paying(attempt(going_on))));
    assert_eq!(shop.status("A-2").await, "booked");
    assert!(matches!(shop.seating.hold(two.hold_id, holder).await, Err(Error::HoldNotFound)));
}
