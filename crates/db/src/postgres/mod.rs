//! PostgreSQL: a connection that is made again when it was lost.
//!
//! Write transactions of one database follow one another, whichever node they come from, as on SQLite: each begins by taking
//! the writers' advisory lock, which the server gives back with the transaction, however that ends. So the journal's chain
//! has one end, and a use case may read before it writes. What makes this fast enough is that a batch is one transaction.
//! A node that stops in mid-transaction is put out by the server after a few seconds.

mod asking;
mod bulk;
mod connect;
mod many;
mod setwise;
mod tls;
mod turns;

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Statement};

use crate::session::{Later, On, Tx};
use crate::{Error, Result, Row, Value};
use asking::{NO_ANSWER, Sent, after, send, wait, wait_until};
use connect::{Connected, PROBE};
pub(crate) use connect::{Purpose, Server, TIME, place};
use many::Many;
use turns::Turn;

/// Prepared statements kept per connection; past it they are prepared anew.
const STATEMENTS_MAX: usize = 256;
/// How long a server that could not be reached is left alone, so that a queue behind it empties at once.
const REFUSED_FOR: Duration = Duration::from_millis(250);

/// Isolated as far as a writer needs it: it is the only one once it has the lock.
const BEGIN_WRITE: &str = "BEGIN";
/// `4d51` is `MQ`: the advisory locks of Marquee.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'4d51'::int, 1)";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A connection, or the means to make one.
pub(crate) struct Session {
    server: Arc<Server>,
    purpose: Purpose,
    runtime: Runtime,
    live: Option<Live>,
    /// When a connection failed, and why.
    down: Option<(Instant, String)>,
    /// A transaction was begun and has not ended.
    open: bool,
    /// The first error of the transaction under way: PostgreSQL would answer COMMIT with a silent rollback.
    failed: Option<String>,
    /// What was sent in the transaction under way and has not been asked about.
    sent: VecDeque<Sent>,
}

struct Live {
    client: Arc<Client>,
    warned: Arc<AtomicBool>,
    doubts: u64,
    statements: HashMap<String, Prepared>,
    /// The same for many items at once, of those that were run for many.
    many: HashMap<String, Many>,
}

#[derive(Clone)]
struct Prepared {
    statement: Statement,
    columns: Arc<[String]>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl Session {
    /// Connects; the error says who does not answer.
    pub(crate) fn open(server: &Arc<Server>, purpose: Purpose) -> Result<Self> {
        let mut session = Self::prepare_for(server, purpose)?;
        session.connect()?;
        Ok(session)
    }

    /// Connects when it is first used.
    pub(crate) fn prepare_for(server: &Arc<Server>, purpose: Purpose) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|problem| Error::Unreachable(problem.to_string()))?;
        let (server, sent) = (server.clone(), VecDeque::new());
        Ok(Self { server, purpose, runtime, live: None, down: None, open: false, failed: None, sent })
    }

    fn connect(&mut self) -> Result<()> {
        if let Some((_, why)) = self.down.as_ref().filter(|(since, _)| since.elapsed() < REFUSED_FOR) {
            return Err(Error::Unreachable(why.clone()));
        }
        let connected = self.try_connect();
        self.down = match &connected {
            Err(Error::Unreachable(why)) => Some((Instant::now(), why.clone())),
            _ => None,
        };
        connected
    }

    fn try_connect(&mut self) -> Result<()> {
        let Connected { client, warned, doubts } = self.runtime.block_on(self.server.connect(self.purpose))?;
        self.live =
            Some(Live { client: Arc::new(client), warned, doubts, statements: HashMap::new(), many: HashMap::new() });
        Ok(())
    }

    pub(crate) fn read<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.begin(BEGIN_READ)?;
        let done = work(&mut Tx { on: On::Postgres(self) });
        self.end("COMMIT");
        match (done, self.failed.take()) {
            (Ok(_), Some(error)) => Err(Error::Postgres(error).into()),
            (done, _) => done,
        }
    }

    /// As [`Session::read`], with what the server failed at told apart from what `work` makes of what it found.
    pub(crate) fn attempt<T, E>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<Result<T, E>> {
        self.begin(BEGIN_READ)?;
        let done = work(&mut Tx { on: On::Postgres(self) });
        self.end("COMMIT");
        match self.failed.take() {
            Some(error) => Err(Error::Postgres(error)),
            None => Ok(done),
        }
    }

    pub(crate) fn write<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.begin(BEGIN_WRITE)?;
        let server = self.server.clone();
        let turn = server.turns.take();
        // What follows is there when the lock is: it is not waited for.
        let locked = self.send_text(LOCK);
        let done = locked.map_err(E::from).and_then(|()| work(&mut Tx { on: On::Postgres(self) }));
        match (done, self.failed.take()) {
            (Ok(done), None) => {
                self.commit(turn)?;
                Ok(done)
            }
            (Ok(_), Some(error)) => {
                self.end("ROLLBACK");
                Err(Error::Postgres(error).into())
            }
            (Err(error), _) => {
                self.end("ROLLBACK");
                Err(error)
            }
        }
    }

    pub(crate) fn probe(&mut self) -> Result<()> {
        self.write(|tx| tx.query(PROBE, &[]).map(drop))
    }

    /// A connection that was lost while nothing was under way is made again; what is under way is never tried twice.
    fn begin(&mut self, begin: &str) -> Result<()> {
        if self.open {
            self.end("ROLLBACK");
        }
        self.failed = None;
        // A new connection begins by making sure of what it will see.
        self.live.take_if(|live| live.doubts != self.server.doubts());
        if self.live.is_some() {
            match self.run(begin) {
                Err(Error::Unreachable(_)) => {}
                begun => {
                    self.open = true;
                    return begun;
                }
            }
        }
        self.connect()?;
        // What the lost connection said is none of the new one's business.
        self.failed = None;
        self.open = true;
        self.run(begin)
    }

    /// Commits; once that is asked for, it is the next one's turn.
    fn commit(&mut self, turn: Turn) -> Result<()> {
        self.open = false;
        let live = self.live.as_ref().ok_or(Error::Closed)?;
        let (client, warned) = (live.client.clone(), live.warned.clone());
        warned.store(false, Ordering::SeqCst);
        let sent = std::mem::take(&mut self.sent);
        let mut committed = Box::pin(after(sent, client.batch_execute("COMMIT")));
        let committed = match send(&self.runtime, &mut committed) {
            Some(committed) => Ok(committed),
            None => {
                drop(turn);
                self.runtime.block_on(async { timeout(self.purpose.round_trip_max(), committed).await })
            }
        };
        let why = match committed {
            // Somebody ended the wait for a standby: it is done here, where everybody sees it now, and perhaps nowhere else.
            Ok(Ok(Ok(()))) if warned.load(Ordering::SeqCst) => {
                self.server.doubt();
                "the server warned that a standby may not have it".to_owned()
            }
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Err(refused)) => {
                let by_server = refused.as_db_error().is_some();
                match Error::from(refused) {
                    Error::Unreachable(lost) => lost,
                    // A statement before it: the server took this COMMIT for a rollback.
                    certain if by_server => return Err(certain),
                    unreadable => unreadable.to_string(),
                }
            }
            Ok(Ok(Err(failed))) => Error::from(failed).to_string(),
            Err(_) => NO_ANSWER.to_owned(),
        };
        // Whatever state it is in, the next transaction must not find itself inside this one.
        self.live = None;
        Err(Error::CommitUnknown(why))
    }

    /// Ends a transaction that changes nothing.
    fn end(&mut self, end: &str) {
        self.open = false;
        self.sent.clear();
        if self.live.is_some() && self.run(end).is_err() {
            self.live = None;
        }
    }

    /// Runs statements without parameters.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        let live = self.live.as_ref().ok_or(Error::Closed)?;
        let outcome = wait(&self.runtime, self.purpose, &mut self.sent, live.client.batch_execute(sql));
        self.heed(outcome)
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<usize> {
        let (client, prepared) = self.prepare(sql)?;
        let arguments = arguments(&prepared.statement, params);
        let outcome =
            wait(&self.runtime, self.purpose, &mut self.sent, client.execute_raw(&prepared.statement, arguments));
        self.heed(outcome).map(|changed| changed as usize)
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let (client, prepared) = self.prepare(sql)?;
        let outcome = wait(&self.runtime, self.purpose, &mut self.sent, fetch(&client, &prepared, params));
        self.heed(outcome)
    }

    pub(crate) fn query_later(&mut self, sql: &str, params: &[Value]) -> Result<Later<Vec<Row>>> {
        let (client, prepared) = self.prepare(sql)?;
        let (params, later) = (params.to_vec(), Later::default());
        let rows = later.clone();
        self.send(async move {
            rows.is(fetch(&client, &prepared, &params).await?);
            Ok(())
        })?;
        Ok(later)
    }

    /// Sends what is on its way, and does not wait for the answer.
    fn send(&mut self, op: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) -> Result<()> {
        let mut op: Sent = Box::pin(op);
        match send(&self.runtime, &mut op) {
            Some(outcome) => self.heed(outcome.map_err(Error::from)),
            None => {
                self.sent.push_back(op);
                Ok(())
            }
        }
    }

    /// Waits for the answers to all that was sent.
    fn settle(&mut self) -> Result<()> {
        let settled = wait(&self.runtime, self.purpose, &mut self.sent, async { Ok(()) });
        self.heed(settled)
    }

    /// Waits until it is there, whatever else is on its way.
    pub(crate) fn answer<T: Clone>(&mut self, later: &Later<T>) -> Result<T> {
        let answered = wait_until(&self.runtime, self.purpose, &mut self.sent, || later.is_known());
        self.heed(answered)?;
        later.answer()
    }

    /// Takes back what `work` did when it says so or a row was refused.
    pub(crate) fn venture<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<Option<T>>) -> Result<Option<T>> {
        let failed_before = self.failed.clone();
        self.send_text("SAVEPOINT venture")?;
        let done = work(&mut Tx { on: On::Postgres(self) });
        // What it sent and did not ask about belongs to it.
        let done = done.and_then(|done| self.settle().map(|()| done));
        let conflict = match done {
            Ok(Some(done)) => {
                self.send_text("RELEASE venture")?;
                return Ok(Some(done));
            }
            Ok(None) => None,
            Err(conflict @ Error::Conflict(_)) => Some(conflict),
            Err(error) => return self.heed(Err(error)),
        };
        self.sent.clear();
        match (self.run("ROLLBACK TO venture; RELEASE venture"), conflict) {
            (Ok(()), _) => {
                self.failed = failed_before;
                Ok(None)
            }
            // There is no such savepoint: it was something before it that was refused.
            (Err(Error::Postgres(_)), Some(conflict)) => Err(conflict),
            (Err(error), _) => Err(error),
        }
    }

    fn send_text(&mut self, sql: &'static str) -> Result<()> {
        let client = self.live.as_ref().ok_or(Error::Closed)?.client.clone();
        self.send(async move { client.batch_execute(sql).await })
    }

    fn prepare(&mut self, sql: &str) -> Result<(Arc<Client>, Prepared)> {
        #[cfg(debug_assertions)]
        crate::seen::note(sql);
        let live = self.live.as_mut().ok_or(Error::Closed)?;
        if !live.statements.contains_key(sql) {
            let outcome = wait(&self.runtime, self.purpose, &mut self.sent, prepare(&live.client, sql));
            let prepared = self.heed(outcome)?;
            let live = self.live.as_mut().ok_or(Error::Closed)?;
            if live.statements.len() >= STATEMENTS_MAX {
                live.statements.clear();
            }
            live.statements.insert(sql.to_owned(), prepared);
        }
        let live = self.live.as_ref().ok_or(Error::Closed)?;
        let prepared = live.statements.get(sql).cloned().ok_or(Error::Closed)?;
        Ok((live.client.clone(), prepared))
    }

    /// Remembers that the transaction failed, and that a lost connection is lost.
    fn heed<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome {
            self.failed.get_or_insert_with(|| error.to_string());
            if matches!(error, Error::Unreachable(_)) {
                self.live = None;
            }
        }
        outcome
    }
}

async fn prepare(client: &Client, sql: &str) -> Result<Prepared, tokio_postgres::Error> {
    let statement = client.prepare(sql).await?;
    let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
    Ok(Prepared { statement, columns })
}

async fn fetch(client: &Client, prepared: &Prepared, params: &[Value]) -> Result<Vec<Row>, tokio_postgres::Error> {
    let answer = client.query_raw(&prepared.statement, arguments(&prepared.statement, params)).await?;
    let mut answer = pin!(answer);
    let mut rows = Vec::new();
    while let Some(row) = answer.next().await {
        let row = row?;
        let values = (0..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?;
        rows.push(Row { columns: prepared.columns.clone(), values });
    }
    Ok(rows)
}

/// SQLite lets a statement leave parameters unused; PostgreSQL wants as many as it names.
fn arguments<'v>(statement: &Statement, params: &'v [Value]) -> impl ExactSizeIterator<Item = &'v Value> + use<'v> {
    params.get(..statement.params().len()).unwrap_or(params).iter()
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let lost =
                error.is_closed() || std::error::Error::source(&error).is_some_and(|why| why.is::<std::io::Error>());
            let why = described(&error);
            return if lost { Error::Unreachable(why) } else { Error::Postgres(why) };
        };
        let (code, text) = (said.code(), said.message());
        match code.code() {
            code if code.starts_with("23") => Error::Conflict(text.to_owned()),
            _ if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::T_R_DEADLOCK_DETECTED => Error::Busy,
            // Shutting down or starting, promoted or demoted, out of connections or of disk: later, or elsewhere.
            code if code.starts_with("57") || code.starts_with("53") || code.starts_with("08") => {
                Error::Unreachable(text.to_owned())
            }
            _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION
                || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT =>
            {
                Error::Unreachable(text.to_owned())
            }
            code => Error::Postgres(format!("{text} ({code})")),
        }
    }
}

fn described(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(why) => format!("{error}: {why}"),
        None => error.to_string(),
    }
}
