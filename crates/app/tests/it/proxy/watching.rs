//! `readyz_watch.py`: nodes that cannot sell are taken out of nginx's rotation, and put back.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use marquee_testkit::eventually;

use super::nginx::{Nginx, Node};

const WATCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx/readyz_watch.py");
/// Requests that would come to each of two nodes.
const REQUESTS: usize = 8;

/// A node that says of itself what it is told to.
struct Played {
    readiness: Arc<AtomicU16>,
    served: Arc<AtomicU32>,
    told: Node,
}

impl Played {
    async fn node() -> Self {
        let (readiness, served) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicU32::new(0)));
        let (said, counted) = (Arc::clone(&readiness), Arc::clone(&served));
        let router = Router::new()
            .route("/readyz", get(async move || StatusCode::from_u16(said.load(Ordering::Relaxed)).unwrap()))
            .route("/api/v1/movies", get(async move || counted.fetch_add(1, Ordering::Relaxed).to_string()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { readiness, served, told: Node { address, readyz: format!("http://{address}/readyz") } }
    }

    fn says(&self, status: u16) {
        self.readiness.store(status, Ordering::Relaxed);
    }
}

struct Watch(Child);

impl Watch {
    fn over(nginx: &Nginx) -> Self {
        let mut command = Command::new(WATCH);
        command.arg(nginx.upstream_file()).args(nginx.reload_command());
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn a_node_that_is_not_ready_gets_no_requests_until_it_is_and_never_all_are_out() {
    let (one, two) = (Played::node().await, Played::node().await);
    let told = [&one.told, &two.told].map(|node| Node { address: node.address, readyz: node.readyz.clone() });
    let nginx = Nginx::before(&told).await;
    let _watch = Watch::over(&nginx);
    let served = async || {
        let before = [&one, &two].map(|node| node.served.load(Ordering::Relaxed));
        for _ in 0..REQUESTS {
            // A connection of its own: workers of before a reload go on with those they have.
            let answer = reqwest::get(format!("{}/api/v1/movies", nginx.origin())).await.unwrap();
            assert_eq!(answer.status(), 200);
        }
        [&one, &two]
            .map(|node| node.served.load(Ordering::Relaxed))
            .into_iter()
            .zip(before)
            .map(|(now, then)| now > then)
            .collect::<Vec<_>>()
    };
    let becomes = async |what: &str, expected: [bool; 2]| {
        eventually(what, async || (served().await == expected).then_some(())).await;
    };
    becomes("both serve", [true, true]).await;
    one.says(503);
    becomes("the other serves alone", [false, true]).await;
    two.says(503);
    becomes("customers hear from Marquee what is wrong", [true, true]).await;
    one.says(200);
    becomes("the one that can serves alone", [true, false]).await;
    two.says(200);
    becomes("both serve again", [true, true]).await;
}
