//! SQLite: one writer thread, a few reader threads, each with a connection of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::{CachedStatement, Connection, OpenFlags, TransactionBehavior};
use tokio::sync::oneshot;
use tracing::error;

use crate::{Error, Result, Row, Value, migrate};

/// Reader connections: two per core of the smallest machine; a read holds one for tens of microseconds.
const READERS: usize = 4;
/// Work waiting for the writer before a caller is told to come back.
const WRITE_QUEUE_MAX: usize = 1024;
/// Work waiting for a reader before a caller is told to come back.
const READ_QUEUE_MAX: usize = 4096;
/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 256;
/// Page cache of the writer and of a reader, in KiB.
const WRITER_CACHE_KIB: i64 = 131_072;
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

pub(crate) type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A transaction under way. Statements are prepared once per connection.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: &'a Connection,
}

impl<'a> Tx<'a> {
    fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>> {
        #[cfg(debug_assertions)]
        crate::seen::note(sql);
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Runs a statement; the number of rows it changed.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a key refuses a row; the engine's errors.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<usize> {
        let mut statement = self.prepare(sql)?;
        bind(&mut statement, params)?;
        Ok(statement.raw_execute()?)
    }

    /// Runs a statement once per parameter list; rows changed by each. One round trip, whatever the engine.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub fn execute_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Vec<usize>> {
        let mut statement = self.prepare(sql)?;
        let mut changed = Vec::new();
        for params in items {
            bind(&mut statement, &params)?;
            changed.push(statement.raw_execute()?);
        }
        Ok(changed)
    }

    /// All rows of the answer.
    ///
    /// # Errors
    /// The engine's errors.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.prepare(sql)?;
        let columns = columns(&statement);
        fetch(&mut statement, &columns, params)
    }

    /// The rows of a statement run once per parameter list. One round trip, whatever the engine.
    ///
    /// # Errors
    /// The engine's errors.
    pub fn query_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Vec<Vec<Row>>> {
        let mut statement = self.prepare(sql)?;
        let columns = columns(&statement);
        items.into_iter().map(|params| fetch(&mut statement, &columns, &params)).collect()
    }

    /// The first row of the answer, if any.
    ///
    /// # Errors
    /// The engine's errors.
    pub fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }
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

/// The threads and their queues. Dropping it finishes what is queued, then closes the file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    writes: Option<Sender<Work>>,
    reads: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        keep_private(path)?;
        let mut writer = connect(path, OpenFlags::default(), WRITER_CACHE_KIB)?;
        writer.pragma_update(None, "journal_mode", "wal")?;
        writer.pragma_update(None, "synchronous", "full")?;
        writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        writer.pragma_update(None, "foreign_keys", true)?;
        migrate::run(&mut writer)?;
        let (writes, queue) = bounded(WRITE_QUEUE_MAX);
        let mut threads = vec![worker("db-writer", writer, queue)];
        let reads = readers(path, &mut threads)?;
        Ok(Self { path: path.to_owned(), writes: Some(writes), reads: Some(reads), threads })
    }

    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        let mut threads = Vec::new();
        let reads = readers(path, &mut threads)?;
        Ok(Self { path: path.to_owned(), writes: None, reads: Some(reads), threads })
    }

    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(self.reads.as_ref(), move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(Error::from)?;
            work(&mut Tx { connection: &tx })
        })
        .await
    }

    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(self.writes.as_ref(), move |connection| transact(connection, work)).await
    }

    /// Hands `work` to the writer's thread.
    pub(crate) fn enqueue(&self, work: Work) -> Result<()> {
        enqueue(self.writes.as_ref(), work)
    }

    pub(crate) async fn backup(&self, file: &Path) -> Result<()> {
        if file.exists() {
            return Err(Error::Backup(format!("{} exists; name a file that does not", file.display())));
        }
        let (from, to) = (self.path.clone(), file.to_owned());
        let copy = move || -> Result<()> {
            let source = connect(&from, OpenFlags::SQLITE_OPEN_READ_ONLY, READER_CACHE_KIB)?;
            // One read transaction for the whole copy: SQLite would start over whenever another connection commits.
            source.execute_batch("BEGIN")?;
            source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            keep_private(&to)?;
            let mut target = Connection::open(&to)?;
            let steps = rusqlite::backup::Backup::new(&source, &mut target)?;
            while steps.step(BACKUP_PAGES)? == rusqlite::backup::StepResult::More {}
            drop(steps);
            target.pragma_update(None, "journal_mode", "wal")?;
            Ok(())
        };
        tokio::task::spawn_blocking(copy).await.map_err(|_| Error::Closed)?
    }

    /// Makes something durable that changes nothing, as any sale would have to.
    pub(crate) async fn probe(&self) -> Result<()> {
        self.write(|tx| Ok(tx.connection.pragma_update(None, "user_version", PROBED)?)).await
    }

    /// Folds the log back into the file, so that the file alone is the whole database.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        let fold = |connection: &mut Connection| {
            let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if busy == 0 { Ok(()) } else { Err(Error::Busy) }
        };
        submit(self.writes.as_ref(), fold).await
    }

    pub(crate) fn queue_depths(&self) -> (usize, usize) {
        let depth = |queue: &Option<Sender<Work>>| queue.as_ref().map_or(0, Sender::len);
        (depth(&self.reads), depth(&self.writes))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.writes = None;
        self.reads = None;
        for thread in self.threads.drain(..) {
            // Dropped on one of its own threads (the last reference was in some work): that one ends by itself.
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                error!("database thread panicked");
            }
        }
    }
}

/// The database holds people's addresses: the file is its owner's alone. What SQLite puts beside it takes the same mode.
fn keep_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    made.map(drop).map_err(|problem| Error::File { path: path.display().to_string(), problem })
}

fn connect(path: &Path, flags: OpenFlags, cache_kib: i64) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn readers(path: &Path, threads: &mut Vec<JoinHandle<()>>) -> Result<Sender<Work>> {
    let (reads, queue) = bounded(READ_QUEUE_MAX);
    for _ in 0..READERS {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = connect(path, flags, READER_CACHE_KIB)?;
        threads.push(worker("db-reader", reader, queue.clone()));
    }
    Ok(reads)
}

fn worker(name: &str, mut connection: Connection, queue: Receiver<Work>) -> JoinHandle<()> {
    let run = move || {
        for work in queue {
            // A panic in one use case must not take the connection from all others; its caller sees `Closed`.
            let run = std::panic::AssertUnwindSafe(|| work(&mut connection));
            if std::panic::catch_unwind(run).is_err() {
                error!("database work panicked");
            }
        }
    };
    #[expect(clippy::expect_used, reason = "a machine that cannot start five threads cannot start Marquee")]
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("thread starts")
}

async fn submit<T, E>(
    queue: Option<&Sender<Work>>,
    work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (answer, result) = oneshot::channel();
    let work: Work = Box::new(move |connection| {
        // A caller that went away no longer needs the answer.
        let _ = answer.send(work(connection));
    });
    enqueue(queue, work)?;
    result.await.map_err(|_| Error::Closed)?
}

fn enqueue(queue: Option<&Sender<Work>>, work: Work) -> Result<()> {
    queue.ok_or(Error::Closed)?.try_send(work).map_err(|refused| match refused {
        TrySendError::Full(_) => Error::Busy,
        TrySendError::Disconnected(_) => Error::Closed,
    })
}

/// Runs `work` in a write transaction and commits it.
pub(crate) fn transact<T, E: From<Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
    let done = work(&mut Tx { connection: &tx })?;
    tx.commit().map_err(|error| Error::CommitUnknown(error.to_string()))?;
    Ok(done)
}
