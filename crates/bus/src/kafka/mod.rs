//! The journal on Kafka: its relay there, consumers of the topic, and what operators do with it.
//!
//! One topic has the events of all shards, each in one message whose key is the show, so that a show's events are in one
//! partition and in order. What a consumer could not act on is in the topic of dead letters beside it.
//! See `docs/adr/0007-events-on-kafka.md`.

mod consume;
mod dead_letter;
mod reader;
mod relay;

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureProducer;

pub use dead_letter::DeadLetter;
pub use reader::{Beginning, Reader, Record};
pub use relay::Relay;

pub(crate) use consume::consume;

/// How the topic of dead letters is called, after the topic that they are from.
const DEAD_LETTERS: &str = ".dlq";
/// Kafka's own limit, less the suffix of the dead letters.
const TOPIC_CHARS_MAX: usize = 249 - DEAD_LETTERS.len();
/// Addresses of a cluster that a client may be given to find it by.
const BROKERS_MAX: usize = 100;
/// How long an administrative call may take.
const CALL_MAX: Duration = Duration::from_secs(10);
/// The first and the longest pause between two attempts to connect to a broker, in milliseconds: one that is back is found soon.
const RECONNECT_MS: (&str, &str) = ("100", "2000");
/// Left to the broker: how many partitions a topic has, and how many replicas.
const BROKERS_DEFAULT: i32 = -1;

/// A Kafka cluster, and the topic on it that has the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    brokers: String,
    topic: String,
}

/// Why something cannot be a [`Kafka`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKafka {
    /// The list of brokers.
    #[error("must be host:port, several separated by commas")]
    Brokers,
    /// The topic.
    #[error("must be a topic's name: letters, digits, dots, dashes and underscores, at most {TOPIC_CHARS_MAX}")]
    Topic,
}

/// What Kafka, or the way there, said.
#[derive(Clone, Debug, thiserror::Error)]
#[error("kafka: {0}")]
pub struct Error(#[from] KafkaError);

impl Kafka {
    /// The cluster that `brokers` (`host:port`, several separated by commas) are part of, with the events on `topic`. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// [`NoKafka`], naming the part that cannot be.
    pub fn new(brokers: &str, topic: &str) -> Result<Self, NoKafka> {
        let listed: Vec<&str> = brokers.split(',').map(str::trim).collect();
        if listed.len() > BROKERS_MAX || !listed.iter().all(|broker| is_broker(broker)) {
            return Err(NoKafka::Brokers);
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let length_fits = (1..=TOPIC_CHARS_MAX).contains(&topic.len());
        if !length_fits || !topic.chars().all(legal) || matches!(topic, "." | "..") {
            return Err(NoKafka::Topic);
        }
        Ok(Self { brokers: listed.join(","), topic: topic.to_owned() })
    }

    /// The addresses to find the cluster by.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The topic of the events.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic of what a consumer could not act on.
    #[must_use]
    pub fn dead_letters(&self) -> String {
        format!("{}{DEAD_LETTERS}", self.topic)
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "marquee")
            .set("reconnect.backoff.ms", RECONNECT_MS.0)
            .set("reconnect.backoff.max.ms", RECONNECT_MS.1)
            // An idle connection that the broker closes is nobody's fault.
            .set("log.connection.close", "false");
        config
    }

    /// A producer that keeps the order in which it is given messages whatever fails: what it gave up on is followed by nothing.
    fn producer(&self) -> Result<FutureProducer, KafkaError> {
        self.client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("enable.gapless.guarantee", "true")
            // Never gives a message up because of time: the guarantee does not cover that, and waiting loses nothing.
            .set("message.timeout.ms", "0")
            // The same key is in the same partition as with Java's clients.
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .create()
    }

    /// Makes `topic`, with as many partitions and replicas as the brokers are set to, unless it is there.
    async fn make_topic(&self, topic: &str) -> Result<(), KafkaError> {
        let admin: AdminClient<DefaultClientContext> = self.client().create()?;
        let new = NewTopic::new(topic, BROKERS_DEFAULT, TopicReplication::Fixed(BROKERS_DEFAULT));
        let options = AdminOptions::new().request_timeout(Some(CALL_MAX)).operation_timeout(Some(CALL_MAX));
        for made in admin.create_topics([&new], &options).await? {
            match made {
                // Who may not make topics was given one.
                Ok(_)
                | Err((
                    _,
                    RDKafkaErrorCode::TopicAlreadyExists
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed,
                )) => {}
                Err((_, code)) => return Err(KafkaError::AdminOp(code)),
            }
        }
        Ok(())
    }
}

/// A client whose end, which waits for its own threads, keeps no thread of the runtime waiting.
struct Aside<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Aside<T> {
    fn new(client: T) -> Self {
        Self(Some(client))
    }

    fn get(&self) -> Result<&T, KafkaError> {
        self.0.as_ref().ok_or(KafkaError::Canceled)
    }
}

impl<T: Send + 'static> Drop for Aside<T> {
    fn drop(&mut self) {
        let client = self.0.take();
        std::thread::spawn(move || drop(client));
    }
}

fn is_broker(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    !host.is_empty() && !host.contains(char::is_whitespace) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_and_topic_are_checked_before_anything_is_connected() {
        let kafka = Kafka::new("one:9092, two:9092", "marquee.events").unwrap();
        assert_eq!((kafka.brokers.as_str(), kafka.topic()), ("one:9092,two:9092", "marquee.events"));
        assert_eq!(kafka.dead_letters(), "marquee.events.dlq");
        assert!(Kafka::new("[::1]:9092", "t").is_ok());
        for brokers in ["", "one", "one:", ":9092", "one:0", "one:99999", "one:9092,", "one :9092", "http://one"] {
            assert_eq!(Kafka::new(brokers, "t"), Err(NoKafka::Brokers), "{brokers}");
        }
        for topic in ["", ".", "..", "two words", "é", &"x".repeat(TOPIC_CHARS_MAX + 1)] {
            assert_eq!(Kafka::new("one:9092", topic), Err(NoKafka::Topic), "{topic}");
        }
    }
}
