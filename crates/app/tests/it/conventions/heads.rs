//! Requests that cannot be read: whoever sends one hears so before the connection is closed.

use std::fmt::Write as _;

use marquee_testkit::{PATIENCE, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MOVIES: &str = "GET /api/v1/movies HTTP/1.1\r\nHost: marquee\r\n";

/// Everything that comes back for these bytes until the server closes the connection; the client goes on listening.
async fn answer_to(app: &TestApp, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(app.origin().trim_start_matches("http://")).await.unwrap();
    let mut answer = Vec::new();
    let talk = async {
        socket.write_all(bytes).await.unwrap();
        socket.read_to_end(&mut answer).await.unwrap();
    };
    tokio::time::timeout(PATIENCE, talk).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn is_answered(app: &TestApp, bytes: &[u8], status: &str) {
    let answer = answer_to(app, bytes).await;
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{start:?} is answered {answer:?}");
}

#[tokio::test]
async fn a_head_that_is_not_http_is_a_bad_request() {
    let app = TestApp::start().await;
    for head in [
        "nonsense\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\r\n\r\n".to_owned(),
        "GET /api/v1/movies\r\n\r\n".to_owned(),
        "GET /api/v1/movies HTTP/9.9\r\n\r\n".to_owned(),
        "GET /api/v1/mov ies HTTP/1.1\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nnonsense\r\n\r\n".to_owned(),
        format!("{MOVIES}Two Words: x\r\n\r\n"),
        format!("{MOVIES}X-Nul: a\0b\r\n\r\n"),
        format!("{MOVIES}no colon\r\n\r\n"),
        format!("{MOVIES}Content-Length: ten\r\n\r\n"),
        format!("{MOVIES}Content-Length: -1\r\n\r\n"),
        format!("{MOVIES}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        format!("{MOVIES}Transfer-Encoding: chunked, gzip\r\n\r\n"),
    ] {
        is_answered(&app, head.as_bytes(), "400").await;
    }
    let _ = app.get("/movies").await.ok();
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_as_such() {
    let app = TestApp::start().await;
    let headers = |count: usize| {
        let mut head = MOVIES.to_owned();
        (1..count).for_each(|n| write!(head, "X-{n}: x\r\n").unwrap());
        head + "Connection: close\r\n\r\n"
    };
    is_answered(&app, headers(63).as_bytes(), "200").await;
    is_answered(&app, headers(65).as_bytes(), "431").await;
    for length in [40_000, 300_000] {
        let long = "x".repeat(length);
        is_answered(&app, format!("{MOVIES}X-Long: {long}\r\n\r\n").as_bytes(), "431").await;
        is_answered(&app, format!("GET /api/v1/{long} HTTP/1.1\r\nHost: marquee\r\n\r\n").as_bytes(), "431").await;
    }
}

#[tokio::test]
async fn a_body_in_bad_chunks_is_malformed() {
    let app = TestApp::start().await;
    let head = "POST /api/v1/auth/register HTTP/1.1\r\nHost: marquee\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    for chunks in ["nonsense\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx\r\n0\r\n\r\n", "fffffffffffffffffff\r\n{}"] {
        let answer = answer_to(&app, format!("{head}{chunks}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("malformed_json"), "{chunks:?}: {answer:?}");
    }
}

#[tokio::test]
async fn what_came_before_a_bad_head_is_answered_first() {
    let app = TestApp::start().await;
    let answer = answer_to(&app, format!("{MOVIES}\r\nnonsense\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("HTTP/1.1 400 "), "{answer:?}");
}

#[tokio::test]
async fn whoever_is_still_sending_hears_that_it_is_too_much() {
    let app = TestApp::start().await;
    let body = "x".repeat(8 << 20);
    let head = "POST /api/v1/auth/register HTTP/1.1\r\nHost: marquee\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    is_answered(&app, request.as_bytes(), "413").await;
}
