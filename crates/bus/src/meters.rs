//! The metrics of the relay and of the consumers, each named once. Every series is there from the start, at zero.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const LAG_ENTRIES: &str = "marquee_relay_lag_entries";
const LAG_SECONDS: &str = "marquee_relay_lag_seconds";
const PUBLISHED: &str = "marquee_relay_published_total";
const FAILURES: &str = "marquee_relay_failures_total";
const CONSUMED: &str = "marquee_events_consumed_total";
const CONSUMER_LAG: &str = "marquee_consumer_lag_entries";

/// What became of an event that was delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// It was acted on.
    Acted,
    /// It had been acted on before.
    Repeated,
    /// It is a dead letter now.
    Dead,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Acted, Self::Repeated, Self::Dead];

    fn word(self) -> &'static str {
        match self {
            Self::Acted => "acted",
            Self::Repeated => "repeated",
            Self::Dead => "dead",
        }
    }
}

pub(crate) fn describe_relay(shard: &str) {
    describe_gauge!(LAG_ENTRIES, Unit::Count, "Entries of the journal that are not on Kafka yet, by shard");
    describe_gauge!(LAG_SECONDS, Unit::Seconds, "Age of the oldest entry that is not on Kafka yet, by shard");
    describe_counter!(PUBLISHED, Unit::Count, "Entries that Kafka has acknowledged, by shard");
    describe_counter!(
        FAILURES,
        Unit::Count,
        "Attempts to publish that failed, or for which Kafka had no answer within 10 s, by shard"
    );
    relay_lag(shard, 0, Duration::ZERO);
    relay_published(shard, 0);
    counter!(FAILURES, "shard" => shard.to_owned()).increment(0);
}

pub(crate) fn relay_lag(shard: &str, entries: i64, age: Duration) {
    gauge!(LAG_ENTRIES, "shard" => shard.to_owned()).set(entries as f64);
    gauge!(LAG_SECONDS, "shard" => shard.to_owned()).set(age.as_secs_f64());
}

pub(crate) fn relay_published(shard: &str, entries: usize) {
    counter!(PUBLISHED, "shard" => shard.to_owned()).increment(entries as u64);
}

pub(crate) fn relay_failed(shard: &str) {
    counter!(FAILURES, "shard" => shard.to_owned()).increment(1);
}

pub(crate) fn describe_consumer(consumer: &'static str) {
    describe_counter!(
        CONSUMED,
        Unit::Count,
        "Events that were delivered to a consumer, by outcome: acted, repeated, dead"
    );
    for outcome in Outcome::ALL {
        counter!(CONSUMED, "consumer" => consumer, "outcome" => outcome.word()).increment(0);
    }
}

pub(crate) fn describe_consumer_lag(consumer: &'static str) {
    describe_gauge!(CONSUMER_LAG, Unit::Count, "Events on Kafka that a consumer has not seen yet, by consumer");
    consumer_lag(consumer, 0);
}

pub(crate) fn consumed(consumer: &'static str, outcome: Outcome) {
    counter!(CONSUMED, "consumer" => consumer, "outcome" => outcome.word()).increment(1);
}

pub(crate) fn consumer_lag(consumer: &'static str, entries: i64) {
    gauge!(CONSUMER_LAG, "consumer" => consumer).set(entries as f64);
}
