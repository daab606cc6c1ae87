//! Sending statements and waiting for their answers, which come in the order in which they were sent.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::Purpose;
use crate::{Error, Result};

pub(super) const NO_ANSWER: &str = "no answer in time";

/// A statement on its way. Whoever asks for the next one's answer hears of its failure first.
pub(super) type Sent = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

/// Sends what is on its way, and does not wait for the answer; none when it is there already.
pub(super) fn send<T>(runtime: &Runtime, op: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    let mut op = Pin::new(op);
    let answered = runtime.block_on(async {
        let answered = poll_fn(|context| Poll::Ready(op.as_mut().poll(context))).await;
        // The connection's own task writes it out.
        tokio::task::yield_now().await;
        answered
    });
    match answered {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// Waits for the answer to `op`, and with it for those to what was sent before.
pub(super) fn wait<T>(
    runtime: &Runtime,
    purpose: Purpose,
    sent: &mut VecDeque<Sent>,
    op: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T> {
    let sent = std::mem::take(sent);
    runtime.block_on(async {
        match timeout(purpose.round_trip_max(), after(sent, op)).await {
            Ok(answered) => Ok(answered??),
            Err(_) => Err(Error::Unreachable(NO_ANSWER.to_owned())),
        }
    })
}

/// Waits for the answers to what was sent, one after the other, until it is `enough`.
pub(super) fn wait_until(
    runtime: &Runtime,
    purpose: Purpose,
    sent: &mut VecDeque<Sent>,
    enough: impl Fn() -> bool,
) -> Result<()> {
    if enough() {
        return Ok(());
    }
    runtime.block_on(async {
        let answers = async {
            while !enough()
                && let Some(before) = sent.pop_front()
            {
                before.await?;
            }
            Ok(())
        };
        match timeout(purpose.round_trip_max(), answers).await {
            Ok(answered) => answered,
            Err(_) => Err(Error::Unreachable(NO_ANSWER.to_owned())),
        }
    })
}

/// Sends `op` and answers what came of it, unless something that was sent before failed.
pub(super) async fn after<T>(
    sent: VecDeque<Sent>,
    op: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<Result<T, tokio_postgres::Error>, tokio_postgres::Error> {
    let mut op = pin!(op);
    let answered = poll_fn(|context| Poll::Ready(op.as_mut().poll(context))).await;
    for before in sent {
        before.await?;
    }
    Ok(match answered {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => op.await,
    })
}

/// Sends all before it waits for the first, in order: one round trip. Ends at the first that fails.
pub(super) async fn pipelined<T>(
    ops: impl Iterator<Item = impl Future<Output = Result<T, tokio_postgres::Error>>>,
) -> Result<Vec<T>, tokio_postgres::Error> {
    let mut under_way = Vec::new();
    for op in ops {
        let mut op = Box::pin(op);
        let sent = poll_fn(|context| Poll::Ready(op.as_mut().poll(context))).await;
        under_way.push((op, sent));
    }
    let mut done = Vec::with_capacity(under_way.len());
    for (op, sent) in under_way {
        done.push(match sent {
            Poll::Ready(outcome) => outcome?,
            Poll::Pending => op.await?,
        });
    }
    Ok(done)
}
