//! Redis that forgets, dies, comes back, or takes too long.

use std::time::{Duration, Instant};

use marquee_kv::testing::{Server, until};

use crate::fixtures::{Shop, attempt, booking, user};
use crate::model::Outcome;
use crate::store::claims::claim;
use crate::{Error, Holds, Settings};

fn holds_in(server: &Server) -> Holds {
    Holds::Redis(server.url().parse().unwrap())
}

/// Sells a seat, as booking does.
async fn sell(shop: &Shop, seat: &str) {
    let booking_id = booking();
    let hold = shop.hold(user(), &[seat]).await.unwrap();
    shop.seating.begin_payment(hold.hold_id, hold.user_id, attempt(booking_id)).await.unwrap().unwrap();
    let (show_id, wanted) = (shop.show.show_id, shop.seating.claim_of(&hold, booking_id));
    shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    shop.confirm(&hold, booking_id).await;
    shop.seating.end_payment(show_id, hold.hold_id, booking_id, Outcome::Booked).await;
}

async fn two_nodes(server: &Server) -> [Shop; 2] {
    let one = Shop::open_with(Settings::default(), holds_in(server)).await;
    let nodes = [one.another().await, one];
    nodes.iter().for_each(|shop| drop(shop.seating.spawn_jobs(&shop.stop)));
    nodes
}

#[tokio::test]
async fn after_a_flush_in_mid_sale_holds_are_lost_and_no_sold_seat_can_be_held() {
    let server = Server::start().await;
    let [one, two] = two_nodes(&server).await;
    sell(&one, "A-1").await;
    let hold = one.hold(user(), &["A-2"]).await.unwrap();
    let paid = one.hold(user(), &["A-3"]).await.unwrap();
    let booking_id = booking();
    one.seating.begin_payment(paid.hold_id, paid.user_id, attempt(booking_id)).await.unwrap().unwrap();
    let version = one.version().await;
    server.tell(&["FLUSHALL"]);
    // Whoever asks first finds it out.
    assert!(matches!(two.hold(user(), &["A-1"]).await, Err(Error::SeatsUnavailable(_))));
    assert!(matches!(one.seating.hold(hold.hold_id, hold.user_id).await, Err(Error::HoldNotFound)));
    two.hold(user(), &["A-2"]).await.unwrap();
    // The payment that was under way goes on, and is seen when it is done.
    let (show_id, wanted) = (one.show.show_id, one.seating.claim_of(&paid, booking_id));
    one.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    one.confirm(&paid, booking_id).await;
    one.seating.end_payment(show_id, paid.hold_id, booking_id, Outcome::Booked).await;
    for shop in [&one, &two] {
        until("both show it booked", async || shop.status("A-3").await == "booked").await;
        assert_eq!(shop.status("A-1").await, "booked");
        assert!(shop.version().await > version, "a version never falls");
        for seat in ["A-1", "A-3"] {
            assert!(matches!(shop.hold(user(), &[seat]).await, Err(Error::SeatsUnavailable(_))));
        }
    }
}

#[tokio::test]
async fn while_redis_is_dead_nothing_is_held_maps_are_served_and_payments_finish() {
    let mut server = Server::start().await;
    let [one, two] = two_nodes(&server).await;
    sell(&one, "A-1").await;
    let (hold, booking_id) = (one.hold(user(), &["A-2"]).await.unwrap(), booking());
    one.seating.begin_payment(hold.hold_id, hold.user_id, attempt(booking_id)).await.unwrap().unwrap();
    until("both show it", async || two.status("A-2").await == "held").await;
    let version = two.version().await;
    server.kill();
    for shop in [&one, &two] {
        assert!(matches!(shop.hold(user(), &["A-4"]).await, Err(Error::HoldStoreDown)));
        assert_eq!((shop.status("A-1").await, shop.status("A-2").await), ("booked", "held"));
        assert!(matches!(shop.seating.hold(hold.hold_id, hold.user_id).await, Err(Error::HoldStoreDown)));
    }
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(matches!(one.hold(user(), &["A-4"]).await, Err(Error::HoldStoreDown)));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody waits for a Redis that is not there");
    // The claim and its confirmation need no Redis, nor does whoever waits for them.
    let (show_id, wanted) = (one.show.show_id, one.seating.claim_of(&hold, booking_id));
    one.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    one.confirm(&hold, booking_id).await;
    one.seating.end_payment(show_id, hold.hold_id, booking_id, Outcome::Booked).await;
    server.restart().await;
    for shop in [&one, &two] {
        until("seats are held again", async || match shop.hold(user(), &["A-2"]).await {
            Err(Error::SeatsUnavailable(_)) => true,
            Err(Error::HoldStoreDown) => false,
            other => panic!("a sold seat: {other:?}"),
        })
        .await;
        assert!(matches!(shop.hold(user(), &["A-1"]).await, Err(Error::SeatsUnavailable(_))));
        until("it shows what was sold", async || shop.status("A-2").await == "booked").await;
        assert!(shop.version().await > version);
    }
    one.hold(user(), &["A-4"]).await.unwrap();
}

#[tokio::test]
async fn a_redis_that_takes_too_long_is_not_waited_for() {
    let server = Server::start().await;
    let shop = Shop::open_with(Settings::default(), holds_in(&server)).await;
    assert_eq!(shop.status("A-1").await, "available");
    server.freeze();
    let begun = Instant::now();
    assert!(matches!(shop.hold(user(), &["A-1"]).await, Err(Error::HoldStoreDown)));
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(shop.status("A-1").await, "available");
    server.thaw();
    until("it answers again", async || shop.hold(user(), &["A-2"]).await.is_ok()).await;
}

#[tokio::test]
async fn functions_that_are_gone_are_loaded_again() {
    let server = Server::start().await;
    let shop = Shop::open_with(Settings::default(), holds_in(&server)).await;
    shop.hold(user(), &["A-1"]).await.unwrap();
    let _ = server.ask(&["FUNCTION", "FLUSH"]);
    shop.hold(user(), &["A-2"]).await.unwrap();
}

#[tokio::test]
async fn a_shop_opens_without_its_redis_and_sells_when_it_comes() {
    let mut server = Server::start().await;
    server.kill();
    let shop = Shop::open_with(Settings::default(), holds_in(&server)).await;
    assert!(matches!(shop.hold(user(), &["A-1"]).await, Err(Error::HoldStoreDown)));
    server.restart().await;
    until("seats are held", async || shop.hold(user(), &["A-1"]).await.is_ok()).await;
}

#[tokio::test]
async fn a_show_that_is_older_than_what_was_seen_is_rebuilt() {
    let server = Server::start().await;
    let shop = Shop::open_with(Settings::default(), holds_in(&server)).await;
    sell(&shop, "A-1").await;
    shop.hold(user(), &["A-2"]).await.unwrap();
    let (version, key) = (shop.version().await, format!("marquee:{{{}}}", shop.show.show_id));
    // As a replica that had not heard of the sale.
    let _ = server.ask(&["HDEL", &key, "s0"]);
    let _ = server.ask(&["HSET", &key, "v", "1", "n", "0"]);
    assert!(matches!(shop.hold(user(), &["A-1"]).await, Err(Error::SeatsUnavailable(_))));
    assert!(shop.version().await > version);
}
