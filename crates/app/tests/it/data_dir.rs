//! What is true of a data directory that holds the database, with SQLite in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use marquee_testkit::Launch;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::MARQUEE;

/// An id that nothing has.
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

fn launch(data_dir: &TempDir) -> Launch {
    Launch::new(MARQUEE, data_dir.path())
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
    assert_eq!(found.iter().filter(|(path, ..)| path.parent().unwrap().ends_with("keys")).count(), 5);
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
