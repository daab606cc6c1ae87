//! Replicas: who browses is served by one, as long as it keeps up, and nobody else is.
//!
//! `MARQUEE_STANDSTILL_SECONDS` sets how long a replica stands still under a sale.

use std::time::{Duration, Instant};

use marquee_testkit::{Process, eventually, eventually_within, id_of};
use serde_json::json;

use super::servers::Server;
use super::{launch, metric};
use crate::sale::Sale;

/// How long a replica stands still under a sale unless `MARQUEE_STANDSTILL_SECONDS` says otherwise, in seconds.
const STANDSTILL_S: u64 = 4;
/// How long its buyers rest, so that there is something left to sell at the end.
const REST: Duration = Duration::from_millis(400);
/// No visitor waits for longer, whatever becomes of a replica.
const HICCUP: Duration = Duration::from_secs(2);
/// How soon a replica that is well again is taken up.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(20);

async fn reads(process: &Process) -> f64 {
    metric(process, "marquee_replica_reads_total", "").await
}

async fn fallbacks(process: &Process) -> f64 {
    metric(process, "marquee_replica_fallbacks_total", "").await
}

/// Looks at pages that nobody has kept, until `enough`; no look takes long.
async fn browse_until(process: &Process, what: &str, mut enough: impl AsyncFnMut() -> bool) {
    let mut page = 0;
    eventually_within(TAKEN_UP_WITHIN, what, async || {
        page += 1;
        let begun = Instant::now();
        let _ = process.get(&format!("/movies?limit={}&q={page}", 1 + page % 100)).await.ok();
        assert!(begun.elapsed() < HICCUP, "a visitor waited for {:?}", begun.elapsed());
        enough().await.then_some(())
    })
    .await;
}

async fn browse_until_a_replica_serves(process: &Process) {
    let before = reads(process).await;
    browse_until(process, "a replica serves", async || reads(process).await > before).await;
}

async fn browse_until_the_primary_serves(process: &Process) {
    let before = fallbacks(process).await;
    browse_until(process, "the primary serves", async || fallbacks(process).await > before).await;
}

/// How many connections a node has there.
async fn connections(server: &Server) -> i64 {
    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'marquee'";
    server.client().await.query_one(count, &[]).await.unwrap().get(0)
}

struct Shop {
    primary: Server,
    replica: Server,
    dirs: [tempfile::TempDir; 2],
}

impl Shop {
    async fn open() -> Self {
        let primary = Server::start();
        primary.create("marquee").await;
        let replica = primary.standby();
        Self { primary, replica, dirs: [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()] }
    }

    /// A node; both share what nodes share.
    async fn node(&self, at: usize) -> Process {
        let shared = self.dirs[0].path().join("shared");
        launch(&self.dirs[at], &self.primary.url("marquee"))
            .env("MARQUEE_DATABASE_REPLICA_URLS", &self.replica.url("marquee"))
            .env("MARQUEE_SHARED_DIR", shared.to_str().unwrap())
            .ready()
            .await
    }

    async fn pause(&self) {
        self.replica.client().await.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
    }

    async fn resume(&self) {
        self.replica.client().await.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    }
}

#[tokio::test]
async fn who_browses_is_served_by_the_replica_while_it_keeps_up() {
    let shop = Shop::open().await;
    let node = shop.node(0).await;
    let lag = async || metric(&node, "marquee_replica_lag_seconds", &shop.replica.host()).await;
    assert!(metric(&node, "marquee_replica_fallbacks_total", "failed").await >= 0.0, "shown from the start");
    browse_until_a_replica_serves(&node).await;

    // What the manual says of connections: it is what max_connections is reckoned from.
    assert_eq!(connections(&shop.primary).await, 6);
    assert!((1..=4).contains(&connections(&shop.replica).await));

    // Nothing happens any more there: as long as nothing happens at all, it has everything.
    shop.pause().await;
    browse_until_a_replica_serves(&node).await;
    let movie = node.a_movie().title("Rififi").create().await;
    // Who wrote sees it at once, and so does everybody else at this node.
    let shown = node.get(&format!("/movies/{movie}")).await.ok();
    assert_eq!(shown["title"], "Rififi");
    browse_until_the_primary_serves(&node).await;
    eventually("it is seen to be behind", async || (lag().await > 1.0).then_some(())).await;
    let listed = node.get("/movies?q=rififi").await.ok();
    assert_eq!(listed["items"][0]["movie_id"], json!(movie));
    shop.resume().await;
    browse_until_a_replica_serves(&node).await;
    eventually("it has caught up", async || (lag().await < 1.0).then_some(())).await;
}

#[tokio::test]
async fn a_replica_that_is_gone_or_hangs_costs_nobody_a_page() {
    let shop = Shop::open().await;
    // It need not be there when a node starts.
    shop.replica.kill().await;
    let node = shop.node(0).await;
    browse_until_the_primary_serves(&node).await;
    shop.replica.start_again();
    browse_until_a_replica_serves(&node).await;
    shop.replica.freeze();
    browse_until_the_primary_serves(&node).await;
    shop.replica.thaw();
    browse_until_a_replica_serves(&node).await;
    shop.replica.kill().await;
    browse_until_the_primary_serves(&node).await;
    shop.replica.start_again();
    browse_until_a_replica_serves(&node).await;
}

#[tokio::test]
async fn who_changed_the_catalogue_sees_it_at_every_node_at_once() {
    let shop = Shop::open().await;
    let (one, two) = (shop.node(0).await, shop.node(1).await);
    let admin = one.admin().await;
    let there = admin.at(&two);
    browse_until_a_replica_serves(&two).await;
    let movie = one.a_movie().title("Rififi").create().await;
    let path = format!("/movies/{movie}");
    for title in ["Touchez pas au grisbi", "Bob le flambeur", "Le Samouraï"] {
        let _ = two.get(&path).await;
        let _ = admin.patch(&format!("/admin/movies/{movie}"), json!({ "title": title })).await.ok();
        assert_eq!(there.get(&path).await.ok()["title"], title);
        let q = title.split(' ').next().unwrap();
        assert_eq!(id_of(&there.get(&format!("/movies?q={q}")).await.ok()["items"][0], "movie_id"), movie);
        // Everybody else does within a second.
        eventually_within(Duration::from_secs(2), "others see it", async || {
            (two.get(&path).await.ok()["title"] == title).then_some(())
        })
        .await;
    }
}

fn standstill() -> Duration {
    let given = std::env::var("MARQUEE_STANDSTILL_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(STANDSTILL_S))
}

#[tokio::test]
async fn nothing_is_decided_on_a_replica_that_stands_still() {
    let shop = Shop::open().await;
    let replica = shop.replica.url("marquee");
    let settings = [("MARQUEE_DATABASE_REPLICA_URLS", replica.as_str())];
    let sale = Sale::with(&shop.primary.url("marquee"), &settings, REST).await;
    browse_until_a_replica_serves(&sale.nodes()[0]).await;
    shop.pause().await;
    let begun = Instant::now();
    while begun.elapsed() < standstill() {
        sale.sells().await;
        browse_until_the_primary_serves(&sale.nodes()[0]).await;
    }
    let lag = metric(&sale.nodes()[0], "marquee_replica_lag_seconds", "").await;
    assert!(lag >= standstill().as_secs_f64() - 2.0, "{lag}");
    shop.resume().await;
    browse_until_a_replica_serves(&sale.nodes()[0]).await;
    drop(sale.close().await);
}
