//! A journal, a way from it to consumers, and patience.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use marquee_bus::kafka::{Kafka, Relay};
use marquee_bus::{Actor, Bus, Consumer, Delivered, Delivery, Event, Journal, Unhandled};
use marquee_db::{Db, Tx};
use marquee_kernel::{Clock, Rng, ShowId};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything that happens by itself may take; a group that lost a member waits for its session to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The address of a broker: the one that the environment names, or one that ends with this process, which keeps its standard
/// input open.
static BROKER: LazyLock<String> = LazyLock::new(|| {
    if let Ok(address) = std::env::var("MARQUEE_TEST_KAFKA") {
        return address;
    }
    let mut broker = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with_kafka.py"))
        .args(["sh", "-c", "echo $MARQUEE_TEST_KAFKA; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(broker.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(!address.is_empty(), "no Kafka; what is missing is said above");
    std::mem::forget(broker);
    address.trim().to_owned()
});
static TOPICS: AtomicUsize = AtomicUsize::new(0);

/// A topic of one test's own.
pub(crate) fn a_topic() -> Kafka {
    let topic = format!("test.{}.{}", std::process::id(), TOPICS.fetch_add(1, Ordering::Relaxed));
    Kafka::new(&BROKER, &topic).unwrap()
}

/// The ways to a consumer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    InProcess,
    Kafka,
}

pub(crate) struct Shop {
    pub(crate) db: Db,
    pub(crate) delivery: Delivery,
    bus: Bus,
    journal: Journal,
    relays: Mutex<Vec<(JoinHandle<()>, CancellationToken)>>,
    _dir: TempDir,
}

impl Shop {
    pub(crate) fn open(way: Way) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let bus = Bus::new(db.clone());
        let delivery = match way {
            Way::InProcess => Delivery::InProcess(bus.clone()),
            Way::Kafka => Delivery::Kafka(a_topic()),
        };
        let journal = Journal::new(Clock::System, Rng::System);
        let shop = Self { db, delivery, bus, journal, relays: Mutex::default(), _dir: dir };
        shop.start_relay();
        shop
    }

    pub(crate) fn kafka(&self) -> &Kafka {
        match &self.delivery {
            Delivery::Kafka(kafka) => kafka,
            Delivery::InProcess(_) => panic!("this shop has no Kafka"),
        }
    }

    /// Starts one more relay, where there is Kafka.
    pub(crate) fn start_relay(&self) {
        if let Delivery::Kafka(kafka) = &self.delivery {
            let stop = CancellationToken::new();
            let relay = Relay::new(self.bus.clone(), kafka.clone(), "main", Clock::System);
            self.relays.lock().unwrap().push((tokio::spawn(relay.run(stop.clone())), stop));
        }
    }

    pub(crate) async fn stop_relays(&self) {
        let relays = std::mem::take(&mut *self.relays.lock().unwrap());
        for (relay, stop) in relays {
            stop.cancel();
            relay.await.unwrap();
        }
    }

    /// Appends entries of a kind and a show, numbered.
    pub(crate) async fn append(&self, kind: &'static str, show: ShowId, numbers: std::ops::Range<i64>) {
        let event =
            |n| Event { kind, actor: Actor::System, show_id: Some(show), subject: n_of(n), payload: json!({ "n": n }) };
        let (journal, events) = (self.journal.clone(), numbers.map(event).collect::<Vec<_>>());
        self.db.write(move |tx| journal.append(tx, &events)).await.unwrap();
        self.bus.wake();
    }

    /// Has a consumer or a relay read from the journal's beginning, again if it has before.
    pub(crate) async fn rewind(&self, name: &'static str) {
        let sql = "INSERT INTO journal_offsets (consumer, seq) VALUES ($1, 0)
            ON CONFLICT (consumer) DO UPDATE SET seq = 0";
        self.db.write(move |tx| tx.execute(sql, &marquee_db::params![name])).await.unwrap();
    }

    /// Starts a consumer of everything, or goes on with it.
    pub(crate) fn consume<A>(&self, name: &'static str, act: A) -> Consuming
    where
        A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
    {
        let consumer = Consumer { name, kinds: &["Sold"], db: self.db.clone(), clock: Clock::System, rng: Rng::System };
        let (delivery, stop) = (self.delivery.clone(), CancellationToken::new());
        let until = stop.clone();
        let job = tokio::spawn(async move { delivery.consume(consumer, until, act).await });
        Consuming { job, stop }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.relays.get_mut().unwrap().drain(..).for_each(|(_, stop)| stop.cancel());
    }
}

fn n_of(n: i64) -> String {
    format!("subject-{n}")
}

pub(crate) struct Consuming {
    job: JoinHandle<()>,
    stop: CancellationToken,
}

impl Consuming {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.job.await.unwrap();
    }

    /// What a `kill -9` does to it, as far as a task can die so.
    pub(crate) fn abort(self) {
        self.job.abort();
    }
}

/// What a consumer has acted on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<(ShowId, i64)>>>);

impl Seen {
    pub(crate) fn note(&self, event: &Delivered) {
        let n = event.payload["n"].as_i64().unwrap();
        self.0.lock().unwrap().push((event.show_id.unwrap(), n));
    }

    /// The numbers of a show's events, in the order in which they came.
    pub(crate) fn of(&self, show: ShowId) -> Vec<i64> {
        self.0.lock().unwrap().iter().filter(|(of, _)| *of == show).map(|(_, n)| *n).collect()
    }

    pub(crate) async fn includes(&self, show: ShowId, n: i64) {
        eventually(&format!("event {n} is acted on"), async || self.of(show).contains(&n).then_some(())).await;
    }
}

pub(crate) fn a_show() -> ShowId {
    ShowId::mint(&Clock::System, &Rng::System)
}

pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
