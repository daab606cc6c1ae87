//! One statement for many items, in one round trip, or in none when nobody asks what came of it.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio_postgres::{Client, Statement};

use super::asking::{Sent, pipelined, send, wait};
use super::setwise::{Counting, Setwise};
use super::{Prepared, STATEMENTS_MAX, Session, arguments, fetch};
use crate::{Error, Result, Row, Value};

impl Session {
    pub(crate) fn execute_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Vec<usize>> {
        let items: Vec<_> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let (client, prepared) = self.prepare(sql)?;
        let outcome = match self.prepare_for_many(sql, &prepared, items.len())? {
            Some((statement, counting)) => {
                wait(&self.runtime, self.purpose, &mut self.sent, at_once(&client, &statement, &items))
                    .map(|rows| counts(&counting, &items, &rows))
            }
            None => {
                let one = &prepared.statement;
                let each = items.iter().map(|params| client.execute_raw(one, arguments(one, params)));
                let changed = wait(&self.runtime, self.purpose, &mut self.sent, pipelined(each));
                changed.map(|changed| changed.into_iter().map(|changed| changed as usize).collect())
            }
        };
        self.heed(outcome)
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
        match self.prepare_unasked(sql, &prepared, items.len())? {
            Some(statement) => self.send(async move {
                let columns = columns_of(&items, statement.params().len());
                client.execute_raw(&statement, columns).await.map(drop)
            }),
            None => items.into_iter().try_for_each(|params| {
                let (client, one) = (client.clone(), prepared.statement.clone());
                self.send(async move { client.execute_raw(&one, arguments(&one, &params)).await.map(drop) })
            }),
        }
    }

    /// Sends what is on its way, and does not wait for the answer.
    fn send(&mut self, op: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) -> Result<()> {
        let mut op: Sent = Box::pin(op);
        match send(&self.runtime, &mut op) {
            Some(outcome) => self.heed(outcome.map_err(Error::from)),
            None => {
                self.sent.push(op);
                Ok(())
            }
        }
    }

    pub(crate) fn query_each<const N: usize>(
        &mut self,
        sql: &str,
        items: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<Vec<Vec<Row>>> {
        let items: Vec<_> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let (client, prepared) = self.prepare(sql)?;
        let outcome = match self.prepare_for_many(sql, &prepared, items.len())? {
            Some((statement, _)) => {
                wait(&self.runtime, self.purpose, &mut self.sent, at_once(&client, &statement, &items))
                    .map(|found| by_place(&prepared.columns, items.len(), found))
            }
            None => {
                let each = items.iter().map(|params| fetch(&client, &prepared, params));
                wait(&self.runtime, self.purpose, &mut self.sent, pipelined(each))
            }
        };
        self.heed(outcome)
    }

    /// What runs a statement for so many items at once; none when it has another shape, or there is only one.
    fn prepare_for_many(&mut self, sql: &str, one: &Prepared, items: usize) -> Result<Option<(Statement, Counting)>> {
        if items < 2 {
            return Ok(None);
        }
        let live = self.live.as_ref().ok_or(Error::Closed)?;
        if let Some(known) = live.setwise.get(sql) {
            return Ok(known.clone());
        }
        let setwise = match Setwise::of(sql, one.statement.params()) {
            Some(Setwise { text, returning, counting }) => {
                let text = text + &returning;
                let outcome = wait(&self.runtime, self.purpose, &mut self.sent, live.client.prepare(&text));
                Some((self.heed(outcome)?, counting))
            }
            None => None,
        };
        let live = self.live.as_mut().ok_or(Error::Closed)?;
        if live.setwise.len() >= STATEMENTS_MAX {
            live.setwise.clear();
        }
        live.setwise.insert(sql.to_owned(), setwise.clone());
        Ok(setwise)
    }

    /// As [`Session::prepare_for_many`], for what nobody asks about.
    fn prepare_unasked(&mut self, sql: &str, one: &Prepared, items: usize) -> Result<Option<Statement>> {
        if items < 2 {
            return Ok(None);
        }
        let live = self.live.as_ref().ok_or(Error::Closed)?;
        if let Some(known) = live.unasked.get(sql) {
            return Ok(known.clone());
        }
        let unasked = match Setwise::of(sql, one.statement.params()) {
            Some(Setwise { text, .. }) => {
                let outcome = wait(&self.runtime, self.purpose, &mut self.sent, live.client.prepare(&text));
                Some(self.heed(outcome)?)
            }
            None => None,
        };
        let live = self.live.as_mut().ok_or(Error::Closed)?;
        if live.unasked.len() >= STATEMENTS_MAX {
            live.unasked.clear();
        }
        live.unasked.insert(sql.to_owned(), unasked.clone());
        Ok(unasked)
    }
}

/// Runs a statement over all items; what it returned.
async fn at_once<const N: usize>(
    client: &Client,
    statement: &Statement,
    items: &[[Value; N]],
) -> Result<Vec<Vec<Value>>, tokio_postgres::Error> {
    let columns = columns_of(items, statement.params().len());
    let mut answer = pin!(client.query_raw(statement, columns).await?);
    let mut rows = Vec::new();
    while let Some(row) = answer.next().await {
        let row = row?;
        rows.push((0..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

/// The first `many` parameters of all items, each as one array.
fn columns_of<const N: usize>(items: &[[Value; N]], many: usize) -> Vec<Vec<&Value>> {
    (0..many).map(|k| items.iter().filter_map(|item| item.get(k)).collect()).collect()
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
