//! Statements over many items, and what is asked about them: later, or never.

use super::*;

const RUN: &str = "INSERT INTO things (name, n) VALUES ($1, $2)";
const UNLESS_THERE: &str = "INSERT INTO things (name, n) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

/// Things that are named by their number.
fn things(numbers: std::ops::Range<i64>) -> impl Iterator<Item = [marquee_db::Value; 2]> {
    numbers.map(|n| params![n.to_string(), n])
}

pub(super) async fn each_item_of_many_has_its_own_count(place: Place) {
    let db = place.with_table().await;
    let counts = db
        .write(|tx| tx.execute_each(UNLESS_THERE, [params!["a", 1_i64], params!["b", 2_i64], params!["a", 3_i64]]))
        .await
        .unwrap();
    assert_eq!(counts, [1, 1, 0]);
    let raise = "UPDATE things SET n = n + $3 WHERE name = $1 AND n = $2";
    let rises = [params!["a", 1_i64, 10_i64], params!["b", 1_i64, 10_i64], params!["c", 1_i64, 10_i64]];
    assert_eq!(db.write(move |tx| tx.execute_each(raise, rises)).await.unwrap(), [1, 0, 0]);
    let gone = [params!["c"], params!["a"]];
    assert_eq!(db.write(|tx| tx.execute_each("DELETE FROM things WHERE name = $1", gone)).await.unwrap(), [0, 1]);
    let found = db
        .read(|tx| tx.query_each("SELECT n FROM things WHERE name = $1", [params!["b"], params!["c"], params!["a"]]))
        .await
        .unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
}

pub(super) async fn a_venture_that_goes_well_is_kept(place: Place) {
    let db = place.with_table().await;
    let done = db.write(|tx| {
        tx.run_each(RUN, things(0..3))?;
        let raised = tx.venture(|tx| {
            let raised = tx.execute_each_later("UPDATE things SET n = n + $2 WHERE name = $1", things(2..5))?;
            tx.insert_each(UNLESS_THERE, things(3..100))?;
            tx.insert_each(UNLESS_THERE, things(100..101))?;
            tx.insert_each(UNLESS_THERE, things(0..0))?;
            tx.answer(&raised).map(Some)
        })?;
        // One may follow another.
        let next = tx.venture(|tx| tx.insert_each(UNLESS_THERE, things(101..103)).map(Some))?;
        Ok::<_, Error>((raised, next))
    });
    assert_eq!(done.await.unwrap(), (Some(vec![1, 0, 0]), Some(())));
    assert_eq!(count(&db).await, 103);
}

pub(super) async fn a_venture_in_vain_leaves_nothing_and_spoils_nothing(place: Place) {
    let db = place.with_table().await;
    let rise = "UPDATE things SET n = n + $2 WHERE name = $1";
    let ventures = db.write(move |tx| {
        tx.run_each(RUN, things(0..3))?;
        // One of many is refused, the only one, one that is asked for twice; and it may say so itself.
        let many = tx.venture(|tx| {
            tx.run_each(rise, things(0..3))?;
            tx.insert_each(UNLESS_THERE, things(2..100))?;
            tx.insert_each(UNLESS_THERE, things(100..200))?;
            tx.query_opt("SELECT 1 AS one", &[]).map(Some)
        })?;
        let one = tx.venture(|tx| tx.insert_each(UNLESS_THERE, things(1..2)).map(Some))?;
        let twice = tx.venture(|tx| tx.insert_each(UNLESS_THERE, things(5..7).chain(things(5..6))).map(Some))?;
        let given_up = tx.venture(|tx| tx.insert_each(UNLESS_THERE, things(200..300)).map(|()| None::<()>))?;
        assert!(many.is_none() && one.is_none() && twice.is_none() && given_up.is_none());
        tx.run_each(RUN, things(3..5))?;
        tx.query_opt("SELECT CAST(SUM(n) AS BIGINT) AS n FROM things", &[])?.unwrap().get::<i64>("n")
    });
    assert_eq!(ventures.await.unwrap(), 10);
    assert_eq!(count(&db).await, 5);
}

pub(super) async fn a_failure_before_a_venture_or_of_another_kind_fails_the_transaction(place: Place) {
    let db = place.with_table().await;
    db.write(|tx| insert(tx, "2", 1)).await.unwrap();
    let before = db.write(|tx| {
        tx.run_each(RUN, things(0..3))?;
        tx.venture(|tx| tx.insert_each(UNLESS_THERE, things(300..310)).map(Some)).map(drop)
    });
    assert!(matches!(before.await, Err(Error::Conflict(_))));
    let within = db.write(|tx| {
        tx.venture(|tx| {
            insert(tx, "least", i64::MIN)?;
            tx.query("SELECT ABS(n) AS m FROM things WHERE name = $1", &params!["least"]).map(Some)
        })
        .map(drop)
    });
    assert!(within.await.is_err());
    assert_eq!(count(&db).await, 1);
    db.write(|tx| insert(tx, "after", 1)).await.unwrap();
}

pub(super) async fn each_item_of_many_has_its_own_rows(place: Place) {
    let db = place.with_table().await;
    db.write(|tx| {
        tx.execute_each(
            "INSERT INTO things (name, n) VALUES ($1, $2)",
            [params!["a", 1_i64], params!["b", 1_i64], params!["c", 2_i64]],
        )
    })
    .await
    .unwrap();
    let names = async |sql: &'static str, items: Vec<[marquee_db::Value; 1]>| {
        let found: Vec<Vec<marquee_db::Row>> = db.read(move |tx| tx.query_each(sql, items)).await.unwrap();
        let name = |row: &marquee_db::Row| row.get::<String>("name").unwrap();
        found.iter().map(|rows| rows.iter().map(name).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let items = || vec![params![1_i64], params![3_i64], params![2_i64], params![1_i64]];
    let sorted = "SELECT name FROM things WHERE n = $1 ORDER BY name DESC";
    assert_eq!(names(sorted, items()).await, [vec!["b", "a"], vec![], vec!["c"], vec!["b", "a"]]);
    let mut found = names("SELECT n, name FROM things t WHERE t.n = $1", items()).await;
    found.iter_mut().for_each(|rows| rows.sort());
    assert_eq!(found, [vec!["a", "b"], vec![], vec!["c"], vec!["a", "b"]]);
    let counted = "SELECT CASE WHEN COUNT(*) > 1 THEN 'many' ELSE 'few' END AS name FROM things WHERE n = $1";
    assert_eq!(names(counted, items()).await, [["many"], ["few"], ["few"], ["many"]]);
    assert_eq!(names("SELECT n, name FROM things t WHERE t.n = $1", vec![params![2_i64]]).await, [["c"]]);
}

pub(super) async fn what_is_asked_early_is_answered_as_it_was_then(place: Place) {
    let db = place.with_table().await;
    let counted = db.write(|tx| {
        let before = tx.query_later("SELECT COUNT(*) AS n FROM things", &[])?;
        tx.execute_each(RUN, [params!["a", 1_i64], params!["b", 2_i64]])?;
        let after = tx.query_later("SELECT COUNT(*) AS n FROM things WHERE n >= $1", &params![0_i64])?;
        tx.run_each(RUN, [params!["c", 3_i64]])?;
        let count = |rows: Vec<marquee_db::Row>| rows.first().unwrap().get::<i64>("n");
        Ok::<_, Error>((count(tx.answer(&after)?)?, count(tx.answer(&before)?)?))
    });
    assert_eq!(counted.await.unwrap(), (2, 0));
    assert_eq!(count(&db).await, 3);
    // An answer that could not be given fails its transaction, also when nobody wants it any more.
    let none = "SELECT ABS(n) AS m FROM things WHERE name = $1";
    let failed = db.write(move |tx| {
        insert(tx, "least", i64::MIN)?;
        tx.query_later(none, &params!["least"]).map(drop)
    });
    assert!(failed.await.is_err());
    assert_eq!(count(&db).await, 3);
}

pub(super) async fn what_nobody_asks_about_is_there_after_the_commit(place: Place) {
    let db = place.with_table().await;
    let written = db.write(|tx| {
        tx.run_each(RUN, (0..100_i64).map(|n| params![n.to_string(), n]))?;
        tx.run_each(RUN, [params!["alone", 1_i64]])?;
        let raise = "UPDATE things SET n = n + $2 WHERE name = $1";
        tx.run_each(raise, (0..50_i64).map(|n| params![n.to_string(), 1000_i64]))?;
        tx.query_opt("SELECT COUNT(*) AS n FROM things WHERE n >= 1000", &[])?.unwrap().get::<i64>("n")
    });
    assert_eq!(written.await.unwrap(), 50, "it is seen in its own transaction");
    assert_eq!(count(&db).await, 101);
}

pub(super) async fn what_nobody_asks_about_fails_its_transaction_for_certain(place: Place) {
    let db = place.with_table().await;
    db.write(|tx| insert(tx, "50", 1)).await.unwrap();
    fn many() -> impl Iterator<Item = [marquee_db::Value; 2]> {
        (0..100_i64).map(|n| params![n.to_string(), n])
    }
    // At the commit: it is no commit whose outcome is unknown.
    let refused = db.write(|tx| tx.run_each(RUN, many())).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    // At the next statement that asks, by its own name.
    let refused = db.write(|tx| tx.run_each(RUN, many()).and_then(|()| insert(tx, "a", 1))).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    // What was given up has no say in what comes after it.
    let given_up = db.write(|tx| tx.run_each(RUN, many()).and(Err::<(), _>(Error::Busy))).await;
    assert!(given_up.is_err());
    db.write(|tx| insert(tx, "b", 1)).await.unwrap();
    assert_eq!(count(&db).await, 2);
}
