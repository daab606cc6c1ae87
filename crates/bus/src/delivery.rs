//! Hands the journal to its consumers: in order, at least once.

use std::sync::Arc;
use std::time::Duration;

use marquee_db::{Db, Result};
use marquee_kernel::{EventId, ShowId, Timestamp};
use marquee_kv::Signals;
use metrics::{Unit, describe_gauge, gauge};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::store::{self, Look};

/// Entries a consumer reads at a time.
const READ_ROWS: u32 = 500;
/// Entries a consumer passes over at a time: after a long time away, a look at all of them would outlast any read's time.
const PASS_ENTRIES: i64 = 20_000;
/// How long a consumer sleeps when nobody wakes it: another process may have appended.
const IDLE: Duration = Duration::from_millis(500);
/// How long a woken consumer waits for more before it looks.
const GATHER: Duration = Duration::from_millis(50);
/// The first and the longest pause after a handler's or the database's error.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// How far each consumer has come in the journal.
const POSITION: &str = "marquee_event_position";

/// An entry as a consumer sees it. It may come again: act once per `event_id`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of Event, with their place in the journal")]
pub struct Delivered {
    pub seq: i64,
    pub event_id: EventId,
    pub at: Timestamp,
    pub kind: String,
    pub show_id: Option<ShowId>,
    pub subject: String,
    pub payload: serde_json::Value,
}

/// A consumer of the journal, by the name that its place there is kept under, and where it begins when it is new.
#[derive(Clone, Debug)]
pub struct Reader {
    name: Arc<str>,
    begins: Begins,
}

#[derive(Clone, Copy, Debug)]
enum Begins {
    WithWhatComesNext,
    AtTheBeginning,
}

impl Reader {
    /// One that has the whole journal before it.
    #[must_use]
    pub fn of_all(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), begins: Begins::AtTheBeginning }
    }
}

impl From<&str> for Reader {
    /// One that starts with what comes next.
    fn from(name: &str) -> Self {
        Self { name: name.into(), begins: Begins::WithWhatComesNext }
    }
}

/// The in-process delivery of the journal.
#[derive(Clone, Debug)]
pub struct Bus {
    db: Db,
    signal: Arc<watch::Sender<u64>>,
    nodes: Signals,
}

impl Bus {
    /// A bus over the journal in `db`.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self::among(Signals::default(), db)
    }

    /// A bus over the journal in `db`, which several nodes append to and tell one another so.
    #[must_use]
    pub fn among(nodes: Signals, db: Db) -> Self {
        Self { db, signal: Arc::new(watch::Sender::new(0)), nodes }
    }

    pub(crate) fn nodes(&self) -> &Signals {
        &self.nodes
    }

    /// Sees a change whenever somebody in this process has appended.
    pub(crate) fn signal(&self) -> watch::Receiver<u64> {
        self.signal.subscribe()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Tells consumers to look at once: call it after a commit that appended.
    pub fn wake(&self) {
        self.signal.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// As [`Bus::wake`], and tells the followers of every node: call it after a commit that changed what others keep in memory.
    pub fn announce(&self) {
        self.wake();
        self.nodes.tell();
    }

    /// Starts a consumer: `handle` sees every entry of the `kinds` in order. Where it stands is kept under the name
    /// `consumer`, so that a restart goes on where it was. An error from
    /// `handle` is logged and the entry tried again, with growing pauses, until it succeeds or `stop` is cancelled.
    pub fn subscribe<F, Fut>(
        &self,
        consumer: impl Into<Reader>,
        kinds: &'static [&'static str],
        stop: CancellationToken,
        handle: F,
    ) -> JoinHandle<()>
    where
        F: Fn(Delivered) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send,
    {
        describe_gauge!(POSITION, Unit::Count, "The journal's entry up to which a consumer has read, by consumer");
        let (consumer, bus) = (consumer.into(), self.clone());
        gauge!(POSITION, "consumer" => consumer.name.clone()).set(0);
        tokio::spawn(async move {
            let work = bus.consume(&consumer, kinds, handle);
            // Stopping between two entries or in one is the same: what was not recorded is delivered again.
            stop.run_until_cancelled(work).await;
        })
    }

    async fn consume<F, Fut>(&self, consumer: &Reader, kinds: &'static [&'static str], handle: F)
    where
        F: Fn(Delivered) -> Fut,
        Fut: Future<Output = Result<(), String>>,
    {
        let mut signal = self.signal.subscribe();
        let mut place = None;
        let mut pause = BACKOFF_MIN;
        loop {
            match self.advance(consumer, kinds, place, &handle).await {
                Ok(Step::More(at)) => (place, pause) = (Some(at), BACKOFF_MIN),
                Ok(Step::Idle(at)) => {
                    (place, pause) = (Some(at), BACKOFF_MIN);
                    // Either way it looks again: woken, or because another process may have appended.
                    let _ = tokio::time::timeout(IDLE, signal.changed()).await;
                    // A busy hour wakes thousands of times a second: one look serves them all.
                    tokio::time::sleep(GATHER).await;
                    signal.mark_unchanged();
                }
                Err(error) => {
                    warn!(consumer = &*consumer.name, error, "event delivery failed, will retry");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(BACKOFF_MAX);
                    place = None;
                }
            }
        }
    }

    async fn advance<F, Fut>(
        &self,
        consumer: &Reader,
        kinds: &'static [&'static str],
        place: Option<Place>,
        handle: &F,
    ) -> Result<Step, String>
    where
        F: Fn(Delivered) -> Fut,
        Fut: Future<Output = Result<(), String>>,
    {
        let Place { seq, mut recorded } = match place {
            Some(place) => place,
            None => self.start(consumer).await.map_err(|error| error.to_string())?,
        };
        let look = self.look(kinds, seq).await;
        let Look { found, reached, more } = look.map_err(|error| error.to_string())?;
        for entry in found {
            let at = entry.seq;
            handle(entry).await?;
            self.record(consumer, at).await?;
            recorded = at;
        }
        // A little that was only passed over is not recorded: to pass over it again after a restart is one read.
        if reached - recorded >= PASS_ENTRIES {
            self.record(consumer, reached).await?;
            recorded = reached;
        }
        gauge!(POSITION, "consumer" => consumer.name.clone()).set(reached as f64);
        let place = Place { seq: reached, recorded };
        Ok(if more { Step::More(place) } else { Step::Idle(place) })
    }

    /// What of the `kinds` comes next after `seq`.
    pub(crate) async fn look(&self, kinds: &'static [&'static str], seq: i64) -> Result<Look> {
        self.db.read(move |tx| store::of_kinds_after(tx, kinds, seq, READ_ROWS, PASS_ENTRIES)).await
    }

    async fn start(&self, consumer: &Reader) -> Result<Place> {
        let Reader { name, begins } = consumer.clone();
        self.db
            .write(move |tx| {
                let seq = match begins {
                    Begins::WithWhatComesNext => store::offset(tx, &name)?,
                    Begins::AtTheBeginning => store::relayed(tx, &name)?,
                };
                store::set_offset(tx, &name, seq)?;
                Ok(Place { seq, recorded: seq })
            })
            .await
    }

    async fn record(&self, consumer: &Reader, seq: i64) -> Result<(), String> {
        let name = consumer.name.clone();
        let recorded = self.db.write(move |tx| store::set_offset(tx, &name, seq)).await;
        recorded.map_err(|error: marquee_db::Error| error.to_string())
    }
}

/// How far a consumer is, and how far it would begin anew.
#[derive(Clone, Copy, Debug)]
struct Place {
    seq: i64,
    recorded: i64,
}

/// What a consumer has come to, and whether there is more.
#[derive(Debug)]
enum Step {
    More(Place),
    Idle(Place),
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use marquee_kernel::{Clock, Rng};
    use serde_json::json;

    use super::*;
    use crate::{Actor, Event, Journal};

    fn event(kind: &'static str, n: i64) -> Event {
        Event { kind, actor: Actor::System, show_id: None, subject: n.to_string(), payload: json!({ "n": n }) }
    }

    async fn append(db: &Db, events: Vec<Event>) {
        let journal = Journal::new(Clock::System, Rng::System);
        db.write(move |tx| journal.append(tx, &events)).await.unwrap();
    }

    #[tokio::test]
    async fn a_consumer_sees_each_entry_in_order_and_again_only_after_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let bus = Bus::new(db.clone());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (done, mut all) = tokio::sync::mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        // Entries that came before the consumer first started are not its business.
        append(&db, vec![event("Wanted", 0)]).await;
        bus.start(&"test".into()).await.unwrap();
        append(&db, vec![event("Wanted", 1), event("Other", 2), event("Wanted", 3)]).await;
        let sink = seen.clone();
        let job = bus.subscribe("test", &["Wanted"], stop.clone(), move |entry| {
            let mut seen = sink.lock().unwrap();
            let first = !seen.contains(&entry.seq);
            seen.push(entry.seq);
            if entry.seq == 4 && !first {
                done.send(()).unwrap();
            }
            let fail = entry.seq == 4 && first;
            async move { if fail { Err("not yet".to_owned()) } else { Ok(()) } }
        });
        all.recv().await.unwrap();
        stop.cancel();
        job.await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [2, 4, 4]);
    }

    #[tokio::test]
    async fn what_a_consumer_passed_over_it_does_not_pass_over_again() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let (bus, consumer) = (Bus::new(db.clone()), Reader::from("test"));
        bus.start(&consumer).await.unwrap();
        let seen = Mutex::new(Vec::new());
        let handle = async |entry: Delivered| {
            seen.lock().unwrap().push(entry.seq);
            Ok(())
        };
        let others = |count: i64| (0..count).map(|n| event("Other", n)).collect();
        let mut place = None;
        // In small steps, and then all at once, as after a long time away.
        for _ in 0..2 {
            append(&db, others(PASS_ENTRIES / 2)).await;
            let Ok(Step::Idle(at)) = bus.advance(&consumer, &["Wanted"], place, &handle).await else { panic!() };
            place = Some(at);
        }
        assert_eq!(bus.start(&consumer).await.unwrap().seq, PASS_ENTRIES);
        append(&db, others(PASS_ENTRIES + 10)).await;
        append(&db, vec![event("Wanted", 1)]).await;
        let Ok(Step::More(_)) = bus.advance(&consumer, &["Wanted"], None, &handle).await else { panic!() };
        assert_eq!(bus.start(&consumer).await.unwrap().seq, 2 * PASS_ENTRIES);
        let Ok(Step::Idle(end)) = bus.advance(&consumer, &["Wanted"], None, &handle).await else { panic!() };
        assert_eq!((end.seq, end.recorded), (2 * PASS_ENTRIES + 11, 2 * PASS_ENTRIES + 11));
        assert_eq!(*seen.lock().unwrap(), [end.seq]);
    }

    #[tokio::test]
    async fn a_changed_or_missing_entry_breaks_the_seal() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        append(&db, (0..5).map(|n| event("Counted", n)).collect()).await;
        let faults = |db: &Db| {
            let db = db.clone();
            async move { db.read(crate::verify).await.unwrap() }
        };
        assert_eq!(faults(&db).await, Vec::<String>::new());
        db.write(|tx| tx.execute("UPDATE journal SET actor = 'user:x' WHERE seq = 3", &[])).await.unwrap();
        assert_eq!(faults(&db).await.len(), 1);
        db.write(|tx| tx.execute("DELETE FROM journal WHERE seq = 2", &[])).await.unwrap();
        assert!(faults(&db).await[0].contains("2 to 2 are missing"));
    }
}
