//! What operators do beside the API: watch, check the data, give roles.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use marquee_testkit::{Launch, Process, eventually, id_of};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::MARQUEE;

/// An id that nothing has.
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

fn launch(data_dir: &TempDir) -> Launch {
    Launch::new(MARQUEE, data_dir.path())
}

async fn metrics(marquee: &Process) -> String {
    let response = reqwest::get(format!("{}/metrics", marquee.ops().origin())).await.unwrap();
    response.text().await.unwrap()
}

/// Series that a fresh server shows at zero.
const AT_ZERO: [&str; 56] = [
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
    r#"marquee_bookings_total{outcome="confirmed"}"#,
    r#"marquee_bookings_total{outcome="declined"}"#,
    r#"marquee_bookings_total{outcome="failed"}"#,
    r#"marquee_bookings_total{outcome="pending"}"#,
    r#"marquee_bookings_total{outcome="cancelled"}"#,
    "marquee_bookings_pending",
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
    r#"marquee_refunds_open{status="pending"}"#,
    r#"marquee_refunds_open{status="failed"}"#,
    "marquee_captures_refused_total",
    r#"marquee_sign_ins_total{outcome="granted"}"#,
    r#"marquee_sign_ins_total{outcome="refused"}"#,
    r#"marquee_sign_ins_total{outcome="slowed_down"}"#,
    r#"marquee_sign_ins_total{outcome="unavailable"}"#,
    "marquee_access_token_signature_checks_total",
    r#"marquee_batch_items_count{lane="booking"}"#,
    r#"marquee_batch_commit_seconds_count{lane="booking"}"#,
    r#"marquee_batch_queue_depth{lane="booking"}"#,
    r#"marquee_db_queue_depth{side="write"}"#,
    r#"marquee_cache_entries{cache="verified_tokens"}"#,
    r#"marquee_cache_entries{cache="revoked_sessions"}"#,
    r#"marquee_cache_entries{cache="shows"}"#,
    r#"marquee_cache_entries{cache="layouts"}"#,
    r#"marquee_cache_entries{cache="pages"}"#,
    r#"marquee_cache_entries{cache="show_lists"}"#,
    r#"marquee_cache_entries{cache="seat_map_templates"}"#,
];

/// Series that a fresh server shows with a value of its own.
const THERE: [&str; 5] = [
    r#"marquee_event_position{consumer="seating"}"#,
    r#"marquee_event_position{consumer="booking"}"#,
    r#"marquee_db_queue_depth{side="read"}"#,
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
    let again = marquee.again(&ada).await;
    for (person, key) in [(&ada, &after[1]), (&again, &after[0])] {
        let _ = person.get("/user/me").await.ok();
        let header = URL_SAFE_NO_PAD.decode(person.token().split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["kid"], **key);
    }
    let what = launch(&data_dir).arguments(&["keys", "rotate"]).ended().await;
    assert_eq!(what.code, Some(2), "it must be said which keys: {}", what.errors);
}

/// The ids of the keys that verify access tokens, the one that signs first.
async fn token_keys(marquee: &Process) -> Vec<String> {
    let keys = marquee.raw(Method::GET, "/.well-known/jwks.json").send().await.ok();
    keys["keys"].as_array().unwrap().iter().map(|key| id_of(key, "kid").to_owned()).collect()
}

/// Every file and directory under `dir`, with its mode.
fn modes(dir: &Path) -> Vec<(PathBuf, bool, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let about = std::fs::metadata(&path).unwrap();
        if about.is_dir() {
            found.extend(modes(&path));
        }
        found.push((path, about.is_dir(), about.permissions().mode() & 0o777));
    }
    found
}

#[tokio::test]
async fn nothing_in_the_data_dir_is_for_others_to_read() {
    let data_dir = tempfile::tempdir().unwrap();
    let inside = data_dir.path().join("data");
    std::fs::create_dir(&inside).unwrap();
    let launch = Launch::new(MARQUEE, &inside);
    let marquee = launch.ready().await;
    let show = marquee.a_show().create().await;
    let _ = marquee.customer("Ada").await.book(&show, &["A1"]).await;
    let backup = launch.clone().arguments(&["backup", "backup.db"]).ended().await;
    assert_eq!(backup.code, Some(0), "{}", backup.errors);
    for what in ["access-tokens", "tickets"] {
        let rotated = launch.clone().arguments(&["keys", "rotate", what]).ended().await;
        assert_eq!(rotated.code, Some(0), "{}", rotated.errors);
    }
    let found = modes(&inside);
    for file in ["marquee.db", "marquee.db-wal", "marquee.lock", "sandbox-ledger.jsonl", "backup.db"] {
        assert!(found.iter().any(|(path, ..)| path.ends_with(file)), "no {file}: {found:?}");
    }
    assert_eq!(found.iter().filter(|(path, ..)| path.parent().unwrap().ends_with("keys")).count(), 4);
    for (path, is_dir, mode) in found {
        assert_eq!(mode, if is_dir { 0o700 } else { 0o600 }, "{} has mode {mode:o}", path.display());
    }
}

fn rows(database: &Path) -> Vec<i64> {
    let database = Connection::open(database).unwrap();
    let count =
        |table| database.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
    ["users", "role_grants", "journal"].map(count).to_vec()
}

#[tokio::test]
async fn staff_of_a_cinema_that_is_not_there_is_refused_without_a_trace() {
    let data_dir = tempfile::tempdir().unwrap();
    let add = |email: &str, cinema: &str| {
        launch(&data_dir).arguments(&["user", "add", "--email", email, "--role", "box_office", "--cinema", cinema])
    };
    let refuses = async |email: &str, cinema: &str| {
        let ended = add(email, cinema).ended().await;
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert_eq!(ended.errors.trim_end().lines().count(), 1, "{}", ended.errors);
        assert!(ended.errors.contains("--cinema must") && ended.errors.contains(cinema), "{}", ended.errors);
    };
    refuses("clerk@example.org", NOBODY).await;
    assert_eq!(std::fs::read_dir(data_dir.path()).unwrap().count(), 0, "something was made");

    let marquee = launch(&data_dir).ready().await;
    let (cinema_id, closed) = (marquee.a_cinema().create().await, marquee.a_cinema().create().await);
    assert!(marquee.admin().await.delete(&format!("/admin/cinemas/{closed}")).await.status() < 300);
    let ada = marquee.customer("Ada").await;
    let database = data_dir.path().join("marquee.db");
    let before = rows(&database);
    for cinema in [NOBODY, "nonsense", &closed] {
        refuses("clerk@example.org", cinema).await;
        refuses(&ada.email, cinema).await;
    }
    assert_eq!(rows(&database), before);
    let added = add(&ada.email, &cinema_id).ended().await;
    assert_eq!(added.code, Some(0), "{}", added.errors);
    let roles = marquee.again(&ada).await.get("/user/me").await.ok()["roles"].clone();
    assert_eq!(roles, json!(["customer", "box_office"]));
}

#[tokio::test]
async fn the_check_names_what_is_wrong_with_accounts() {
    let data_dir = tempfile::tempdir().unwrap();
    let marquee = launch(&data_dir).ready().await;
    let cinema_id = marquee.a_cinema().create().await;
    let (ada, bob) = (marquee.customer("Ada").await, marquee.customer("Bob").await);
    let arguments = ["user", "add", "--email", &ada.email, "--role", "manager", "--cinema", &cinema_id];
    assert_eq!(launch(&data_dir).arguments(&arguments).ended().await.code, Some(0));
    // A cinema that closed leaves its staff's roles behind, and that is no fault.
    assert!(marquee.admin().await.delete(&format!("/admin/cinemas/{cinema_id}")).await.status() < 300);
    assert_eq!(marquee.stop().await.0, Some(0));

    let blob = |id: &str| format!("x'{}'", id.replace('-', ""));
    let (her, his) = (blob(&ada.user_id), blob(&bob.user_id));
    let nobody = blob(NOBODY);
    let ghost = format!("user {NOBODY}: has the role admin, but no account");
    let taken = format!("user {}: has the e-mail address of user {}", ada.user_id, bob.user_id);
    let lost = format!("user {}: cannot be found by its e-mail address", ada.user_id);
    let nowhere = format!("user {}: has a role in cinema {NOBODY}, which there never was", ada.user_id);
    let corruptions: [(String, &str); 10] = [
        (String::new(), "accounts: well"),
        (format!("UPDATE sessions SET user_id = {nobody} WHERE user_id = {her}"), "whom nobody knows"),
        (format!("DELETE FROM sessions WHERE user_id = {her}"), "refresh tokens: 1 belong to no session"),
        (format!("INSERT INTO role_grants VALUES ({nobody}, 'admin', zeroblob(16), 0)"), &ghost),
        (format!("UPDATE role_grants SET role = 'owner' WHERE user_id = {her}"), "has the role owner, which is none"),
        (format!("UPDATE role_grants SET cinema_id = zeroblob(16) WHERE user_id = {her}"), "name at least one"),
        (format!("UPDATE role_grants SET cinema_id = {nobody} WHERE user_id = {her}"), &nowhere),
        (
            format!(
                "UPDATE users SET email = 'Bob@example.org', email_folded = 'Bob@example.org' WHERE user_id = {her};
                UPDATE users SET email = 'bob@example.org', email_folded = 'bob@example.org' WHERE user_id = {his}"
            ),
            &taken,
        ),
        (format!("UPDATE users SET email_folded = 'ADA@EXAMPLE.ORG' WHERE user_id = {her}"), &lost),
        (
            format!("UPDATE users SET email = 'nobody', email_folded = 'nobody' WHERE user_id = {her}"),
            "e-mail address that is none",
        ),
    ];
    for (sql, named) in corruptions {
        let scratch = tempfile::tempdir().unwrap();
        let copy = scratch.path().join("marquee.db");
        std::fs::copy(data_dir.path().join("marquee.db"), &copy).unwrap();
        let database = Connection::open(&copy).unwrap();
        database.execute_batch(&format!("PRAGMA foreign_keys = off; {sql}")).unwrap();
        drop(database);
        let ended = launch(&scratch).arguments(&["check"]).ended().await;
        let said = format!("{:?} {}", ended.output, ended.errors);
        assert_eq!(ended.code, Some(i32::from(!sql.is_empty())), "{sql}: {said}");
        assert!(said.contains(named), "{sql}: no {named:?} in {said}");
        assert!(!ended.errors.contains('@'), "personal data: {said}");
    }
}
