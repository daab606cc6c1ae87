//! The way from one of two nodes to Redis is bad: slow, lossy, cut, silent.

use std::time::Duration;

use marquee_kv::testing::Server;
use marquee_testkit::{Conditions, Proxy};

use super::rounds;
use crate::sale::Sale;

#[tokio::test]
async fn a_node_sells_over_a_slow_and_lossy_link_and_waits_for_no_silent_one() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.host().parse().unwrap(), 31).await;
    let over_it = format!("redis://{}", proxy.address());
    let sale = Sale::at_two(&server.url(), |there| there.env("MARQUEE_REDIS_URL", &over_it)).await;
    let (latency, jitter) = (Duration::from_millis(15), Duration::from_millis(30));
    proxy.set(Conditions { latency, jitter, bytes_per_s: Some(500_000), ..Conditions::default() });
    sale.sells().await;
    proxy.set(Conditions { latency, breaks_one_in: Some(200), ..Conditions::default() });
    sale.sells().await;
    proxy.set(Conditions::default());
    for _ in 0..rounds() {
        proxy.cut();
        sale.sells().await;
    }
    proxy.silence();
    sale.turns_away().await;
    // The other node's way is good.
    sale.sells().await;
    proxy.mend();
    sale.sells().await;
    proxy.refuse();
    sale.turns_away().await;
    proxy.mend();
    sale.sells().await;
    drop(sale.close().await);
}
