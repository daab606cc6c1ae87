//! Two nodes of one shop: a request may go to either.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use marquee_kv::testing::Server;
use marquee_testkit::{Person, Show, TestApp, eventually, eventually_within};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_held_at_one_node_is_refused_shown_and_booked_at_the_other() {
    let (one, two) = TestApp::start_two_with(|_| {}).await;
    let show = one.a_show().seats(4).create().await;
    let (ada, bob) = (one.customer("Ada").await, one.customer("Bob").await.at(&two));
    let ada_at_two = ada.at(&two);
    let mut events = two.events(&show).await;
    assert_eq!(events.next().await.event, "snapshot");
    let lock = ada.hold(&show, &["A1", "A2"]).await;
    assert_eq!(one.seat_map(&show).await.status("A1"), "held");
    let refused = bob.reserve(&show, &["A2", "A3"]).await.problem("seats_unavailable");
    assert_eq!(refused["seats"], json!(show.seats(&["A2"])));
    assert!(events.next().await.data.to_string().contains("held"));
    eventually("the other node shows it", async || {
        let (here, there) = (one.seat_map(&show).await, two.seat_map(&show).await);
        (here.json == there.json).then_some(())
    })
    .await;
    let path = format!("/locks/{}", lock["lock_id"].as_str().unwrap());
    assert_eq!(ada_at_two.get(&path).await.ok(), lock);
    bob.get(&path).await.problem("lock_not_found");
    let booking = ada_at_two.pay(&lock, "pm_card_visa").await.created();
    assert_eq!(two.seat_map(&show).await.status("A1"), "booked", "a client reads its own writes");
    eventually("the first node shows it", async || (one.seat_map(&show).await.status("A1") == "booked").then_some(()))
        .await;
    ada.get(&path).await.problem("lock_not_found");
    assert_eq!(ada.booking(&booking).await["status"], "confirmed");
    let _ = ada.cancel(&booking).await.ok();
    assert_eq!(one.seat_map(&show).await.status("A1"), "available");
    eventually("the other node shows it", async || {
        (two.seat_map(&show).await.status("A1") == "available").then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_key_at_two_nodes_at_once_is_one_booking() {
    let (one, two) = TestApp::start_two_with(|_| {}).await;
    let show = one.a_show().seats(4).create().await;
    let ada = one.customer("Ada").await;
    let ada_at_two = ada.at(&two);
    let lock = ada.hold(&show, &["A1"]).await;
    let (here, there) =
        tokio::join!(ada.pay_once(&lock, "pm_card_visa", "once"), ada_at_two.pay_once(&lock, "pm_card_visa", "once"));
    assert_eq!(here.created(), there.created());
    assert!(here.is_replay() != there.is_replay());
    assert_eq!(one.ledger().charges().len(), 1);
}

/// Buys whatever a node still has, one seat after the other, until nothing is left; `sold` counts with it. The bookings.
async fn buy_out(app: &TestApp, show: &Show, buyer: &Person, sold: &AtomicUsize) -> Vec<Value> {
    let mut bookings = Vec::new();
    loop {
        let map = app.get(&show.path("/seats")).await;
        // A node that has never seen the show, and cannot ask.
        if map.status() == 503 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        let map = map.ok();
        let seats = map["seats"].as_array().unwrap();
        let Some(free) = seats.iter().find(|seat| seat["status"] == "available") else { break };
        let held = buyer.post(&show.path("/reserve"), json!({ "seats": [free["seat_id"]] })).await;
        match held.status() {
            201 => {}
            409 => continue,
            503 => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            _ => panic!("{}", held.text()),
        }
        let paid = buyer.pay(&held.json(), "pm_card_visa").await;
        match paid.status() {
            201 => {
                bookings.push(paid.json());
                sold.fetch_add(1, Ordering::Relaxed);
            }
            // The hold was lost, and that is found out before any money moves.
            404 | 409 | 410 | 503 => {}
            _ => panic!("{}", paid.text()),
        }
    }
    bookings
}

#[tokio::test]
async fn no_seat_is_sold_twice_while_redis_is_flushed_and_killed() {
    let mut server = Server::start().await;
    let url = server.url();
    let (one, two) = TestApp::start_two_with(|config| {
        config.redis = Some(url.parse().unwrap());
        config.max_held_seats_per_show = 0;
    })
    .await;
    let show = one.a_show().seats(60).create().await;
    let sold = AtomicUsize::new(0);
    let mut buyers = Vec::new();
    for _ in 0..3 {
        let buyer = one.customer("Buyer").await;
        buyers.push((&two, buyer.at(&two)));
        buyers.push((&one, buyer));
    }
    let trouble = async {
        for round in 0..4 {
            let enough = (round + 1) * 10;
            eventually("some more are sold", async || (sold.load(Ordering::Relaxed) >= enough).then_some(())).await;
            if round % 2 == 0 {
                server.tell(&["FLUSHALL"]);
            } else {
                server.kill();
                server.restart().await;
            }
        }
    };
    let buying = futures_util::future::join_all(buyers.iter().map(|(app, buyer)| buy_out(app, &show, buyer, &sold)));
    let (bookings, ()) = tokio::join!(buying, trouble);
    let bookings: Vec<Value> = bookings.into_iter().flatten().collect();
    let mut seats: Vec<&str> = bookings
        .iter()
        .flat_map(|booking| booking["seats"].as_array().unwrap())
        .map(|seat| seat["seat_id"].as_str().unwrap())
        .collect();
    let count = seats.len();
    seats.sort_unstable();
    seats.dedup();
    assert_eq!(seats.len(), count, "a seat was sold twice");
    for app in [&one, &two] {
        eventually_within(Duration::from_secs(30), "every seat that was sold shows as booked", async || {
            let map = app.seat_map(&show).await;
            let booked = map.seats().iter().filter(|seat| seat["status"] == "booked").count();
            (booked == count).then_some(())
        })
        .await;
    }
    // Whoever paid has the seats, and nobody paid for nothing.
    let kept = one.ledger().charges().values().filter(|charge| charge.kept() > 0).count();
    assert_eq!(kept, count);
}

#[tokio::test]
async fn without_redis_holds_are_unavailable_and_maps_and_payments_go_on() {
    let mut server = Server::start().await;
    let url = server.url();
    let (one, two) = TestApp::start_two_with(|config| config.redis = Some(url.parse().unwrap())).await;
    let show = one.a_show().seats(4).create().await;
    let ada = one.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    eventually("the other node shows it", async || (two.seat_map(&show).await.status("A1") == "held").then_some(()))
        .await;
    let slow = ada.pay(&lock, "pm_sandbox_slow");
    let without = async {
        // Two seconds are enough for the claim, and for what follows here.
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.kill();
        let refused = ada.reserve(&show, &["A2"]).await;
        assert!(refused.has_header("retry-after"));
        refused.problem("unavailable");
        ada.get(&format!("/locks/{}", lock["lock_id"].as_str().unwrap())).await.problem("unavailable");
        for app in [&one, &two] {
            assert_eq!(app.seat_map(&show).await.status("A1"), "held");
        }
    };
    let (paid, ()) = tokio::join!(slow, without);
    let _ = paid.created();
    server.restart().await;
    for app in [&one, &two] {
        eventually("it shows as booked", async || (app.seat_map(&show).await.status("A1") == "booked").then_some(()))
            .await;
    }
    eventually("seats are held again", async || (ada.reserve(&show, &["A2"]).await.status() == 201).then_some(()))
        .await;
    ada.reserve(&show, &["A1"]).await.problem("seats_unavailable");
    drop(server);
}
