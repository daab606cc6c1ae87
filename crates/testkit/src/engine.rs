//! Which engines the servers of a test keep their data in.
//!
//! SQLite in their data dir and holds in the process, unless `MARQUEE_TEST_PROFILE` says otherwise: `postgres` for a database of
//! their own on the server that `MARQUEE_TEST_POSTGRES` names, `redis` for two of them and keys of their own on the Redis that
//! `MARQUEE_TEST_REDIS` names. `scripts/with_postgres.py` and `scripts/with_redis.py` start them.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use tokio_postgres::error::SqlState;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts");

/// Where the servers of one data dir keep what is not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engines {
    /// The address of a database; SQLite otherwise.
    pub(crate) database: Option<String>,
    /// The addresses of further shards.
    pub(crate) shards: Vec<String>,
    /// The address of a Redis; holds in the process otherwise.
    pub(crate) redis: Option<String>,
}

/// Servers for tests that need both whatever the profile is: PostgreSQL's address and Redis's. Without a profile that has them
/// they end with this process, which keeps their standard input open.
static SHARED: LazyLock<[String; 2]> = LazyLock::new(|| {
    if let (Ok(postgres), Ok(redis)) = (std::env::var("MARQUEE_TEST_POSTGRES"), std::env::var("MARQUEE_TEST_REDIS")) {
        return [postgres, redis];
    }
    let mut servers = Command::new(format!("{SCRIPTS}/with_postgres.py"))
        .arg(format!("{SCRIPTS}/with_redis.py"))
        .args(["sh", "-c", "echo $MARQUEE_TEST_POSTGRES; echo $MARQUEE_TEST_REDIS; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the scripts");
    let mut lines = BufReader::new(servers.stdout.take().expect("their output")).lines();
    let mut line = || lines.next().expect("servers; what is missing is said above").expect("a line");
    let addresses = [line(), line()];
    std::mem::forget(servers);
    addresses
});

/// The engines of a data dir by the profile, made if they are not there.
pub(crate) fn engines_of(data_dir: &Path) -> Engines {
    let profile = std::env::var("MARQUEE_TEST_PROFILE").unwrap_or_default();
    let postgres = || std::env::var("MARQUEE_TEST_POSTGRES").expect("a server: scripts/with_postgres.py starts one");
    match profile.as_str() {
        "postgres" => Engines { database: Some(database_of(data_dir, &postgres(), "")), ..Engines::default() },
        "redis" => {
            let redis = std::env::var("MARQUEE_TEST_REDIS").expect("a Redis: scripts/with_redis.py starts one");
            sharing(data_dir, &postgres(), &redis)
        }
        _ => Engines::default(),
    }
}

/// Whether holds are in a Redis, which lives on when a server dies.
#[must_use]
pub fn holds_outlive_a_process() -> bool {
    std::env::var("MARQUEE_TEST_PROFILE").is_ok_and(|profile| profile == "redis")
}

/// Engines that several nodes can share, whatever the profile is.
pub(crate) fn shared_engines_of(data_dir: &Path) -> Engines {
    let [postgres, redis] = &*SHARED;
    sharing(data_dir, postgres, redis)
}

/// Two shards and a Redis.
fn sharing(data_dir: &Path, postgres: &str, redis: &str) -> Engines {
    Engines {
        database: Some(database_of(data_dir, postgres, "")),
        shards: vec![database_of(data_dir, postgres, "_two")],
        redis: Some(keys_of(data_dir, redis)),
    }
}

/// A name that no other data dir has.
fn name_of(data_dir: &Path) -> String {
    let name = data_dir.file_name().expect("a data dir with a name").as_encoded_bytes();
    name.iter().fold("marquee_".to_owned(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

fn keys_of(data_dir: &Path, redis: &str) -> String {
    format!("{redis}?prefix={}:", name_of(data_dir))
}

fn database_of(data_dir: &Path, server: &str, which: &str) -> String {
    let (server, name) = (server.to_owned(), name_of(data_dir) + which);
    let host = server.strip_suffix("/postgres").expect("an address that ends in /postgres").to_owned();
    // A thread of its own: the caller may be on a runtime, which does not let a second one block.
    let made = name.clone();
    std::thread::spawn(move || make(&server, &made)).join().expect("a database");
    format!("{host}/{name}")
}

fn make(server: &str, name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.expect("the server");
        tokio::spawn(connection);
        match client.batch_execute(&format!("CREATE DATABASE {name}")).await {
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
            made => made.expect("a database"),
        }
    });
}
