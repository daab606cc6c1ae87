//! `marquee copy --to URL`: all of a data directory, or nothing.

use std::path::Path;

use marquee_testkit::{Ended, Launch, Process, eventually};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::launch;
use super::servers::Server;
use crate::MARQUEE;

/// Rows that a file at rest has none of: in the tables that several databases agree by, that a consumer on Kafka remembers by, of
/// guests who are in, and of work to be done.
const SELDOM_THERE: &str = "
    INSERT INTO bookings SELECT x'00000000000070008000000000000008', x'0000000000007000800000000000000a', show_id, cinema_id,
        x'0000000000007000800000000000000b', outcome, total, currency, x'0000000000007000800000000000000c',
        x'0000000000007000800000000000000a', NULL, created_at, NULL, NULL, replace(seats, 'A-1', 'A-3'), NULL
        FROM bookings WHERE outcome = 'confirmed';
    INSERT INTO pending_bookings VALUES (x'00000000000070008000000000000008');
    INSERT INTO open_claims SELECT booking_id FROM pending_bookings;
    INSERT INTO idempotency_answers SELECT booking_id, user_id, 'order-2', 202, x'7b7d' FROM bookings_now WHERE status = 'pending';
    INSERT INTO show_seats (show_id, seat_id, status, booking_id)
        SELECT show_id, 'A-3', 'booked', booking_id FROM bookings_now WHERE status = 'pending';
    INSERT INTO payments SELECT payment_id, booking_id, show_id, total, currency, 'initiated', NULL, created_at, created_at
        FROM bookings_now WHERE status = 'pending';
    INSERT OR IGNORE INTO captures SELECT payment_id, 1 FROM payments WHERE state IN ('authorised', 'captured')
        AND payment_id NOT IN (SELECT payment_id FROM till_payments);
    UPDATE payments SET state = 'authorised' WHERE payment_id IN (SELECT payment_id FROM captures);
    INSERT INTO admissions SELECT show_id, unhex(json_extract(seats, '$[0].ticket_id'), '-'), booking_id, 'North', 'first', user_id, 1, 1
        FROM bookings_now WHERE status = 'confirmed';
    INSERT INTO contested_admissions SELECT show_id, 'second', ticket_id, booking_id, 'already_admitted', 'Side', admitted_by, 1, 2
        FROM admissions;
    INSERT INTO shards VALUES (0, 'file', 0, NULL);
    INSERT INTO shard_identity VALUES (1, 0, x'00000000000070008000000000000001');
    INSERT INTO show_moves VALUES (x'00000000000070008000000000000002', 0, 1, 1);
    INSERT INTO shard_pauses VALUES (0, 1, 2);
    INSERT INTO refused_moves VALUES (x'00000000000070008000000000000008');
    INSERT INTO departed_shows VALUES (x'00000000000070008000000000000003', x'00000000000070008000000000000004', 0, 1, NULL);
    INSERT INTO arrived_moves VALUES (x'00000000000070008000000000000005', x'00000000000070008000000000000002', 1);
    INSERT OR IGNORE INTO holds_placed VALUES (x'00000000000070008000000000000009', 1, 1);
    INSERT INTO consumed_events VALUES ('test', x'00000000000070008000000000000007', 1);
    INSERT INTO leases VALUES ('test', x'00000000000070008000000000000006', 1, 0);";

/// A data directory with rows in every table, and what is to be found in it again.
struct Moved {
    data_dir: TempDir,
    ada: marquee_testkit::Person,
    booking: Value,
    kept: Value,
}

impl Moved {
    async fn out() -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let marquee = Launch::new(MARQUEE, data_dir.path()).ready().await;
        let _ = marquee.a_movie().with("genres", json!(["Drama"])).create().await;
        let (show, called_off) = (marquee.a_show().create().await, marquee.a_show().create().await);
        let ada = marquee.customer("Ada").await;
        let lock = ada.hold(&show, &["A1"]).await;
        let booking = ada.pay_once(&lock, "pm_card_visa", "order-1").await.created();
        let returned = ada.book(&show, &["A2"]).await;
        let _ = ada.cancel(&returned).await.ok();
        let clerk = marquee.admin().await;
        let at_till = clerk.pay(&clerk.hold(&show, &["B2"]).await, "pm_till_cash").await.created();
        let _ = clerk.cancel(&at_till).await.ok();
        let _ = marquee.admin().await.delete(&called_off.admin_path()).await.ok();
        let kept = ada.hold(&show, &["B1"]).await;
        // A consumer of the journal closes the show, in its own time.
        let file = Connection::open(data_dir.path().join("marquee.db")).unwrap();
        eventually("the show that was called off is closed", async || {
            let closed: i64 = file.query_row("SELECT COUNT(*) FROM closed_shows", [], |row| row.get(0)).unwrap();
            (closed > 0).then_some(())
        })
        .await;
        drop(file);
        assert_eq!(marquee.stop().await.0, Some(0));
        let moved = Self { data_dir, ada, booking, kept };
        moved.file().execute_batch(SELDOM_THERE).unwrap();
        moved
    }

    fn file(&self) -> Connection {
        Connection::open(self.data_dir.path().join("marquee.db")).unwrap()
    }

    async fn copied_to(&self, url: &str) -> Ended {
        Launch::new(MARQUEE, self.data_dir.path()).arguments(&["copy", "--to", url]).ended().await
    }

    /// The directory without its file, as a node of the server has it.
    async fn served_from(&self, url: &str) -> Process {
        std::fs::rename(self.data_dir.path().join("marquee.db"), self.data_dir.path().join("before.db")).unwrap();
        launch(&self.data_dir, url).ready().await
    }
}

fn tables(file: &Connection) -> Vec<(String, i64)> {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut names = file.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names
        .map(|name| {
            let name = name.unwrap();
            let count = file.query_row(&format!("SELECT COUNT(*) FROM {name}"), [], |row| row.get(0)).unwrap();
            (name, count)
        })
        .collect()
}

async fn tables_of(server: &Server, database: &str) -> Vec<(String, i64)> {
    let client = server.client_of(database).await;
    let names = "SELECT tablename::text COLLATE \"C\" FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    let mut found = Vec::new();
    for row in client.query(names, &[]).await.unwrap() {
        let name: String = row.get(0);
        let count = client.query_one(&format!("SELECT COUNT(*) FROM {name}"), &[]).await.unwrap().get(0);
        found.push((name, count));
    }
    found
}

/// What it said in one line when it refused.
fn refusal(ended: &Ended) -> &str {
    assert_ne!(ended.code, Some(0), "{:?}", ended.output);
    assert_eq!(ended.output, [""; 0]);
    ended.errors.trim_end().lines().last().unwrap()
}

#[tokio::test]
async fn every_table_goes_over_and_people_find_what_they_had() {
    let (server, moved) = (Server::start(), Moved::out().await);
    let before = tables(&moved.file());
    // A table that is empty here would not be missed there: give it a row above.
    assert!(before.iter().all(|(_, rows)| *rows > 0), "{before:?}");
    let copied = moved.copied_to(&server.url("postgres")).await;
    assert_eq!(copied.code, Some(0), "{}", copied.errors);
    assert_eq!(tables_of(&server, "postgres").await, before);
    for (table, rows) in &before {
        let line = format!("{table}: {rows} rows, sha256 ");
        assert!(copied.output.iter().any(|said| said.starts_with(&line)), "{line}: {:?}", copied.output);
        assert!(copied.errors.contains(&format!("copying {table}\n")), "{}", copied.errors);
    }
    assert_eq!(tables(&moved.file()), before, "the file stays as it was");

    let marquee = moved.served_from(&server.url("postgres")).await;
    let ada = moved.ada.at(&marquee);
    assert_eq!(ada.booking(&moved.booking).await, moved.booking);
    // The hold that the last stop wrote down came along too.
    let _ = ada.pay(&moved.kept, "pm_card_visa").await.created();
    let _ = marquee.again(&ada).await;
    let show = marquee.a_show().create().await;
    let _ = ada.book(&show, &["A1"]).await;
    assert_eq!(marquee.stop().await.0, Some(0));
    let checked = launch(&moved.data_dir, &server.url("postgres")).arguments(&["check"]).ended().await;
    assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
}

#[tokio::test]
async fn a_database_that_is_not_empty_is_refused_in_one_line() {
    let (server, moved) = (Server::start(), Moved::out().await);
    for database in ["taken", "strange", "migrated"] {
        server.create(database).await;
    }
    assert_eq!(moved.copied_to(&server.url("taken")).await.code, Some(0));
    let there = tables_of(&server, "taken").await;
    let again = moved.copied_to(&server.url("taken")).await;
    assert!(refusal(&again).contains("not empty") && again.errors.lines().count() == 1, "{}", again.errors);
    assert_eq!(tables_of(&server, "taken").await, there);

    server.client_of("strange").await.batch_execute("CREATE TABLE ours (id BIGINT)").await.unwrap();
    let strange = moved.copied_to(&server.url("strange")).await;
    assert!(refusal(&strange).contains("ours") && strange.errors.lines().count() == 1, "{}", strange.errors);
    assert_eq!(tables_of(&server, "strange").await, [("ours".to_owned(), 0)]);

    let data_dir = tempfile::tempdir().unwrap();
    let migrated = launch(&data_dir, &server.url("migrated")).arguments(&["migrate"]).ended().await;
    assert_eq!(migrated.code, Some(0), "{}", migrated.errors);
    assert_eq!(moved.copied_to(&server.url("migrated")).await.code, Some(0), "a schema without rows is empty");
}

#[tokio::test]
async fn what_cannot_go_over_whole_leaves_nothing_behind() {
    let (server, moved) = (Server::start(), Moved::out().await);
    for (spoilt, restored, says) in [
        ("UPDATE users SET name = CAST(x'41ff' AS TEXT)", "UPDATE users SET name = 'Ada'", "users.name holds"),
        (
            "UPDATE shows SET cancelled = 7 WHERE NOT cancelled",
            "UPDATE shows SET cancelled = 0 WHERE cancelled = 7",
            "shows.cancelled",
        ),
        (
            "UPDATE journal SET at = at + 1 WHERE seq = 1",
            "UPDATE journal SET at = at - 1 WHERE seq = 1",
            "marquee check",
        ),
    ] {
        assert!(moved.file().execute(spoilt, []).unwrap() > 0);
        let refused = moved.copied_to(&server.url("postgres")).await;
        assert!(refusal(&refused).contains(says), "{}", refused.errors);
        assert_eq!(tables_of(&server, "postgres").await, [], "{spoilt}");
        assert!(moved.file().execute(restored, []).unwrap() > 0);
    }
    assert_eq!(moved.copied_to(&server.url("postgres")).await.code, Some(0));
}

#[tokio::test]
async fn a_directory_that_a_server_sells_from_or_that_is_empty_is_refused() {
    let (data_dir, nowhere) = (tempfile::tempdir().unwrap(), "postgres://marquee@127.0.0.1:9/marquee");
    let copy = |to: &str| Launch::new(MARQUEE, data_dir.path()).arguments(&["copy", "--to", to]);
    assert!(refusal(&copy(nowhere).ended().await).contains("nothing to copy"));
    let marquee = Launch::new(MARQUEE, data_dir.path()).ready().await;
    assert!(refusal(&copy(nowhere).ended().await).contains("in use by another marquee"));
    marquee.kill();
    assert!(refusal(&copy("mysql://marquee@127.0.0.1/marquee").ended().await).starts_with("marquee: --to must"));
    let refused = copy(nowhere).ended().await;
    assert!(refusal(&refused).contains("does not answer"), "{}", refused.errors);
    assert!(Path::new(data_dir.path()).join("marquee.db").exists());
}
