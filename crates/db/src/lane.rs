//! The batch writer: many durable changes, one commit.

use std::sync::Arc;

use metrics::{gauge, histogram};
use tokio::sync::{mpsc, oneshot};

use crate::{Db, Error, Result, Tx};

/// The most items of one transaction: past it a commit's fixed cost no longer shows, but its latency does.
pub const BATCH_ITEMS_MAX: usize = 256;
/// Items waiting before a caller is told to come back.
pub const QUEUE_DEPTH_MAX: usize = 4_096;

type Answer<V> = oneshot::Sender<Result<V>>;
type Apply<I, V> = dyn Fn(&mut Tx<'_>, &[I]) -> Result<Vec<V>> + Send + Sync;

/// A queue of items for one batch writer; clones feed the same one.
#[derive(Debug)]
pub struct Lane<I, V> {
    queue: mpsc::Sender<(I, Answer<V>)>,
    name: &'static str,
}

impl<I, V> Clone for Lane<I, V> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), name: self.name }
    }
}

impl<I: Send + Sync + 'static, V: Send + 'static> Lane<I, V> {
    pub(crate) fn start(
        db: Db,
        name: &'static str,
        apply: impl Fn(&mut Tx<'_>, &[I]) -> Result<Vec<V>> + Send + Sync + 'static,
    ) -> Self {
        let (queue, mut waiting) = mpsc::channel(QUEUE_DEPTH_MAX);
        let apply: Arc<Apply<I, V>> = Arc::new(apply);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH_ITEMS_MAX);
            while waiting.recv_many(&mut batch, BATCH_ITEMS_MAX).await > 0 {
                histogram!("marquee_batch_items", "lane" => name).record(batch.len() as f64);
                gauge!("marquee_batch_queue_depth", "lane" => name).set(waiting.len() as f64);
                let (items, answers) = std::mem::take(&mut batch).into_iter().unzip();
                commit(&db, name, &apply, items, answers).await;
            }
        });
        Self { queue, name }
    }

    /// Submits an item and waits for its verdict, which comes only after the commit is durable.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full (nothing was done); [`Error::CommitUnknown`] when the outcome must be read
    /// back; whatever `apply` failed with for this item alone.
    pub async fn submit(&self, item: I) -> Result<V> {
        let (answer, verdict) = oneshot::channel();
        match self.queue.try_send((item, answer)) {
            Ok(()) => verdict.await.map_err(|_| Error::Closed)?,
            Err(mpsc::error::TrySendError::Full(_)) => Err(Error::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Error::Closed),
        }
    }
}

async fn commit<I, V>(db: &Db, name: &'static str, apply: &Arc<Apply<I, V>>, items: Vec<I>, answers: Vec<Answer<V>>)
where
    I: Send + Sync + 'static,
    V: Send + 'static,
{
    let items: Arc<[I]> = items.into();
    let started = std::time::Instant::now();
    let whole = run(db, apply, items.clone(), 0..items.len()).await;
    histogram!("marquee_batch_commit_seconds", "lane" => name).record(started.elapsed().as_secs_f64());
    match whole {
        Ok(verdicts) => {
            for (verdict, answer) in verdicts.into_iter().zip(answers) {
                let _ = answer.send(Ok(verdict));
            }
        }
        // The outcome of the whole is unknown: trying an item again could do it twice. Its caller reads back.
        Err(Error::CommitUnknown(why)) => refuse(answers, || Error::CommitUnknown(why.clone())),
        // The database takes nothing at all: every item alone would only wait its turn to hear the same.
        Err(Error::Busy) => refuse(answers, || Error::Busy),
        Err(Error::Closed) => refuse(answers, || Error::Closed),
        Err(error) if items.len() == 1 => {
            if let Some(answer) = answers.into_iter().next() {
                let _ = answer.send(Err(error));
            }
        }
        Err(_) => {
            for (at, answer) in answers.into_iter().enumerate() {
                let alone = run(db, apply, items.clone(), at..at + 1).await;
                let _ = answer.send(alone.and_then(|mut verdicts| verdicts.pop().ok_or(Error::Closed)));
            }
        }
    }
}

fn refuse<V>(answers: Vec<Answer<V>>, error: impl Fn() -> Error) {
    for answer in answers {
        // A caller that went away no longer needs the answer.
        let _ = answer.send(Err(error()));
    }
}

async fn run<I, V>(db: &Db, apply: &Arc<Apply<I, V>>, items: Arc<[I]>, range: std::ops::Range<usize>) -> Result<Vec<V>>
where
    I: Send + Sync + 'static,
    V: Send + 'static,
{
    let apply = apply.clone();
    db.write(move |tx| apply(tx, items.get(range).unwrap_or_default())).await
}
