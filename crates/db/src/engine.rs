//! Threads that each own a connection, and the queues in front of them: one writer (two on PostgreSQL), a few readers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use tracing::error;

use crate::session::{Session, Tx};
use crate::{Error, Result, migrate, postgres, sqlite};

/// Writer connections to a server. Their transactions follow one another all the same; but what one sends is there the moment
/// the other has committed.
const POSTGRES_WRITERS: usize = 2;
/// Reader connections: two per core of the smallest machine; a read holds one for tens of microseconds.
const READERS: usize = 4;
/// Work waiting for the writer before a caller is told to come back.
const WRITE_QUEUE_MAX: usize = 1024;
/// Work waiting for a reader before a caller is told to come back.
const READ_QUEUE_MAX: usize = 4096;

pub(crate) type Work = Box<dyn FnOnce(&mut Session) + Send>;

/// The threads and their queues. Dropping it finishes what is queued, then closes the connections.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The file, on SQLite.
    file: Option<PathBuf>,
    writes: Option<Sender<Work>>,
    reads: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// SQLite, from the file at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut writer = Session::Sqlite(sqlite::writer(path)?);
        migrate::run(&mut writer)?;
        Self::start(Some(path), vec![writer], || Ok(Session::Sqlite(sqlite::reader(path)?)))
    }

    /// SQLite, for reading alone.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        Self::start(Some(path), Vec::new(), || Ok(Session::Sqlite(sqlite::reader(path)?)))
    }

    /// PostgreSQL, at `url`.
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let server = postgres::Server::at(url)?;
        apart(|| {
            let mut writer = Session::postgres(&server, postgres::Purpose::Write)?;
            migrate::run(&mut writer)?;
            let mut writers = vec![writer];
            while writers.len() < POSTGRES_WRITERS {
                writers.push(Session::postgres(&server, postgres::Purpose::Write)?);
            }
            Self::start(None, writers, || Session::postgres(&server, postgres::Purpose::Read))
        })
    }

    /// PostgreSQL, for reading alone, however long it takes.
    pub(crate) fn connect_read_only(url: &str) -> Result<Self> {
        let server = postgres::Server::at(url)?;
        apart(|| Self::start(None, Vec::new(), || Session::postgres(&server, postgres::Purpose::Inspect)))
    }

    /// A replica, which is connected to when it is first asked.
    pub(crate) fn replica(server: &Arc<postgres::Server>) -> Result<Self> {
        let reader = || postgres::Session::prepare_for(server, postgres::Purpose::Browse);
        Self::start(None, Vec::new(), || Ok(Session::Postgres(Box::new(reader()?))))
    }

    /// Brings the schema of the SQLite file at `path` up to date, and closes it again: what was applied.
    pub(crate) fn migrate(path: &Path) -> Result<Vec<&'static str>> {
        migrate::run(&mut Session::Sqlite(sqlite::writer(path)?))
    }

    /// As [`Engine::migrate`], at `url`, however long it takes.
    pub(crate) fn migrate_server(url: &str) -> Result<Vec<&'static str>> {
        let server = postgres::Server::at(url)?;
        apart(|| migrate::run(&mut Session::postgres(&server, postgres::Purpose::Overhaul)?))
    }

    fn start(file: Option<&Path>, writers: Vec<Session>, reader: impl Fn() -> Result<Session>) -> Result<Self> {
        let mut threads = Vec::new();
        let writable = !writers.is_empty();
        let (writes, queue) = bounded(WRITE_QUEUE_MAX);
        threads.extend(writers.into_iter().map(|writer| worker("db-writer", writer, queue.clone())));
        let (reads, queue) = bounded(READ_QUEUE_MAX);
        for _ in 0..READERS {
            threads.push(worker("db-reader", reader()?, queue.clone()));
        }
        Ok(Self { file: file.map(Path::to_owned), writes: writable.then_some(writes), reads: Some(reads), threads })
    }

    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(self.reads.as_ref(), move |session| session.read(work)).await
    }

    /// As [`Engine::read`], with what the engine failed at told apart from what `work` makes of what it found.
    pub(crate) async fn attempt<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(self.reads.as_ref(), move |session| session.attempt(work)).await
    }

    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(self.writes.as_ref(), move |session| session.write(work)).await
    }

    /// Hands `work` to a writer's thread.
    pub(crate) fn enqueue(&self, work: Work) -> Result<()> {
        enqueue(self.writes.as_ref(), work)
    }

    pub(crate) async fn backup(&self, to: &Path) -> Result<()> {
        let Some(from) = self.file.clone() else {
            return Err(Error::Backup("PostgreSQL has its own: pg_basebackup, or pg_dump".to_owned()));
        };
        let to = to.to_owned();
        tokio::task::spawn_blocking(move || sqlite::backup(&from, &to)).await.map_err(|_| Error::Closed)?
    }

    pub(crate) async fn probe(&self) -> Result<()> {
        submit(self.writes.as_ref(), Session::probe).await
    }

    pub(crate) async fn checkpoint(&self) -> Result<()> {
        submit(self.writes.as_ref(), Session::checkpoint).await
    }

    pub(crate) fn queue_depths(&self) -> (usize, usize) {
        let depth = |queue: &Option<Sender<Work>>| queue.as_ref().map_or(0, Sender::len);
        (depth(&self.reads), depth(&self.writes))
    }
}

impl Drop for Engine {
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

/// Runs `open` on a thread of its own: a session drives its own connection, which a thread of the server's runtime may not.
pub(crate) fn apart<T: Send, E: From<Error> + Send>(open: impl FnOnce() -> Result<T, E> + Send) -> Result<T, E> {
    thread::scope(|scope| scope.spawn(open).join().unwrap_or_else(|_| Err(Error::Closed.into())))
}

fn worker(name: &str, mut session: Session, queue: Receiver<Work>) -> JoinHandle<()> {
    let run = move || {
        for work in queue {
            // A panic in one use case must not take the connection from all others; its caller sees `Closed`.
            let run = std::panic::AssertUnwindSafe(|| work(&mut session));
            if std::panic::catch_unwind(run).is_err() {
                error!("database work panicked");
            }
        }
    };
    #[expect(clippy::expect_used, reason = "a machine that cannot start six threads cannot start Marquee")]
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("thread starts")
}

async fn submit<T, E>(
    queue: Option<&Sender<Work>>,
    work: impl FnOnce(&mut Session) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (answer, result) = oneshot::channel();
    let work: Work = Box::new(move |session| {
        // A caller that went away no longer needs the answer.
        let _ = answer.send(work(session));
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
