//! What one node alone may do is done by one of them, and by the next when that one stands still.

use std::time::Duration;

use marquee_testkit::{Ledger, Process, eventually_within};

use super::launch;
use super::servers::Server;

/// A leader that stands still is passed over by then.
const PASSED_OVER_WITHIN: Duration = Duration::from_secs(20);
/// What the contract gives a charge whose answer got lost, with a look at it by a node that was not there.
const SETTLED_WITHIN: Duration = Duration::from_secs(45);

async fn leads(process: &Process) -> bool {
    let metrics = reqwest::get(format!("{}/metrics", process.ops().origin())).await.unwrap().text().await.unwrap();
    metrics.lines().any(|line| line == r#"marquee_leader{shard="0"} 1"#)
}

async fn comes_to_lead(process: &Process) {
    eventually_within(PASSED_OVER_WITHIN, "it leads", async || leads(process).await.then_some(())).await;
}

#[tokio::test]
async fn a_leader_that_stands_still_is_passed_over_and_believes_it_when_it_wakes() {
    let (server, one_dir, two_dir) = (Server::start(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    server.create("marquee").await;
    let url = server.url("marquee");
    let one = launch(&one_dir, &url).ready().await;
    comes_to_lead(&one).await;
    let shared = one_dir.path().to_str().unwrap();
    let two = launch(&two_dir, &url).env("MARQUEE_SHARED_DIR", shared).ready().await;
    let show = one.a_show().create().await;
    let ada = one.customer("Ada").await;
    // Charged, and never answered: the leader has to find out, and will not get to it.
    let lock = ada.hold(&show, &["A1"]).await;
    let pending = ada.pay(&lock, "pm_sandbox_timeout").await;
    assert_eq!(pending.status(), 202, "{pending}");
    assert!(!leads(&two).await);
    one.freeze();
    comes_to_lead(&two).await;
    let ada_at_two = ada.at(&two);
    eventually_within(SETTLED_WITHIN, "the next one settles it", async || {
        (ada_at_two.booking(&pending.json()).await["status"] == "confirmed").then_some(())
    })
    .await;
    one.thaw();
    eventually_within(PASSED_OVER_WITHIN, "the first one knows", async || (!leads(&one).await).then_some(())).await;
    assert!(leads(&two).await);
    let cancelled = ada_at_two.cancel(&pending.json()).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    // One stops in order: the other need not wait until it is missed.
    assert_eq!(two.stop().await.0, Some(0));
    comes_to_lead(&one).await;
    eventually_within(SETTLED_WITHIN, "the refund is settled", async || {
        (ada.booking(&pending.json()).await["refund"]["status"] == "succeeded").then_some(())
    })
    .await;
    assert_eq!(one.stop().await.0, Some(0));
    let charges = Ledger::read(one_dir.path());
    assert_eq!(charges.charges().len(), 1);
    assert!(charges.charges().values().all(|charge| charge.kept() == 0));
    let checked = launch(&one_dir, &url).arguments(&["check"]).ended().await;
    assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
}
