//! What every way to a consumer promises.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use marquee_bus::kafka::{Beginning, DeadLetter};
use marquee_bus::{Delivered, Delivery, TRIES_MAX, Unhandled};
use marquee_db::Tx;
use serde_json::{Value, json};

use crate::shop::{Seen, Shop, Way, a_show, eventually};

/// A consumer that only looks.
fn look(seen: &Seen) -> impl Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static {
    let seen = seen.clone();
    move |_, event| {
        seen.note(event);
        Ok(())
    }
}

async fn each_show_s_events_come_in_order(way: Way) {
    const EVENTS: i64 = 60;
    let (shop, seen, shows) = (Shop::open(way), Seen::default(), [a_show(), a_show(), a_show(), a_show(), a_show()]);
    shop.rewind("looker").await;
    let consuming = shop.consume("looker", look(&seen));
    for n in 0..EVENTS {
        for show in shows {
            shop.append("Sold", show, n..n + 1).await;
            shop.append("Looked", show, n..n + 1).await;
        }
    }
    for show in shows {
        seen.includes(show, EVENTS - 1).await;
        assert_eq!(seen.of(show), (0..EVENTS).collect::<Vec<_>>());
    }
    consuming.stop().await;
}

async fn what_is_delivered_again_is_acted_on_once(way: Way) {
    let (shop, seen, show) = (Shop::open(way), Seen::default(), a_show());
    shop.rewind("looker").await;
    let consuming = shop.consume("looker", look(&seen));
    shop.append("Sold", show, 0..10).await;
    seen.includes(show, 9).await;
    // All of it once more: the relay lost its place, or the consumer did.
    match &shop.delivery {
        Delivery::InProcess(_) => {
            consuming.stop().await;
            shop.rewind("looker").await;
        }
        Delivery::Kafka(kafka) => {
            shop.stop_relays().await;
            shop.rewind(format!("kafka:{}", kafka.topic()).leak()).await;
            shop.start_relay();
            consuming.stop().await;
        }
    }
    let consuming = shop.consume("looker", look(&seen));
    shop.append("Sold", show, 10..11).await;
    seen.includes(show, 10).await;
    assert_eq!(seen.of(show), (0..11).collect::<Vec<_>>());
    if let Delivery::Kafka(kafka) = &shop.delivery {
        let reader = kafka.read(kafka.topic(), Beginning::Oldest).await.unwrap();
        for _ in 0..10 + 11 {
            reader.next().await.unwrap();
        }
    }
    consuming.stop().await;
}

async fn a_consumer_goes_on_where_it_was(way: Way) {
    let (shop, seen, show) = (Shop::open(way), Seen::default(), a_show());
    shop.rewind("looker").await;
    let consuming = shop.consume("looker", look(&seen));
    shop.append("Sold", show, 0..20).await;
    seen.includes(show, 3).await;
    consuming.abort();
    shop.append("Sold", show, 20..30).await;
    let consuming = shop.consume("looker", look(&seen));
    seen.includes(show, 29).await;
    assert_eq!(seen.of(show), (0..30).collect::<Vec<_>>());
    consuming.stop().await;
}

async fn what_is_refused_changes_nothing_and_is_tried_again(way: Way) {
    let (shop, show) = (Shop::open(way), a_show());
    shop.db.write(|tx| tx.execute("CREATE TABLE acted (n BIGINT NOT NULL)", &[])).await.unwrap();
    shop.rewind("actor").await;
    let tries = Arc::new(AtomicU32::new(0));
    let tried = tries.clone();
    let consuming = shop.consume("actor", move |tx, event| {
        tx.execute("INSERT INTO acted (n) VALUES ($1)", &marquee_db::params![event.payload["n"].as_i64()])?;
        if tried.fetch_add(1, Ordering::SeqCst) + 1 < TRIES_MAX {
            return Err(Unhandled::Refused("not in the mood".to_owned()));
        }
        Ok(())
    });
    shop.append("Sold", show, 0..2).await;
    let acted = eventually("both are acted on", async || {
        let rows = shop.db.read(|tx| tx.query("SELECT n FROM acted ORDER BY n", &[])).await.unwrap();
        (rows.len() >= 2).then_some(rows)
    })
    .await;
    let numbers: Vec<i64> = acted.iter().map(|row| row.get("n").unwrap()).collect();
    assert_eq!(numbers, [0, 1]);
    assert_eq!(tries.load(Ordering::SeqCst), TRIES_MAX + 1);
    consuming.stop().await;
}

async fn what_stays_refused_is_a_dead_letter_and_the_next_has_its_turn(way: Way) {
    let (shop, seen, show) = (Shop::open(way), Seen::default(), a_show());
    shop.rewind("picky").await;
    let (noting, tries) = (seen.clone(), Arc::new(AtomicU32::new(0)));
    let tried = tries.clone();
    let consuming = shop.consume("picky", move |_, event| {
        if event.payload["n"] == 1 {
            tried.fetch_add(1, Ordering::SeqCst);
            return Err(Unhandled::Refused("an odd one".to_owned()));
        }
        noting.note(event);
        Ok(())
    });
    shop.append("Sold", show, 0..3).await;
    seen.includes(show, 2).await;
    assert_eq!(seen.of(show), [0, 2]);
    assert_eq!(tries.load(Ordering::SeqCst), TRIES_MAX);
    let dead = match &shop.delivery {
        Delivery::InProcess(_) => refused_in_the_journal(&shop).await,
        Delivery::Kafka(kafka) => {
            let reader = kafka.read(&kafka.dead_letters(), Beginning::Oldest).await.unwrap();
            let dead = DeadLetter::from(reader.next().await.unwrap());
            let event: Value = serde_json::from_slice(&dead.value).unwrap();
            assert_eq!(event["data"], json!({ "n": 1 }));
            json!({ "consumer": dead.consumer, "problem": dead.problem, "tries": dead.tries })
        }
    };
    assert_eq!(dead, json!({ "consumer": "picky", "problem": "an odd one", "tries": TRIES_MAX }));
    consuming.stop().await;
}

async fn refused_in_the_journal(shop: &Shop) -> Value {
    let sql = "SELECT payload FROM journal WHERE kind = 'EventRefused'";
    let rows = shop.db.read(|tx| tx.query(sql, &[])).await.unwrap();
    assert_eq!(rows.len(), 1);
    let payload: Value = serde_json::from_str(&rows[0].get::<String>("payload").unwrap()).unwrap();
    // As docs/events.md says it, where the tests of the whole program cannot look.
    assert_eq!((&payload["kind"], &payload["seq"]), (&json!("Sold"), &json!(2)));
    assert_eq!(payload.as_object().unwrap().len(), 5, "{payload}");
    json!({ "consumer": payload["consumer"], "problem": payload["problem"], "tries": payload["tries"] })
}

/// A database that is away is no reason to give an event up.
async fn a_fault_of_the_database_is_no_fault_of_the_event(way: Way) {
    let (shop, seen, show) = (Shop::open(way), Seen::default(), a_show());
    shop.rewind("patient").await;
    let (noting, failed) = (seen.clone(), Arc::new(Mutex::new(0)));
    let failures = failed.clone();
    let consuming = shop.consume("patient", move |_, event| {
        let mut failed = failures.lock().unwrap();
        if *failed <= TRIES_MAX {
            *failed += 1;
            return Err(marquee_db::Error::Unreachable("a test".to_owned()).into());
        }
        noting.note(event);
        Ok(())
    });
    shop.append("Sold", show, 0..2).await;
    seen.includes(show, 1).await;
    assert_eq!(seen.of(show), [0, 1]);
    consuming.stop().await;
}

macro_rules! conformance {
    ($($promise:ident),+ $(,)?) => {
        mod in_process { $(#[tokio::test] async fn $promise() { super::$promise(super::Way::InProcess).await; })+ }
        mod kafka { $(#[tokio::test] async fn $promise() { super::$promise(super::Way::Kafka).await; })+ }
    };
}

conformance! {
    each_show_s_events_come_in_order,
    what_is_delivered_again_is_acted_on_once,
    a_consumer_goes_on_where_it_was,
    what_is_refused_changes_nothing_and_is_tried_again,
    what_stays_refused_is_a_dead_letter_and_the_next_has_its_turn,
    a_fault_of_the_database_is_no_fault_of_the_event,
}
