//! Where the database is read by those who browse.

use std::fmt;

use marquee_db::{Replica, Result};

use super::database::servers;

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
    /// Reads addresses that are separated by commas.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        servers(text).map(Self)
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
