//! A bad way between a node and its server.

use std::net::SocketAddr;
use std::time::Duration;

use marquee_testkit::{Conditions, Proxy};

use super::sale::Sale;
use super::servers::Server;

#[tokio::test]
async fn a_sale_goes_on_over_a_slow_way_and_after_one_that_breaks() {
    let server = Server::start();
    server.create("marquee").await;
    let proxy = Proxy::to(SocketAddr::from(([127, 0, 0, 1], server.port())), 7).await;
    let sale = Sale::at(&format!("postgres://marquee@{}/marquee", proxy.address())).await;
    let slow =
        Conditions { latency: Duration::from_millis(5), jitter: Duration::from_millis(10), ..Conditions::default() };
    proxy.set(slow);
    sale.sells().await;
    proxy.set(Conditions { breaks_one_in: Some(200), ..slow });
    sale.sells().await;
    proxy.silence();
    sale.refuses().await;
    proxy.set(Conditions::default());
    sale.sells().await;
    drop(sale.close().await);
}
