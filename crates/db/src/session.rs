//! One connection of either engine, and the transaction that runs on it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use marquee_kernel::Timestamp;
use rusqlite::Connection;

use crate::value::column_error;
use crate::{Error, Result, Row, Value, postgres, sqlite};

/// What a server's clock showed.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The time there.
    pub shown: Timestamp,
    /// When that was, by this machine's stop watch: in the middle of the round trip.
    pub at: Instant,
    /// How long the question and its answer took: the reading is off by half of it at most.
    pub round_trip: Duration,
}

/// The answer to what was asked and not waited for.
#[derive(Clone, Debug)]
pub struct Later<T> {
    answer: Arc<OnceLock<T>>,
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self { answer: Arc::default() }
    }
}

impl<T: Clone> Later<T> {
    /// What is known already.
    pub(crate) fn known(answer: T) -> Self {
        Self { answer: Arc::new(answer.into()) }
    }

    /// This is it.
    pub(crate) fn is(&self, answer: T) {
        self.answer.get_or_init(|| answer);
    }

    pub(crate) fn is_known(&self) -> bool {
        self.answer.get().is_some()
    }

    /// Once there is an answer.
    pub(crate) fn answer(&self) -> Result<T> {
        self.answer.get().cloned().ok_or(Error::Closed)
    }
}

/// A connection. Exactly one thread owns it.
#[derive(Debug)]
pub(crate) enum Session {
    /// A connection to the file.
    Sqlite(Connection),
    /// A connection to a server, made again when it was lost.
    Postgres(Box<postgres::Session>),
}

impl Session {
    pub(crate) fn postgres(server: &Arc<postgres::Server>, purpose: postgres::Purpose) -> Result<Self> {
        Ok(Session::Postgres(Box::new(postgres::Session::open(server, purpose)?)))
    }

    /// Runs `work` in a read transaction, all of whose statements see one state.
    pub(crate) fn read<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        match self {
            Session::Sqlite(connection) => sqlite::read(connection, work),
            Session::Postgres(session) => session.read(work),
        }
    }

    /// As [`Session::read`], with what the engine failed at told apart from what `work` makes of what it found.
    pub(crate) fn attempt<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<Result<T, E>> {
        match self {
            Session::Sqlite(connection) => Ok(sqlite::read(connection, work)),
            Session::Postgres(session) => session.attempt(work),
        }
    }

    /// Runs `work` in a write transaction and commits it.
    pub(crate) fn write<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        match self {
            Session::Sqlite(connection) => sqlite::write(connection, work),
            Session::Postgres(session) => session.write(work),
        }
    }

    /// Makes something durable that changes nothing, as any sale would have to.
    pub(crate) fn probe(&mut self) -> Result<()> {
        match self {
            Session::Sqlite(connection) => sqlite::probe(connection),
            Session::Postgres(session) => session.probe(),
        }
    }

    /// Folds SQLite's log back into the file, so that the file alone is the whole database.
    pub(crate) fn checkpoint(&mut self) -> Result<()> {
        match self {
            Session::Sqlite(connection) => sqlite::checkpoint(connection),
            Session::Postgres(_) => Ok(()),
        }
    }
}

/// A transaction under way. Statements are prepared once per connection.
#[derive(Debug)]
pub struct Tx<'a> {
    pub(crate) on: On<'a>,
}

#[derive(Debug)]
pub(crate) enum On<'a> {
    Sqlite(&'a Connection),
    Postgres(&'a mut postgres::Session),
}

impl Tx<'_> {
    /// Runs a statement; the number of rows it changed.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a key refuses a row; the engine's errors.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<usize> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::execute(connection, sql, params),
            On::Postgres(session) => session.execute(sql, params),
        }
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
        match &mut self.on {
            On::Sqlite(connection) => sqlite::execute_each(connection, sql, items),
            On::Postgres(session) => session.execute_each(sql, items),
        }
    }

    /// As [`Tx::execute_each`]; what came of it is asked later, with [`Tx::answer`]: PostgreSQL is not waited for.
    ///
    /// # Errors
    /// As [`Tx::execute`], of this statement or of one before it.
    pub fn execute_each_later<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Later<Vec<usize>>> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::execute_each(connection, sql, items).map(Later::known),
            On::Postgres(session) => session.execute_each_later(sql, items),
        }
    }

    /// As [`Tx::execute_each`], without asking what came of it: PostgreSQL is not waited for, and what it refuses fails the
    /// transaction at the next statement that asks, or at its commit.
    ///
    /// # Errors
    /// As [`Tx::execute`], of this statement or of one before it.
    pub fn run_each<const N: usize>(&mut self, sql: &str, items: impl IntoIterator<Item = [Value; N]>) -> Result<()> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::execute_each(connection, sql, items).map(drop),
            On::Postgres(session) => session.run_each(sql, items),
        }
    }

    /// Runs an `INSERT … VALUES … ON CONFLICT (…) DO NOTHING` once per parameter list as if nothing could refuse a row: one that is refused fails
    /// it. PostgreSQL is not waited for, and is spared a quarter of the work.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a row is refused, from here or from the next statement that asks; as [`Tx::run_each`].
    pub fn insert_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<()> {
        match &mut self.on {
            On::Sqlite(connection) => all_in(&sqlite::execute_each(connection, sql, items)?),
            On::Postgres(session) => session.insert_each(sql, items),
        }
    }

    /// Does what nearly always goes well, and takes it back when it does not: none when `work` says so or a row was refused. Then
    /// the transaction goes on as if `work` had never begun. Not to be used within another.
    ///
    /// # Errors
    /// What `work` or anything before it failed with but for refused rows; then the transaction is to be given up.
    pub fn venture<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<Option<T>>) -> Result<Option<T>> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::venture(connection, work),
            On::Postgres(session) => session.venture(work),
        }
    }

    /// All rows of the answer.
    ///
    /// # Errors
    /// The engine's errors.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::query(connection, sql, params),
            On::Postgres(session) => session.query(sql, params),
        }
    }

    /// Asks now what is wanted later, with [`Tx::answer`]: PostgreSQL is not waited for.
    ///
    /// # Errors
    /// The engine's errors, of this statement or of one before it.
    pub fn query_later(&mut self, sql: &str, params: &[Value]) -> Result<Later<Vec<Row>>> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::query(connection, sql, params).map(Later::known),
            On::Postgres(session) => session.query_later(sql, params),
        }
    }

    /// As [`Tx::query_later`], once per parameter list.
    ///
    /// # Errors
    /// As [`Tx::query_later`].
    pub fn query_each_later<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Later<Vec<Vec<Row>>>> {
        match &mut self.on {
            On::Sqlite(connection) => sqlite::query_each(connection, sql, items).map(Later::known),
            On::Postgres(session) => session.query_each_later(sql, items),
        }
    }

    /// What was asked for in this transaction, by [`Tx::query_later`] and its like.
    ///
    /// # Errors
    /// The engine's errors, of whatever is not waited for yet.
    pub fn answer<T: Clone>(&mut self, later: &Later<T>) -> Result<T> {
        match &mut self.on {
            On::Sqlite(_) => later.answer(),
            On::Postgres(session) => session.answer(later),
        }
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
        match &mut self.on {
            On::Sqlite(connection) => sqlite::query_each(connection, sql, items),
            On::Postgres(session) => session.query_each(sql, items),
        }
    }

    /// What the server's clock shows; none for a file, whose clock is this machine's.
    pub(crate) fn time(&mut self) -> Result<Option<Reading>> {
        let On::Postgres(session) = &mut self.on else { return Ok(None) };
        let asked = Instant::now();
        let micros: i64 = session.query(postgres::TIME, &[])?.first().ok_or(Error::Closed)?.get("micros")?;
        let round_trip = asked.elapsed();
        let shown = Timestamp::from_microsecond(micros).map_err(|_| column_error("micros", "not an instant"))?;
        Ok(Some(Reading { shown, at: asked + round_trip / 2, round_trip }))
    }

    /// The first row of the answer, if any.
    ///
    /// # Errors
    /// The engine's errors.
    pub fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a migration: `text` with what its engine alone understands uncovered.
    pub(crate) fn migrate(&mut self, text: &str) -> Result<()> {
        match &mut self.on {
            On::Sqlite(connection) => Ok(connection.execute_batch(&text.replace("--@sqlite ", ""))?),
            // Text compares by its bytes, as on SQLite, whatever the database was created with.
            On::Postgres(session) => {
                session.run(&text.replace("--@postgres ", "").replace(" TEXT", " TEXT COLLATE \"C\""))
            }
        }
    }
}

/// Fails when an item of an insert was refused.
pub(crate) fn all_in(changed: &[usize]) -> Result<()> {
    match changed.iter().all(|rows| *rows > 0) {
        true => Ok(()),
        false => Err(Error::Conflict("a row with this key is there already".to_owned())),
    }
}
