//! One statement for many items, in one round trip, or in none when nobody asks what came of it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use super::asking::{pipelined, wait};
use super::setwise::{Answer, Counting, Form, Setwise};
use super::{Prepared, STATEMENTS_MAX, Session, arguments, fetch};
use crate::session::{Later, all_in};
use crate::{Error, Result, Row, Value};

/// The most items of one statement.
const PIECE_MAX: usize = 64;

/// A statement over several items, prepared for those numbers of them that it was run for.
pub(super) struct Many {
    /// None when its shape is another: then it is run item by item.
    setwise: Option<Setwise>,
    /// By how many items, 0 for any number, and what it says of them.
    statements: HashMap<(usize, Answer), Statement>,
}

/// Some of the items, with the statement over as many.
struct Piece {
    statement: Statement,
    items: Range<usize>,
    by_array: bool,
}

impl Session {
    pub(crate) fn execute_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Vec<usize>> {
        let changed = self.execute_each_later(sql, items)?;
        self.answer(&changed)
    }

    pub(crate) fn execute_each_later<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Later<Vec<usize>>> {
        let items: Vec<_> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(Later::known(Vec::new()));
        }
        let (client, prepared) = self.prepare(sql)?;
        let many = self.prepare_for_many(sql, &prepared, items.len(), Answer::OfEach)?;
        let later = Later::default();
        let changed = later.clone();
        self.send(async move {
            let counts = match &many {
                Some((pieces, counting)) => {
                    let all = pieces.iter().map(|piece| at_once(&client, piece, &items));
                    let of_piece = |(piece, rows): (&Piece, Vec<Vec<Value>>)| counts(counting, piece.of(&items), &rows);
                    pieces.iter().zip(pipelined(all).await?).flat_map(of_piece).collect()
                }
                None => {
                    let one = &prepared.statement;
                    let each = items.iter().map(|params| client.execute_raw(one, arguments(one, params)));
                    pipelined(each).await?.into_iter().map(|changed| changed as usize).collect()
                }
            };
            changed.is(counts);
            Ok(())
        })?;
        Ok(later)
    }

    pub(crate) fn insert_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<()> {
        let items: Vec<_> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(());
        }
        let (client, prepared) = self.prepare(sql)?;
        match self.prepare_for_many(sql, &prepared, items.len(), Answer::AllOrNone)? {
            Some((pieces, _)) => self.send_pieces(&client, pieces, items),
            None => all_in(&self.execute_each(sql, items)?),
        }
    }

    pub(crate) fn run_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<()> {
        let items: Vec<_> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(());
        }
        let (client, prepared) = self.prepare(sql)?;
        let pieces = self.prepare_for_many(sql, &prepared, items.len(), Answer::Done)?.map(|(pieces, _)| pieces);
        let alone = |at| Piece { statement: prepared.statement.clone(), items: at..at + 1, by_array: false };
        let pieces = pieces.unwrap_or_else(|| (0..items.len()).map(alone).collect());
        self.send_pieces(&client, pieces, items)
    }

    fn send_pieces<const N: usize>(
        &mut self,
        client: &Arc<Client>,
        pieces: Vec<Piece>,
        items: Vec<[Value; N]>,
    ) -> Result<()> {
        let items = Arc::new(items);
        for piece in pieces {
            let (client, items) = (client.clone(), items.clone());
            self.send(async move { piece.execute(&client, &items).await })?;
        }
        Ok(())
    }

    pub(crate) fn query_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Vec<Vec<Row>>> {
        let found = self.query_each_later(sql, items)?;
        self.answer(&found)
    }

    pub(crate) fn query_each_later<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Later<Vec<Vec<Row>>>> {
        let items: Vec<_> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(Later::known(Vec::new()));
        }
        let (client, prepared) = self.prepare(sql)?;
        let pieces = self.prepare_for_many(sql, &prepared, items.len(), Answer::OfEach)?.map(|(pieces, _)| pieces);
        let later = Later::default();
        let rows = later.clone();
        self.send(async move {
            rows.is(match &pieces {
                Some(pieces) => {
                    let all = pieces.iter().map(|piece| at_once(&client, piece, &items));
                    let of_piece = |(piece, found): (&Piece, _)| by_place(&prepared.columns, piece.items.len(), found);
                    pieces.iter().zip(pipelined(all).await?).flat_map(of_piece).collect()
                }
                None => pipelined(items.iter().map(|params| fetch(&client, &prepared, params))).await?,
            });
            Ok(())
        })?;
        Ok(later)
    }

    /// What runs a statement for so many items, piece by piece; none when it has another shape or cannot give that answer, or there is only
    /// one item, which is run as it is unless none may be refused.
    fn prepare_for_many(
        &mut self,
        sql: &str,
        one: &Prepared,
        items: usize,
        answer: Answer,
    ) -> Result<Option<(Vec<Piece>, Counting)>> {
        let params = one.statement.params();
        if items < 2 && answer != Answer::AllOrNone {
            return Ok(None);
        }
        let live = self.live.as_mut().ok_or(Error::Closed)?;
        if !live.many.contains_key(sql) {
            if live.many.len() >= STATEMENTS_MAX {
                live.many.clear();
            }
            let setwise = Setwise::of(sql, params);
            live.many.insert(sql.to_owned(), Many { setwise, statements: HashMap::new() });
        }
        let many = live.many.get_mut(sql).ok_or(Error::Closed)?;
        let Some(setwise) = &many.setwise else { return Ok(None) };
        if answer == Answer::AllOrNone && !matches!(setwise.counting, Counting::ByKey(_)) {
            return Ok(None);
        }
        let by_array = matches!(setwise.form, Form::Arrays(_));
        let mut pieces = Vec::new();
        for range in cut(items, if by_array { items } else { PIECE_MAX }) {
            let key = (if by_array { 0 } else { range.len() }, answer);
            let statement = match many.statements.entry(key) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(place) => {
                    // Of arrays the text says the types; of rows the first item's are those of all.
                    let types = if by_array { &[] } else { params };
                    let types: Vec<Type> = std::iter::repeat_n(types, range.len()).flatten().cloned().collect();
                    let text = setwise.text(range.len(), answer);
                    let preparing = live.client.prepare_typed(&text, &types);
                    match wait(&self.runtime, self.purpose, &mut self.sent, preparing) {
                        Ok(statement) => place.insert(statement).clone(),
                        failed => return self.heed(failed.map(|_| None)),
                    }
                }
            };
            pieces.push(Piece { statement, items: range, by_array });
        }
        Ok(Some((pieces, setwise.counting.clone())))
    }
}

/// Cuts so many items into pieces: `most` at a time, and then such that their lengths are powers of two or half as much again, so that
/// few statements do for any number; the longest first.
fn cut(items: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let left = items - next;
        let power = 1 << left.checked_ilog2()?;
        let length = if left >= most { most } else { power + if left >= power + power / 2 { power / 2 } else { 0 } };
        next += length;
        (length > 0).then(|| next - length..next)
    })
}

impl Piece {
    async fn execute<const N: usize>(&self, client: &Client, all: &[[Value; N]]) -> Result<(), tokio_postgres::Error> {
        let changed = match self.by_array {
            true => client.execute_raw(&self.statement, self.columns(all)).await,
            false => client.execute_raw(&self.statement, self.values(all)).await,
        };
        changed.map(drop)
    }

    fn of<'v, const N: usize>(&self, all: &'v [[Value; N]]) -> &'v [[Value; N]] {
        all.get(self.items.clone()).unwrap_or_default()
    }

    /// Each parameter of its items as one array.
    fn columns<'v, const N: usize>(&self, all: &'v [[Value; N]]) -> Vec<Vec<&'v Value>> {
        let column = |k| self.of(all).iter().filter_map(|item| item.get(k)).collect();
        (0..self.statement.params().len()).map(column).collect()
    }

    /// The parameters of its items, one after the other: of each as many as the statement names.
    fn values<'v, const N: usize>(&self, all: &'v [[Value; N]]) -> Vec<&'v Value> {
        let each = self.statement.params().len() / self.items.len();
        self.of(all).iter().flat_map(|item| item.iter().take(each)).collect()
    }
}

/// Runs a statement over its piece of the items; what it returned.
async fn at_once<const N: usize>(
    client: &Client,
    piece: &Piece,
    all: &[[Value; N]],
) -> Result<Vec<Vec<Value>>, tokio_postgres::Error> {
    let answer = match piece.by_array {
        true => client.query_raw(&piece.statement, piece.columns(all)).await?,
        false => client.query_raw(&piece.statement, piece.values(all)).await?,
    };
    let (mut answer, mut rows) = (pin!(answer), Vec::new());
    while let Some(row) = answer.next().await {
        let row = row?;
        rows.push((0..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

/// The item of a row that ends in its place, from 0.
fn place_of(row: &[Value]) -> Option<usize> {
    let Some(Value::Int(place)) = row.last() else { return None };
    usize::try_from(*place - 1).ok()
}

/// The rows of each item, without their places.
fn by_place(columns: &Arc<[String]>, items: usize, rows: Vec<Vec<Value>>) -> Vec<Vec<Row>> {
    let mut found = vec![Vec::new(); items];
    for mut values in rows {
        if let Some(rows) = place_of(&values).and_then(|at| found.get_mut(at)) {
            values.pop();
            rows.push(Row { columns: columns.clone(), values });
        }
    }
    found
}

/// How many rows each item changed.
fn counts<const N: usize>(counting: &Counting, items: &[[Value; N]], rows: &[Vec<Value>]) -> Vec<usize> {
    let mut counts = vec![usize::from(*counting == Counting::Every); items.len()];
    match counting {
        Counting::Every => {}
        Counting::ByPlace => {
            for row in rows {
                if let Some(count) = place_of(row).and_then(|at| counts.get_mut(at)) {
                    *count += 1;
                }
            }
        }
        Counting::ByKey(parameters) => {
            // In the items' order, so that nearly always the next one is the first; of two with one key the first went in.
            let mut went_in: VecDeque<_> = rows.iter().collect();
            for (item, count) in items.iter().zip(&mut counts) {
                let is_its = |row: &&Vec<Value>| row.iter().eq(parameters.iter().filter_map(|k| item.get(*k)));
                if let Some(at) = went_in.iter().position(is_its) {
                    went_in.remove(at);
                    *count = 1;
                }
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_of_few_lengths_and_leave_nothing_out() {
        let is_one =
            |length: usize| length.is_power_of_two() || (length.is_multiple_of(3) && (length / 3).is_power_of_two());
        for items in 0..1_000 {
            let pieces: Vec<_> = cut(items, PIECE_MAX).collect();
            assert!(pieces.iter().all(|piece| is_one(piece.len()) && piece.len() <= PIECE_MAX));
            assert!(pieces.into_iter().flatten().eq(0..items));
        }
        assert!(cut(150, PIECE_MAX).eq([0..64, 64..128, 128..144, 144..150]));
        assert!(cut(150, 150).eq(std::iter::once(0..150)));
    }
}
