//! What nginx passes on, and to whom: nodes are sockets of this test, which see every byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use marquee_kv::testing::free_port;
use marquee_testkit::{Client, eventually};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::nginx::{Nginx, Node};

/// What every answer of Marquee's has.
const EVERY_ANSWER: &str = "X-Request-Id: n/a\r\nX-Content-Type-Options: nosniff\r\nContent-Type: application/json\r\n";

/// What a node does with the requests that come.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Answers `{}`.
    Answers,
    /// Reads the request, and closes the connection without a word.
    HangsUp,
    /// Says that it cannot.
    Unavailable,
}

/// A node that keeps what it was sent.
struct Played {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Played {
    async fn node(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, manner, Arc::clone(&kept)));
            }
        });
        Self { address, seen }
    }

    /// One whose process is gone: nobody listens there.
    fn gone() -> Node {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        Node { address, readyz: format!("http://{address}/readyz") }
    }

    fn told(&self) -> Node {
        Node { address: self.address, readyz: format!("http://{}/readyz", self.address) }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut socket: TcpStream, manner: Manner, seen: Arc<Mutex<Vec<String>>>) {
    let mut heard = String::new();
    let mut piece = [0; 65_536];
    while let Ok(count @ 1..) = socket.read(&mut piece).await {
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
        let Some((head, body)) = heard.split_once("\r\n\r\n") else { continue };
        let lines = head.to_ascii_lowercase();
        let length = lines.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        seen.lock().unwrap().push(std::mem::take(&mut heard));
        let head = match manner {
            Manner::Answers => "200 OK",
            Manner::Unavailable => "503 Service Unavailable\r\nRetry-After: 7",
            Manner::HangsUp => return,
        };
        let answer = format!("HTTP/1.1 {head}\r\n{EVERY_ANSWER}Content-Length: 2\r\n\r\n{{}}");
        socket.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// Enough requests that each of two nodes is tried first by some.
const REQUESTS: usize = 8;

#[tokio::test]
async fn a_node_that_is_gone_is_passed_over_by_every_kind_of_request() {
    let node = Played::node(Manner::Answers).await;
    let nginx = Nginx::before(&[Played::gone(), node.told()]).await;
    let client = Client::new(&nginx.origin());
    for method in [Method::GET, Method::POST, Method::DELETE, Method::PATCH] {
        for _ in 0..REQUESTS {
            let _ = client.request(method.clone(), "/booking").body("{}").send().await.ok();
        }
    }
    assert_eq!(node.seen().len(), 4 * REQUESTS);
}

#[tokio::test]
async fn what_would_act_twice_is_never_sent_twice_once_a_node_may_have_seen_it() {
    let (one, two) = (Played::node(Manner::HangsUp).await, Played::node(Manner::HangsUp).await);
    let nginx = Nginx::before(&[one.told(), two.told()]).await;
    let client = Client::new(&nginx.origin());
    for method in [Method::POST, Method::PATCH] {
        for number in 0..REQUESTS {
            let path = format!("/{method}/{number}");
            let answer = client.request(method.clone(), &path).body("{}").send().await;
            // It came to nobody knows what: whoever has a key asks again with it.
            answer.problem("unavailable");
            assert!(answer.has_header("retry-after") && answer.has_header("x-request-id"), "{answer}");
            let seen = [one.seen(), two.seen()].concat();
            let times = seen.iter().filter(|request| request.contains(&format!("{path} "))).count();
            assert!(times <= 1, "{path} was sent {times} times");
        }
    }
    let (one, two) = (one.seen().len(), two.seen().len());
    assert!(one + two > 0, "somebody saw something");
}

#[tokio::test]
async fn what_only_reads_is_asked_of_the_next_node() {
    let (broken, well) = (Played::node(Manner::HangsUp).await, Played::node(Manner::Answers).await);
    let nginx = Nginx::before(&[broken.told(), well.told()]).await;
    let client = Client::new(&nginx.origin());
    for _ in 0..REQUESTS {
        let _ = client.get("/movies").await.ok();
    }
    assert!(!broken.seen().is_empty(), "it was tried");
    assert_eq!(well.seen().len(), REQUESTS);
}

#[tokio::test]
async fn what_a_node_says_is_its_answer_also_that_it_cannot() {
    let (one, two) = (Played::node(Manner::Unavailable).await, Played::node(Manner::Unavailable).await);
    let nginx = Nginx::before(&[one.told(), two.told()]).await;
    let client = Client::new(&nginx.origin());
    for method in [Method::GET, Method::POST] {
        let answer = client.request(method, "/movies").send().await;
        assert_eq!((answer.status(), answer.header("retry-after"), answer.text().as_str()), (503, "7", "{}"));
    }
    assert_eq!(one.seen().len() + two.seen().len(), 2, "nobody was asked twice");
}

#[tokio::test]
async fn a_node_learns_who_asks_under_which_id_and_nginx_keeps_no_secret() {
    let node = Played::node(Manner::Answers).await;
    let nginx = Nginx::before(&[node.told()]).await;
    let client = Client::new(&nginx.origin());
    let ask = |id: &str| {
        let request = client.request(Method::GET, "/shows?city=Secret").header("x-forwarded-for", "203.0.113.9");
        request.header("authorization", "Bearer secret-token").header("x-request-id", id).send()
    };
    for id in ["order-7.a:b_c", "not sane", ""] {
        let _ = ask(id).await.ok();
    }
    let _ = client.get("/movies").await.ok();
    let ids: Vec<String> = node
        .seen()
        .iter()
        .map(|request| {
            let head = request.to_ascii_lowercase();
            let of = |name: &str| {
                let mut found = head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                let value = found.next().unwrap_or_default().to_owned();
                assert_eq!(found.next(), None, "{name} twice: {head}");
                value
            };
            assert!(["203.0.113.9, 127.0.0.1", "127.0.0.1"].contains(&of("x-forwarded-for").as_str()), "{head}");
            assert_eq!(of("connection"), "", "connections to nodes are kept");
            of("x-request-id")
        })
        .collect();
    assert_eq!(ids[0], "order-7.a:b_c");
    assert!(ids[1..].iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{ids:?}");
    // It is written once the answer is out.
    let log = eventually("every request is in the log", async || {
        let log = nginx.access_log();
        ids.iter().all(|id| log.contains(&format!("id={id} "))).then_some(log)
    })
    .await;
    let secrets = ["secret", "city", "127.0.0.1 ", "203.0.113.9", "not sane"];
    assert!(!secrets.iter().any(|secret| log.to_ascii_lowercase().contains(secret)), "{log}");
}

#[tokio::test]
async fn limits_are_marquee_s_and_so_is_the_form_of_their_answers() {
    let node = Played::node(Manner::Answers).await;
    let nginx = Nginx::before(&[node.told()]).await;
    let client = Client::new(&nginx.origin());
    const BODY_MAX: usize = 1024 * 1024;
    let _ = client.request(Method::POST, "/booking").body("x".repeat(BODY_MAX)).send().await.ok();
    let refused = client.request(Method::POST, "/booking").body("x".repeat(BODY_MAX + 1)).send().await;
    refused.problem("too_large");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let long = client.request(Method::GET, "/movies").header("x-long", &"x".repeat(31 * 1024)).send().await;
    let _ = long.ok();
    for path in ["/movies".to_owned(), format!("/{}", "x".repeat(33 * 1024))] {
        let path = format!("{}/api/v1{path}", nginx.origin());
        let request = reqwest::Client::new().get(path).header("x-long", "x".repeat(33 * 1024));
        let longer = request.send().await.unwrap();
        assert_eq!((longer.status().as_u16(), longer.text().await.unwrap().as_str()), (431, ""));
    }
    assert_eq!(node.seen().len(), 2);
}
