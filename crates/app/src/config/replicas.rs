//! Where the database is read by those who browse.

use std::fmt;

use marquee_db::{Replica, Result};

/// The addresses of replicas; none when the primary serves everybody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Replicas(Vec<String>);

/// An address may hold a password.
impl fmt::Debug for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replicas").field(&self.0.len()).finish()
    }
}

impl Replicas {
    /// Reads addresses that are separated by commas. Within one, commas separate hosts: each address begins with its scheme.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut urls: Vec<String> = Vec::new();
        for piece in text.split(',').map(str::trim) {
            match urls.last_mut() {
                Some(url) if !piece.contains("://") => *url = format!("{url},{piece}"),
                _ => urls.push(piece.to_owned()),
            }
        }
        let is_address = |url: &String| url.starts_with("postgres") && marquee_db::Db::is_address(url);
        let whole = !text.split(',').any(|piece| piece.trim().is_empty());
        (whole && urls.iter().all(is_address)).then_some(Self(urls))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The replicas, of which none need be there yet.
    ///
    /// # Errors
    /// As [`Replica::at`].
    pub fn open(&self) -> Result<Vec<Replica>> {
        self.0.iter().map(|url| Replica::at(url)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<String>> {
        Replicas::parse(text).map(|replicas| replicas.0)
    }

    #[test]
    fn each_address_begins_with_its_scheme() {
        let (a, b) = ("postgres://u@a:1,b:2/d?sslmode=require", "postgresql://u@c/d");
        assert_eq!(read(&format!("{a}, {b}")), Some(vec![a.to_owned(), b.to_owned()]));
        assert_eq!(read(a), Some(vec![a.to_owned()]));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["a,b", "mysql://a/d", "postgres://a/d,", "sqlite:///a", "postgres://a:b/c"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
