//! A sale on two databases while Kafka is away for long.
//!
//! `MARQUEE_OUTAGE_SECONDS` sets for how long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use marquee_bus::kafka::{Beginning, Kafka};
use marquee_bus::{Actor, Event, Journal};
use marquee_db::Db;
use marquee_kernel::{Clock, Rng};
use marquee_testkit::{Broker, Process, eventually_within, id_of};
use serde_json::{Value, json};

use super::metric;
use super::servers::Server;
use super::sharding::{count, two_databases};
use crate::kafka::{DRAINED_WITHIN, are_in_order, sequence};
use crate::sale::Sale;

/// How long Kafka is away under a sale unless `MARQUEE_OUTAGE_SECONDS` says otherwise, in seconds.
const OUTAGE_S: u64 = 4;
/// How long buyers rest, so that there is something left to sell at the end of minutes.
const REST: Duration = Duration::from_millis(900);
/// What another node sells meanwhile, in entries of the journal, and the bytes of each: far more than a process may keep.
const ELSEWHERE: usize = 40_000;
const ENTRY_BYTES: usize = 4_096;
const BATCH: usize = 1_000;
/// By how much a process may grow while it cannot publish, in KiB: a fifth of what there is to publish.
const GROWTH_MAX_KIB: u64 = 32_768;

fn outage() -> Duration {
    let given = std::env::var("MARQUEE_OUTAGE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(OUTAGE_S))
}

fn resident_kib(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn lag_entries(node: &Process) -> f64 {
    metric(node, "marquee_relay_lag_entries", "").await
}

/// Has the journal at `url` grow as it does when another node sells.
async fn append_elsewhere(url: String) {
    let db = tokio::task::spawn_blocking(move || Db::connect(&url)).await.unwrap().unwrap();
    let journal = Journal::new(Clock::System, Rng::System);
    let event = |n: usize| {
        let payload = json!({ "said": "x".repeat(ENTRY_BYTES) });
        Event { kind: "Noted", actor: Actor::System, show_id: None, subject: n.to_string(), payload }
    };
    for begin in (0..ELSEWHERE).step_by(BATCH) {
        let events: Vec<Event> = (begin..begin + BATCH).map(event).collect();
        let journal = journal.clone();
        db.write(move |tx| journal.append(tx, &events)).await.unwrap();
    }
}

/// Everything on the topic, once it has each entry of each journal up to the last that is told.
async fn published(kafka: &Kafka, last: &BTreeMap<&str, i64>) -> Vec<Value> {
    let reader = kafka.read(kafka.topic(), Beginning::Oldest).await.unwrap();
    let mut lacking: BTreeSet<(String, i64)> =
        last.iter().flat_map(|(source, last)| (1..=*last).map(|place| ((*source).to_owned(), place))).collect();
    let mut events = Vec::new();
    while !lacking.is_empty() {
        let record = tokio::time::timeout(DRAINED_WITHIN, reader.next()).await;
        let record =
            record.unwrap_or_else(|_| panic!("{} entries missing, the first {:?}", lacking.len(), lacking.first()));
        let event: Value = serde_json::from_slice(&record.unwrap().value).unwrap();
        lacking.remove(&(id_of(&event, "source").to_owned(), sequence(&event)));
        events.push(event);
    }
    events
}

#[tokio::test]
async fn kafka_away_for_long_costs_a_sale_nothing_and_memory_nothing_and_hears_of_all_of_it_in_order() {
    let (server, mut broker) = (Server::start(), Broker::start().await);
    let urls = two_databases(&server).await;
    let brokers = broker.address();
    let settings = [("MARQUEE_KAFKA_BROKERS", brokers.as_str()), ("MARQUEE_KAFKA_TOPIC", "sale")];
    let sale = Sale::with(&urls, &settings, REST).await;
    let node = &sale.nodes()[0];
    eventually_within(DRAINED_WITHIN, "it is told of while it sells", async || {
        (metric(node, "marquee_relay_published_total", "").await > 0.0).then_some(())
    })
    .await;
    // No waiting for the relay: some of this may be on its way.
    broker.kill();
    let (begun, resident) = (Instant::now(), resident_kib(node));
    append_elsewhere(server.url("home")).await;
    eventually_within(DRAINED_WITHIN, "what is held up is counted", async || {
        (lag_entries(node).await >= ELSEWHERE as f64).then_some(())
    })
    .await;
    let mut held_up = lag_entries(node).await;
    while begun.elapsed() < outage() {
        sale.sells().await;
        held_up = eventually_within(DRAINED_WITHIN, "what is sold is held up", async || {
            let more = lag_entries(node).await;
            (more > held_up).then_some(more)
        })
        .await;
    }
    let oldest = metric(node, "marquee_relay_lag_seconds", "shard=\"main\"").await;
    let away = begun.elapsed();
    assert!(oldest >= away.as_secs_f64() - 2.0, "{oldest} s of {away:?}");
    let grown = resident_kib(node).saturating_sub(resident);
    println!("Kafka away for {away:?}: {held_up} entries held up, {grown} KiB more than {resident} KiB");
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB more than {resident} KiB");
    broker.start_again().await;
    sale.sells().await;
    let back = Instant::now();
    eventually_within(DRAINED_WITHIN, "nothing is held up any more", async || {
        let age = metric(node, "marquee_relay_lag_seconds", "").await;
        (lag_entries(node).await == 0.0 && age == 0.0).then_some(())
    })
    .await;
    println!("drained in {:?}", back.elapsed());
    let last = BTreeMap::from([
        ("/marquee/main", count(&server, "home", "SELECT COALESCE(MAX(seq), 0) FROM journal").await),
        ("/marquee/shard-1", count(&server, "second", "SELECT COALESCE(MAX(seq), 0) FROM journal").await),
    ]);
    let events = published(&Kafka::new(&brokers, "sale").unwrap(), &last).await;
    for source in last.keys() {
        let of_one: Vec<Value> = events.iter().filter(|event| event["source"] == *source).cloned().collect();
        are_in_order(&of_one);
    }
    drop(sale.close().await);
}
