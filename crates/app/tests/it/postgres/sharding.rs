//! Several databases: each show lives in one, whole; a show moves while it sells; a database that is down takes its shows with it
//! and no others.

use std::time::Duration;

use marquee_testkit::{Ended, Person, Process, Show, eventually, eventually_within, id_of};
use serde_json::Value;
use tempfile::TempDir;

use super::launch;
use super::servers::Server;
use crate::sale::Sale;

/// How soon a shard that is back, or a move that broke off, is seen to.
pub(super) const SEEN_TO_WITHIN: Duration = Duration::from_secs(20);
/// How soon a shard that joins takes its share.
const JOINED_WITHIN: Duration = Duration::from_secs(60);
/// A shard that hangs is not waited for by those who buy on another one: far less than its connections are.
const NOT_WAITED_FOR: Duration = Duration::from_secs(6);
/// Shows among which there is one on each shard: that all land on one has a chance of one in a million.
pub(super) const SHOWS: usize = 20;
/// Moves of a show to and fro.
const MOVES: usize = 6;

/// Two databases of one server, as an address.
pub(super) async fn two_databases(server: &Server) -> String {
    for database in ["home", "second"] {
        server.create(database).await;
    }
    format!("{},{}", server.url("home"), server.url("second"))
}

pub(super) async fn shards(data_dir: &TempDir, urls: &str, words: &[&str]) -> Ended {
    launch(data_dir, urls).arguments(&[&["shards"], words].concat()).ended().await
}

async fn move_show(data_dir: &TempDir, urls: &str, show: &Show, to: usize) {
    let moved = shards(data_dir, urls, &["move", &show.show_id, "--to", &to.to_string()]).await;
    assert_eq!(moved.code, Some(0), "{}", moved.errors);
}

pub(super) async fn count(server: &Server, database: &str, sql: &str) -> i64 {
    server.client_of(database).await.query_one(sql, &[]).await.unwrap().get(0)
}

/// Rows of a show's sales in a database.
pub(super) async fn rows_of(server: &Server, database: &str, show: &Show) -> i64 {
    let id = &show.show_id;
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM bookings WHERE show_id = '{id}') + (SELECT COUNT(*) FROM show_seats WHERE show_id = '{id}')
            + (SELECT COUNT(*) FROM payments WHERE show_id = '{id}') + (SELECT COUNT(*) FROM admissions WHERE show_id = '{id}')
            + (SELECT COUNT(*) FROM contested_admissions WHERE show_id = '{id}')"
    );
    count(server, database, &sql).await
}

/// One show on each of two shards that something was sold of, home first, with its booking.
pub(super) async fn one_on_each(process: &Process, buyer: &Person, server: &Server) -> [(Show, Value); 2] {
    let (mut home, mut second) = (None, None);
    for _ in 0..SHOWS {
        let show = process.a_show().seats(20).create().await;
        let booking = buyer.book(&show, &["A1"]).await;
        if rows_of(server, "home", &show).await > 0 {
            assert_eq!(rows_of(server, "second", &show).await, 0, "a show is in one place");
            home = Some((show, booking));
        } else {
            second = Some((show, booking));
        }
        if home.is_some() && second.is_some() {
            break;
        }
    }
    [home.unwrap(), second.unwrap()]
}

pub(super) async fn checks_clean(data_dir: &TempDir, urls: &str) {
    let checked = launch(data_dir, urls).arguments(&["check"]).ended().await;
    assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
}

#[tokio::test]
async fn shows_are_spread_over_the_shards_and_a_history_has_all_of_them_in_order() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let mut booked = Vec::new();
    for _ in 0..SHOWS {
        let show = marquee.a_show().create().await;
        booked.push(ada.book(&show, &["A1", "A2"]).await);
    }
    let in_all = "SELECT COUNT(*) FROM bookings";
    let (home, second) = (count(&server, "home", in_all).await, count(&server, "second", in_all).await);
    assert!(home > 0 && second > 0 && home + second == SHOWS as i64, "{home} and {second}");
    booked.reverse();
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/user/me/bookings?limit=3{cursor}")).await.ok();
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, booked, "newest first, each once");
    for booking in &booked {
        assert_eq!(ada.booking(booking).await, *booking);
    }
    assert_eq!(ada.cancel(&booked[0]).await.ok()["status"], "cancelled");
    assert_eq!(ada.cancel(&booked[1]).await.ok()["status"], "cancelled");
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn one_key_for_shows_on_two_shards_is_used_once() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let [(home, _), (second, _)] = one_on_each(&marquee, &ada, &server).await;
    let (here, there) = (ada.hold(&home, &["A3"]).await, ada.hold(&second, &["A3"]).await);
    let first = ada.pay_once(&here, "pm_card_visa", "order-1").await.created();
    ada.pay_once(&there, "pm_card_visa", "order-1").await.problem("idempotency_key_reused");
    // Nothing stays of the refused one: its hold is paid for under another key.
    let _ = ada.pay_once(&there, "pm_card_visa", "order-2").await.created();
    let again = ada.pay_once(&here, "pm_card_visa", "order-1").await;
    assert!(again.is_replay());
    assert_eq!(again.created(), first);
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn a_show_moves_to_and_fro_while_it_sells() {
    let server = Server::start();
    let urls = two_databases(&server).await;
    let sale = Sale::at(&urls).await;
    let command = tempfile::tempdir().unwrap();
    let show = sale.first_show();
    let mut at = usize::from(rows_of(&server, "home", show).await == 0);
    for _ in 0..MOVES {
        at = 1 - at;
        // Who looks at one database after the other, while a show moves between them, sees nothing wrong.
        tokio::join!(move_show(&command, &urls, show, at), checks_clean(&command, &urls));
        let (left, lives) = if at == 0 { ("second", "home") } else { ("home", "second") };
        assert_eq!(rows_of(&server, left, show).await, 0, "nothing stays behind");
        assert!(rows_of(&server, lives, show).await > 0);
        sale.sells().await;
    }
    let status = shards(&command, &urls, &["status"]).await;
    assert_eq!((status.code, status.output.len()), (Some(0), 2), "{}", status.errors);
    drop(sale.close().await);
}

#[tokio::test]
async fn a_move_that_breaks_off_is_carried_on() {
    let (server, data_dir, command) = (Server::start(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let [(show, booking), _] = one_on_each(&marquee, &ada, &server).await;
    let second = server.client_of("second").await;
    second.batch_execute("ALTER TABLE arrived_moves RENAME TO not_now").await.unwrap();
    let moved = shards(&command, &urls, &["move", &show.show_id, "--to", "1"]).await;
    assert_ne!(moved.code, Some(0));
    // It has left, and has not arrived: nobody can say what is sold of it.
    let lock = ada.hold(&show, &["A3"]).await;
    ada.pay(&lock, "pm_card_visa").await.problem("unavailable");
    ada.get(&format!("/booking/{}", id_of(&booking, "booking_id"))).await.problem("unavailable");
    ada.get("/user/me/bookings").await.problem("unavailable");
    second.batch_execute("ALTER TABLE not_now RENAME TO arrived_moves").await.unwrap();
    let paid = eventually_within(SEEN_TO_WITHIN, "it is sold where it went", async || {
        let answer = ada.pay(&lock, "pm_card_visa").await;
        (answer.status() == 201).then_some(answer)
    })
    .await;
    assert_eq!(rows_of(&server, "home", &show).await, 0);
    assert_eq!(ada.booking(&booking).await, booking, "found where it is, though its id names where it was");
    let _ = ada.cancel(&paid.json()).await.ok();
    assert_eq!(marquee.seat_map(&show).await.status("A1"), "booked");
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn a_shard_that_is_drained_keeps_nothing() {
    let (server, data_dir, command) = (Server::start(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let both = one_on_each(&marquee, &ada, &server).await;
    let drained = shards(&command, &urls, &["drain", "1"]).await;
    assert_eq!(drained.code, Some(0), "{}", drained.errors);
    assert_eq!(count(&server, "second", "SELECT COUNT(*) FROM bookings").await, 0);
    assert_eq!(count(&server, "second", "SELECT COUNT(*) FROM show_seats").await, 0);
    for (show, booking) in &both {
        assert_eq!(ada.booking(booking).await, *booking);
        let _ = ada.book(show, &["A4"]).await;
    }
    let refused = shards(&command, &urls, &["drain", "0"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.errors.contains("no other shard"), "{}", refused.errors);
    // Born while it takes none: it stays at home for ever.
    let between = marquee.a_show().create().await;
    let sold = ada.book(&between, &["A1"]).await;
    assert!(rows_of(&server, "home", &between).await > 0);
    let reopened = shards(&command, &urls, &["reopen", "1"]).await;
    assert_eq!(reopened.code, Some(0), "{}", reopened.errors);
    eventually_within(JOINED_WITHIN, "it takes its share of new shows", async || {
        let show = marquee.a_show().create().await;
        let _ = ada.book(&show, &["A1"]).await;
        (rows_of(&server, "second", &show).await > 0).then_some(())
    })
    .await;
    let _ = ada.book(&between, &["A2"]).await;
    assert_eq!(rows_of(&server, "second", &between).await, 0);
    assert_eq!(ada.booking(&sold).await, sold);
    let refused = shards(&command, &urls, &["reopen", "1"]).await;
    assert!(refused.errors.contains("was not drained"), "{}", refused.errors);
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn a_shard_that_is_down_takes_only_its_shows_with_it() {
    let (server, other, data_dir) = (Server::start(), Server::start(), tempfile::tempdir().unwrap());
    server.create("home").await;
    let urls = format!("{},{}", server.url("home"), other.url("postgres"));
    let mut marquee = launch(&data_dir, &urls).ready().await;
    let mut ada = marquee.customer("Ada").await;
    let (mut here, mut there) = (None, None);
    for _ in 0..SHOWS {
        let show = marquee.a_show().seats(20).create().await;
        let _ = ada.book(&show, &["A1"]).await;
        let side = if rows_of(&server, "home", &show).await > 0 { &mut here } else { &mut there };
        *side = Some(show);
    }
    let (here, there) = (here.unwrap(), there.unwrap());
    let readiness = async |marquee: &Process| {
        let answer = reqwest::get(format!("{}/readyz", marquee.ops().origin())).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(readiness(&marquee).await, (200, "ready\n".to_owned()));
    other.freeze();
    let bought = async {
        let lock = ada.hold(&here, &["A5"]).await;
        ada.pay_once(&lock, "pm_card_visa", "while-it-hangs").await.created()
    };
    let _ = tokio::time::timeout(NOT_WAITED_FOR, bought).await.expect("a shard that hangs is not waited for");
    other.thaw();
    other.kill().await;
    // Also to a process that starts meanwhile.
    for restarts in [false, true] {
        if restarts {
            marquee.kill();
            marquee = launch(&data_dir, &urls).ready().await;
            ada = marquee.again(&ada).await;
        }
        let refused = eventually("its shows are not sold", async || {
            let held = ada.reserve(&there, &["A2"]).await;
            let answer = if held.status() == 201 { ada.pay(&held.json(), "pm_card_visa").await } else { held };
            (answer.status() == 503).then_some(answer)
        })
        .await;
        assert!(refused.has_header("retry-after"));
        let seat = if restarts { "A4" } else { "A3" };
        let _ = ada.book(&here, &[seat]).await;
        ada.get("/user/me/bookings").await.problem("unavailable");
        let (status, text) = readiness(&marquee).await;
        assert!(status == 200 && text.starts_with("ready\nshard 1:"), "{status} {text}");
    }
    other.start_again();
    eventually_within(SEEN_TO_WITHIN, "its shows are sold again", async || {
        let held = ada.reserve(&there, &["A3"]).await;
        (held.status() == 201 && ada.pay(&held.json(), "pm_card_visa").await.status() == 201).then_some(())
    })
    .await;
    assert_eq!(ada.get("/user/me/bookings").await.ok()["items"].as_array().unwrap().len(), 20.min(SHOWS + 4));
    assert_eq!(readiness(&marquee).await, (200, "ready\n".to_owned()));
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn a_shard_that_joins_later_moves_nothing() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let alone = server.url("home");
    let marquee = launch(&data_dir, &alone).ready().await;
    let ada = marquee.customer("Ada").await;
    let mut sold = Vec::new();
    for _ in 0..5 {
        let show = marquee.a_show().create().await;
        sold.push((ada.book(&show, &["A1"]).await, show));
    }
    assert_eq!(marquee.stop().await.0, Some(0));
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.again(&ada).await;
    for (booking, show) in &sold {
        assert_eq!(ada.booking(booking).await, *booking);
        let _ = ada.book(show, &["A2"]).await;
    }
    assert_eq!(count(&server, "second", "SELECT COUNT(*) FROM bookings").await, 0);
    eventually_within(JOINED_WITHIN, "it takes its share of new shows", async || {
        let show = marquee.a_show().create().await;
        let _ = ada.book(&show, &["A1"]).await;
        (rows_of(&server, "second", &show).await > 0).then_some(())
    })
    .await;
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;
}

#[tokio::test]
async fn databases_that_do_not_belong_together_stop_the_start() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    server.create("strange").await;
    let (home, second, strange) = (server.url("home"), server.url("second"), server.url("strange"));
    assert_eq!(launch(&data_dir, &urls).ready().await.stop().await.0, Some(0));
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(launch(&elsewhere, &strange).ready().await.stop().await.0, Some(0));
    for (urls, why) in [
        (format!("{second},{home}"), "name the home database first"),
        (format!("{home},{strange}"), "belongs to another Marquee"),
        (format!("{home},{second},{second}"), "another address names too"),
        (format!("{home},postgres://marquee@127.0.0.1:1/nothing"), "127.0.0.1:1/nothing never joined"),
    ] {
        let refused = launch(&data_dir, &urls).ended().await;
        assert_ne!(refused.code, Some(0));
        assert!(refused.errors.contains(why), "{why}: {}", refused.errors);
    }
}

#[tokio::test]
async fn a_shard_that_lost_everything_is_not_taken_for_a_new_one() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let _ = one_on_each(&marquee, &ada, &server).await;
    assert_eq!(marquee.stop().await.0, Some(0));
    let client = server.client().await;
    client.batch_execute("DROP DATABASE second").await.unwrap();
    client.batch_execute("CREATE DATABASE second").await.unwrap();
    let refused = launch(&data_dir, &urls).ended().await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.errors.contains("was shard 1 and is empty"), "{}", refused.errors);
}

#[tokio::test]
async fn shows_that_were_sold_from_a_file_stay_in_the_database_that_they_are_copied_to() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = marquee_testkit::Launch::new(crate::MARQUEE, data_dir.path()).env("MARQUEE_DATABASE_URL", "");
    let marquee = marquee.env("MARQUEE_REDIS_URL", "").ready().await;
    let ada = marquee.customer("Ada").await;
    let mut sold = Vec::new();
    for _ in 0..SHOWS / 2 {
        let show = marquee.a_show().create().await;
        let _ = ada.book(&show, &["A1"]).await;
        sold.push(show);
    }
    assert_eq!(marquee.stop().await.0, Some(0));
    let copied = launch(&data_dir, "").arguments(&["copy", "--to", &server.url("home")]).ended().await;
    assert_eq!(copied.code, Some(0), "{}", copied.errors);
    let elsewhere = tempfile::tempdir().unwrap();
    let marquee = launch(&elsewhere, &urls).ready().await;
    let bob = marquee.customer("Bob").await;
    for show in &sold {
        bob.reserve(show, &["A1"]).await.problem("seats_unavailable");
        let _ = bob.book(show, &["A2"]).await;
    }
    assert_eq!(count(&server, "second", "SELECT COUNT(*) FROM bookings").await, 0);
    assert_eq!(marquee.stop().await.0, Some(0));
}

#[tokio::test]
async fn a_show_that_is_not_there_is_not_moved() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let show = marquee.a_show().create().await;
    for (words, why) in [
        (["move", "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c", "--to", "1"], "there is no show"),
        (["move", &show.show_id, "--to", "7"], "there is no shard 7"),
        (["move", &show.show_id, "--to", "5000"], "there is no shard 5000"),
    ] {
        let refused = shards(&data_dir, &urls, &words).await;
        assert_ne!(refused.code, Some(0));
        assert!(refused.errors.contains(why), "{why}: {}", refused.errors);
    }
    let file = launch(&data_dir, "").arguments(&["shards", "status"]).ended().await;
    assert!(file.errors.contains("a file is one shard"), "{}", file.errors);
    assert_eq!(marquee.stop().await.0, Some(0));
}
