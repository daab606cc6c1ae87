//! Events on Kafka, while it is well and while it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use marquee_bus::kafka::{Beginning, Kafka, Reader};
use marquee_testkit::{Broker, Launch, Person, Process, Show, a_kafka, eventually, eventually_within, id_of};
use serde_json::Value;
use tempfile::TempDir;

use crate::MARQUEE;

/// How long what was held up may take to arrive once Kafka is back.
pub(crate) const DRAINED_WITHIN: Duration = Duration::from_secs(60);
const SEATS: usize = 60;

/// A shop that publishes to a topic of its own.
struct Shop {
    data_dir: TempDir,
    kafka: Kafka,
}

impl Shop {
    fn on(brokers: &str) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let name = data_dir.path().file_name().unwrap().to_string_lossy().into_owned();
        let topic = format!("it{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        Self { data_dir, kafka: Kafka::new(brokers, &topic).unwrap() }
    }

    fn launch(&self) -> Launch {
        Launch::new(MARQUEE, self.data_dir.path())
            .env("MARQUEE_KAFKA_BROKERS", self.kafka.brokers())
            .env("MARQUEE_KAFKA_TOPIC", self.kafka.topic())
    }

    /// `marquee events …`, which is told where Kafka is as the server is.
    fn events(&self, words: &[&str]) -> Command {
        let mut command = Command::new(MARQUEE);
        command
            .arg("events")
            .args(words)
            .env_clear()
            .env("MARQUEE_KAFKA_BROKERS", self.kafka.brokers())
            .env("MARQUEE_KAFKA_TOPIC", self.kafka.topic())
            .current_dir(self.data_dir.path())
            .stdin(Stdio::null());
        command
    }

    /// What is on the topic once nothing is missing: each confirmed booking is told of, and every place of the journal up to the
    /// last that was seen.
    async fn drained(&self, confirmed: &BTreeSet<String>) -> Vec<Value> {
        let reader = eventually_within(DRAINED_WITHIN, "the topic is there", async || {
            self.kafka.read(self.kafka.topic(), Beginning::Oldest).await.ok()
        });
        let (reader, mut events) = (reader.await, Vec::new());
        let reading = tokio::time::timeout(DRAINED_WITHIN, read_all(&reader, confirmed, &mut events)).await;
        assert!(reading.is_ok(), "{} events, not all: {:?}", events.len(), missing(confirmed, &events));
        events
    }
}

async fn read_all(reader: &Reader, confirmed: &BTreeSet<String>, events: &mut Vec<Value>) {
    while !missing(confirmed, events).is_empty() {
        let record = reader.next().await.unwrap();
        let event: Value = serde_json::from_slice(&record.value).unwrap();
        assert_eq!(record.key, id_of(&event, "partitionkey").as_bytes());
        events.push(event);
    }
}

pub(crate) fn sequence(event: &Value) -> i64 {
    id_of(event, "sequence").parse().unwrap()
}

fn missing(confirmed: &BTreeSet<String>, events: &[Value]) -> Vec<String> {
    let of_kind = events.iter().filter(|event| event["type"] == "marquee.BookingConfirmed");
    let told: BTreeSet<&str> = of_kind.map(|event| id_of(event, "subject")).collect();
    let untold = confirmed.iter().filter(|booking| !told.contains(booking.as_str())).cloned();
    let seen: BTreeSet<i64> = events.iter().map(sequence).collect();
    let gaps = (1..=seen.last().copied().unwrap_or(1)).filter(|place| !seen.contains(place));
    untold.chain(gaps.map(|place| place.to_string())).collect()
}

/// Whatever came twice, the first time each came was in order within its show, and the second said the same.
pub(crate) fn are_in_order(events: &[Value]) {
    let (mut last, mut known) = (BTreeMap::new(), BTreeMap::new());
    for event in events {
        if let Some(before) = known.insert(id_of(event, "id"), event) {
            assert_eq!(before, event, "one id, two events");
            continue;
        }
        let before = last.insert(id_of(event, "partitionkey"), sequence(event)).unwrap_or_default();
        assert!(before < sequence(event), "{event} came after {before}");
    }
}

async fn metric(marquee: &Process, name: &str) -> f64 {
    let page = reqwest::get(format!("{}/metrics", marquee.ops().origin())).await.unwrap().text().await.unwrap();
    let series = format!("{name}{{shard=\"main\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap()
}

async fn is_ready(marquee: &Process) -> bool {
    reqwest::get(format!("{}/readyz", marquee.ops().origin())).await.unwrap().status() == 200
}

/// Books the seats one after the other: which bookings were confirmed before the server went away.
async fn buy(person: &Person, show: &Show, seats: &[&str]) -> BTreeSet<String> {
    let mut confirmed = BTreeSet::new();
    for seat in seats {
        confirmed.insert(id_of(&person.book(show, &[seat]).await, "booking_id").to_owned());
    }
    confirmed
}

#[tokio::test]
async fn a_sale_is_told_of_in_order_and_a_terminal_can_follow_it() {
    let shop = Shop::on(a_kafka());
    let marquee = shop.launch().ready().await;
    assert_eq!(metric(&marquee, "marquee_relay_failures_total").await, 0.0);
    let (one, two) = (marquee.a_show().seats(SEATS).create().await, marquee.a_show().seats(SEATS).create().await);
    let (ada, bob) = (marquee.customer("Ada").await, marquee.customer("Bob").await);
    let (seats, of_two): (Vec<&str>, Vec<&str>) = (one.names().take(8).collect(), two.names().take(8).collect());
    let (mut confirmed, others) = tokio::join!(buy(&ada, &one, &seats), buy(&bob, &two, &of_two));
    confirmed.extend(others);
    let events = shop.drained(&confirmed).await;
    are_in_order(&events);
    let published = eventually("all of it is counted", async || {
        let published = metric(&marquee, "marquee_relay_published_total").await;
        (metric(&marquee, "marquee_relay_lag_entries").await == 0.0 && published > 0.0).then_some(published)
    })
    .await;
    assert!(published >= events.len() as f64, "{published} of {}", events.len());
    let mut tail = shop.events(&["tail", "--from-oldest"]).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(tail.stdout.take().unwrap());
    let wanted = events.len();
    let lines = tokio::task::spawn_blocking(move || output.lines().take(wanted).collect::<Result<Vec<_>, _>>());
    let lines = lines.await.unwrap().unwrap();
    tail.kill().unwrap();
    tail.wait().unwrap();
    let printed: BTreeSet<String> =
        lines.iter().map(|line| id_of(&serde_json::from_str(line).unwrap(), "id").to_owned()).collect();
    assert_eq!(printed.len(), wanted, "a line is an event");
}

#[tokio::test]
async fn kafka_killed_in_mid_sale_holds_no_sale_up_and_hears_of_all_of_it_afterwards() {
    let mut broker = Broker::start().await;
    let shop = Shop::on(&broker.address());
    let marquee = shop.launch().ready().await;
    let show = marquee.a_show().seats(SEATS).create().await;
    let ada = marquee.customer("Ada").await;
    let seats: Vec<&str> = show.names().collect();
    let mut confirmed = buy(&ada, &show, &seats[..20]).await;
    // No waiting for the relay: some of this may be on its way.
    broker.kill();
    confirmed.extend(buy(&ada, &show, &seats[20..40]).await);
    assert!(is_ready(&marquee).await);
    eventually("what is held up is counted", async || {
        let entries = metric(&marquee, "marquee_relay_lag_entries").await;
        let age = metric(&marquee, "marquee_relay_lag_seconds").await;
        (entries > 0.0 && age > 0.0).then_some(())
    })
    .await;
    eventually_within(DRAINED_WITHIN, "the trouble is counted", async || {
        (metric(&marquee, "marquee_relay_failures_total").await > 0.0).then_some(())
    })
    .await;
    broker.start_again().await;
    confirmed.extend(buy(&ada, &show, &seats[40..]).await);
    are_in_order(&shop.drained(&confirmed).await);
    eventually("nothing is held up any more", async || {
        let age = metric(&marquee, "marquee_relay_lag_seconds").await;
        (metric(&marquee, "marquee_relay_lag_entries").await == 0.0 && age == 0.0).then_some(())
    })
    .await;
    assert_eq!(marquee.stop().await.0, Some(0));
}

#[tokio::test]
async fn a_relay_killed_again_and_again_repeats_but_loses_nothing() {
    const ROUNDS: usize = 4;
    let shop = Shop::on(a_kafka());
    let mut marquee = shop.launch().ready().await;
    let show = marquee.a_show().seats(SEATS).create().await;
    let (ada, seats) = (marquee.customer("Ada").await, show.names().collect::<Vec<_>>());
    let mut confirmed = BTreeSet::new();
    for piece in seats.chunks(SEATS / ROUNDS) {
        confirmed.extend(buy(&ada.at(&marquee), &show, piece).await);
        marquee.kill();
        marquee = shop.launch().ready().await;
    }
    are_in_order(&shop.drained(&confirmed).await);
}

#[tokio::test]
async fn a_kafka_that_never_answers_keeps_nobody_from_starting_selling_and_stopping() {
    // A port that nobody listens on.
    let shop = Shop::on("127.0.0.1:1");
    let marquee = shop.launch().ready().await;
    let show = marquee.a_show().create().await;
    let _ = marquee.customer("Ada").await.book(&show, &["A1"]).await;
    assert!(is_ready(&marquee).await);
    let (code, took) = marquee.stop().await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    passes_the_check(shop.data_dir.path()).await;
}

async fn passes_the_check(data_dir: &Path) {
    let checked = Launch::new(MARQUEE, data_dir).arguments(&["check"]).ended().await;
    assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
}

#[tokio::test]
async fn without_a_kafka_there_are_no_events_to_look_at() {
    let data_dir = tempfile::tempdir().unwrap();
    for words in [["events", "tail"], ["events", "replay"]] {
        let ended = Launch::new(MARQUEE, data_dir.path()).arguments(&words).ended().await;
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(ended.errors.contains("MARQUEE_KAFKA_BROKERS must be set"), "{}", ended.errors);
    }
}
