//! What can go wrong when the sandbox opens its books.

use std::path::{Path, PathBuf};

/// Why the sandbox's ledger file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened, read or repaired.
    #[error("{path}: {source}")]
    Io {
        /// The ledger file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A line before the last is not an entry: a crash tears only the last one, so somebody changed the file.
    #[error("{path}, line {line}: not a ledger entry; restore the file from a backup")]
    Corrupt {
        /// The ledger file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    }
}
