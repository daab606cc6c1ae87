//! What operators do beside the API: watch, check the data, give roles.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use marquee_testkit::{Launch, Person, Process, eventually, eventually_within, id_of};
use reqwest::Method;
use tempfile::TempDir;

use crate::MARQUEE;

/// When a new key signs at the latest: after ten seconds, on a busy machine.
const SIGNS_BY: Duration = Duration::from_secs(40);

fn launch(data_dir: &TempDir) -> Launch {
    Launch::new(MARQUEE, data_dir.path())
}

async fn metrics(marquee: &Process) -> String {
    let response = reqwest::get(format!("{}/metrics", marquee.ops().origin())).await.unwrap();
    response.text().await.unwrap()
}

/// Series that a fresh server shows at zero.
const AT_ZERO: [&str; 61] = [
    r#"marquee_holds_total{outcome="placed"}"#,
    r#"marquee_holds_total{outcome="refused"}"#,
    r#"marquee_holds_total{outcome="extended"}"#,
    r#"marquee_holds_total{outcome="expired"}"#,
    r#"marquee_holds_total{outcome="released"}"#,
    r#"marquee_holds_total{outcome="booked"}"#,
    r#"marquee_holds_total{outcome="failed"}"#,
    r#"marquee_holds_total{outcome="show_cancelled"}"#,
    "marquee_holds_live",
    "marquee_shows_in_memory",
    "marquee_seat_map_bytes",
    "marquee_seat_event_clients",
    r#"marquee_claims_total{outcome="claimed"}"#,
    r#"marquee_claims_total{outcome="refused"}"#,
    r#"marquee_claims_total{outcome="repeated"}"#,
    r#"marquee_claims_total{outcome="failed"}"#,
    r#"marquee_admissions_total{outcome="admitted"}"#,
    r#"marquee_admissions_total{outcome="repeated"}"#,
    r#"marquee_admissions_total{outcome="refused"}"#,
    r#"marquee_admissions_total{outcome="contested"}"#,
    r#"marquee_bookings_total{outcome="confirmed"}"#,
    r#"marquee_bookings_total{outcome="declined"}"#,
    r#"marquee_bookings_total{outcome="failed"}"#,
    r#"marquee_bookings_total{outcome="pending"}"#,
    r#"marquee_bookings_total{outcome="cancelled"}"#,
    r#"marquee_bookings_pending{shard="0"}"#,
    r#"marquee_booking_batches_total{way="at_once"}"#,
    r#"marquee_booking_batches_total{way="one_by_one"}"#,
    r#"marquee_payments_total{outcome="authorised"}"#,
    r#"marquee_payments_total{outcome="declined"}"#,
    r#"marquee_payments_total{outcome="unknown_token"}"#,
    r#"marquee_payments_total{outcome="key_reused"}"#,
    r#"marquee_payments_total{outcome="no_answer"}"#,
    r#"marquee_payments_total{outcome="unreachable"}"#,
    r#"marquee_payment_seconds_count{operation="authorise"}"#,
    r#"marquee_payment_seconds_count{operation="capture"}"#,
    r#"marquee_payment_seconds_count{operation="void"}"#,
    r#"marquee_payment_seconds_count{operation="refund"}"#,
    r#"marquee_payment_seconds_count{operation="refund_status"}"#,
    r#"marquee_payment_seconds_count{operation="find"}"#,
    r#"marquee_refunds_total{status="pending"}"#,
    r#"marquee_refunds_total{status="succeeded"}"#,
    r#"marquee_refunds_total{status="failed"}"#,
    r#"marquee_refunds_open{shard="0",status="pending"}"#,
    r#"marquee_refunds_open{shard="0",status="failed"}"#,
    "marquee_captures_refused_total",
    r#"marquee_sign_ins_total{outcome="granted"}"#,
    r#"marquee_sign_ins_total{outcome="refused"}"#,
    r#"marquee_sign_ins_total{outcome="slowed_down"}"#,
    r#"marquee_sign_ins_total{outcome="unavailable"}"#,
    "marquee_access_token_signature_checks_total",
    r#"marquee_batch_items_count{lane="booking"}"#,
    r#"marquee_batch_commit_seconds_count{lane="booking"}"#,
    r#"marquee_batch_queue_depth{lane="booking"}"#,
    r#"marquee_cache_entries{cache="verified_tokens"}"#,
    r#"marquee_cache_entries{cache="revoked_sessions"}"#,
    r#"marquee_cache_entries{cache="shows"}"#,
    r#"marquee_cache_entries{cache="layouts"}"#,
    r#"marquee_cache_entries{cache="pages"}"#,
    r#"marquee_cache_entries{cache="show_lists"}"#,
    r#"marquee_cache_entries{cache="seat_map_templates"}"#,
];

/// Series that a fresh server shows with a value of its own.
const THERE: [&str; 6] = [
    r#"marquee_event_position{consumer="seating"}"#,
    r#"marquee_event_position{consumer="booking"}"#,
    r#"marquee_db_queue_depth{side="read"}"#,
    // A job may be writing at this moment.
    r#"marquee_db_queue_depth{side="write"}"#,
    "marquee_password_hash_seconds_count",
    "marquee_connections",
];

#[tokio::test]
async fn every_series_is_there_from_the_start_and_every_metric_says_what_it_is() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let page = metrics(&marquee).await;
    let samples = || page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let value = |series: &str| samples().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    for series in AT_ZERO {
        assert_eq!(value(series), Some("0"), "{series} in {page}");
    }
    for series in THERE {
        assert!(value(series).is_some(), "{series} in {page}");
    }
    let helped = |name: &str| page.lines().any(|line| line.starts_with(&format!("# HELP {name} ")));
    for sample in samples() {
        let name = sample.split(['{', ' ']).next().unwrap();
        let metric = ["_bucket", "_sum", "_count"].into_iter().find_map(|part| name.strip_suffix(part));
        assert!(helped(name) || metric.is_some_and(helped), "{name} has no help text");
    }
}

#[tokio::test]
async fn sales_in_nobody_s_way_are_written_at_once() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let show = marquee.a_show().create().await;
    let ada = marquee.customer("Ada").await;
    for seats in [&["A1", "A2"], &["B1", "B2"]] {
        ada.book(&show, seats).await;
    }
    let page = metrics(&marquee).await;
    let batches = |way: &str| {
        let series = format!("marquee_booking_batches_total{{way=\"{way}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&series)?.parse::<u32>().ok()).unwrap()
    };
    assert_eq!((batches("at_once"), batches("one_by_one")), (4, 0), "a claim and a confirmation for each");
}

#[tokio::test]
async fn the_sizes_of_caches_are_told_as_they_grow() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let show = marquee.a_show().create().await;
    let ada = marquee.customer("Ada").await;
    let _ = ada.seat_map(&show).await;
    for cache in ["verified_tokens", "shows", "layouts", "pages", "show_lists", "seat_map_templates"] {
        let series = format!("marquee_cache_entries{{cache=\"{cache}\"}} ");
        // Pages are kept for seconds: asked for again until the figures are taken in time.
        eventually(&format!("{cache} has an entry"), async || {
            let _ = ada.get("/movies").await.ok();
            let _ = ada.get(&format!("/shows?movie_id={}", show.movie_id)).await.ok();
            let page = metrics(&marquee).await;
            let entries: u32 = page.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap();
            (entries > 0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_running_server_takes_a_new_access_token_key_up_and_signs_nobody_out() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let ada = marquee.customer("Ada").await;
    let before = token_keys(&marquee).await;
    let rotated = launch(&data_dir).arguments(&["keys", "rotate", "access-tokens"]).ended().await;
    assert_eq!(rotated.code, Some(0), "{}", rotated.errors);
    let after = eventually("the new key is published", async || {
        let keys = token_keys(&marquee).await;
        (keys.len() == 2).then_some(keys)
    })
    .await;
    assert_eq!(after[1..], before);
    let signer = async |person: &Person| {
        let _ = person.get("/user/me").await.ok();
        let header = URL_SAFE_NO_PAD.decode(person.token().split('.').next().unwrap()).unwrap();
        id_of(&serde_json::from_slice(&header).unwrap(), "kid").to_owned()
    };
    assert_eq!(signer(&ada).await, after[1]);
    // Other nodes may not have seen it yet: it signs a little later.
    eventually_within(SIGNS_BY, "the new key signs", async || {
        (signer(&marquee.again(&ada).await).await == after[0]).then_some(())
    })
    .await;
    assert_eq!(signer(&ada).await, after[1]);
    let what = launch(&data_dir).arguments(&["keys", "rotate"]).ended().await;
    assert_eq!(what.code, Some(2), "it must be said which keys: {}", what.errors);
}

/// The ids of the keys that verify access tokens, the one that signs first.
async fn token_keys(marquee: &Process) -> Vec<String> {
    let keys = marquee.raw(Method::GET, "/.well-known/jwks.json").send().await.ok();
    keys["keys"].as_array().unwrap().iter().map(|key| id_of(key, "kid").to_owned()).collect()
}
