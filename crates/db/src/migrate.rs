//! Brings a database's schema up to date: numbered files, each applied once, in order, in one transaction.
//!
//! A migration is one text for both engines. Where one of them wants more, the line ends in `--@sqlite OPTION`, or is
//! `--@postgres STATEMENT;`, which the other reads as a comment and [`Tx::migrate`] uncovers.

use sha2::{Digest, Sha256};
use tracing::info;

use crate::session::{Session, Tx};
use crate::{Error, Result, params};

/// Every migration: its name and text.
pub const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_journal", include_str!("../../../migrations/0001_journal.sql")),
    ("0002_accounts", include_str!("../../../migrations/0002_accounts.sql")),
    ("0003_catalog", include_str!("../../../migrations/0003_catalog.sql")),
    ("0004_seating", include_str!("../../../migrations/0004_seating.sql")),
    ("0005_booking", include_str!("../../../migrations/0005_booking.sql")),
    ("0006_payments", include_str!("../../../migrations/0006_payments.sql")),
    ("0007_cluster", include_str!("../../../migrations/0007_cluster.sql")),
    ("0008_booking", include_str!("../../../migrations/0008_booking.sql")),
    ("0009_payments", include_str!("../../../migrations/0009_payments.sql")),
    ("0010_bus_consumed", include_str!("../../../migrations/0010_bus_consumed.sql")),
    ("0011_seating", include_str!("../../../migrations/0011_seating.sql")),
    ("0012_booking", include_str!("../../../migrations/0012_booking.sql")),
    ("0013_payments", include_str!("../../../migrations/0013_payments.sql")),
    ("0014_cluster", include_str!("../../../migrations/0014_cluster.sql")),
    ("0015_booking", include_str!("../../../migrations/0015_booking.sql")),
    ("0016_payments", include_str!("../../../migrations/0016_payments.sql")),
    ("0017_seating", include_str!("../../../migrations/0017_seating.sql")),
    ("0018_seating", include_str!("../../../migrations/0018_seating.sql")),
    ("0019_booking", include_str!("../../../migrations/0019_booking.sql")),
    ("0020_seating", include_str!("../../../migrations/0020_seating.sql")),
    ("0021_booking", include_str!("../../../migrations/0021_booking.sql")),
];

/// Where the migrations that were applied are noted.
pub(crate) const HISTORY: &str = "schema_migrations";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)";
const APPLIED: &str = "SELECT name, sha256 FROM schema_migrations ORDER BY name";
const NOTE: &str = "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)";

/// Applies what is missing; the names of it. The transaction is a writer's: however many nodes start together, one at a time
/// gets here.
pub(crate) fn run(session: &mut Session) -> Result<Vec<&'static str>> {
    session.write(apply)
}

/// As [`run`], inside a transaction.
pub(crate) fn apply(tx: &mut Tx<'_>) -> Result<Vec<&'static str>> {
    tx.migrate(TABLE)?;
    let missing = missing(tx)?;
    for (name, text, sha256) in &missing {
        tx.migrate(text)?;
        tx.execute(NOTE, &params![*name, sha256])?;
        info!(migration = name, "migration applied");
    }
    Ok(missing.into_iter().map(|(name, ..)| name).collect())
}

/// The names of what is missing in a database that a Marquee has made.
pub(crate) fn pending(tx: &mut Tx<'_>) -> Result<Vec<&'static str>> {
    Ok(missing(tx)?.into_iter().map(|(name, ..)| name).collect())
}

/// What is missing: name, text and digest of each.
fn missing(tx: &mut Tx<'_>) -> Result<Vec<(&'static str, &'static str, String)>> {
    let applied = applied(tx)?;
    if let Some((name, _)) = applied.iter().find(|(name, _)| MIGRATIONS.iter().all(|(known, _)| known != name)) {
        return Err(refused(name, "the database was written by a newer marquee; start that one"));
    }
    let mut missing = Vec::new();
    for (name, text) in MIGRATIONS {
        let sha256 = hex::encode(Sha256::digest(text));
        match applied.iter().find(|(before, _)| before == name) {
            Some((_, before)) if *before == sha256 => {}
            Some(_) => return Err(refused(name, "was changed after it had been applied; restore its text")),
            None => missing.push((*name, *text, sha256)),
        }
    }
    Ok(missing)
}

fn applied(tx: &mut Tx<'_>) -> Result<Vec<(String, String)>> {
    tx.query(APPLIED, &[])?.iter().map(|row| Ok((row.get("name")?, row.get("sha256")?))).collect()
}

fn refused(name: &str, problem: &str) -> Error {
    Error::Migration { name: name.to_owned(), problem: problem.to_owned() }
}
