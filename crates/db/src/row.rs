//! A row of an answer, read by column name.

use std::sync::Arc;

use crate::value::column_error;
use crate::{FromValue, Result, Value};

/// One row; its columns are shared with the other rows of the answer.
#[derive(Clone, Debug)]
pub struct Row {
    pub(crate) columns: Arc<[String]>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The column of that name.
    ///
    /// # Errors
    /// [`crate::Error::Column`] when there is none or it holds something else.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T> {
        let at = self.columns.iter().position(|name| name == column);
        let value = at.and_then(|at| self.values.get(at)).ok_or_else(|| column_error(column, "not in the answer"))?;
        T::from_value(value).map_err(|problem| column_error(column, problem))
    }

    /// Every column, in the answer's order.
    #[must_use]
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}
