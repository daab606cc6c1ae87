//! A database that an older Marquee has sold from is brought up to date with everything that it has.

use marquee_db::MIGRATIONS;
use marquee_testkit::Launch;
use serde_json::{Value, json};

use super::launch;
use super::servers::Server;
use crate::MARQUEE;

/// Migrations of the older Marquee.
const OLDER: usize = 10;
/// A booking that is confirmed and not captured, one that is pending, one that failed: `$id` stands for an id as the engine writes it.
const SOLD: &str = "
    INSERT INTO bookings (booking_id, user_id, show_id, cinema_id, hold_id, status, total, currency, payment_id, booked_by, created_at)
    VALUES ($1$, $9$, $8$, $9$, $9$, 'confirmed', 500, 'INR', $4$, $9$, 1),
           ($2$, $9$, $8$, $9$, $9$, 'pending', 250, 'INR', $5$, $9$, 2),
           ($3$, $9$, $8$, $9$, $9$, 'failed', 250, 'INR', $6$, $9$, 3);
    INSERT INTO booking_seats (booking_id, seat_id, position, label, category, price, ticket_id)
    VALUES ($1$, 'A-2', 0, 'A 2', 'gold', 250, $1$), ($1$, 'A-1', 1, 'A \"1\"', 'gold', 250, $2$),
           ($2$, 'A-3', 0, 'A 3', 'gold', 250, $3$), ($3$, 'A-4', 0, 'A 4', 'gold', 250, $4$);
    INSERT INTO show_seats (show_id, seat_id, status, booking_id)
    VALUES ($8$, 'A-1', 'booked', $1$), ($8$, 'A-2', 'booked', $1$), ($8$, 'A-3', 'claimed', $2$);
    INSERT INTO payments (payment_id, booking_id, show_id, amount, currency, state, capture_due_at, created_at, updated_at)
    VALUES ($4$, $1$, $8$, 500, 'INR', 'authorised', 77, 1, 1), ($5$, $2$, $8$, 250, 'INR', 'initiated', NULL, 2, 2),
           ($6$, $3$, $8$, 250, 'INR', 'failed', NULL, 3, 3);";
const SEATS: &str = "SELECT seats FROM bookings ORDER BY created_at";
const PENDING: &str = "
    SELECT CAST(COUNT(*) AS BIGINT) FROM pending_bookings JOIN bookings_now b USING (booking_id) JOIN seats_now s USING (booking_id)
    WHERE b.status = 'pending' AND s.status = 'claimed'";
const STANDING: &str = "
    SELECT CAST(COUNT(*) AS BIGINT) FROM bookings_now b JOIN seats_now s USING (booking_id)
    WHERE b.status = 'confirmed' AND s.status = 'booked'";
const CAPTURES: &str =
    "SELECT CAST(SUM(due_at) AS BIGINT) FROM captures JOIN payments USING (payment_id) WHERE state = 'authorised'";

fn id(n: u8) -> String {
    format!("{n:02x}").repeat(16)
}

fn sold(written: impl Fn(&str) -> String) -> String {
    (1..=9).fold(SOLD.to_owned(), |sql, n| sql.replace(&format!("${n}$"), &written(&id(n))))
}

fn simple(ticket_id: &Value) -> String {
    ticket_id.as_str().unwrap().replace('-', "")
}

fn assert_whole(seats: &[String], [pending, standing, captures]: [i64; 3]) {
    let seats: Vec<Vec<Value>> = seats.iter().map(|seats| serde_json::from_str(seats).unwrap()).collect();
    assert_eq!(seats.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    let [first, second] = &seats[0][..] else { panic!("{seats:?}") };
    assert_eq!((&first["seat_id"], &first["price"], simple(&first["ticket_id"])), (&json!("A-2"), &json!(250), id(1)));
    assert_eq!((&second["label"], &second["category"]), (&json!("A \"1\""), &json!("gold")));
    assert_eq!((pending, standing, captures), (1, 2, 77));
}

async fn migrate(launch: &Launch) {
    let ended = launch.clone().arguments(&["migrate"]).ended().await;
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_file_keeps_what_it_has_sold() {
    let (newest, older) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    migrate(&Launch::new(MARQUEE, newest.path())).await;
    let file = rusqlite::Connection::open(older.path().join("marquee.db")).unwrap();
    file.execute_batch("CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)").unwrap();
    for (_, text) in &MIGRATIONS[..OLDER] {
        file.execute_batch(&text.replace("--@sqlite ", "")).unwrap();
    }
    file.execute("ATTACH $1 AS newest", [newest.path().join("marquee.db").to_str().unwrap()]).unwrap();
    let history = "INSERT INTO schema_migrations SELECT * FROM newest.schema_migrations ORDER BY name LIMIT $1";
    assert_eq!(file.execute(history, [OLDER as i64]).unwrap(), OLDER);
    file.execute_batch(&sold(|id| format!("x'{id}'"))).unwrap();
    drop(file);
    migrate(&Launch::new(MARQUEE, older.path())).await;
    let file = rusqlite::Connection::open(older.path().join("marquee.db")).unwrap();
    let mut seats = file.prepare(SEATS).unwrap();
    let seats: Vec<String> = seats.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let number = |sql: &str| file.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_whole(&seats, [PENDING, STANDING, CAPTURES].map(number));
}

#[tokio::test]
async fn a_server_keeps_what_it_has_sold() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    server.create("newest").await;
    server.create("marquee").await;
    migrate(&launch(&data_dir, &server.url("newest"))).await;
    let (newest, older) = (server.client_of("newest").await, server.client_of("marquee").await);
    older.batch_execute("CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)").await.unwrap();
    for (_, text) in &MIGRATIONS[..OLDER] {
        older.batch_execute(text).await.unwrap();
    }
    for row in
        newest.query("SELECT name, sha256 FROM schema_migrations ORDER BY name", &[]).await.unwrap().iter().take(OLDER)
    {
        let (name, sha256): (String, String) = (row.get(0), row.get(1));
        older.execute("INSERT INTO schema_migrations VALUES ($1, $2)", &[&name, &sha256]).await.unwrap();
    }
    older.batch_execute(&sold(|id| format!("'{id}'"))).await.unwrap();
    migrate(&launch(&data_dir, &server.url("marquee"))).await;
    let seats = older.query(SEATS, &[]).await.unwrap().iter().map(|row| row.get(0)).collect::<Vec<String>>();
    let number = async |sql: &str| older.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    assert_whole(&seats, [number(PENDING).await, number(STANDING).await, number(CAPTURES).await]);
}
