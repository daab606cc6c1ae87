//! `marquee check` over several databases: what no single one of them shows.

use marquee_testkit::Show;

use super::launch;
use super::servers::Server;
use super::sharding::{SHOWS, checks_clean, one_on_each, two_databases};

/// An id that is nobody's.
const NOBODY: &str = "01900000-0000-7000-8000-00000000000";

#[tokio::test]
async fn what_is_wrong_between_databases_is_found() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    let urls = two_databases(&server).await;
    let marquee = launch(&data_dir, &urls).ready().await;
    let ada = marquee.customer("Ada").await;
    let [(home, _), (second, _)] = one_on_each(&marquee, &ada, &server).await;
    let lock = ada.hold(&second, &["A3"]).await;
    let _ = ada.pay_once(&lock, "pm_card_visa", "order-1").await.created();
    let mut unsold = Vec::new();
    for _ in 0..SHOWS {
        unsold.push(marquee.a_show().create().await);
    }
    assert_eq!(marquee.stop().await.0, Some(0));
    checks_clean(&data_dir, &urls).await;

    let (in_home, in_second) = (server.client_of("home").await, server.client_of("second").await);
    let blocked = |show_id: &str| {
        format!(
            "INSERT INTO show_seats (show_id, seat_id, status, booking_id) VALUES ('{show_id}', 'stray', 'blocked', NULL);"
        )
    };
    let id = |show: &Show| show.show_id.clone();
    let keys = in_second.query("SELECT user_id::text, request_hash FROM idempotency_keys", &[]).await.unwrap();
    let (user, hash) = (keys[0].get::<_, String>(0), keys[0].get::<_, Vec<u8>>(1));
    let wrong = format!(
        "INSERT INTO idempotency_keys VALUES ('{user}', 'order-1', '\\x{}', '{NOBODY}1');
         INSERT INTO departed_shows VALUES ('{NOBODY}2', '{NOBODY}2', 1, 1, NULL);
         INSERT INTO departed_shows VALUES ('{NOBODY}3', '{NOBODY}3', 1, 1, '{{}}');
         INSERT INTO show_moves VALUES ('{NOBODY}4', 1, 1, 1);
         {}",
        hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        blocked(&id(&second)),
    );
    in_home.batch_execute(&wrong).await.unwrap();
    // It left, arrived, and nobody noted it.
    let left = format!("INSERT INTO departed_shows VALUES ('{}', '{NOBODY}5', 1, 1, NULL)", id(&home));
    in_home.batch_execute(&left).await.unwrap();
    let arrived = format!("INSERT INTO arrived_moves VALUES ('{NOBODY}5', '{}', 1)", id(&home));
    in_second.batch_execute(&arrived).await.unwrap();
    let unsold_there: String = unsold.iter().map(|show| blocked(&show.show_id)).collect();
    in_second.batch_execute(&format!("{}{unsold_there}", blocked(&id(&home)))).await.unwrap();
    let checked = launch(&data_dir, &urls).arguments(&["check"]).ended().await;
    assert_ne!(checked.code, Some(0));
    for fault in [
        format!("show {}: seats on shard 0; it lives on shard 1, which was sold of it, too", id(&second)),
        format!("show {}: seats on shard 1; it lives on shard 0, which was sold of it, too", id(&home)),
        format!("user {user}: one key for booking {NOBODY}1 on shard 0 and for booking "),
        format!("show {NOBODY}2 left shard 0 for shard 1, and has not arrived there"),
        format!("show {NOBODY}3 is on its way from shard 0 to shard 1 since 1970"),
        format!("show {} is on shard 0 by the directory, and has left it", id(&home)),
        format!("show {NOBODY}4 is on shard 1 by the directory, and never arrived there"),
    ] {
        assert!(checked.errors.contains(&fault), "{fault}\n{}", checked.errors);
    }
    let strays = |show: &&Show| {
        let fault = format!("show {}: seats on shard 1; it lives on shard 0, which has nothing of it", show.show_id);
        checked.errors.contains(&fault)
    };
    let strays = unsold.iter().filter(strays).count();
    assert!((1..SHOWS).contains(&strays), "those of home, and not those that live where the rows are: {strays}");
    // Last: a shard that takes shows changes where all of them should be.
    in_home.batch_execute("INSERT INTO shards VALUES (7, 'nowhere', 0, NULL)").await.unwrap();
    let checked = launch(&data_dir, &urls).arguments(&["check"]).ended().await;
    assert!(checked.errors.contains("shard 7 takes shows, and no database is it"), "{}", checked.errors);
}
