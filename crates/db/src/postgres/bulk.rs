//! Whole tables in and out.

use std::pin::{Pin, pin};

use futures_util::StreamExt;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::Session;
use super::asking::wait;
use crate::{Error, Result, Value};

/// A table that is being filled.
pub(crate) struct Filling {
    writer: Pin<Box<BinaryCopyInWriter>>,
}

impl Session {
    /// The types of the columns that `query` answers with.
    pub(crate) fn types_of(&mut self, query: &str) -> Result<Vec<Type>> {
        let (_, prepared) = self.prepare(query)?;
        Ok(prepared.statement.columns().iter().map(|column| column.type_().clone()).collect())
    }

    /// Begins to fill a table by `copy`, a `COPY … FROM STDIN BINARY` of columns of these types.
    pub(crate) fn start_filling(&mut self, copy: &str, types: &[Type]) -> Result<Filling> {
        let live = self.live.as_ref().ok_or(Error::Closed)?;
        let outcome = wait(&self.runtime, self.purpose, &mut self.sent, live.client.copy_in(copy));
        let sink = self.heed(outcome)?;
        Ok(Filling { writer: Box::pin(BinaryCopyInWriter::new(sink, types)) })
    }

    /// Adds rows, each with a value for each column.
    pub(crate) fn fill(&mut self, filling: &mut Filling, rows: &[Vec<Value>]) -> Result<()> {
        let writer = &mut filling.writer;
        let write_all = async {
            for row in rows {
                writer.as_mut().write_raw(row.iter()).await?;
            }
            Ok(())
        };
        let outcome = wait(&self.runtime, self.purpose, &mut self.sent, write_all);
        self.heed(outcome)
    }

    /// Ends the filling: how many rows the server took.
    pub(crate) fn finish_filling(&mut self, mut filling: Filling) -> Result<u64> {
        let outcome = wait(&self.runtime, self.purpose, &mut self.sent, filling.writer.as_mut().finish());
        self.heed(outcome)
    }

    /// Hands the rows of an answer to `take` one by one: the whole of it is never held. How many there were.
    pub(crate) fn each_row(&mut self, sql: &str, mut take: impl FnMut(&[Value])) -> Result<u64> {
        let (client, prepared) = self.prepare(sql)?;
        let read_all = async {
            let mut answer = pin!(client.query_raw(&prepared.statement, std::iter::empty::<Value>()).await?);
            let (mut count, mut values) = (0, Vec::new());
            while let Some(row) = answer.next().await {
                let row = row?;
                values.clear();
                for at in 0..row.len() {
                    values.push(row.try_get(at)?);
                }
                take(&values);
                count += 1;
            }
            Ok(count)
        };
        let outcome = wait(&self.runtime, self.purpose, &mut self.sent, read_all);
        self.heed(outcome)
    }
}
