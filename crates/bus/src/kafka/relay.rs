//! From one database's journal to Kafka: everything, in order, at least once.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use marquee_db::Tx;
use marquee_kernel::{Clock, Timestamp};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Aside, Kafka};
use crate::cloud_event::{CONTENT_TYPE, CloudEvent, source_of};
use crate::{Bus, Delivered, meters, store};

/// Entries published together, which is how many a crash can repeat.
const READ_ROWS: u32 = 500;
/// How long the relay sleeps when nobody wakes it: another process may have appended.
const IDLE: Duration = Duration::from_millis(500);
/// How long a woken relay waits for more: each look costs a commit, which sales would rather have.
const GATHER: Duration = Duration::from_millis(50);
/// How long Kafka may take to acknowledge before that is worth a line in the log.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first and the longest pause after a failure.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// How often what is not published yet is counted.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Publishes the journal of one database. Nothing waits for it: while Kafka is away the journal keeps what it will publish.
#[derive(Clone)]
pub struct Relay {
    bus: Bus,
    kafka: Kafka,
    shard: String,
    clock: Clock,
    fence: Arc<Fence>,
}

/// Refuses the transaction that notes how far a relay is, when the relay is another node's by now.
type Fence = dyn Fn(&mut Tx<'_>) -> marquee_db::Result<()> + Send + Sync;

/// Why the relay has to begin again from what it recorded last.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Database(#[from] marquee_db::Error),
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("an entry is no JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Relay {
    /// A relay of the journal behind `bus`, which is that of `shard`, to `kafka`.
    #[must_use]
    pub fn new(bus: Bus, kafka: Kafka, shard: &str, clock: Clock) -> Self {
        meters::describe_relay(shard);
        Self { bus, kafka, shard: shard.to_owned(), clock, fence: Arc::new(|_| Ok(())) }
    }

    /// The same, for as long as `fence` lets it note how far it is.
    #[must_use]
    pub fn fenced(self, fence: impl Fn(&mut Tx<'_>) -> marquee_db::Result<()> + Send + Sync + 'static) -> Self {
        Self { fence: Arc::new(fence), ..self }
    }

    /// Publishes until `stop` is cancelled, or this is dropped. Run one at a time for a database: a second one would repeat everything, though neither
    /// skip nor take back what the first has recorded.
    pub async fn run(self, stop: CancellationToken) {
        let work = async { tokio::join!(self.publish(), self.measure()) };
        stop.run_until_cancelled(work).await;
        // Whoever publishes next knows how far behind it is; this one no longer does.
        meters::relay_lag(&self.shard, 0, Duration::ZERO);
    }

    async fn publish(&self) {
        let mut pause = BACKOFF_MIN;
        loop {
            let begun = tokio::time::Instant::now();
            let Err(failure) = self.session().await;
            warn!(shard = self.shard, %failure, "events not published, will retry");
            meters::relay_failed(&self.shard);
            pause = if begun.elapsed() > BACKOFF_MAX { BACKOFF_MIN } else { (pause * 2).min(BACKOFF_MAX) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Publishes what comes after the last recorded entry until something fails. A producer that failed is done with: only a new
    /// one can repeat what was not acknowledged without overtaking it.
    async fn session(&self) -> Result<Infallible, Failure> {
        let mut signal = self.bus.signal();
        let mut seq = self.begin().await?;
        self.kafka.make_topic(self.kafka.topic()).await?;
        let producer = Aside::new(self.kafka.producer()?);
        loop {
            signal.mark_unchanged();
            let entries = self.bus.db().read(move |tx| store::all_after(tx, seq, READ_ROWS)).await?;
            if let Some(last) = entries.last().map(|entry| entry.seq) {
                self.send(producer.get()?, &entries).await?;
                self.record(last).await?;
                meters::relay_published(&self.shard, entries.len());
                seq = last;
            }
            if entries.len() < READ_ROWS as usize {
                // Either way it looks again: woken, or because another process may have appended.
                let _ = tokio::time::timeout(IDLE, signal.changed()).await;
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// Publishes `entries`, and returns when all of them are acknowledged.
    async fn send(&self, producer: &FutureProducer, entries: &[Delivered]) -> Result<(), Failure> {
        let source = source_of(&self.shard);
        let mut sent = Vec::with_capacity(entries.len());
        for entry in entries {
            let event = CloudEvent::new(entry, &source);
            let value = event.to_json()?;
            let headers = OwnedHeaders::new().insert(Header { key: "content-type", value: Some(CONTENT_TYPE) });
            // Kafka's own timestamp is that of the publishing: retention goes by it, and an old journal is news to the topic.
            let record = FutureRecord::to(self.kafka.topic()).key(event.key()).payload(&value).headers(headers);
            sent.push(producer.send_result(record).map_err(|(error, _)| error)?);
        }
        for delivery in sent {
            let mut delivery = pin!(delivery);
            let outcome = loop {
                match tokio::time::timeout(PATIENCE, &mut delivery).await {
                    Ok(outcome) => break outcome,
                    Err(_) => {
                        warn!(shard = self.shard, "kafka acknowledges no events, still waiting");
                        meters::relay_failed(&self.shard);
                    }
                }
            };
            outcome.map_err(|_| KafkaError::Canceled)?.map_err(|(error, _)| error)?;
        }
        Ok(())
    }

    /// The name that the position is kept under. Another topic is another one, and gets the whole journal.
    fn name(&self) -> String {
        format!("kafka:{}", self.kafka.topic())
    }

    async fn begin(&self) -> marquee_db::Result<i64> {
        let name = self.name();
        self.bus.db().read(move |tx| store::relayed(tx, &name)).await
    }

    /// The one place where the relay writes: notes that everything up to `seq` is acknowledged.
    async fn record(&self, seq: i64) -> marquee_db::Result<()> {
        let (name, fence) = (self.name(), self.fence.clone());
        let note = move |tx: &mut Tx<'_>| {
            fence(tx)?;
            store::advance(tx, &name, seq)
        };
        self.bus.db().write(note).await
    }

    async fn measure(&self) -> Infallible {
        loop {
            let name = self.name();
            // Without a database nothing is appended either: what was last counted stands.
            if let Ok((entries, oldest)) = self.backlog(name).await {
                meters::relay_lag(&self.shard, entries, self.age(oldest));
            }
            tokio::time::sleep(MEASURE_EVERY).await;
        }
    }

    async fn backlog(&self, name: String) -> marquee_db::Result<(i64, Option<Timestamp>)> {
        self.bus.db().read(move |tx| store::backlog(tx, &name)).await
    }

    fn age(&self, since: Option<Timestamp>) -> Duration {
        let age = since.map(|since| self.clock.now().duration_since(since));
        age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
    }
}
