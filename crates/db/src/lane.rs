//! The batch writer: many durable changes, one commit.
//!
//! Items queue up while the writer is busy. Whenever it is free it takes all that wait, up to a limit, into one transaction
//! and answers each after the commit; nothing waits for company when it is idle. The queue is emptied on the writer's own
//! thread, so that between two batches there is no hand-over, and when its transaction has begun: where writers wait for one
//! another, what comes meanwhile goes along.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;
use tracing::error;

use crate::engine::Engine;
use crate::meters::LaneMeters;
use crate::session::Session;
use crate::{Error, Result, Tx};

/// The most items of one transaction: past it a commit's fixed cost no longer shows, but its latency does.
pub const BATCH_ITEMS_MAX: usize = 256;
/// Items waiting before a caller is told to come back.
pub const QUEUE_DEPTH_MAX: usize = 4_096;

type Answer<V> = oneshot::Sender<Result<V>>;
type Apply<I, V> = dyn Fn(&mut Tx<'_>, &[I]) -> Result<Vec<V>> + Send + Sync;

/// A queue of items for one batch writer; clones feed the same one.
pub struct Lane<I, V> {
    inner: Arc<Inner<I, V>>,
}

struct Inner<I, V> {
    engine: Arc<Engine>,
    apply: Box<Apply<I, V>>,
    waiting: Mutex<Waiting<I, V>>,
    meters: LaneMeters,
}

struct Waiting<I, V> {
    queue: VecDeque<(I, Answer<V>)>,
    /// Whether a writer knows that something waits.
    announced: bool,
}

impl<I, V> Clone for Lane<I, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<I, V> std::fmt::Debug for Lane<I, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").finish_non_exhaustive()
    }
}

impl<I: Send + 'static, V: Send + 'static> Lane<I, V> {
    pub(crate) fn new(
        engine: Arc<Engine>,
        name: &'static str,
        apply: impl Fn(&mut Tx<'_>, &[I]) -> Result<Vec<V>> + Send + Sync + 'static,
    ) -> Self {
        let waiting = Mutex::new(Waiting { queue: VecDeque::new(), announced: false });
        let inner = Inner { engine, apply: Box::new(apply), waiting, meters: LaneMeters::of(name) };
        Self { inner: Arc::new(inner) }
    }

    /// Submits an item and waits for its verdict, which comes only after the commit is durable.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full (nothing was done); [`Error::CommitUnknown`] when the outcome must be read
    /// back; whatever `apply` failed with for this item alone.
    pub async fn submit(&self, item: I) -> Result<V> {
        let (answer, verdict) = oneshot::channel();
        {
            let mut waiting = self.inner.waiting();
            if waiting.queue.len() >= QUEUE_DEPTH_MAX {
                return Err(Error::Busy);
            }
            if !waiting.announced {
                self.inner.clone().announce()?;
                waiting.announced = true;
            }
            waiting.queue.push_back((item, answer));
        }
        verdict.await.map_err(|_| Error::Closed)?
    }
}

impl<I: Send + 'static, V: Send + 'static> Inner<I, V> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<I, V>> {
        // A panic while it was held left a queue that is still whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the writer for a turn.
    fn announce(self: Arc<Self>) -> Result<()> {
        let lane = self.clone();
        self.engine.enqueue(Box::new(move |session| lane.take_turn(session)))
    }

    /// One batch. Who comes after it was taken asks for a turn anew, so that other writes get theirs, too.
    fn take_turn(self: Arc<Self>, session: &mut Session) {
        loop {
            self.commit_batch(session);
            let waiting = self.waiting();
            // With the writers' queue full the others have waited for their turn, too: this lane just goes on.
            if waiting.announced || waiting.queue.is_empty() {
                return;
            }
        }
    }

    fn take(self: &Arc<Self>) -> (Vec<I>, Vec<Answer<V>>) {
        let mut waiting = self.waiting();
        let many = waiting.queue.len().min(BATCH_ITEMS_MAX);
        let batch = waiting.queue.drain(..many).unzip();
        self.meters.items.record(many as f64);
        self.meters.depth.set(waiting.queue.len() as f64);
        waiting.announced = !waiting.queue.is_empty() && self.clone().announce().is_ok();
        batch
    }

    fn commit_batch(self: &Arc<Self>, session: &mut Session) {
        let (mut taken, mut began) = (None, None);
        let whole = self.run(session, |tx| {
            began = Some(Instant::now());
            let (items, _) = taken.insert(self.take());
            (self.apply)(tx, items)
        });
        if let Some(began) = began {
            self.meters.commit.record(began.elapsed().as_secs_f64());
        }
        // Where no transaction could begin, those who wait hear of it.
        let (items, answers) = taken.unwrap_or_else(|| self.take());
        match whole {
            Ok(verdicts) => verdicts.into_iter().zip(answers).for_each(|(verdict, to)| answer(to, Ok(verdict))),
            // The outcome of the whole is unknown: trying an item again could do it twice. Its caller reads back.
            Err(Error::CommitUnknown(why)) => {
                answers.into_iter().for_each(|to| answer(to, Err(Error::CommitUnknown(why.clone()))));
            }
            // It was never the batch's turn: to try each item would only wait as often.
            Err(Error::Busy) => answers.into_iter().for_each(|to| answer(to, Err(Error::Busy))),
            Err(error) if items.len() == 1 => {
                if let Some(to) = answers.into_iter().next() {
                    answer(to, Err(error));
                }
            }
            Err(_) => self.commit_one_by_one(session, &items, answers),
        }
    }

    fn commit_one_by_one(&self, session: &mut Session, items: &[I], answers: Vec<Answer<V>>) {
        let mut busy = false;
        for (item, to) in items.chunks(1).zip(answers) {
            // Once one has waited for its turn in vain, the others need not.
            let alone = if busy { Err(Error::Busy) } else { self.run(session, |tx| (self.apply)(tx, item)) };
            busy |= matches!(alone, Err(Error::Busy));
            answer(to, alone.and_then(|mut verdicts| verdicts.pop().ok_or(Error::Closed)));
        }
    }

    fn run(&self, session: &mut Session, apply: impl FnOnce(&mut Tx<'_>) -> Result<Vec<V>>) -> Result<Vec<V>> {
        // A panic over one batch must not silence the lane: its callers see `Closed`, the next batch is served.
        let run = AssertUnwindSafe(|| session.write(apply));
        catch_unwind(run).unwrap_or_else(|_| {
            error!("batch panicked");
            Err(Error::Closed)
        })
    }
}

/// A caller that went away no longer needs the answer.
fn answer<V>(to: Answer<V>, verdict: Result<V>) {
    let _ = to.send(verdict);
}
