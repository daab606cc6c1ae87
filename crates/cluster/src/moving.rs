//! Moves a show's sales from one database to another while everything else is sold.
//!
//! The rows are in exactly one place at every moment. *Depart*: one transaction takes them out of their database and puts them
//! down there as cargo; from then on nothing is sold of the show there. *Arrive*: one transaction takes the cargo in where it goes,
//! once. Then the directory says so, and the cargo is let go of. Whoever finds cargo that has not arrived carries on, so that a
//! mover that is killed loses nothing; between the first step and the last the show is not sold, for milliseconds. Each of the two
//! transactions keeps its database's other writers waiting, so that a show may have only so many rows.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use marquee_bus::{Actor, Event};
use marquee_db::{Error, Result, Tx, Value, params};
use marquee_kernel::{Shard, ShowId};
use serde_json::json;
use uuid::Uuid;

use crate::service::{ShardDb, Shards};
use crate::store::{self, Arrival, UnderWay};

/// The least by which two moves of a show differ.
const MOMENT: SignedDuration = SignedDuration::from_micros(1);

/// Rows that a show may have to be moved while people buy: what a transaction carries in about a second.
const ROWS_MAX: u64 = 30_000;
/// Rows that it may have to be moved at all: what the longest statement, of eight seconds, is sure to carry.
const LARGE_ROWS_MAX: u64 = 400_000;

/// How large a show may be to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Nobody notices.
    Usual,
    /// Nothing is sold on either shard for seconds.
    Large,
}

impl Size {
    fn rows_max(self) -> u64 {
        match self {
            Size::Usual => ROWS_MAX,
            Size::Large => LARGE_ROWS_MAX,
        }
    }
}

/// The rows of one table that are a show's, and the statements of its owner that carry them. `read` answers all columns in the
/// order that `insert` takes them in; `read` and `delete` have the show as `$1`.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    table: &'static str,
    read: &'static str,
    delete: &'static str,
    insert: &'static str,
    put: fn(&mut Tx<'_>, &'static str, Vec<Vec<Value>>) -> Result<()>,
}

impl Portion {
    /// The portion of a table with `COLUMNS` columns.
    #[must_use]
    pub const fn of<const COLUMNS: usize>(
        table: &'static str,
        read: &'static str,
        delete: &'static str,
        insert: &'static str,
    ) -> Self {
        Self { table, read, delete, insert, put: put::<COLUMNS> }
    }

    pub(crate) fn read(&self) -> &'static str {
        self.read
    }
}

fn put<const COLUMNS: usize>(tx: &mut Tx<'_>, insert: &'static str, rows: Vec<Vec<Value>>) -> Result<()> {
    let rows = rows.into_iter().map(<[Value; COLUMNS]>::try_from).collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(|_| unreadable())?;
    tx.run_each(insert, rows)
}

impl Shards {
    /// Moves what is sold of a show to another shard. Moved already, nothing happens.
    ///
    /// # Errors
    /// [`Error::Cluster`] when there is no such shard, or the show is larger than `size`; what the databases say: the show is
    /// then where it was, or arrives as soon as they answer.
    pub async fn move_show(&self, show_id: ShowId, to: Shard, size: Size, portions: &'static [Portion]) -> Result<()> {
        let from = self.of(show_id).await?;
        if from.shard() == to {
            return Ok(());
        }
        let target = self.named(to).ok_or_else(|| Error::Cluster(format!("there is no shard {to}")))?;
        // Before anything departs: it must be able to arrive.
        target.db()?.probe().await?;
        from.db()?.read(move |tx| refuse_larger(tx, show_id, size, portions)).await?;
        let (move_id, now) = (Uuid::from_bytes(self.inner.rng.bytes()), self.inner.clock.now());
        let (journal, stays) = (self.inner.journal.clone(), from.shard());
        let leaving = move |tx: &mut Tx<'_>| {
            if !store::departed(tx, &[show_id])?.is_empty() {
                return Err(Error::Unreachable(format!("show {show_id} is being moved by somebody else")));
            }
            // Later than the move that brought it, whatever the clocks say.
            let brought = store::last_arrival(tx, show_id)?.map(|at| at.checked_add(MOMENT).unwrap_or(at));
            let departed_at = brought.map_or(now, |brought| now.max(brought));
            let under_way = UnderWay { show_id, move_id, to, departed_at, cargo: load(tx, show_id, portions)? };
            store::depart(tx, &under_way)?;
            journal.append(tx, &[event("ShowDeparted", show_id, stays, to)])?;
            Ok(under_way)
        };
        let under_way = from.db()?.write(leaving).await?;
        from.wake();
        self.deliver(from, under_way, portions).await
    }

    /// Brings home every move that was begun and broke off. How many arrived. One that cannot arrive keeps no other.
    ///
    /// # Errors
    /// The first of what the databases say, when everything else was seen to.
    pub async fn finish_moves(&self, portions: &'static [Portion]) -> Result<u32> {
        let (mut finished, mut fault) = (0, None);
        for from in self.all() {
            let Ok(db) = from.db() else { continue };
            let mut after = ShowId::from(Uuid::nil());
            loop {
                let next = match db.read(move |tx| store::under_way_after(tx, after)).await {
                    Ok(Some(next)) => next,
                    Ok(None) => break,
                    Err(error) => {
                        fault = fault.or(Some(error));
                        break;
                    }
                };
                after = next.show_id;
                match self.deliver(from, next, portions).await {
                    Ok(()) => finished += 1,
                    Err(error) => fault = fault.or(Some(Error::Cluster(format!("show {after}: {error}")))),
                }
            }
        }
        fault.map_or(Ok(finished), Err)
    }

    /// Delivers what has departed from a database; takes it back where the move was given up.
    pub(crate) async fn deliver(
        &self,
        from: &ShardDb,
        under_way: UnderWay,
        portions: &'static [Portion],
    ) -> Result<()> {
        let UnderWay { show_id, move_id, to, departed_at, .. } = under_way;
        let under_way = Arc::new(under_way);
        let target = self.named(to).ok_or_else(|| Error::Cluster(format!("there is no shard {to}")))?;
        let (journal, came_from) = (self.inner.journal.clone(), from.shard());
        let carried = under_way.clone();
        let arriving = move |tx: &mut Tx<'_>| {
            let arrival = store::arrive(tx, show_id, move_id, departed_at)?;
            if arrival == Arrival::Now {
                unload(tx, &carried.cargo, portions)?;
                journal.append(tx, &[event("ShowArrived", show_id, came_from, to)])?;
            }
            Ok::<_, Error>(arrival)
        };
        if target.db()?.write(arriving).await? == Arrival::Refused {
            return self.take_back(from, under_way, portions).await;
        }
        target.wake();
        // Only now: who reads the directory finds the show where it says.
        self.home().db()?.write(move |tx| store::note_move(tx, show_id, to, departed_at)).await?;
        from.db()?.write(move |tx| store::unload(tx, show_id, move_id)).await?;
        self.refresh().await
    }
}

/// Shows that have left this database, and are still in it; one line each, none when all is well.
///
/// # Errors
/// What the database says.
pub fn check(tx: &mut Tx<'_>, portions: &[Portion]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for show_id in store::all_departed(tx)? {
        for portion in portions {
            let rows = tx.query(portion.read, &params![show_id])?.len();
            if rows > 0 {
                faults.push(format!("show {show_id} has left, and {rows} rows of {} have not", portion.table));
            }
        }
    }
    Ok(faults)
}

/// Refuses a show that has more rows than one of that size may.
fn refuse_larger(tx: &mut Tx<'_>, show_id: ShowId, size: Size, portions: &[Portion]) -> Result<()> {
    let (max, mut rows) = (size.rows_max(), 0);
    for portion in portions {
        rows += store::count_rows(tx, portion.read, show_id, max + 1)?;
    }
    if rows <= max {
        return Ok(());
    }
    let way = match size {
        Size::Usual => "to move it, sales of both shards stop for seconds; at night, say --large",
        Size::Large => "no transaction is sure to carry them",
    };
    Err(Error::Cluster(format!("show {show_id} has more than {max} rows: {way}")))
}

pub(crate) fn event(kind: &'static str, show_id: ShowId, from: Shard, to: Shard) -> Event {
    let payload = json!({ "from": from.number(), "to": to.number() });
    Event { kind, actor: Actor::System, show_id: Some(show_id), subject: show_id.to_string(), payload }
}

/// Takes a show's rows out of the database: what they were.
fn load(tx: &mut Tx<'_>, show_id: ShowId, portions: &[Portion]) -> Result<String> {
    let mut cargo = serde_json::Map::new();
    for portion in portions {
        let rows = tx.query(portion.read, &params![show_id])?;
        let rows = rows.into_iter().map(|row| row.into_values().iter().map(packed).collect::<serde_json::Value>());
        cargo.insert(portion.table.to_owned(), rows.collect());
    }
    // After all are read: one table's rows may be found by another's.
    for portion in portions.iter().rev() {
        tx.execute(portion.delete, &params![show_id])?;
    }
    Ok(serde_json::Value::Object(cargo).to_string())
}

/// Puts a show's rows into the database.
pub(crate) fn unload(tx: &mut Tx<'_>, cargo: &str, portions: &[Portion]) -> Result<()> {
    let mut cargo: HashMap<String, Vec<Vec<serde_json::Value>>> =
        serde_json::from_str(cargo).map_err(|_| unreadable())?;
    for portion in portions {
        let rows = cargo.remove(portion.table).unwrap_or_default();
        let rows = rows.iter().map(|row| row.iter().map(unpacked).collect::<Option<Vec<_>>>());
        (portion.put)(tx, portion.insert, rows.collect::<Option<_>>().ok_or_else(unreadable)?)?;
    }
    // Rows of a table that this program does not know would be lost.
    if cargo.is_empty() { Ok(()) } else { Err(unreadable()) }
}

fn unreadable() -> Error {
    Error::Cluster(
        "cargo of a move is not readable; it was loaded by another version of marquee: start that one".to_owned(),
    )
}

fn packed(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => json!(null),
        Value::Int(v) => json!(v),
        Value::Real(v) => json!({ "real": v }),
        Value::Text(v) => json!(v),
        Value::Bytes(v) => json!({ "hex": hex::encode(v) }),
        Value::Uuid(v) => json!({ "uuid": v.to_string() }),
    }
}

fn unpacked(value: &serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match value {
        Json::Null => Value::Null,
        Json::Number(v) => Value::Int(v.as_i64()?),
        Json::String(v) => Value::Text(v.clone()),
        Json::Object(v) => match v.iter().next()? {
            (kind, Json::Number(real)) if kind == "real" => Value::Real(real.as_f64()?),
            (kind, Json::String(text)) if kind == "hex" => Value::Bytes(hex::decode(text).ok()?),
            (kind, Json::String(text)) if kind == "uuid" => Value::Uuid(text.parse().ok()?),
            _ => return None,
        },
        Json::Bool(_) | Json::Array(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_comes_out_as_it_went_in() {
        let values = [
            Value::Null,
            Value::Int(i64::MAX),
            Value::Int(i64::MIN),
            Value::Real(0.1),
            Value::Text("{\"uuid\": \"no\"}\u{1f39f}".to_owned()),
            Value::Bytes(vec![0, 255]),
            Value::Uuid(Uuid::from_u128(7)),
        ];
        for value in values {
            let text = packed(&value).to_string();
            assert_eq!(unpacked(&serde_json::from_str(&text).unwrap()), Some(value));
        }
    }
}
