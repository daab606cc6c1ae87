//! What only a server does: it commits slowly, ends connections, or is not there.

use super::*;

/// What makes every commit of `things` wait for the lock 42.
const SLOW_COMMITS: &str = "
    CREATE FUNCTION wait() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();";
/// How many wait to begin, of those that write.
const WAITING_WRITERS: &str = "
    SELECT COUNT(*) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = x'4d51'::int::oid AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn the_next_batch_is_at_the_lock_before_the_commit_before_it_is_answered() {
    let place = Place::postgres().await;
    let Place::Postgres(url) = &place else { unreachable!() };
    let db = place.with_table().await;
    let (admin, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    admin.batch_execute(SLOW_COMMITS).await.unwrap();
    admin.batch_execute("SELECT pg_advisory_lock(42)").await.unwrap();
    let (said, mut says) = tokio::sync::mpsc::unbounded_channel();
    let lane = db.lane("test", move |tx, items: &[i64]| {
        said.send(items.len()).unwrap();
        items.iter().map(|n| insert(tx, &n.to_string(), *n)).collect()
    });
    let submit = |n| {
        let lane = lane.clone();
        tokio::spawn(async move { lane.submit(n).await })
    };
    let first = submit(1);
    assert_eq!(says.recv().await, Some(1));
    let second = submit(2);
    assert_eq!(says.recv().await, Some(1), "composed while the first commits");
    let waits = async {
        while admin.query_one(WAITING_WRITERS, &[]).await.unwrap().get::<_, i64>(0) != 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waits).await.unwrap();
    admin.batch_execute("SELECT pg_advisory_unlock(42)").await.unwrap();
    assert_eq!((first.await.unwrap().unwrap(), second.await.unwrap().unwrap()), (1, 1));
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn what_comes_while_the_writers_are_at_others_goes_as_one_batch() {
    let db = Place::postgres().await.with_table().await;
    let (said, mut says) = tokio::sync::mpsc::unbounded_channel();
    let lane = db.lane("test", move |tx, items: &[i64]| {
        said.send(items.len()).unwrap();
        items.iter().map(|n| insert(tx, &n.to_string(), *n)).collect()
    });
    // Neither writer has waited for the server's lock: the one without the turn is kept by nobody.
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let mut let_on = Vec::new();
    for _ in 0..2 {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (db, begun) = (db.clone(), begun.clone());
        let work = move |_: &mut Tx<'_>| {
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok::<_, Error>(())
        };
        let_on.push((release, tokio::spawn(async move { db.write(work).await })));
    }
    begins.recv().await.unwrap();
    begins.recv().await.unwrap();
    let mut calls: Vec<_> = (1..=3).map(|n| Box::pin(lane.submit(n))).collect();
    assert!(calls.iter_mut().all(|call| futures_now(call.as_mut()).is_none()));
    for (release, write) in let_on {
        release.send(()).unwrap();
        write.await.unwrap().unwrap();
    }
    for call in calls {
        assert_eq!(call.await.unwrap(), 1);
    }
    assert_eq!(says.recv().await, Some(3));
}

#[tokio::test]
async fn a_batch_that_never_gets_the_lock_is_refused_as_one() {
    let place = Place::postgres().await;
    let Place::Postgres(url) = &place else { unreachable!() };
    let db = place.with_table().await;
    let (admin, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    admin.batch_execute("SELECT pg_advisory_lock(x'4d51'::int, 1)").await.unwrap();
    let lane = db.lane("test", |tx, items: &[i64]| items.iter().map(|n| insert(tx, &n.to_string(), *n)).collect());
    let begun = std::time::Instant::now();
    let calls = (1..=20).map(|n| lane.submit(n));
    let refused = futures_util::future::join_all(calls).await;
    assert!(refused.iter().all(|verdict| matches!(verdict, Err(Error::Busy))), "{refused:?}");
    // The first alone, the others together, at the same time or one after the other: not twenty times six seconds.
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
    admin.batch_execute("SELECT pg_advisory_unlock(x'4d51'::int, 1)").await.unwrap();
    assert_eq!((lane.submit(21).await.unwrap(), count(&db).await), (1, 1));
}

#[tokio::test]
async fn a_first_host_that_never_answers_is_waited_for_once() {
    // Its kernel takes connections, and nobody ever looks at them.
    let hangs = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = hangs.local_addr().unwrap();
    let real = SERVER.strip_prefix("postgres://marquee@").unwrap();
    let begun = std::time::Instant::now();
    let db = Db::connect(&format!("postgres://marquee@{hangs},{real}?target_session_attrs=read-write")).unwrap();
    db.probe().await.unwrap();
    // Six connections that wait for three seconds each would be eighteen.
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_the_reason() {
    let nobody = Db::connect("postgres://marquee@127.0.0.1:1/marquee").unwrap_err();
    assert!(matches!(&nobody, Error::Unreachable(why) if why.contains("refused")), "{nobody}");
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_made_again() {
    let place = Place::postgres().await;
    let db = place.with_table().await;
    db.write(|tx| insert(tx, "a", 1)).await.unwrap();
    let (admin, connection) = tokio_postgres::connect(&SERVER, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let Place::Postgres(url) = &place else { panic!("a server") };
    let name = url.rsplit('/').next().unwrap();
    let ended = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    assert_eq!(
        admin
            .simple_query(&ended)
            .await
            .unwrap()
            .iter()
            .filter(|row| matches!(row, tokio_postgres::SimpleQueryMessage::Row(_)))
            .count(),
        6
    );
    db.write(|tx| insert(tx, "b", 2)).await.unwrap();
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_transaction_takes_all_of_it_along() {
    let place = Place::postgres().await;
    let db = place.with_table().await;
    let broken = db
        .write(|tx| {
            insert(tx, "a", 1)?;
            tx.query("SELECT pg_terminate_backend(pg_backend_pid()) AS done", &[])?;
            insert(tx, "b", 2)
        })
        .await;
    assert!(matches!(broken, Err(Error::Unreachable(_))), "{broken:?}");
    db.write(|tx| insert(tx, "c", 3)).await.unwrap();
    assert_eq!(count(&db).await, 1);
}
