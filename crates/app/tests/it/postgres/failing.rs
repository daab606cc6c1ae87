//! The server fails under a sale: nothing that was answered is lost, and it sells again by itself.

use marquee_testkit::{eventually, eventually_within, id_of};

use super::launch;
use super::sale::Sale;
use super::servers::Server;
use crate::crashes::SETTLED_WITHIN;

#[tokio::test]
async fn a_standby_takes_over_from_a_primary_that_is_killed() {
    let primary = Server::start();
    primary.create("marquee").await;
    let standby = primary.synchronous_standby().await;
    let sale = Sale::at(&primary.url_of_both(&standby, "marquee")).await;
    primary.kill().await;
    sale.refuses().await;
    standby.promote();
    sale.sells().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn what_the_standby_had_when_the_primary_died_in_mid_commit_is_read_back() {
    let primary = Server::start();
    primary.create("marquee").await;
    let standby = primary.synchronous_standby().await;
    let sale = Sale::at(&primary.url_of_both(&standby, "marquee")).await;
    // The standby gets what is committed and says nothing: every commit from now on is under way, and stays so.
    standby.freeze();
    let watch = primary.client().await;
    eventually("a commit waits for the standby", async || {
        let waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'marquee' AND wait_event = 'SyncRep'";
        (!watch.query(waiting, &[]).await.unwrap().is_empty()).then_some(())
    })
    .await;
    primary.kill().await;
    standby.thaw();
    standby.promote();
    sale.sells().await;
    let log = sale.close().await;
    assert!(log.contains("commit is unknown") || log.contains("commit unknown"), "{log}");
}

#[tokio::test]
async fn a_commit_that_only_the_primary_has_is_not_answered() {
    let primary = Server::start();
    primary.create("marquee").await;
    let standby = primary.synchronous_standby().await;
    let data_dir = tempfile::tempdir().unwrap();
    let node = launch(&data_dir, &primary.url_of_both(&standby, "marquee")).ready().await;
    let show = node.a_show().create().await;
    let ada = node.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    standby.freeze();
    let paying = ada.clone();
    let lock_there = lock.clone();
    let paid = tokio::spawn(async move { paying.pay_once(&lock_there, "pm_card_visa", "once").await });
    let watch = primary.client().await;
    // An impatient administrator ends the wait: from then on the primary shows what the standby does not have.
    eventually("a wait for the standby is ended", async || {
        let end = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'marquee' AND wait_event = 'SyncRep'";
        (!watch.query(end, &[]).await.unwrap().is_empty()).then_some(())
    })
    .await;
    let answer = paid.await.unwrap();
    assert_eq!(answer.status(), 503, "{answer}");
    assert_eq!(ada.pay_once(&lock, "pm_card_visa", "once").await.status(), 503);
    standby.thaw();
    // What became of it is said once the standby has it, and is true there too.
    let booking = eventually_within(SETTLED_WITHIN, "it is answered", async || {
        let answer = ada.pay_once(&lock, "pm_card_visa", "once").await;
        matches!(answer.status(), 201 | 202).then(|| answer.json())
    })
    .await;
    let settled = async || {
        let found = ada.get(&format!("/booking/{}", id_of(&booking, "booking_id"))).await;
        (found.status() == 200 && found.json()["status"] != "pending").then(|| found.json())
    };
    let before = eventually_within(SETTLED_WITHIN, "it is settled", settled).await;
    primary.kill().await;
    standby.promote();
    let after = eventually_within(SETTLED_WITHIN, "the standby has it", settled).await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_primary_that_takes_no_writes_any_more_is_left_for_the_one_that_does() {
    let primary = Server::start();
    primary.create("marquee").await;
    let standby = primary.standby();
    let sale = Sale::at(&primary.url_of_both(&standby, "marquee")).await;
    primary.set("default_transaction_read_only", "on").await;
    sale.refuses().await;
    let position = "SELECT pg_current_wal_lsn()::text";
    let written: String = primary.client().await.query_one(position, &[]).await.unwrap().get(0);
    let there = standby.client().await;
    eventually("the standby has everything", async || {
        let has = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn");
        there.query_one(&has, &[]).await.unwrap().get::<_, bool>(0).then_some(())
    })
    .await;
    standby.promote();
    sale.sells().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn a_primary_that_hangs_does_not_hide_the_standby_that_took_over() {
    let primary = Server::start();
    primary.create("marquee").await;
    let standby = primary.synchronous_standby().await;
    let sale = Sale::at(&primary.url_of_both(&standby, "marquee")).await;
    // Its kernel still takes connections, and nobody ever answers on them.
    primary.freeze();
    standby.promote();
    sale.sells().await;
    // Nothing of the old primary may come to life again: that is what fencing is for.
    primary.kill().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_goes_on() {
    let server = Server::start();
    server.create("marquee").await;
    let sale = Sale::at(&server.url("marquee")).await;
    for _ in 0..2 {
        server.kill().await;
        sale.refuses().await;
        server.start_again();
        sale.sells().await;
    }
    drop(sale.close().await);
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_goes_on_where_it_was() {
    let server = Server::start();
    server.create("marquee").await;
    let sale = Sale::at(&server.url("marquee")).await;
    server.freeze();
    sale.refuses().await;
    server.thaw();
    sale.sells().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn statements_that_are_ended_in_mid_batch_cost_their_batch_alone() {
    let server = Server::start();
    server.create("marquee").await;
    let sale = Sale::at(&server.url("marquee")).await;
    let admin = server.client().await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'marquee' AND state IN ('active', 'idle in transaction')";
    let mut ended = 0;
    eventually("enough is ended", async || {
        ended += admin.query(end, &[]).await.unwrap().len();
        (ended >= 20).then_some(())
    })
    .await;
    sale.sells().await;
    drop(sale.close().await);
}
