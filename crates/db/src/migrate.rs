//! Brings a database's schema up to date: numbered files, each applied once, in order, in one transaction.
//!
//! A migration is one text for both engines. Where SQLite wants a table option, the line ends in `--@sqlite OPTION`, which
//! PostgreSQL reads as a comment and this runner uncovers.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};
use tracing::info;

use crate::{Error, Result};

/// Every migration: its name and text.
pub const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_journal", include_str!("../../../migrations/0001_journal.sql")),
    ("0002_accounts", include_str!("../../../migrations/0002_accounts.sql")),
    ("0003_catalog", include_str!("../../../migrations/0003_catalog.sql")),
    ("0004_seating", include_str!("../../../migrations/0004_seating.sql")),
    ("0005_booking", include_str!("../../../migrations/0005_booking.sql")),
    ("0006_payments", include_str!("../../../migrations/0006_payments.sql")),
];

pub(crate) fn run(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch("CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)")?;
    let known = |name: &str| MIGRATIONS.iter().any(|(known, _)| *known == name);
    let mut applied = tx.prepare("SELECT name FROM schema_migrations ORDER BY name")?;
    let names = applied.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    drop(applied);
    if let Some(name) = names.into_iter().find(|name| !known(name)) {
        return Err(refused(&name, "the database was written by a newer marquee; start that one"));
    }
    for (name, text) in MIGRATIONS {
        let sha256 = hex::encode(Sha256::digest(text));
        let before = tx
            .query_row("SELECT sha256 FROM schema_migrations WHERE name = ?1", [name], |row| row.get::<_, String>(0))
            .optional()?;
        match before {
            Some(before) if before == sha256 => {}
            Some(_) => return Err(refused(name, "was changed after it had been applied; restore its text")),
            None => {
                tx.execute_batch(&text.replace("--@sqlite ", ""))?;
                tx.execute("INSERT INTO schema_migrations (name, sha256) VALUES (?1, ?2)", [name, &sha256.as_str()])?;
                info!(migration = name, "migration applied");
            }
        }
    }
    tx.commit().map_err(|error| Error::CommitUnknown(error.to_string()))
}

fn refused(name: &str, problem: &str) -> Error {
    Error::Migration { name: name.to_owned(), problem: problem.to_owned() }
}
