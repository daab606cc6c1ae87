//! Starting and stopping the program itself.

use std::time::{Duration, Instant};

use marquee_testkit::{Launch, PATIENCE, eventually, id_of};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::MARQUEE;

/// What the contract gives a stop.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

fn launch(data_dir: &tempfile::TempDir) -> Launch {
    Launch::new(MARQUEE, data_dir.path())
}

/// Asserts that a start with this setting is refused with one line that names it.
async fn refuses(name: &str, value: &str) {
    let data_dir = tempfile::tempdir().unwrap();
    let ended = launch(&data_dir).env(name, value).ended().await;
    assert_eq!(ended.code, Some(2), "{name}={value}: {}", ended.errors);
    assert_eq!(ended.errors.trim_end().lines().count(), 1, "{name}={value}: {}", ended.errors);
    assert_eq!(ended.errors.matches(name).count(), 1, "{name}={value}: {}", ended.errors);
    assert!(ended.errors.contains("must"), "{name}={value}: {}", ended.errors);
}

#[tokio::test]
async fn a_bad_setting_stops_the_start_with_one_line_that_names_it() {
    for (name, value) in [
        ("MARQUEE_HOLD_SECONDS", "soon"),
        ("MARQUEE_HOLD_SECONDS", "0"),
        ("MARQUEE_HOLD_SECONDS", "-5"),
        ("MARQUEE_HOLD_SECONDS", "99999999999999999999"),
        ("MARQUEE_HOLD_MAX_SECONDS", "60"),
        ("MARQUEE_MAX_SEATS_PER_HOLD", "0"),
        ("MARQUEE_MAX_SEATS_PER_HOLD", "ten"),
        ("MARQUEE_MAX_HELD_SEATS_PER_SHOW", "-1"),
        ("MARQUEE_RATE_LIMITS", "maybe"),
        ("MARQUEE_DATABASE_URL", "mysql://localhost/marquee"),
        ("MARQUEE_ADMIN_PASSWORD", ""),
    ] {
        refuses(name, value).await;
    }
}

#[tokio::test]
async fn a_proxy_that_is_no_address_stops_the_start() {
    for value in ["proxy.example.org", "10.0.0.0/33", "127.0.0.1, 10.0.0", "10.0.0.1\n10.0.0.2"] {
        refuses("MARQUEE_TRUSTED_PROXIES", value).await;
    }
}

#[tokio::test]
async fn a_misspelt_setting_stops_the_start_with_one_line_that_names_the_one_it_is_like() {
    let data_dir = tempfile::tempdir().unwrap();
    for (misspelt, meant) in [
        ("MARQUEE_HOLD_SECOND", "MARQUEE_HOLD_SECONDS"),
        ("MARQUEE_TRUSTED_PROXY", "MARQUEE_TRUSTED_PROXIES"),
        ("MARQUEE_LISTENS", "MARQUEE_LISTEN"),
    ] {
        let said = format!("marquee: {misspelt} is not a setting; did you mean {meant}?\n");
        let ended = launch(&data_dir).env(misspelt, "60").ended().await;
        assert_eq!((ended.code, ended.errors), (Some(2), said));
    }
    let file = "MARQUEE_HOLD_SECOND = 60\n";
    std::fs::write(data_dir.path().join("marquee.toml"), file).unwrap();
    let ended = launch(&data_dir).ended().await;
    assert_eq!(ended.code, Some(2), "{}", ended.errors);
    assert!(ended.errors.contains("MARQUEE_HOLD_SECOND in") && ended.errors.contains("MARQUEE_HOLD_SECONDS?"));
}

#[tokio::test]
async fn names_that_are_read_elsewhere_do_not_stop_the_start() {
    let data_dir = tempfile::tempdir().unwrap();
    let launch = launch(&data_dir).env("MARQUEE_SEED", "1").env("MARQUEE_SERVICE_HOST", "10.0.0.1");
    let marquee = launch.env("MARQUEE_PORT", "tcp://10.0.0.1:80").ready().await;
    let _ = marquee.get("/movies").await.ok();
}

#[tokio::test]
async fn a_log_filter_that_cannot_be_read_stops_the_start() {
    refuses("MARQUEE_LOG", "[[[").await;
}

#[tokio::test]
async fn a_first_administrator_who_cannot_be_stops_the_start() {
    refuses("MARQUEE_ADMIN_EMAIL", "nonsense").await;
    refuses("MARQUEE_ADMIN_PASSWORD", "short").await;
}

#[tokio::test]
async fn a_command_that_does_not_serve_logs_what_goes_wrong_alone_unless_it_is_told_otherwise() {
    let data_dir = tempfile::tempdir().unwrap();
    std::fs::write(data_dir.path().join("films.json"), r#"[{"Title": "Up", "Running Time min": 96}]"#).unwrap();
    let arguments = ["import", "movies", "films.json"];
    let quiet = launch(&data_dir).arguments(&arguments).env("MARQUEE_LOG", "").ended().await;
    assert_eq!((quiet.code, quiet.errors.contains("INFO")), (Some(0), false), "{}", quiet.errors);
    std::fs::write(data_dir.path().join("films.json"), r#"[{"Title": "Brazil", "Running Time min": 136}]"#).unwrap();
    let told = launch(&data_dir).arguments(&arguments).env("MARQUEE_LOG", "info").ended().await;
    assert_eq!((told.code, told.errors.contains("INFO")), (Some(0), true), "{}", told.errors);
}

#[tokio::test]
async fn a_bad_address_stops_the_start() {
    let data_dir = tempfile::tempdir().unwrap();
    for (option, other) in [("--listen", "--ops-listen"), ("--ops-listen", "--listen")] {
        let arguments = ["serve", option, "nonsense", other, "127.0.0.1:0"];
        let ended = launch(&data_dir).arguments(&arguments).ended().await;
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(ended.errors.lines().next().unwrap().contains(option), "{}", ended.errors);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["serve", "--listen", &address, "--ops-listen", "127.0.0.1:0"];
    let ended = launch(&data_dir).arguments(&arguments).ended().await;
    assert_ne!(ended.code, Some(0));
    assert!(ended.errors.contains(&address), "{}", ended.errors);
    assert_eq!(ended.errors.trim_end().lines().count(), 1, "{}", ended.errors);
}

#[tokio::test]
async fn the_settings_file_is_read_and_the_environment_wins() {
    let data_dir = tempfile::tempdir().unwrap();
    let settings = "MARQUEE_MAX_SEATS_PER_HOLD = 1\nMARQUEE_HOLD_SECONDS = 60\nMARQUEE_HOLD_MAX_SECONDS = 120\n";
    std::fs::write(data_dir.path().join("marquee.toml"), settings).unwrap();
    let marquee = launch(&data_dir).env("MARQUEE_MAX_SEATS_PER_HOLD", "2").ready().await;
    let show = marquee.a_show().create().await;
    let ada = marquee.customer("Ada").await;
    ada.reserve(&show, &["A1", "A2", "A3"]).await.problem("invalid_request");
    let lock = ada.hold(&show, &["A1", "A2"]).await;
    let expiry: jiff::Timestamp = lock["expiry"].as_str().unwrap().parse().unwrap();
    let left = expiry.duration_since(marquee.now());
    assert!(left <= jiff::SignedDuration::from_secs(60) && left > jiff::SignedDuration::from_secs(30), "{left:#}");
    drop(marquee);

    std::fs::write(data_dir.path().join("marquee.toml"), "MARQUEE_HOLD_SECONDS = \"soon\"\n").unwrap();
    let ended = launch(&data_dir).ended().await;
    assert_eq!(ended.code, Some(2), "{}", ended.errors);
    assert!(ended.errors.contains("MARQUEE_HOLD_SECONDS"), "{}", ended.errors);
}

#[tokio::test]
async fn the_first_administrator_is_made_at_the_start_and_left_alone_at_the_next() {
    let data_dir = tempfile::tempdir().unwrap();
    let start = launch(&data_dir).env("MARQUEE_ADMIN_EMAIL", "boss@example.org");
    let marquee = start.clone().env("MARQUEE_ADMIN_PASSWORD", "the first password").ready().await;
    let boss = marquee.sign_in("boss@example.org", "the first password").await;
    let roles = boss.get("/user/me").await.ok()["roles"].clone();
    assert!(roles.as_array().unwrap().contains(&json!("admin")), "{roles}");
    let (code, _) = marquee.stop().await;
    assert_eq!(code, Some(0));
    let marquee = start.env("MARQUEE_ADMIN_PASSWORD", "another password").ready().await;
    let _ = marquee.sign_in("boss@example.org", "the first password").await;
    assert_eq!(marquee.password_grant("boss@example.org", "another password").await.status(), 400);
}

#[tokio::test]
async fn operators_see_that_it_lives_that_it_sells_and_how_much() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let show = marquee.a_show().create().await;
    let _ = marquee.customer("Ada").await.book(&show, &["A1"]).await;
    for path in ["/healthz", "/readyz"] {
        let response = reqwest::get(format!("{}{path}", marquee.ops().origin())).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    let response = reqwest::get(format!("{}/metrics", marquee.ops().origin())).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let metrics = response.text().await.unwrap();
    let samples = metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for sample in samples {
        let value = sample.rsplit(' ').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "not a sample: {sample}");
    }
    assert!(metrics.contains("# HELP") && metrics.contains("# TYPE"), "{metrics}");
    marquee.get("/metrics").await.problem("not_found");
}

#[tokio::test]
async fn sigterm_finishes_what_is_in_flight_and_exits_in_time() {
    let data_dir = tempfile::tempdir().unwrap();
    let start = launch(&data_dir);
    let marquee = start.ready().await;
    let show = marquee.a_show().create().await;
    let ada = marquee.customer("Ada").await;
    let (lock, kept) = (ada.hold(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    let mut watcher = marquee.events(&show).await;
    let _ = watcher.next().await;
    let in_flight = tokio::spawn({
        let ada = ada.clone();
        async move { ada.pay_once(&lock, "pm_sandbox_slow", "order-1").await }
    });
    eventually("the payment is under way", async || {
        let page = ada.get("/user/me/bookings").await.ok();
        (page["items"] != json!([])).then_some(())
    })
    .await;
    let origin = marquee.origin().to_owned();
    let (code, took) = marquee.stop().await;
    assert_eq!(code, Some(0));
    assert!(took < STOPS_WITHIN, "it took {took:?}");
    let booking = in_flight.await.unwrap().created();
    assert!(reqwest::get(format!("{origin}/api/v1/movies")).await.is_err(), "nobody listens any more");

    let marquee = start.ready().await;
    let ada = ada.at(&marquee);
    assert_eq!(ada.booking(&booking).await["status"], "confirmed");
    let kept_path = format!("/locks/{}", id_of(&kept, "lock_id"));
    assert_eq!(ada.get(&kept_path).await.ok(), kept, "holds survive a graceful stop");
}

#[tokio::test]
async fn sigterm_ends_an_open_event_stream_properly() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let show = marquee.a_show().create().await;
    let mut stream = TcpStream::connect(marquee.address()).await.unwrap();
    let request = format!("GET /api/v1{} HTTP/1.1\r\nHost: marquee\r\n\r\n", show.path("/seats/events"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains("event: snapshot") && !read.ends_with(b"0\r\n\r\n") {
        let bytes = tokio::time::timeout(PATIENCE, stream.read_buf(&mut read)).await.unwrap().unwrap();
        assert_ne!(bytes, 0, "{}", String::from_utf8_lossy(&read));
    }
    assert!(!read.ends_with(b"0\r\n\r\n"), "the stream is open: {}", String::from_utf8_lossy(&read));

    marquee.ask_to_stop();
    let asked = Instant::now();
    tokio::time::timeout(STOPS_WITHIN, stream.read_to_end(&mut read)).await.unwrap().unwrap();
    assert!(read.ends_with(b"\r\n0\r\n\r\n"), "the last chunk: {}", String::from_utf8_lossy(&read));
    drop(stream);
    assert_eq!(marquee.end().await.code, Some(0));
    assert!(asked.elapsed() < STOPS_WITHIN, "it took {:?}", asked.elapsed());
}

#[tokio::test]
async fn sigterm_does_not_wait_for_clients_that_say_nothing() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let idle = std::net::TcpStream::connect(marquee.address()).unwrap();
    let mut half = std::net::TcpStream::connect(marquee.address()).unwrap();
    std::io::Write::write_all(&mut half, b"POST /api/v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Le").unwrap();
    let _ = marquee.request(Method::GET, "/movies").send().await.ok();
    let (code, took) = marquee.stop().await;
    assert_eq!(code, Some(0));
    assert!(took < STOPS_WITHIN, "it took {took:?}");
    drop((idle, half));
}

#[tokio::test]
async fn a_data_dir_belongs_to_one_process() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let second = launch(&data_dir).ended().await;
    assert_ne!(second.code, Some(0));
    assert_eq!(second.errors.trim_end().lines().count(), 1, "{}", second.errors);
    let _ = marquee.get("/movies").await.ok();
}

#[tokio::test]
async fn a_fresh_data_dir_passes_the_check() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let show = marquee.a_show().create().await;
    let _ = marquee.customer("Ada").await.book(&show, &["A1"]).await;
    let beside = launch(&data_dir).arguments(&["check"]).ended().await;
    assert_eq!(beside.code, Some(0), "{} {:?}", beside.errors, beside.output);
    assert_eq!(marquee.stop().await.0, Some(0));
    let after = launch(&data_dir).arguments(&["check"]).ended().await;
    assert_eq!(after.code, Some(0), "{} {:?}", after.errors, after.output);
}
