//! What a consumer could not act on: the message as it was, with headers that say who could not, and why.

use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::Record;

const CONSUMER: &str = "marquee-consumer";
const PROBLEM: &str = "marquee-problem";
const TRIES: &str = "marquee-tries";
const PARTITION: &str = "marquee-partition";
const OFFSET: &str = "marquee-offset";
/// How each of them begins: what was put on top of the message.
const OURS: &str = "marquee-";
/// Characters of a problem that are kept.
const PROBLEM_CHARS_MAX: usize = 1_000;

/// A message of the topic of dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Who could not act on it.
    pub consumer: String,
    /// Why.
    pub problem: String,
    /// How often it was tried; 0 when it could not even be read.
    pub tries: u32,
    /// Where it stood on the topic of events: the partition.
    pub partition: i32,
    /// And the offset there.
    pub offset: i64,
    /// The message's value.
    pub value: Vec<u8>,
}

impl From<Record> for DeadLetter {
    fn from(record: Record) -> Self {
        let text = |name: &str| {
            let found = record.headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Self {
            consumer: text(CONSUMER),
            problem: text(PROBLEM),
            tries: text(TRIES).parse().unwrap_or_default(),
            partition: text(PARTITION).parse().unwrap_or_default(),
            offset: text(OFFSET).parse().unwrap_or_default(),
            value: record.value,
        }
    }
}

/// Publishes `message` to `topic`, and returns when it is acknowledged.
pub(super) async fn publish(
    producer: &FutureProducer,
    topic: &str,
    message: &BorrowedMessage<'_>,
    consumer: &str,
    tries: u32,
    problem: &str,
) -> Result<(), KafkaError> {
    let problem: String = problem.chars().take(PROBLEM_CHARS_MAX).collect();
    let (partition, offset) = (message.partition().to_string(), message.offset().to_string());
    let mut headers = without_ours(message);
    let said = [(CONSUMER, consumer), (PROBLEM, &problem), (TRIES, &tries.to_string())];
    for (key, value) in said.into_iter().chain([(PARTITION, partition.as_str()), (OFFSET, &offset)]) {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    send_on(producer, topic, message, headers).await
}

/// Publishes the message that a dead letter was to `topic`.
pub(super) async fn send_back(
    producer: &FutureProducer,
    topic: &str,
    dead: &BorrowedMessage<'_>,
) -> Result<(), KafkaError> {
    send_on(producer, topic, dead, without_ours(dead)).await
}

async fn send_on(
    producer: &FutureProducer,
    topic: &str,
    message: &BorrowedMessage<'_>,
    headers: OwnedHeaders,
) -> Result<(), KafkaError> {
    let mut record = FutureRecord::to(topic).headers(headers);
    record.key = message.key();
    record.payload = message.payload();
    let delivery = producer.send_result(record).map_err(|(error, _)| error)?;
    delivery.await.map_err(|_| KafkaError::Canceled)?.map_err(|(error, _)| error)?;
    Ok(())
}

/// A dead letter that was sent back and died again says what happened last.
fn without_ours(message: &BorrowedMessage<'_>) -> OwnedHeaders {
    let Some(headers) = message.headers() else { return OwnedHeaders::new() };
    let kept = headers.iter().filter(|header| !header.key.starts_with(OURS));
    kept.fold(OwnedHeaders::new(), |headers, header| headers.insert(header))
}
