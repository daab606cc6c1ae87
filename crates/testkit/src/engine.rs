//! Which engine the servers of a test keep their data in.
//!
//! SQLite in their data dir, unless `MARQUEE_TEST_PROFILE` is `postgres`: then a database of their own on the server that
//! `MARQUEE_TEST_POSTGRES` names, which `scripts/with_postgres.py` starts.

use std::fmt::Write as _;
use std::path::Path;

use tokio_postgres::error::SqlState;

/// The address of the database that belongs to a data dir, which is made if it is not there; none on SQLite.
pub(crate) fn database_of(data_dir: &Path) -> Option<String> {
    if std::env::var("MARQUEE_TEST_PROFILE").is_ok_and(|profile| profile == "postgres") {
        let server = std::env::var("MARQUEE_TEST_POSTGRES").expect("a server: scripts/with_postgres.py starts one");
        let host = server.strip_suffix("/postgres").expect("an address that ends in /postgres").to_owned();
        let name = data_dir.file_name().expect("a data dir with a name").as_encoded_bytes();
        let name = name.iter().fold("marquee_".to_owned(), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        });
        // A thread of its own: the caller may be on a runtime, which does not let a second one block.
        let made = name.clone();
        std::thread::spawn(move || make(&server, &made)).join().expect("a database");
        return Some(format!("{host}/{name}"));
    }
    None
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
