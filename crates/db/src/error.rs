//! What can go wrong between a statement and the disk.

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too much is waiting already; nothing was done.
    #[error("the database queue is full; try again in a moment")]
    Busy,
    /// The database is shutting down; nothing was done.
    #[error("the database is closed")]
    Closed,
    /// A unique or primary key refused a row.
    #[error("a row with that key exists: {0}")]
    Conflict(String),
    /// The commit failed; whether it took effect must be read back by key.
    #[error("the outcome of a commit is unknown: {0}")]
    CommitUnknown(String),
    /// Another node leads by now: this one's work was not done.
    #[error("another node leads by now")]
    Fenced,
    /// The schema does not fit this program.
    #[error("migration {name}: {problem}")]
    Migration {
        /// The migration's file name.
        name: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A column was missing or of another type than the code believes.
    #[error("column {column}: {problem}")]
    Column {
        /// The column's name.
        column: String,
        /// What was found.
        problem: &'static str,
    },
    /// The databases do not belong together.
    #[error("{0}")]
    Cluster(String),
    /// A backup could not be written.
    #[error("backup: {0}")]
    Backup(String),
    /// A copy to the other engine was not made; nothing of it is left.
    #[error("{0}")]
    Copy(String),
    /// A database file cannot be made or opened.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The server cannot be reached, or does not take writes now; nothing was done.
    #[error("postgresql does not answer: {0}")]
    Unreachable(String),
    /// What PostgreSQL said.
    #[error("postgresql: {0}")]
    Postgres(String),
    /// What SQLite said.
    #[error("sqlite: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => Error::Conflict(error.to_string()),
            _ => Error::Sqlite(error),
        }
    }
}
