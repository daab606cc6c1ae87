//! The database's promises, on a real file.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use marquee_db::{Db, Error, Tx, params};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("marquee.db")
    }

    async fn with_table(&self) -> Db {
        let db = Db::open(&self.file()).unwrap();
        db.write(|tx| tx.execute("CREATE TABLE things (name TEXT PRIMARY KEY, n BIGINT NOT NULL)", &[])).await.unwrap();
        db
    }
}

fn insert(tx: &mut Tx<'_>, name: &str, n: i64) -> marquee_db::Result<usize> {
    tx.execute("INSERT INTO things (n, name) VALUES ($2, $1)", &params![name, n])
}

async fn count(db: &Db) -> i64 {
    db.read(|tx| tx.query_opt("SELECT COUNT(*) AS n FROM things", &[])?.unwrap().get("n")).await.unwrap()
}

#[tokio::test]
async fn a_placeholder_binds_by_its_number_wherever_it_stands() {
    let db = Place::new().with_table().await;
    db.write(|tx| insert(tx, "a", 7)).await.unwrap();
    let n: i64 = db
        .read(|tx| {
            tx.query_opt("SELECT n FROM things WHERE n = $2 AND name = $1", &params!["a", 7_i64])?.unwrap().get("n")
        })
        .await
        .unwrap();
    assert_eq!(n, 7);
}

#[tokio::test]
async fn an_error_rolls_the_whole_transaction_back() {
    let db = Place::new().with_table().await;
    let refused = db
        .write(|tx| {
            insert(tx, "a", 1)?;
            insert(tx, "a", 2)
        })
        .await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_panic_in_one_transaction_leaves_the_next_one_well() {
    let db = Place::new().with_table().await;
    let lost = db.write(|tx| -> marquee_db::Result<()> { insert(tx, "a", 1).map(|_| panic!("a fault of ours")) }).await;
    assert!(matches!(lost, Err(Error::Closed)));
    db.write(|tx| insert(tx, "a", 2)).await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn what_arrives_during_a_commit_shares_the_next_one() {
    let db = Place::new().with_table().await;
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

#[tokio::test]
async fn one_bad_item_never_fails_its_neighbours() {
    let db = Place::new().with_table().await;
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

#[tokio::test]
async fn a_full_queue_refuses_instead_of_waiting() {
    let db = Place::new().with_table().await;
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

#[tokio::test]
async fn a_backup_is_consistent_while_others_write() {
    let place = Place::new();
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
        let copy = place.dir.path().join(format!("copy-{round}.db"));
        db.backup(&copy).await.unwrap();
        assert_eq!(count(&Db::open(&copy).unwrap()).await % 2, 0);
        assert!(matches!(db.backup(&copy).await, Err(Error::Backup(_))));
    }
    stop.store(1, Ordering::SeqCst);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_marquee_is_refused() {
    let place = Place::new();
    let db = Db::open(&place.file()).unwrap();
    db.write(|tx| tx.execute("UPDATE schema_migrations SET sha256 = 'x' WHERE name = '0001_journal'", &[]))
        .await
        .unwrap();
    drop(db);
    assert!(Db::open(&place.file()).unwrap_err().to_string().contains("was changed after it had been applied"));
    let other = Place::new();
    let db = Db::open(&other.file()).unwrap();
    db.write(|tx| tx.execute("INSERT INTO schema_migrations VALUES ('9999_future', 'x')", &[])).await.unwrap();
    drop(db);
    assert!(Db::open(&other.file()).unwrap_err().to_string().contains("newer marquee"));
}

#[tokio::test]
async fn the_file_is_its_owner_s_alone_and_whole_after_a_checkpoint() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let db = place.with_table().await;
    db.write(|tx| insert(tx, "a", 1)).await.unwrap();
    db.probe().await.unwrap();
    for name in ["marquee.db", "marquee.db-wal", "marquee.db-shm"] {
        let mode = std::fs::metadata(place.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    db.checkpoint().await.unwrap();
    let alone = place.dir.path().join("alone.db");
    std::fs::copy(place.file(), &alone).unwrap();
    assert_eq!(count(&Db::open(&alone).unwrap()).await, 1);
}
