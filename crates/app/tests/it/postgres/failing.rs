//! The server fails under a sale: nothing that was answered is lost, and it sells again by itself.

use super::servers::Server;
use crate::sale::Sale;
use marquee_testkit::eventually;

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
