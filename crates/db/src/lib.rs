//! The database behind one face: pool, transaction, migrations and batch writer.
//!
//! A transaction is a plain closure over [`Tx`]: `db.write(move |tx| …).await`. It runs where the connection lives, so that
//! a use case of ten statements costs one hop, and a store is plain functions over SQL text with `$1` placeholders.
//! SQLite (WAL, `synchronous=FULL`): one writer connection that every write goes through, and a small pool of readers.
//! See `docs/adr/0001-one-face-over-rusqlite.md`.

mod copy;
mod engine;
mod error;
mod lane;
mod meters;
mod migrate;
mod postgres;
mod replica;
mod row;
#[cfg(debug_assertions)]
mod seen;
mod session;
mod sqlite;
mod value;

pub use copy::{Copied, Doing, Progress, copy};
pub use error::{Error, Result};
pub use lane::{BATCH_ITEMS_MAX, Lane, QUEUE_DEPTH_MAX};
pub use migrate::MIGRATIONS;
pub use replica::Replica;
pub use row::Row;
pub use session::{Later, Reading, Tx};
pub use value::{FromValue, Value};

use std::path::Path;
use std::sync::Arc;

/// A database: cheap to clone, shared by every module.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Arc<engine::Engine>,
}

impl Db {
    /// Opens the SQLite file at `path`, creating it, and brings its schema up to date.
    ///
    /// # Errors
    /// What SQLite says, and [`Error::Migration`] when the file was written by a newer or a changed Marquee.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { engine: Arc::new(engine::Engine::open(path)?) })
    }

    /// Opens the SQLite file at `path` for reading alone; it must exist. Nothing is migrated.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        Ok(Self { engine: Arc::new(engine::Engine::open_read_only(path)?) })
    }

    /// Connects to the PostgreSQL at `url` and brings its schema up to date; of nodes that start together one does it.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when it does not answer; what it says; [`Error::Migration`] as [`Db::open`].
    pub fn connect(url: &str) -> Result<Self> {
        Ok(Self { engine: Arc::new(engine::Engine::connect(url)?) })
    }

    /// Whether `url` is an address that [`Db::connect`] understands.
    #[must_use]
    pub fn is_address(url: &str) -> bool {
        postgres::Server::is_address(url)
    }

    /// Where `url` leads, without who connects: for people to read, and to know an address again.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when it names no host.
    pub fn place_of(url: &str) -> Result<String> {
        postgres::place(url)
    }

    /// Connects to the PostgreSQL at `url` for reading alone. Nothing is migrated.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub fn connect_read_only(url: &str) -> Result<Self> {
        Ok(Self { engine: Arc::new(engine::Engine::connect_read_only(url)?) })
    }

    /// Brings the schema of the SQLite file at `path` up to date, creating the file: the names of the migrations that it took.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn migrate(path: &Path) -> Result<Vec<&'static str>> {
        engine::Engine::migrate(path)
    }

    /// As [`Db::migrate`], for the PostgreSQL at `url`. It waits for other writers and takes the time that it needs.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub fn migrate_server(url: &str) -> Result<Vec<&'static str>> {
        engine::Engine::migrate_server(url)
    }

    /// Runs `work` in one read transaction: all of its statements see the same state.
    ///
    /// # Errors
    /// What `work` returns; [`Error::Busy`] when the queue of readers is full; the engine's errors.
    pub async fn read<T, E>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.engine.read(work).await
    }

    /// Runs `work` in one write transaction, and answers after its commit is durable. An error rolls everything back.
    ///
    /// # Errors
    /// What `work` returns; [`Error::Busy`] when the writer's queue is full; [`Error::CommitUnknown`] when the commit
    /// itself failed: read back by key before deciding anything.
    pub async fn write<T, E>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.engine.write(work).await
    }

    /// A batch writer: what is submitted while a commit is under way forms the next batch, which `apply` carries out in
    /// one transaction with one verdict per item, in the items' order. `name` labels its metrics.
    /// A batch that fails as a whole is tried again item by item, so that one bad item never fails its neighbours.
    pub fn lane<I, V>(
        &self,
        name: &'static str,
        apply: impl Fn(&mut Tx<'_>, &[I]) -> Result<Vec<V>> + Send + Sync + 'static,
    ) -> Lane<I, V>
    where
        I: Send + 'static,
        V: Send + 'static,
    {
        Lane::new(self.engine.clone(), name, apply)
    }

    /// Writes a consistent copy to `file`, which must not exist, while others read and write.
    ///
    /// # Errors
    /// [`Error::Backup`] when `file` exists; what SQLite says.
    pub async fn backup(&self, file: &Path) -> Result<()> {
        self.engine.backup(file).await
    }

    /// Whether the database takes writes: makes something durable that changes nothing.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn probe(&self) -> Result<()> {
        self.engine.probe().await
    }

    /// Folds everything into the one file; call it when no more work comes, before the process ends.
    ///
    /// # Errors
    /// [`Error::Busy`] when somebody still reads; what SQLite says.
    pub async fn checkpoint(&self) -> Result<()> {
        self.engine.checkpoint().await
    }

    /// What the server's clock shows; none for a file, whose clock is this machine's.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn time(&self) -> Result<Option<Reading>> {
        self.engine.read(|tx| tx.time()).await
    }

    /// Readers and writers waiting, for the metrics page: `(reads, writes)`.
    #[must_use]
    pub fn queue_depths(&self) -> (usize, usize) {
        self.engine.queue_depths()
    }
}
