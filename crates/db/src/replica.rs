//! A copy of a database, on a server of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::engine::{Engine, apart};
use crate::{Error, Result, Tx, postgres};

/// How long an answer of a replica is waited for, before it counts as gone.
const ANSWER_MAX: Duration = Duration::from_millis(500);

/// A copy that may be behind, and may be gone: nothing that is decided rests on it. It is no [`crate::Db`], and cannot become one.
#[derive(Clone, Debug)]
pub struct Replica {
    name: Arc<str>,
    engine: Arc<Engine>,
}

impl Replica {
    /// The replica at `url`. Nobody is asked yet: it need not be there.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the address cannot be read.
    pub fn at(url: &str) -> Result<Self> {
        let server = postgres::Server::at(url)?;
        let engine = apart(|| Engine::replica(&server))?;
        Ok(Self { name: server.name().into(), engine: Arc::new(engine) })
    }

    /// Its host and port.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `work` makes of what the replica has, all of whose statements see one state.
    ///
    /// # Errors
    /// What the replica failed at, whatever that was: another one may do better.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let late = |_| Error::Unreachable("no answer in time".to_owned());
        timeout(ANSWER_MAX, self.engine.attempt(work)).await.map_err(late)?
    }
}
