//! A SQLite file into an empty PostgreSQL database: all of it, or nothing.
//!
//! Which tables there are, with which columns and in which order their foreign keys take them, is what the file's own catalogue
//! says; the database must have the same tables once it is migrated. Everything is one transaction of the database, behind
//! the writers' lock: whoever starts on it meanwhile waits or is refused, and what breaks off leaves it as it was.

mod file;

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::engine::apart;
use crate::migrate::{self, HISTORY};
use crate::postgres::{self, Purpose, Server};
use crate::session::{On, Session};
use crate::{Error, Result, Tx, Value};
use file::{Source, Table};

/// Rows between two steps of the copy, which is also how many of them are held at once.
const STEP_ROWS: usize = 1_000;

/// The tables of the database, whoever made them.
const TABLES: &str = "
    SELECT CAST(c.relname AS TEXT) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY name";

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What is being done with the table.
    pub doing: Doing,
    /// Which table.
    pub table: &'a str,
    /// Rows since the last step.
    pub rows: u64,
    /// Rows of all tables, each of which is first copied and then compared.
    pub of: u64,
}

/// What is done with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Its rows go over.
    Copying,
    /// They are read back from where they went.
    Comparing,
}

/// A table that is the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// The SHA-256 of all of them in the order of their primary key, in hex.
    pub digest: String,
}

/// Copies the SQLite file `from` to the empty PostgreSQL database at `to`, reads everything back and compares it, then lets
/// `check` look at the copy before it is committed. `progress` hears of every step.
///
/// Nobody may write to the file meanwhile; the copy keeps them out. The file stays as it is.
///
/// # Errors
/// [`Error::Copy`] when the database is not empty, when the file's schema is not this program's, or when a table came out
/// different; [`Error::CommitUnknown`] when only its last word got lost; what `check` and the engines say. Unless the commit is
/// unknown, the database is then as it was before.
pub fn copy<E: From<Error> + Send>(
    from: &Path,
    to: &str,
    mut progress: impl FnMut(Progress<'_>) + Send,
    check: impl FnOnce(&mut Tx<'_>) -> Result<(), E> + Send,
) -> Result<Vec<Copied>, E> {
    apart(|| {
        let source = Source::open(from)?;
        let mut target = Session::postgres(&Server::at(to)?, Purpose::Overhaul)?;
        target.write(|tx| {
            let copied = fill(&source, tx, &mut progress)?;
            check(tx)?;
            Ok(copied)
        })
    })
}

fn fill(source: &Source, tx: &mut Tx<'_>, progress: &mut impl FnMut(Progress<'_>)) -> Result<Vec<Copied>> {
    let tables = source.tables()?;
    refuse_strangers(tx, &tables)?;
    migrate::apply(tx)?;
    let On::Postgres(target) = &mut tx.on else { return Err(Error::Closed) };
    for table in tables.iter().filter(|table| table.name != HISTORY) {
        if target.each_row(&format!("SELECT 1 FROM {} LIMIT 1", table.quoted()), |_| {})? > 0 {
            return Err(Error::Copy(format!("the database is not empty, {} has rows: name an empty one", table.name)));
        }
    }
    let of = tables.iter().map(|table| source.count(table)).sum::<Result<u64>>()?;
    let mut copied = Vec::with_capacity(tables.len());
    for table in &tables {
        let mut tell = |doing, rows| progress(Progress { doing, table: &table.name, rows, of });
        let sent = send(source, target, table, |rows| tell(Doing::Copying, rows))?;
        let found = read_back(target, table, |rows| tell(Doing::Comparing, rows))?;
        if sent != found {
            let problem = format!("{} came out different: {} rows there, {} here", table.name, found.rows, sent.rows);
            return Err(Error::Copy(problem));
        }
        target.run(&format!("ANALYZE {}", table.quoted()))?;
        copied.push(sent);
    }
    Ok(copied)
}

/// Before anything is made: a table that this program does not know belongs to somebody else.
fn refuse_strangers(tx: &mut Tx<'_>, tables: &[Table]) -> Result<()> {
    for row in tx.query(TABLES, &[])? {
        let name: String = row.get("name")?;
        if tables.iter().all(|table| table.name != name) {
            return Err(Error::Copy(format!(
                "the database has a table {name} that is not marquee's: name an empty one"
            )));
        }
    }
    Ok(())
}

/// The rows of a table go over. The history of the schema is there already: the migrations wrote it.
fn send(source: &Source, target: &mut postgres::Session, table: &Table, mut tell: impl FnMut(u64)) -> Result<Copied> {
    let types = target.types_of(&table.select())?;
    let mut filling = match table.name == HISTORY {
        true => None,
        false => Some(target.start_filling(&table.copy(), &types)?),
    };
    let mut seal = Seal::default();
    source.each_step(table, &types, STEP_ROWS, |rows| {
        rows.iter().for_each(|row| seal.add(row));
        if let Some(filling) = &mut filling {
            target.fill(filling, rows)?;
        }
        tell(rows.len() as u64);
        Ok(())
    })?;
    if let Some(filling) = filling {
        target.finish_filling(filling)?;
    }
    Ok(seal.close(table))
}

fn read_back(target: &mut postgres::Session, table: &Table, mut tell: impl FnMut(u64)) -> Result<Copied> {
    let (mut seal, mut since) = (Seal::default(), 0);
    target.each_row(&table.select(), |row| {
        seal.add(row);
        since += 1;
        if since == STEP_ROWS as u64 {
            tell(std::mem::take(&mut since));
        }
    })?;
    tell(since);
    Ok(seal.close(table))
}

/// The digest of the rows of a table: each value with its kind and length, so that no two tables read the same.
#[derive(Default)]
struct Seal {
    hash: Sha256,
    rows: u64,
}

impl Seal {
    fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Null => self.hash.update([0]),
                Value::Int(v) => self.part(1, &v.to_be_bytes()),
                Value::Real(v) => self.part(2, &v.to_be_bytes()),
                Value::Text(v) => self.part(3, v.as_bytes()),
                Value::Bytes(v) => self.part(4, v),
                Value::Uuid(v) => self.part(5, v.as_bytes()),
            }
        }
    }

    fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.hash.update([kind]);
        self.hash.update((bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }

    fn close(self, table: &Table) -> Copied {
        Copied { table: table.name.clone(), rows: self.rows, digest: hex::encode(self.hash.finalize()) }
    }
}
