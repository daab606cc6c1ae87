//! The database's promises, kept by each engine. The tests bring a PostgreSQL server of their own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod many;
mod server;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use marquee_db::{Db, Error, Tx, params};

use many::*;

/// The address of a server that ends with this process: it lives until its standard input is closed.
static SERVER: LazyLock<String> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with_postgres.py");
    let mut server = Command::new(script)
        .args(["sh", "-c", "echo $MARQUEE_TEST_POSTGRES; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(!address.is_empty(), "no PostgreSQL server; what is missing is said above");
    std::mem::forget(server);
    address.trim().to_owned()
});
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// A database of one test.
enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(String),
}

impl Place {
    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// Databases are left behind: their server goes away with them.
    async fn postgres() -> Self {
        let (admin, connection) = tokio_postgres::connect(&SERVER, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let name = format!("db_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let host = SERVER.strip_suffix("/postgres").unwrap();
        Self::Postgres(format!("{host}/{name}"))
    }

    fn open(&self) -> marquee_db::Result<Db> {
        match self {
            Place::Sqlite(_) => Db::open(&self.file()),
            Place::Postgres(url) => Db::connect(url),
        }
    }

    /// The database as another node sees it.
    fn another(&self) -> Db {
        self.open().unwrap()
    }

    fn file(&self) -> PathBuf {
        match self {
            Place::Sqlite(dir) => dir.path().join("marquee.db"),
            Place::Postgres(_) => PathBuf::new(),
        }
    }

    async fn with_table(&self) -> Db {
        let db = self.open().unwrap();
        db.write(|tx| tx.execute("CREATE TABLE things (name TEXT PRIMARY KEY, n BIGINT NOT NULL)", &[])).await.unwrap();
        db
    }
}

/// Each of the promises, once for each engine.
macro_rules! both {
    ($($promise:ident),+ $(,)?) => {
        mod on_sqlite { $(
            #[tokio::test]
            async fn $promise() { super::$promise(super::Place::sqlite()).await; }
        )+ }
        mod on_postgres { $(
            #[tokio::test]
            async fn $promise() { super::$promise(super::Place::postgres().await).await; }
        )+ }
    };
}

both!(
    a_placeholder_binds_by_its_number_wherever_it_stands,
    a_probe_writes_and_changes_nothing,
    an_error_rolls_the_whole_transaction_back,
    a_panic_in_one_transaction_leaves_the_next_one_well,
    what_arrives_during_a_commit_shares_the_next_one,
    one_bad_item_never_fails_its_neighbours,
    a_full_queue_refuses_instead_of_waiting,
    a_database_of_another_marquee_is_refused,
    a_database_of_a_newer_marquee_is_refused,
    what_failed_inside_a_transaction_fails_it_even_when_nobody_looks,
    a_value_comes_back_as_it_went_in,
    text_sorts_by_its_bytes,
    each_item_of_many_has_its_own_count,
    a_venture_that_goes_well_is_kept,
    a_venture_in_vain_leaves_nothing_and_spoils_nothing,
    a_failure_before_a_venture_or_of_another_kind_fails_the_transaction,
    each_item_of_many_has_its_own_rows,
    what_is_asked_early_is_answered_as_it_was_then,
    what_nobody_asks_about_is_there_after_the_commit,
    what_nobody_asks_about_fails_its_transaction_for_certain,
    writers_of_two_nodes_never_lose_an_update,
);

fn insert(tx: &mut Tx<'_>, name: &str, n: i64) -> marquee_db::Result<usize> {
    tx.execute("INSERT INTO things (n, name) VALUES ($2, $1)", &params![name, n])
}

async fn count(db: &Db) -> i64 {
    db.read(|tx| tx.query_opt("SELECT COUNT(*) AS n FROM things", &[])?.unwrap().get("n")).await.unwrap()
}

async fn a_placeholder_binds_by_its_number_wherever_it_stands(place: Place) {
    let db = place.with_table().await;
    db.write(|tx| insert(tx, "a", 7)).await.unwrap();
    let n: i64 = db
        .read(|tx| {
            tx.query_opt("SELECT n FROM things WHERE n = $2 AND name = $1", &params!["a", 7_i64])?.unwrap().get("n")
        })
        .await
        .unwrap();
    assert_eq!(n, 7);
}

async fn a_probe_writes_and_changes_nothing(place: Place) {
    let db = place.with_table().await;
    db.probe().await.unwrap();
    assert_eq!(count(&db).await, 0);
}

async fn an_error_rolls_the_whole_transaction_back(place: Place) {
    let db = place.with_table().await;
    let refused = db
        .write(|tx| {
            insert(tx, "a", 1)?;
            insert(tx, "a", 2)
        })
        .await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
    assert_eq!(count(&db).await, 0);
}

async fn a_panic_in_one_transaction_leaves_the_next_one_well(place: Place) {
    let db = place.with_table().await;
    let lost = db.write(|tx| -> marquee_db::Result<()> { insert(tx, "a", 1).map(|_| panic!("a fault of ours")) }).await;
    assert!(matches!(lost, Err(Error::Closed)));
    db.write(|tx| insert(tx, "a", 2)).await.unwrap();
    assert_eq!(count(&db).await, 1);
}

async fn what_arrives_during_a_commit_shares_the_next_one(place: Place) {
    let db = place.with_table().await;
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = commits.clone();
    let lane = db.lane("test", move |tx, items: &[i64]| {
        counted.fetch_add(1, Ordering::SeqCst);
        items.iter().map(|n| insert(tx, &n.to_string(), *n).map(|_| *n)).collect()
    });
    let all = (0..500_i64).map(|n| {
        let lane = lane.clone();
        tokio::spawn(async move { (n, lane.submit(n).await.unwrap()) })
    });
    for task in all.collect::<Vec<_>>() {
        let (asked, answered) = task.await.unwrap();
        assert_eq!(asked, answered);
    }
    assert_eq!(count(&db).await, 500);
    assert!(commits.load(Ordering::SeqCst) < 250, "{} commits for 500 items", commits.load(Ordering::SeqCst));
}

async fn one_bad_item_never_fails_its_neighbours(place: Place) {
    let db = place.with_table().await;
    let lane = db.lane("test", |tx, items: &[&'static str]| items.iter().map(|name| insert(tx, name, 1)).collect());
    // The gate holds the writer until all three wait, so that they form one batch.
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let held = tokio::spawn({
        let db = db.clone();
        async move { db.write(move |_| gate.recv().map_err(|_| Error::Closed)).await }
    });
    let submit = |name| {
        let lane = lane.clone();
        tokio::spawn(async move { lane.submit(name).await })
    };
    let (first, twin, other) = (submit("a"), submit("a"), submit("b"));
    open.send(()).unwrap();
    held.await.unwrap().unwrap();
    let twins = [first.await.unwrap(), twin.await.unwrap()];
    assert_eq!(twins.iter().filter(|verdict| verdict.is_ok()).count(), 1);
    assert!(twins.iter().any(|verdict| matches!(verdict, Err(Error::Conflict(_)))));
    assert!(other.await.unwrap().is_ok());
    assert_eq!(count(&db).await, 2);
}

async fn a_full_queue_refuses_instead_of_waiting(place: Place) {
    let db = place.with_table().await;
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let blocked = db.write(move |_| gate.recv().map_err(|_| Error::Closed));
    let mut blocked = std::pin::pin!(blocked);
    assert!(futures_now(blocked.as_mut()).is_none());
    let mut waiting = Vec::new();
    let refused = loop {
        let mut next = Box::pin(db.write(|_| Ok::<_, Error>(())));
        match futures_now(next.as_mut()) {
            None => waiting.push(next),
            Some(answer) => break answer,
        }
        assert!(waiting.len() < 10_000);
    };
    assert!(matches!(refused, Err(Error::Busy)));
    open.send(()).unwrap();
    blocked.await.unwrap();
}

/// Polls once: what the future has to say now.
fn futures_now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

async fn a_database_of_another_marquee_is_refused(place: Place) {
    let db = place.open().unwrap();
    let change = "UPDATE schema_migrations SET sha256 = 'x' WHERE name = '0001_journal'";
    db.write(move |tx| tx.execute(change, &[])).await.unwrap();
    drop(db);
    assert!(place.open().unwrap_err().to_string().contains("was changed after it had been applied"));
}

async fn a_database_of_a_newer_marquee_is_refused(place: Place) {
    let db = place.open().unwrap();
    db.write(|tx| tx.execute("INSERT INTO schema_migrations VALUES ('9999_future', 'x')", &[])).await.unwrap();
    drop(db);
    assert!(place.open().unwrap_err().to_string().contains("newer marquee"));
}

async fn what_failed_inside_a_transaction_fails_it_even_when_nobody_looks(place: Place) {
    let db = place.with_table().await;
    let outcome = db
        .write(|tx| {
            insert(tx, "a", 1)?;
            let twin = insert(tx, "a", 2);
            assert!(matches!(twin, Err(Error::Conflict(_))));
            Ok::<_, Error>(())
        })
        .await;
    // SQLite keeps what went before, PostgreSQL cannot: what matters is that the answer says which.
    assert_eq!(count(&db).await, i64::from(outcome.is_ok()));
}

async fn a_value_comes_back_as_it_went_in(place: Place) {
    let db = place.with_table().await;
    let made = "CREATE TABLE kinds (id BIGINT PRIMARY KEY, flag BOOLEAN, key UUID, raw BYTEA, words TEXT)";
    db.write(move |tx| tx.execute(made, &[])).await.unwrap();
    let (key, raw, words) = (uuid::Uuid::from_u128(7), vec![0_u8, 255], "naïve \u{1F3AC} 'quoted'".to_owned());
    let row = params![1_i64, true, key, raw.clone(), words.clone()];
    let none = params![
        2_i64,
        Option::<bool>::None,
        Option::<uuid::Uuid>::None,
        Option::<Vec<u8>>::None,
        Option::<String>::None
    ];
    db.write(|tx| tx.execute_each("INSERT INTO kinds VALUES ($1, $2, $3, $4, $5)", [row, none])).await.unwrap();
    let rows = db.read(|tx| tx.query("SELECT * FROM kinds ORDER BY id", &[])).await.unwrap();
    assert!(rows[0].get::<bool>("flag").unwrap());
    assert_eq!(rows[0].get::<uuid::Uuid>("key").unwrap(), key);
    assert_eq!(rows[0].get::<Vec<u8>>("raw").unwrap(), raw);
    assert_eq!(rows[0].get::<String>("words").unwrap(), words);
    assert_eq!(rows[1].get::<Option<bool>>("flag").unwrap(), None);
    assert_eq!(rows[1].get::<Option<String>>("words").unwrap(), None);
}

async fn text_sorts_by_its_bytes(place: Place) {
    let db = place.open().unwrap();
    let names = ["Zebra", "apple", "Äpfel", "a b", "a-b", "ab"];
    let consumers = names.map(|name| params![name, 0_i64]);
    db.write(|tx| tx.execute_each("INSERT INTO journal_offsets (consumer, seq) VALUES ($1, $2)", consumers))
        .await
        .unwrap();
    let rows = db.read(|tx| tx.query("SELECT consumer FROM journal_offsets ORDER BY consumer", &[])).await.unwrap();
    let mut sorted = names.map(str::to_owned);
    sorted.sort();
    assert_eq!(rows.iter().map(|row| row.get::<String>("consumer").unwrap()).collect::<Vec<_>>(), sorted);
}

async fn writers_of_two_nodes_never_lose_an_update(place: Place) {
    let (one, two) = (place.with_table().await, place.another());
    one.write(|tx| insert(tx, "counter", 0)).await.unwrap();
    let add = |db: Db| {
        tokio::spawn(async move {
            for _ in 0..100 {
                db.write(|tx| {
                    let n: i64 = tx.query_opt("SELECT n FROM things", &[])?.unwrap().get("n")?;
                    tx.execute("UPDATE things SET n = $1", &params![n + 1])
                })
                .await
                .unwrap();
            }
        })
    };
    let (first, second) = (add(one.clone()), add(two));
    first.await.unwrap();
    second.await.unwrap();
    let n: i64 = one.read(|tx| tx.query_opt("SELECT n FROM things", &[])?.unwrap().get("n")).await.unwrap();
    assert_eq!(n, 200);
}

#[tokio::test]
async fn a_backup_is_consistent_while_others_write() {
    let place = Place::sqlite();
    let db = place.with_table().await;
    let stop = Arc::new(AtomicUsize::new(0));
    let writer = tokio::spawn({
        let (db, stop) = (db.clone(), stop.clone());
        async move {
            let mut n = 0_i64;
            while stop.load(Ordering::SeqCst) == 0 {
                // Always in pairs: a copy that holds half of one is torn.
                db.write(move |tx| {
                    insert(tx, &format!("{n}-a"), n)?;
                    insert(tx, &format!("{n}-b"), n)
                })
                .await
                .unwrap();
                n += 1;
            }
        }
    });
    for round in 0..5 {
        let copy = place.file().with_file_name(format!("copy-{round}.db"));
        db.backup(&copy).await.unwrap();
        assert_eq!(count(&Db::open(&copy).unwrap()).await % 2, 0);
        assert!(matches!(db.backup(&copy).await, Err(Error::Backup(_))));
    }
    stop.store(1, Ordering::SeqCst);
    writer.await.unwrap();
}

#[tokio::test]
async fn the_file_is_its_owner_s_alone_and_whole_after_a_checkpoint() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let db = place.with_table().await;
    db.write(|tx| insert(tx, "a", 1)).await.unwrap();
    db.probe().await.unwrap();
    for name in ["marquee.db", "marquee.db-wal", "marquee.db-shm"] {
        let mode = std::fs::metadata(place.file().with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    db.checkpoint().await.unwrap();
    let alone = place.file().with_file_name("alone.db");
    std::fs::copy(place.file(), &alone).unwrap();
    assert_eq!(count(&Db::open(&alone).unwrap()).await, 1);
}
