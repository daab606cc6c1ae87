//! Consumers that act on an event once, whichever way it comes to them, and are not stopped by one that they cannot act on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use marquee_db::{Db, Tx};
use marquee_kernel::{Clock, Rng};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::kafka::{self, Kafka};
use crate::meters::{self, Outcome};
use crate::{Actor, Bus, Delivered, Event, Journal, store};

/// How often an event is tried that its consumer refuses.
pub const TRIES_MAX: u32 = 5;
/// The pause after the first refusal; each is twice the one before.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long it is remembered what was acted on: longer than any topic keeps a message that could come again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How often what is older is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// The way from the journal to a consumer.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// From the journal itself; a new consumer begins with what comes next.
    InProcess(Bus),
    /// From Kafka, which a [`kafka::Relay`] publishes the journal to; a new consumer begins with the oldest that is there.
    Kafka(Kafka),
}

/// Who consumes, and where it keeps what it makes of the events.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// What its place is kept under; on Kafka its group.
    pub name: &'static str,
    /// What it is told of.
    pub kinds: &'static [&'static str],
    /// Its database: it acts in transactions of it.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// For ids.
    pub rng: Rng,
}

/// Why an event was not acted on.
#[derive(Debug, thiserror::Error)]
pub enum Unhandled {
    /// The database did not do it: no fault of the event's, which is tried until it does.
    #[error(transparent)]
    Database(#[from] marquee_db::Error),
    /// The consumer cannot act on this event: after [`TRIES_MAX`] tries it is a dead letter.
    #[error("{0}")]
    Refused(String),
}

impl Delivery {
    /// Delivers to `consumer` until `stop` is cancelled. `act` sees each event of its kinds, those of one show in order, in a
    /// transaction that also notes the event: delivered again, it is not acted on again. What stays refused becomes a dead letter
    /// (on Kafka in the topic of those, in process as `EventRefused` in the journal), and the next one has its turn.
    pub async fn consume<A>(&self, consumer: Consumer, stop: CancellationToken, act: A)
    where
        A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
    {
        meters::describe_consumer(consumer.name);
        let acting = Arc::new(Acting { consumer, act });
        let forgetting = acting.clone();
        let delivering = async {
            match self {
                Self::InProcess(bus) => in_process(bus, acting, stop.clone()).await,
                Self::Kafka(kafka) => kafka::consume(kafka, &acting, &stop).await,
            }
        };
        tokio::select! {
            () = delivering => {}
            never = forgetting.forget() => match never {},
        }
    }
}

/// A consumer at work.
pub(crate) struct Acting<A> {
    pub(crate) consumer: Consumer,
    act: A,
}

/// What became of an event.
pub(crate) enum Handled {
    Done,
    GivenUp { tries: u32, problem: String },
}

impl<A> Acting<A>
where
    A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
{
    /// Acts on `event` unless that was done before.
    ///
    /// # Errors
    /// What the database says; nothing has happened then.
    pub(crate) async fn handle(self: &Arc<Self>, event: Delivered) -> marquee_db::Result<Handled> {
        let (name, event) = (self.consumer.name, Arc::new(event));
        let (mut tries, mut pause) = (1, TRY_AGAIN_AFTER);
        loop {
            let problem = match self.once(event.clone()).await {
                Ok(outcome) => {
                    meters::consumed(name, outcome);
                    return Ok(Handled::Done);
                }
                Err(Unhandled::Database(error)) => return Err(error),
                Err(Unhandled::Refused(problem)) => problem,
            };
            if tries == TRIES_MAX {
                error!(consumer = name, event_id = %event.event_id, kind = event.kind, problem, "event given up");
                return Ok(Handled::GivenUp { tries, problem });
            }
            warn!(consumer = name, event_id = %event.event_id, kind = event.kind, problem, "event refused, will retry");
            tokio::time::sleep(pause).await;
            (tries, pause) = (tries + 1, pause * 2);
        }
    }

    async fn once(self: &Arc<Self>, event: Arc<Delivered>) -> Result<Outcome, Unhandled> {
        let (acting, name, now) = (self.clone(), self.consumer.name, self.consumer.clock.now());
        let work = move |tx: &mut Tx<'_>| {
            if !store::note_consumed(tx, name, event.event_id, now)? {
                return Ok(Outcome::Repeated);
            }
            (acting.act)(tx, &event)?;
            Ok(Outcome::Acted)
        };
        self.consumer.db.write(work).await
    }

    async fn forget(&self) -> Infallible {
        let Consumer { name, db, clock, .. } = &self.consumer;
        let name: &'static str = name;
        loop {
            let then = clock.now().checked_sub(REMEMBERED).unwrap_or_default();
            if let Err(error) = db.write(move |tx| store::forget_consumed(tx, name, then)).await {
                let error: marquee_db::Error = error;
                warn!(consumer = name, %error, "old events not forgotten, will retry");
            }
            tokio::time::sleep(FORGET_EVERY).await;
        }
    }
}

async fn in_process<A>(bus: &Bus, acting: Arc<Acting<A>>, stop: CancellationToken)
where
    A: Fn(&mut Tx<'_>, &Delivered) -> Result<(), Unhandled> + Send + Sync + 'static,
{
    let Consumer { name, kinds, .. } = acting.consumer;
    let handle = move |entry: Delivered| {
        let acting = acting.clone();
        async move {
            let handled = acting.handle(entry.clone()).await.map_err(|error| error.to_string())?;
            match handled {
                Handled::Done => Ok(()),
                Handled::GivenUp { tries, problem } => acting.note_refused(entry, tries, problem).await,
            }
        }
    };
    if let Err(broken) = bus.subscribe(name, kinds, stop, handle).await {
        error!(consumer = name, error = %broken, "delivery broke off");
    }
}

impl<A> Acting<A> {
    /// The dead letter of the journal: the entry itself stays where it is.
    async fn note_refused(&self, entry: Delivered, tries: u32, problem: String) -> Result<(), String> {
        let Consumer { name, db, clock, rng, .. } = &self.consumer;
        let payload = json!({
            "consumer": name, "kind": entry.kind, "seq": entry.seq, "tries": tries, "problem": problem,
        });
        let refused = Event {
            kind: "EventRefused",
            actor: Actor::System,
            show_id: entry.show_id,
            subject: entry.event_id.to_string(),
            payload,
        };
        let journal = Journal::new(clock.clone(), rng.clone());
        let noted = db.write(move |tx| journal.append(tx, &[refused])).await;
        noted.map_err(|error: marquee_db::Error| error.to_string())?;
        meters::consumed(name, Outcome::Dead);
        Ok(())
    }
}
