//! Tells this process what any process appends: for what it keeps in memory.

use std::time::Duration;

use marquee_db::Db;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::store::{self, Look};
use crate::{Bus, Delivered};

/// How often a follower looks when nobody told it to: what another node changed is seen here within a second, whatever became of
/// its word.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Bus {
    /// Starts a follower, and returns when it has begun: `handle` sees every entry of the `kinds` that is appended from then on, by
    /// whichever node, in order, once. Nothing is recorded: a restart begins with empty caches anyway. While the database
    /// does not answer nothing is seen; all of it is, in order, once it does.
    pub async fn follow(
        &self,
        follower: &'static str,
        kinds: &'static [&'static str],
        stop: CancellationToken,
        handle: impl Fn(Delivered) + Send + Sync + 'static,
    ) -> JoinHandle<()> {
        let (bus, mut ears) = (self.clone(), self.nodes().listen());
        let begun = stop.run_until_cancelled(end_of_journal(self.db(), follower)).await;
        let work = async move {
            let Some(mut seq) = begun else { return };
            loop {
                match bus.look(kinds, seq).await {
                    Ok(Look { found, reached, more }) => {
                        found.into_iter().for_each(&handle);
                        seq = reached;
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

async fn end_of_journal(db: &Db, follower: &str) -> i64 {
    loop {
        match db.read(store::last_seq).await {
            Ok(seq) => return seq,
            Err(error) => warn!(follower, %error, "journal not followed yet, will retry"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use marquee_kernel::{Clock, Rng};
    use marquee_kv::testing::Kind;
    use marquee_kv::{Kv, Signals};
    use serde_json::json;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::{Actor, Event, Journal};

    /// How nodes tell one another that something was appended, if they do.
    async fn two_nodes(kind: Option<Kind>, stop: &CancellationToken) -> [Signals; 2] {
        let Some(kind) = kind else { return [Signals::default(), Signals::default()] };
        let address = kind.address();
        let open = async || Kv::open(&address, stop).await.unwrap().signals().clone();
        [open().await, open().await]
    }

    async fn a_follower_sees_what_another_process_appends_and_nothing_from_before(kind: Option<Kind>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.db");
        let stop = CancellationToken::new();
        let [here, elsewhere] = two_nodes(kind, &stop).await.map(|nodes| Bus::among(nodes, Db::open(&file).unwrap()));
        let append = async |kind: &'static str, n: i64| {
            let (journal, payload) = (Journal::new(Clock::System, Rng::System), json!({ "n": n }));
            let event = Event { kind, actor: Actor::System, show_id: None, subject: String::new(), payload };
            elsewhere.db().write(move |tx| journal.append(tx, &[event])).await.unwrap();
            elsewhere.announce();
        };
        append("Wanted", 0).await;
        let (seen, mut sees) = unbounded_channel();
        let handle = move |entry: Delivered| seen.send(entry.payload["n"].as_i64().unwrap()).unwrap();
        let job = here.follow("test", &["Wanted"], stop.clone(), handle).await;
        for n in 1..=20 {
            append("Wanted", n).await;
            append("Other", -n).await;
        }
        for n in 1..=20 {
            assert_eq!(sees.recv().await, Some(n));
        }
        stop.cancel();
        job.await.unwrap();
    }

    macro_rules! conforms {
        ($test:ident: $($nodes:ident: $kind:expr),* $(,)?) => {
            mod $test {
                use super::Kind;
                $(#[tokio::test] async fn $nodes() { super::$test($kind).await; })*
            }
        };
    }

    conforms!(
        a_follower_sees_what_another_process_appends_and_nothing_from_before:
        untold: None,
        told_over_redis: Some(Kind::Single),
        told_over_a_cluster: Some(Kind::Cluster),
    );
}
