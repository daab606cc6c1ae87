//! What is Kafka's alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use marquee_bus::Unhandled;
use marquee_bus::kafka::{Beginning, DeadLetter, Record};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::Value;

use crate::shop::{Seen, Shop, Way, a_show, eventually};

async fn read(shop: &Shop, count: usize) -> Vec<Record> {
    let kafka = shop.kafka();
    // The relay makes the topic.
    let topic = || kafka.read(kafka.topic(), Beginning::Oldest);
    let reader = eventually("the topic is there", async || topic().await.ok()).await;
    let mut records = Vec::new();
    while records.len() < count {
        records.push(reader.next().await.unwrap());
    }
    records
}

/// Where the relay says that it is.
async fn recorded(shop: &Shop) -> i64 {
    let name = format!("kafka:{}", shop.kafka().topic());
    let sql = "SELECT seq FROM journal_offsets WHERE consumer = $1";
    let row = shop.db.read(move |tx| tx.query_opt(sql, &marquee_db::params![name])).await.unwrap();
    row.map_or(0, |row| row.get("seq").unwrap())
}

#[tokio::test]
async fn a_new_relay_publishes_the_whole_journal() {
    let (shop, show) = (Shop::open(Way::Kafka), a_show());
    shop.stop_relays().await;
    // More than a batch.
    shop.append("Sold", show, 0..1_100).await;
    shop.start_relay();
    let records = read(&shop, 1_100).await;
    let mut partitions: Vec<i32> = records.iter().map(|record| record.partition).collect();
    partitions.dedup();
    assert_eq!(partitions.len(), 1, "a show is in one partition");
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record.key, show.to_string().as_bytes());
        assert_eq!(record.headers, [("content-type".to_owned(), "application/cloudevents+json".to_owned())]);
        let event: Value = serde_json::from_slice(&record.value).unwrap();
        assert_eq!((&event["data"]["n"], &event["source"]), (&n.into(), &"/marquee/main".into()));
    }
    eventually("the place is recorded", async || (recorded(&shop).await == 1_100).then_some(())).await;
}

#[tokio::test]
async fn an_event_has_the_same_id_whenever_it_is_published() {
    let (shop, show) = (Shop::open(Way::Kafka), a_show());
    shop.append("Sold", show, 0..5).await;
    read(&shop, 5).await;
    shop.stop_relays().await;
    shop.rewind(format!("kafka:{}", shop.kafka().topic()).leak()).await;
    shop.start_relay();
    let records = read(&shop, 10).await;
    let values = |records: &[Record]| records.iter().map(|record| record.value.clone()).collect::<Vec<_>>();
    assert_eq!(values(&records[..5]), values(&records[5..]));
}

#[tokio::test]
async fn relays_that_run_at_once_by_mistake_repeat_but_skip_nothing_and_take_nothing_back() {
    let (shop, show) = (Shop::open(Way::Kafka), a_show());
    for _ in 0..3 {
        shop.start_relay();
    }
    let mut highest = 0;
    for n in 0..100 {
        shop.append("Sold", show, n..n + 1).await;
        let now = recorded(&shop).await;
        assert!(now >= highest, "{now} after {highest}");
        highest = now;
    }
    eventually("the place is recorded", async || (recorded(&shop).await == 100).then_some(())).await;
    shop.stop_relays().await;
    let records = read(&shop, 100).await;
    let mut first_seen = Vec::new();
    for record in &records {
        let event: Value = serde_json::from_slice(&record.value).unwrap();
        let n = event["data"]["n"].as_i64().unwrap();
        if !first_seen.contains(&n) {
            first_seen.push(n);
        }
    }
    assert!(first_seen.is_sorted(), "an event was overtaken: {first_seen:?}");
}

#[tokio::test]
async fn a_message_that_is_no_event_is_a_dead_letter_and_stops_nobody() {
    let (shop, seen, show) = (Shop::open(Way::Kafka), Seen::default(), a_show());
    shop.append("Sold", show, 0..1).await;
    let before = read(&shop, 1).await;
    put(&shop, before[0].partition, b"sold!").await;
    shop.append("Sold", show, 1..2).await;
    let noting = seen.clone();
    let consuming = shop.consume("reader", move |_, event| {
        noting.note(event);
        Ok(())
    });
    seen.includes(show, 1).await;
    assert_eq!(seen.of(show), [0, 1]);
    let reader = shop.kafka().read(&shop.kafka().dead_letters(), Beginning::Oldest).await.unwrap();
    let dead = DeadLetter::from(reader.next().await.unwrap());
    assert_eq!((dead.value.as_slice(), dead.tries, dead.offset), (b"sold!".as_slice(), 0, 1));
    assert!(dead.problem.contains("no CloudEvent"), "{}", dead.problem);
    consuming.stop().await;
}

async fn put(shop: &Shop, partition: i32, value: &[u8]) {
    let brokers = shop.kafka().brokers();
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let record = FutureRecord::<(), _>::to(shop.kafka().topic()).partition(partition).payload(value);
    producer.send(record, None).await.unwrap();
}

#[tokio::test]
async fn dead_letters_are_sent_back_once_and_acted_on_when_that_is_possible() {
    let (shop, seen, show) = (Shop::open(Way::Kafka), Seen::default(), a_show());
    let (noting, mended) = (seen.clone(), Arc::new(AtomicBool::new(false)));
    let works = mended.clone();
    let consuming = shop.consume("mended", move |_, event| {
        if event.payload["n"] == 0 && !works.load(Ordering::SeqCst) {
            return Err(Unhandled::Refused("broken".to_owned()));
        }
        noting.note(event);
        Ok(())
    });
    shop.append("Sold", show, 0..2).await;
    seen.includes(show, 1).await;
    mended.store(true, Ordering::SeqCst);
    assert_eq!(shop.kafka().replay_dead_letters().await.unwrap(), 1);
    seen.includes(show, 0).await;
    assert_eq!(shop.kafka().replay_dead_letters().await.unwrap(), 0);
    assert_eq!(seen.of(show), [1, 0]);
    consuming.stop().await;
}
