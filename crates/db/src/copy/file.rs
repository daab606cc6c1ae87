//! The SQLite file that is copied, table by table.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::migrate;
use crate::session::{On, Tx};
use crate::sqlite;
use crate::{Error, Result, Value};

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const COLUMNS: &str = "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid";
const PARENTS: &str = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)";

/// A table: its name, its columns, and those of them that order its rows the same on either engine.
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<String>,
    key: Vec<String>,
    /// The tables whose rows must be there first.
    parents: Vec<String>,
}

impl Table {
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    /// All rows, by their primary key: integers, ids and text compare the same on both engines.
    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM {} ORDER BY {}", list(&self.columns), self.quoted(), list(&self.key))
    }

    pub(super) fn copy(&self) -> String {
        format!("COPY {} ({}) FROM STDIN BINARY", self.quoted(), list(&self.columns))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// The file, with all who would write to it kept out until this is dropped.
pub(super) struct Source {
    connection: Connection,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = sqlite::existing(path)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let stale = migrate::pending(&mut Tx { on: On::Sqlite(&connection) })?;
        if let Some(name) = stale.first() {
            return Err(Error::Copy(format!("the file has not had migration {name}: run marquee migrate on it first")));
        }
        Ok(Self { connection })
    }

    /// Every table of the file, each after all that its foreign keys name.
    pub(super) fn tables(&self) -> Result<Vec<Table>> {
        let names = self.texts(TABLES, None)?;
        let mut waiting = names.into_iter().map(|name| self.table(name)).collect::<Result<Vec<_>>>()?;
        let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let there = |parent: &String| ordered.iter().any(|table| table.name == *parent);
            let (ready, blocked): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|table| table.parents.iter().all(|parent| *parent == table.name || there(parent)));
            if let (true, Some(table)) = (ready.is_empty(), blocked.first()) {
                return Err(Error::Copy(format!("the foreign keys of {} lead in a circle", table.name)));
            }
            ordered.extend(ready);
            waiting = blocked;
        }
        Ok(ordered)
    }

    fn table(&self, name: String) -> Result<Table> {
        let mut statement = self.connection.prepare(COLUMNS)?;
        let found = statement.query_map([&name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut key: Vec<_> = found.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        let key: Vec<_> = key.into_iter().map(|(column, _)| column.clone()).collect();
        if key.is_empty() {
            return Err(Error::Copy(format!("{name} has no primary key to compare its rows by")));
        }
        let parents = self.texts(PARENTS, Some(&name))?;
        Ok(Table { name, columns: found.into_iter().map(|(column, _)| column).collect(), key, parents })
    }

    fn texts(&self, sql: &str, about: Option<&str>) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(sql)?;
        let found = statement.query_map(rusqlite::params_from_iter(about), |row| row.get(0))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn count(&self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) FROM {}", table.quoted());
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Hands all rows of a table to `take`, at most `step` of them at a time, as values of these types.
    pub(super) fn each_step(
        &self,
        table: &Table,
        types: &[Type],
        step: usize,
        mut take: impl FnMut(&[Vec<Value>]) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare(&table.select())?;
        let mut rows = statement.query([])?;
        let mut held = Vec::with_capacity(step);
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(types.len());
            for (at, (kind, column)) in types.iter().zip(&table.columns).enumerate() {
                let found = value(row.get_ref(at)?, kind);
                let unfit = |what| Error::Copy(format!("{}.{column} holds {what} where {kind} belongs", table.name));
                values.push(found.map_err(unfit)?);
            }
            held.push(values);
            if held.len() == step {
                take(&held)?;
                held.clear();
            }
        }
        if held.is_empty() { Ok(()) } else { take(&held) }
    }
}

/// What SQLite holds, as the value that PostgreSQL gives back; the error says what it is instead. SQLite lets any column hold
/// anything, so nothing is taken for what its column says it is.
fn value(found: ValueRef<'_>, kind: &Type) -> Result<Value, &'static str> {
    match (found, kind) {
        (ValueRef::Null, _) => Ok(Value::Null),
        (ValueRef::Integer(v), &Type::INT8) => Ok(Value::Int(v)),
        (ValueRef::Integer(v @ 0..=1), &Type::BOOL) => Ok(Value::Int(v)),
        (ValueRef::Real(v), &Type::FLOAT8) => Ok(Value::Real(v)),
        (ValueRef::Text(v), &Type::TEXT) if v.contains(&0) => Err("text with a zero byte"),
        (ValueRef::Text(v), &Type::TEXT) => {
            std::str::from_utf8(v).map(|text| Value::Text(text.to_owned())).map_err(|_| "text that is not UTF-8")
        }
        (ValueRef::Blob(v), &Type::UUID) => Uuid::from_slice(v).map(Value::Uuid).map_err(|_| "bytes that are no id"),
        (ValueRef::Blob(v), &Type::BYTEA) => Ok(Value::Bytes(v.to_vec())),
        (ValueRef::Integer(_), _) => Err("a whole number"),
        (ValueRef::Real(_), _) => Err("a fraction"),
        (ValueRef::Text(_), _) => Err("text"),
        (ValueRef::Blob(_), _) => Err("bytes"),
    }
}
