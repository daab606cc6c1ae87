//! A node whose clock is off: all go by the database's.

use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{Process, eventually_within};

use super::servers::Server;
use super::{launch, metric};

/// How far from the right time what a node says may be, on a busy machine.
const RIGHT_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// libfaketime, which Debian puts into a folder that is named after the machine's kind.
fn faker() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    libraries
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no libfaketime (Debian: apt install libfaketime)"))
}

fn instant(value: &serde_json::Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

fn assert_is(shown: Timestamp, expected: Timestamp) {
    let off = shown.duration_since(expected).abs();
    assert!(off < RIGHT_WITHIN, "{shown} is {off:#} off {expected}");
}

/// Two nodes of one shop: one that is right, and one whose clock is `off` and whose holds last `hold` seconds.
struct Nodes {
    server: Server,
    _dirs: [tempfile::TempDir; 2],
    right: Process,
    wrong: Process,
}

impl Nodes {
    async fn start(off: &str, hold: &str) -> Self {
        let server = Server::start();
        server.create("marquee").await;
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let shared = dirs[0].path().join("shared");
        let url = server.url("marquee");
        let node = |at: usize| launch(&dirs[at], &url).env("MARQUEE_SHARED_DIR", shared.to_str().unwrap());
        let right = node(0).ready().await;
        let wrong = node(1)
            .env("LD_PRELOAD", faker().to_str().unwrap())
            .env("FAKETIME", off)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("MARQUEE_HOLD_SECONDS", hold)
            .ready()
            .await;
        Self { server, _dirs: dirs, right, wrong }
    }

    /// By how much the wrong node knows itself to be ahead.
    async fn offset(&self) -> f64 {
        metric(&self.wrong, "marquee_clock_offset_seconds", "").await
    }

    /// The wrong node sells, and what it says of the time is right.
    async fn sells_as_any_other(&self) {
        let Self { right, wrong, .. } = self;
        let show = right.a_show().starts_in(SignedDuration::from_mins(30)).create().await;
        // A session of either node is good at the other.
        let here = right.customer("Ada").await.at(wrong);
        let there = wrong.customer("Bob").await.at(right);
        assert_eq!(there.get("/user/me").await.ok()["name"], "Bob");
        let lock = here.hold(&show, &["A1"]).await;
        assert_is(instant(&lock["expiry"]), right.from_now(SignedDuration::from_secs(480)));
        let booking = here.pay_once(&lock, "pm_card_visa", "once").await.created();
        assert_is(instant(&booking["created_at"]), right.now());
        assert!(here.pay_once(&lock, "pm_card_visa", "once").await.is_replay());
        // What is kept for a time is kept from the right time on.
        let client = self.server.client_of("marquee").await;
        for (column, table) in [("created_at", "bookings"), ("at", "journal"), ("created_at", "sessions")] {
            let off = format!(
                "SELECT MAX(ABS({column} - CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT))) FROM {table}"
            );
            let micros: i64 = client.query_one(&off, &[]).await.unwrap().get(0);
            assert!(micros < 60_000_000, "{table}.{column} is {micros} microseconds off");
        }
    }

    async fn stop(self) {
        assert_eq!(self.wrong.stop().await.0, Some(0));
        let checked = launch(&self._dirs[0], &self.server.url("marquee")).arguments(&["check"]).ended().await;
        assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
    }
}

#[tokio::test]
async fn a_node_an_hour_ahead_sells_as_any_other() {
    let nodes = Nodes::start("+3600s", "480").await;
    assert!((nodes.offset().await - 3600.0).abs() < 5.0);
    nodes.sells_as_any_other().await;
    nodes.stop().await;
}

#[tokio::test]
async fn a_node_an_hour_behind_sells_as_any_other() {
    let nodes = Nodes::start("-3600s", "480").await;
    assert!((nodes.offset().await + 3600.0).abs() < 5.0);
    nodes.sells_as_any_other().await;
    nodes.stop().await;
}

#[tokio::test]
async fn holds_lapse_and_sales_end_on_time_at_a_node_an_hour_behind() {
    let nodes = Nodes::start("-3600s", "2").await;
    let wrong = &nodes.wrong;
    let show = wrong.a_show().starts_in(SignedDuration::from_secs(8)).create().await;
    let ada = wrong.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    let path = format!("/locks/{}", lock["lock_id"].as_str().unwrap());
    eventually_within(Duration::from_secs(30), "the hold lapses", async || {
        (ada.get(&path).await.status() == 410).then_some(())
    })
    .await;
    eventually_within(Duration::from_secs(30), "sales end", async || {
        let answer = ada.reserve(&show, &["A2"]).await;
        (answer.status() == 409 && answer.json()["code"] == "show_not_on_sale").then_some(())
    })
    .await;
    assert!(wrong.now() >= show.start_time - SignedDuration::from_secs(1), "not before the show");
    nodes.stop().await;
}
