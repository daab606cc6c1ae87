//! Moves of shows that much was sold of, and of shows that do not arrive.
//!
//! `MARQUEE_MOVED_BOOKINGS` sets how much, and `MARQUEE_MEASURED` names a release build to take the time of; how long both shards'
//! writers stood is printed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use marquee_testkit::{Answer, Launch, Person, Process, Show, eventually_within, id_of};
use serde_json::Value;
use tempfile::TempDir;

use super::launch;
use super::servers::Server;
use super::sharding::{SEEN_TO_WITHIN, checks_clean, one_on_each, rows_of, shards, two_databases};
use crate::MARQUEE;

/// Bookings of a show of which much was sold, unless `MARQUEE_MOVED_BOOKINGS` says otherwise; each is six rows.
const BOOKINGS: u64 = 300;
/// Bookings of one that is too large to be moved while people buy.
const TOO_MANY: u64 = 6_000;

/// A show in the home database, and a booking of two of its seats.
async fn one_at_home(marquee: &Process, buyer: &Person, server: &Server) -> (Show, Value) {
    loop {
        let show = marquee.a_show().create().await;
        let lock = buyer.hold(&show, &["A1", "A2"]).await;
        let booking = buyer.pay_once(&lock, "pm_card_visa", &show.show_id).await.created();
        if rows_of(server, "home", &show).await > 0 {
            return (show, booking);
        }
    }
}

/// Sells a show's first booking so many times over, to people of its own each; somebody is in, and somebody else who should not be.
async fn sell_many(server: &Server, database: &str, booking_id: &str, many: u64) {
    let sql = format!(
        "CREATE TEMP TABLE many AS
             SELECT n, gen_random_uuid() AS booking_id, gen_random_uuid() AS payment_id, gen_random_uuid() AS user_id
             FROM generate_series(1, {many}) n;
         INSERT INTO bookings SELECT m.booking_id, m.user_id, show_id, cinema_id, hold_id, outcome, total, currency,
                 m.payment_id, m.user_id, 'order-' || n, created_at, NULL, NULL,
                 regexp_replace(seats, '(\"seat_id\":\"[^\"]*)\"', '\\1-' || n || '\"', 'g')
             FROM many m, bookings b WHERE b.booking_id = '{booking_id}';
         INSERT INTO show_seats (show_id, seat_id, status, booking_id) SELECT show_id, seat_id || '-' || n, status, m.booking_id
             FROM many m, show_seats s WHERE s.booking_id = '{booking_id}';
         INSERT INTO payments SELECT m.payment_id, m.booking_id, show_id, amount, currency, 'captured', NULL, created_at, updated_at
             FROM many m, payments p WHERE p.booking_id = '{booking_id}';
         INSERT INTO idempotency_keys SELECT m.user_id, 'order-' || n, request_hash, m.booking_id
             FROM many m, idempotency_keys k WHERE k.booking_id = '{booking_id}';
         INSERT INTO idempotency_answers SELECT m.booking_id, m.user_id, 'order-' || n, status, body
             FROM many m, idempotency_answers a WHERE a.booking_id = '{booking_id}';
         INSERT INTO admissions SELECT show_id, (seats::json->0->>'ticket_id')::uuid, booking_id, 'North', 'first', user_id, 1, 1
             FROM bookings WHERE booking_id = '{booking_id}';
         INSERT INTO contested_admissions SELECT show_id, 'second', ticket_id, booking_id, 'already_admitted', 'Side', admitted_by, 1, 2
             FROM admissions WHERE booking_id = '{booking_id}';"
    );
    server.client_of(database).await.batch_execute(&sql).await.unwrap();
}

/// Buys and gives back until it is over, or somebody is refused: the longest that either took, and what was refused.
async fn buy_on(person: &Person, show: &Show, over: &AtomicBool) -> (Duration, Option<Answer>) {
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let lock = person.hold(show, &["A7"]).await;
        let begun = Instant::now();
        let paid = person.pay(&lock, "pm_card_visa").await;
        longest = longest.max(begun.elapsed());
        if paid.status() != 201 {
            return (longest, Some(paid));
        }
        let begun = Instant::now();
        let cancelled = person.cancel(&paid.json()).await;
        longest = longest.max(begun.elapsed());
        if cancelled.status() != 200 {
            return (longest, Some(cancelled));
        }
    }
    (longest, None)
}

#[tokio::test]
async fn a_show_that_much_was_sold_of_moves_while_others_are_sold() {
    let binary = std::env::var("MARQUEE_MEASURED").unwrap_or_else(|_| MARQUEE.to_owned());
    let many = std::env::var("MARQUEE_MOVED_BOOKINGS").ok().and_then(|many| many.parse().ok()).unwrap_or(BOOKINGS);
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let launch = Launch::new(binary, data_dir.path()).env("MARQUEE_DATABASE_URL", &urls);
    let marquee = launch.ready().await;
    let (ada, bob) = (marquee.customer("Ada").await, marquee.customer("Bob").await);
    let [(home, _), (second, _)] = one_on_each(&marquee, &ada, &server).await;
    let (large, booking) = one_at_home(&marquee, &ada, &server).await;
    sell_many(&server, "home", id_of(&booking, "booking_id"), many).await;
    let (rows, over) = (rows_of(&server, "home", &large).await, AtomicBool::new(false));
    let moving = async {
        let begun = Instant::now();
        let words = ["shards", "move", &large.show_id, "--to", "1", "--large"];
        let moved = launch.clone().arguments(&words).ended().await;
        over.store(true, Ordering::Relaxed);
        assert_eq!(moved.code, Some(0), "{}", moved.errors);
        begun.elapsed()
    };
    let (took, here, there) = tokio::join!(moving, buy_on(&ada, &home, &over), buy_on(&bob, &second, &over));
    println!(
        "{many} bookings moved in {took:?}; longest purchase or return at home {:?}, on the other shard {:?}",
        here.0, there.0
    );
    assert!(here.1.is_none() && there.1.is_none(), "nobody is refused: {:?} {:?}", here.1, there.1);
    assert_eq!((rows_of(&server, "home", &large).await, rows_of(&server, "second", &large).await), (0, rows));
    assert_eq!(ada.booking(&booking).await, booking);
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn a_show_that_is_too_large_is_moved_only_for_who_says_so() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let (large, booking) = one_at_home(&marquee, &ada, &server).await;
    sell_many(&server, "home", id_of(&booking, "booking_id"), TOO_MANY).await;
    let rows = rows_of(&server, "home", &large).await;
    let refused = shards(&data_dir, &urls, &["move", &large.show_id, "--to", "1"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.errors.contains("more than 30000 rows") && refused.errors.contains("--large"),
        "{}",
        refused.errors
    );
    assert_eq!(rows_of(&server, "home", &large).await, rows, "it has not left");
    assert_eq!(ada.booking(&booking).await, booking);
    let moved = shards(&data_dir, &urls, &["move", &large.show_id, "--to", "1", "--large"]).await;
    assert_eq!(moved.code, Some(0), "{}", moved.errors);
    assert_eq!((rows_of(&server, "home", &large).await, rows_of(&server, "second", &large).await), (0, rows));
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

/// What keeps a show from arriving for ever: a row of its own stands in its way.
async fn stand_in_its_way(server: &Server, show: &Show) {
    let (show_id, seat_id) = (&show.show_id, show.seat("A1"));
    let sql = format!(
        "INSERT INTO show_seats (show_id, seat_id, status, booking_id) VALUES ('{show_id}', '{seat_id}', 'blocked', NULL)"
    );
    server.client_of("second").await.batch_execute(&sql).await.unwrap();
}

async fn say_where(data_dir: &TempDir, urls: &str) -> String {
    shards(data_dir, urls, &["status"]).await.output.join("\n")
}

#[tokio::test]
async fn a_show_that_never_arrives_comes_back_when_it_is_told_to() {
    let (server, data_dir, command) = (Server::start(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let (show, booking) = one_at_home(&marquee, &ada, &server).await;
    let rows = rows_of(&server, "home", &show).await;
    let history = async || ada.get("/user/me/bookings").await.ok()["items"].as_array().unwrap().len();
    let had = history().await;
    let stays = shards(&command, &urls, &["return", &show.show_id]).await;
    assert!(stays.errors.contains("is not on its way"), "{}", stays.errors);
    stand_in_its_way(&server, &show).await;
    let moved = shards(&command, &urls, &["move", &show.show_id, "--to", "1"]).await;
    assert!(moved.errors.contains("show_seats"), "{}", moved.errors);
    let on_its_way = format!("show {} is on its way to shard 1", show.show_id);
    assert!(say_where(&command, &urls).await.contains(&on_its_way));
    let lock = ada.hold(&show, &["B1"]).await;
    ada.pay(&lock, "pm_card_visa").await.problem("unavailable");
    ada.get("/user/me/bookings").await.problem("unavailable");
    // A node tries to deliver it all the while.
    let returned = shards(&command, &urls, &["return", &show.show_id]).await;
    assert_eq!(returned.code, Some(0), "{}", returned.errors);
    assert_eq!(returned.output, [format!("show {} is on shard 0", show.show_id)]);
    assert!(!say_where(&command, &urls).await.contains("on its way"));
    assert_eq!(rows_of(&server, "home", &show).await, rows);
    let _ = ada.pay(&lock, "pm_card_visa").await.created();
    assert_eq!(ada.booking(&booking).await, booking);
    assert_eq!(history().await, had + 1);
    let wrong = format!("DELETE FROM show_seats WHERE show_id = '{}'", show.show_id);
    server.client_of("second").await.batch_execute(&wrong).await.unwrap();
    // Nothing keeps it from another move.
    let moved = shards(&command, &urls, &["move", &show.show_id, "--to", "1"]).await;
    assert_eq!(moved.code, Some(0), "{}", moved.errors);
    assert_eq!(rows_of(&server, "home", &show).await, 0);
    assert_eq!(ada.booking(&booking).await, booking);
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn a_return_that_breaks_off_is_carried_on() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let (show, booking) = one_at_home(&marquee, &ada, &server).await;
    stand_in_its_way(&server, &show).await;
    let moved = shards(&data_dir, &urls, &["move", &show.show_id, "--to", "1"]).await;
    assert_ne!(moved.code, Some(0));
    // All that was done of the return: where it goes was told never to take it in.
    let departed = server.client_of("home").await.query_one("SELECT move_id::text FROM departed_shows", &[]).await;
    let refused = format!("INSERT INTO refused_moves VALUES ('{}')", departed.unwrap().get::<_, String>(0));
    server.client_of("second").await.batch_execute(&refused).await.unwrap();
    let lock = ada.hold(&show, &["B1"]).await;
    eventually_within(SEEN_TO_WITHIN, "it is sold where it was", async || {
        (ada.pay(&lock, "pm_card_visa").await.status() == 201).then_some(())
    })
    .await;
    assert_eq!(ada.booking(&booking).await, booking);
    assert_eq!(marquee.stop().await.0, Some(0));
}
