//! Tells this process what any process appends: for what it keeps in memory.

use std::time::Duration;

use marquee_db::{Db, Result};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{Bus, Delivered, store};

/// How often a follower looks when nobody told it to: what another node changed is seen here within a second, whatever became of
/// its word.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Entries a follower reads at a time.
const READ_ROWS: u32 = 500;

impl Bus {
    /// Starts a follower: `handle` sees every entry of the `kinds` that is appended from now on, by whichever node, in order,
    /// once. Nothing is recorded: a restart begins with empty caches anyway. While the database does not answer nothing is
    /// seen; all of it is, in order, once it does.
    pub fn follow(
        &self,
        follower: &'static str,
        kinds: &'static [&'static str],
        stop: CancellationToken,
        handle: impl Fn(Delivered) + Send + Sync + 'static,
    ) -> JoinHandle<()> {
        let (db, mut seq, mut ears) = (self.db().clone(), None, self.nodes().listen());
        let work = async move {
            loop {
                match look(&db, kinds, seq).await {
                    Ok((entries, reached)) => {
                        let more = entries.len() == READ_ROWS as usize;
                        entries.into_iter().for_each(&handle);
                        seq = Some(reached);
                        if more {
                            continue;
                        }
                    }
                    Err(error) => {
                        warn!(follower, %error, "journal not followed, will retry");
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                }
                let _ = tokio::time::timeout(LOOK_EVERY, ears.heard()).await;
            }
        };
        tokio::spawn(async move {
            stop.run_until_cancelled(work).await;
        })
    }
}

/// What was appended after `seq`, and how far the look went; the first look finds the journal's end.
async fn look(db: &Db, kinds: &'static [&'static str], seq: Option<i64>) -> Result<(Vec<Delivered>, i64)> {
    db.read(move |tx| match seq {
        Some(seq) => store::of_kinds_after(tx, kinds, seq, READ_ROWS),
        None => Ok((Vec::new(), store::last_seq(tx)?)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use marquee_kernel::{Clock, Rng};
    use serde_json::json;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::{Actor, Event, Journal};

    #[tokio::test]
    async fn a_follower_sees_what_another_process_appends_and_nothing_from_before() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.db");
        let (here, elsewhere) = (Db::open(&file).unwrap(), Db::open(&file).unwrap());
        let append = async |kind: &'static str, n: i64| {
            let (journal, payload) = (Journal::new(Clock::System, Rng::System), json!({ "n": n }));
            let event = Event { kind, actor: Actor::System, show_id: None, subject: String::new(), payload };
            elsewhere.write(move |tx| journal.append(tx, &[event])).await.unwrap();
        };
        append("Wanted", 0).await;
        let (seen, mut sees) = unbounded_channel();
        let stop = CancellationToken::new();
        let handle = move |entry: Delivered| seen.send(entry.payload["n"].as_i64().unwrap()).unwrap();
        let job = Bus::new(here).follow("test", &["Wanted"], stop.clone(), handle);
        // Where it begins is its own affair: from what it first sees on, nothing is missing.
        let mut n = 1;
        while sees.try_recv().is_err() {
            append("Wanted", n).await;
            n += 1;
            tokio::task::yield_now().await;
        }
        append("Other", n).await;
        append("Wanted", -1).await;
        let mut last = None;
        while last != Some(-1) {
            let next = sees.recv().await;
            assert!(last.is_none() || next == Some(-1) || next == last.map(|n| n + 1), "{last:?}, then {next:?}");
            last = next;
        }
        stop.cancel();
        job.await.unwrap();
    }
}
