//! What operators do with a topic: look at it, and send dead letters back.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::task::spawn_blocking;

use super::{Aside, CALL_MAX, Error, Kafka, dead_letter};

/// What a reader's place would be kept under, if it were.
const READERS: &str = "marquee-tail";
/// What it is kept under which dead letters were sent back.
const REPLAY: &str = "marquee-replay";
/// The pause after an error while a topic is read.
const PAUSE: Duration = Duration::from_millis(500);

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With the oldest that the topic still has.
    Oldest,
    /// With what comes next.
    Next,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its headers; a value that is no text reads as good as it can.
    pub headers: Vec<(String, String)>,
    /// The partition it is in.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
}

/// Reads all partitions of a topic as they come; nobody is told how far.
pub struct Reader {
    consumer: Aside<StreamConsumer>,
}

impl Kafka {
    /// Reads `topic`, which must be there.
    ///
    /// # Errors
    /// What Kafka says.
    pub async fn read(&self, topic: &str, from: Beginning) -> Result<Reader, Error> {
        let offset = match from {
            Beginning::Oldest => Offset::Beginning,
            Beginning::Next => Offset::End,
        };
        let mut config = self.client();
        config.set("group.id", READERS).set("enable.auto.commit", "false");
        let (consumer, _) = assigned(&config, topic, offset).await?;
        Ok(Reader { consumer })
    }

    /// Sends every dead letter that was not sent back before to the topic of events again: how many.
    ///
    /// # Errors
    /// What Kafka says; what was sent back then may be sent again.
    pub async fn replay_dead_letters(&self) -> Result<u64, Error> {
        let mut config = self.client();
        config
            .set("group.id", REPLAY)
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true");
        let (consumer, mut open) = assigned(&config, &self.dead_letters(), Offset::Stored).await?;
        let producer = Aside::new(self.producer()?);
        let mut sent = 0;
        while !open.is_empty() {
            match consumer.get()?.recv().await {
                Ok(dead) => {
                    dead_letter::send_back(producer.get()?, self.topic(), &dead).await?;
                    consumer.get()?.store_offset_from_message(&dead)?;
                    sent += 1;
                }
                Err(KafkaError::PartitionEOF(partition)) => drop(open.remove(&partition)),
                Err(error) => return Err(error.into()),
            }
        }
        commit(consumer).await?;
        Ok(sent)
    }
}

impl Reader {
    /// The next message, whenever it comes. While Kafka is away it waits.
    ///
    /// # Errors
    /// What Kafka says, when waiting does not help.
    pub async fn next(&self) -> Result<Record, Error> {
        loop {
            match self.consumer.get()?.recv().await {
                Ok(message) => return Ok(record(&message)),
                Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure,
                )) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map(|headers| {
        let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
        headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
    });
    Record {
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: headers.unwrap_or_default(),
        partition: message.partition(),
        offset: message.offset(),
    }
}

/// A consumer of every partition of `topic` from `offset` on, and which those are.
async fn assigned(
    config: &ClientConfig,
    topic: &str,
    offset: Offset,
) -> Result<(Aside<StreamConsumer>, BTreeSet<i32>), KafkaError> {
    let consumer: StreamConsumer = config.create()?;
    let name = topic.to_owned();
    // The client asks and waits.
    let assigning = spawn_blocking(move || {
        let metadata = consumer.fetch_metadata(Some(&name), CALL_MAX)?;
        let found = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let partitions: BTreeSet<i32> = found.map(|partition| partition.id()).collect();
        if partitions.is_empty() {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition));
        }
        let mut assignment = TopicPartitionList::new();
        for partition in &partitions {
            assignment.add_partition_offset(&name, *partition, offset)?;
        }
        consumer.assign(&assignment)?;
        Ok((Aside::new(consumer), partitions))
    });
    assigning.await.map_err(|_| KafkaError::Canceled)?
}

async fn commit(consumer: Aside<StreamConsumer>) -> Result<(), KafkaError> {
    let committing = spawn_blocking(move || match consumer.get()?.commit_consumer_state(CommitMode::Sync) {
        Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
        committed => committed,
    });
    committing.await.map_err(|_| KafkaError::Canceled)?
}
