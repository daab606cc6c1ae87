//! Where the source of truth is.

use std::fmt;
use std::path::PathBuf;

use marquee_db::{Db, Result};

/// The engine that keeps the data, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite, in this file.
    File(PathBuf),
    /// PostgreSQL, at this address.
    Server(String),
}

/// An address may hold a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::File(path) => f.debug_tuple("File").field(path).finish(),
            Database::Server(_) => f.write_str("Server(..)"),
        }
    }
}

/// Where it is, without who connects.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::File(path) => path.display().fmt(f),
            Database::Server(url) => f.write_str(&Db::place_of(url).unwrap_or_default()),
        }
    }
}

impl Database {
    /// Whether there is something to open: a file that was never made is the one thing that a look can tell.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Database::File(path) => path.exists(),
            Database::Server(_) => true,
        }
    }

    /// Opens it, with its schema brought up to date.
    ///
    /// # Errors
    /// As [`Db::open`] and [`Db::connect`].
    pub fn open(&self) -> Result<Db> {
        match self {
            Database::File(path) => Db::open(path),
            Database::Server(url) => Db::connect(url),
        }
    }

    /// Brings its schema up to date and closes it again: the names of the migrations that it took.
    ///
    /// # Errors
    /// As [`Db::migrate`] and [`Db::migrate_server`].
    pub fn migrate(&self) -> Result<Vec<&'static str>> {
        match self {
            Database::File(path) => Db::migrate(path),
            Database::Server(url) => Db::migrate_server(url),
        }
    }

    /// Opens it for reading alone.
    ///
    /// # Errors
    /// As [`Db::open_read_only`] and [`Db::connect_read_only`].
    pub fn open_read_only(&self) -> Result<Db> {
        match self {
            Database::File(path) => Db::open_read_only(path),
            Database::Server(url) => Db::connect_read_only(url),
        }
    }
}

/// The addresses of PostgreSQL servers in a list with commas. Within one, commas separate hosts: each address begins with its scheme.
pub(super) fn servers(list: &str) -> Option<Vec<String>> {
    let mut urls: Vec<String> = Vec::new();
    for piece in list.split(',').map(str::trim) {
        match urls.last_mut() {
            Some(url) if !piece.contains("://") => *url = format!("{url},{piece}"),
            _ => urls.push(piece.to_owned()),
        }
    }
    let is_address = |url: &String| url.starts_with("postgres") && Db::is_address(url);
    let whole = !list.split(',').any(|piece| piece.trim().is_empty());
    (whole && urls.iter().all(is_address)).then_some(urls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_begins_with_its_scheme() {
        let (a, b) = ("postgres://u@a:1,b:2/d?sslmode=require", "postgresql://u@c/d");
        assert_eq!(servers(&format!("{a}, {b}")), Some(vec![a.to_owned(), b.to_owned()]));
        assert_eq!(servers(a), Some(vec![a.to_owned()]));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["a,b", "mysql://a/d", "postgres://a/d,", "sqlite:///a", "postgres://a:b/c"] {
            assert_eq!(servers(wrong), None, "{wrong}");
        }
    }
}
