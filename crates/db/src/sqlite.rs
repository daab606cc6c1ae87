//! SQLite: WAL, `synchronous=FULL`; every write goes through one connection.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, OpenFlags, TransactionBehavior};

use crate::session::{On, Tx};
use crate::{Error, Result, Row, Value};

/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 256;
/// Page cache of the writer and of a reader, in KiB. A larger one costs the writer more than it saves: while the file is under
/// 1 GiB, SQLite walks the whole cache after a commit that split a page.
const WRITER_CACHE_KIB: i64 = 32_768;
const READER_CACHE_KIB: i64 = 32_768;
/// How long a connection waits for another process's lock (a backup, `marquee check`), in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 5_000;
/// Pages of WAL before the writer folds them back: 64 MiB, so that checkpoints are few and a page that many sales touch is
/// written back once for all of them.
const CHECKPOINT_PAGES: i64 = 16_384;
/// What a probe writes to the header of the file.
const PROBED: i64 = 1;
/// Pages a backup copies at a time, so that it never holds the file for long.
const BACKUP_PAGES: i32 = 4_096;

/// The connection that writes; the file is made if it is not there.
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    keep_private(path)?;
    let writer = connect(path, OpenFlags::default(), WRITER_CACHE_KIB)?;
    writer.pragma_update(None, "journal_mode", "wal")?;
    writer.pragma_update(None, "synchronous", "full")?;
    writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    writer.pragma_update(None, "foreign_keys", true)?;
    Ok(writer)
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX, READER_CACHE_KIB)
}

/// A connection to a file that must exist, which changes nothing of how it is kept.
pub(crate) fn existing(path: &Path) -> Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX, READER_CACHE_KIB)
}

fn connect(path: &Path, flags: OpenFlags, cache_kib: i64) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// The database holds people's addresses: the file is its owner's alone. What SQLite puts beside it takes the same mode.
fn keep_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    made.map(drop).map_err(|problem| Error::File { path: path.display().to_string(), problem })
}

pub(crate) fn read<T, E: From<Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(Error::from)?;
    work(&mut Tx { on: On::Sqlite(&tx) })
}

pub(crate) fn write<T, E: From<Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
    let done = work(&mut Tx { on: On::Sqlite(&tx) })?;
    tx.commit().map_err(|error| Error::CommitUnknown(error.to_string()))?;
    Ok(done)
}

pub(crate) fn venture<T>(
    connection: &Connection,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Option<T>>,
) -> Result<Option<T>> {
    connection.execute_batch("SAVEPOINT venture")?;
    let done = work(&mut Tx { on: On::Sqlite(connection) });
    let end = match &done {
        Ok(Some(_)) => "RELEASE venture",
        Ok(None) | Err(_) => "ROLLBACK TO venture; RELEASE venture",
    };
    let ended = connection.execute_batch(end);
    match done {
        // A full disk, say, has ended the transaction and its savepoints: it is what is told.
        Err(error) if !matches!(error, Error::Conflict(_)) => Err(error),
        done => {
            ended?;
            Ok(done.unwrap_or_default())
        }
    }
}

pub(crate) fn probe(connection: &mut Connection) -> Result<()> {
    write(connection, |tx| match &tx.on {
        On::Sqlite(connection) => Ok(connection.pragma_update(None, "user_version", PROBED)?),
        On::Postgres(_) => Err(Error::Closed),
    })
}

pub(crate) fn checkpoint(connection: &mut Connection) -> Result<()> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(Error::Busy) }
}

pub(crate) fn backup(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(Error::Backup(format!("{} exists; name a file that does not", to.display())));
    }
    let source = connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY, READER_CACHE_KIB)?;
    // One read transaction for the whole copy: SQLite would start over whenever another connection commits.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    keep_private(to)?;
    let mut target = Connection::open(to)?;
    let steps = rusqlite::backup::Backup::new(&source, &mut target)?;
    while steps.step(BACKUP_PAGES)? == rusqlite::backup::StepResult::More {}
    drop(steps);
    target.pragma_update(None, "journal_mode", "wal")?;
    Ok(())
}

fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>> {
    #[cfg(debug_assertions)]
    crate::seen::note(sql);
    Ok(connection.prepare_cached(sql)?)
}

pub(crate) fn execute(connection: &Connection, sql: &str, params: &[Value]) -> Result<usize> {
    let mut statement = prepare(connection, sql)?;
    bind(&mut statement, params)?;
    Ok(statement.raw_execute()?)
}

pub(crate) fn execute_each<const N: usize>(
    connection: &Connection,
    sql: &str,
    items: impl IntoIterator<Item = [Value; N]>,
) -> Result<Vec<usize>> {
    let mut statement = prepare(connection, sql)?;
    let mut changed = Vec::new();
    for params in items {
        bind(&mut statement, &params)?;
        changed.push(statement.raw_execute()?);
    }
    Ok(changed)
}

pub(crate) fn query(connection: &Connection, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
    let mut statement = prepare(connection, sql)?;
    let columns = columns(&statement);
    fetch(&mut statement, &columns, params)
}

pub(crate) fn query_each<const N: usize>(
    connection: &Connection,
    sql: &str,
    items: impl IntoIterator<Item = [Value; N]>,
) -> Result<Vec<Vec<Row>>> {
    let mut statement = prepare(connection, sql)?;
    let columns = columns(&statement);
    items.into_iter().map(|params| fetch(&mut statement, &columns, &params)).collect()
}

fn columns(statement: &CachedStatement<'_>) -> Arc<[String]> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

/// SQLite takes `$2` for a name and numbers names by first use; bind by the number in the name, as PostgreSQL does.
fn bind(statement: &mut CachedStatement<'_>, params: &[Value]) -> Result<()> {
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).and_then(|name| name.strip_prefix('$'));
        let number = name.and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(index);
        let value = params
            .get(number - 1)
            .ok_or_else(|| Error::Sqlite(rusqlite::Error::InvalidParameterCount(params.len(), number)))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

fn fetch(statement: &mut CachedStatement<'_>, columns: &Arc<[String]>, params: &[Value]) -> Result<Vec<Row>> {
    use rusqlite::types::ValueRef;
    bind(statement, params)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns.len());
        for at in 0..columns.len() {
            values.push(match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(v) => Value::Int(v),
                ValueRef::Real(v) => Value::Real(v),
                ValueRef::Text(v) => Value::Text(String::from_utf8_lossy(v).into_owned()),
                ValueRef::Blob(v) => Value::Bytes(v.to_vec()),
            });
        }
        found.push(Row { columns: columns.clone(), values });
    }
    Ok(found)
}
