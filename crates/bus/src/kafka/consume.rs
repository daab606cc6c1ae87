//! Delivery from Kafka: a group per consumer, its place kept by the brokers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use marquee_db::Tx;
use rdkafka::consumer::{Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::FutureProducer;
use rdkafka::statistics::Partition;
use rdkafka::{ClientContext, Statistics};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Aside, Kafka, dead_letter};
use crate::cloud_event::CloudEvent;
use crate::consumer::{Acting, Handled};
use crate::meters::{self, Outcome};
use crate::{Delivered, Unhandled};

/// The first and the longest pause after a failure.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// How long a consumer that died keeps its partitions from the others, in milliseconds.
const SESSION_MS: &str = "10000";
/// How often the client counts what it has not seen yet, in milliseconds.
const MEASURE_MS: &str = "1000";

/// Delivers what is on the topic to `acting` until `stop` is cancelled.
pub(crate) async fn consume<A>(kafka: &Kafka, acting: &Arc<Acting<A>>, stop: &CancellationToken)
where
    A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
{
    meters::describe_consumer_lag(acting.consumer.name);
    let work = async {
        let mut pause = BACKOFF_MIN;
        loop {
            let Err(error) = session(kafka, acting).await;
            warn!(consumer = acting.consumer.name, %error, "events not consumed, will retry");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    };
    stop.run_until_cancelled(work).await;
}

async fn session<A>(kafka: &Kafka, acting: &Arc<Acting<A>>) -> Result<Infallible, KafkaError>
where
    A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
{
    let name = acting.consumer.name;
    for topic in [kafka.topic(), &kafka.dead_letters()] {
        kafka.make_topic(topic).await?;
    }
    let consumer: StreamConsumer<Lag> = kafka
        .client()
        .set("group.id", name)
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", SESSION_MS)
        .set("statistics.interval.ms", MEASURE_MS)
        // Committed is only what was acted on.
        .set("enable.auto.offset.store", "false")
        .create_with_context(Lag { consumer: name })?;
    let (consumer, dead) = (Aside::new(consumer), Aside::new(kafka.producer()?));
    consumer.get()?.subscribe(&[kafka.topic()])?;
    loop {
        match consumer.get()?.recv().await {
            Ok(message) => {
                take(kafka, acting, &message, dead.get()?).await?;
                // Refused when the partition is another's by now, who will be delivered the event again.
                let _ = consumer.get()?.store_offset_from_message(&message);
            }
            // The client connects again by itself, and goes on where it was.
            Err(error) => warn!(consumer = name, %error, "kafka does not deliver, still waiting"),
        }
    }
}

/// Acts on one message, or makes it a dead letter. Returns when either is durable.
async fn take<A>(
    kafka: &Kafka,
    acting: &Arc<Acting<A>>,
    message: &BorrowedMessage<'_>,
    dead: &FutureProducer,
) -> Result<(), KafkaError>
where
    A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
{
    let name = acting.consumer.name;
    let (tries, problem) = match CloudEvent::parse(message.payload().unwrap_or_default()) {
        Ok(event) if !acting.consumer.kinds.contains(&event.kind.as_str()) => return Ok(()),
        Ok(event) => match handle(acting, event).await {
            Handled::Done => return Ok(()),
            Handled::GivenUp { tries, problem } => (tries, problem),
        },
        Err(none) => {
            error!(consumer = name, partition = message.partition(), offset = message.offset(), %none, "no event");
            (0, none.to_string())
        }
    };
    dead_letter::publish(dead, &kafka.dead_letters(), message, name, tries, &problem).await?;
    meters::consumed(name, Outcome::Dead);
    Ok(())
}

/// Tries until the database does its part: whatever is wrong there is not wrong with the event.
async fn handle<A>(acting: &Arc<Acting<A>>, event: Delivered) -> Handled
where
    A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
{
    let mut pause = BACKOFF_MIN;
    loop {
        match acting.handle(event.clone()).await {
            Ok(handled) => return handled,
            Err(error) => {
                warn!(consumer = acting.consumer.name, %error, "event not acted on, will retry");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(BACKOFF_MAX);
            }
        }
    }
}

/// Counts what a consumer has not seen yet.
struct Lag {
    consumer: &'static str,
}

impl ClientContext for Lag {
    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        meters::consumer_lag(self.consumer, partitions.map(unseen).sum());
    }
}

impl ConsumerContext for Lag {}

/// Messages of a partition that is this consumer's which it is not done with; offsets that are not known are negative.
fn unseen(partition: &Partition) -> i64 {
    let done = partition.stored_offset.max(partition.committed_offset).max(partition.lo_offset);
    if partition.fetch_state == "active" { (partition.hi_offset - done.max(0)).max(0) } else { 0 }
}
