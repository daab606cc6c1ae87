//! Finding what was sold by an id that names the shard it was made on.

use marquee_db::{Error, Result, Tx};
use marquee_kernel::Shard;

use crate::service::{MOVING_LOOKS_MAX, ShardDb, Shards};
use crate::store;

/// What a look at the shards came to.
enum Found<T> {
    Here(T),
    Nowhere,
    /// Not on any of them, and it may be on its way.
    NotYet,
}

impl Shards {
    /// Looks for one thing by an id that names the shard it was made on: there, and on the others too when shows have left that one.
    ///
    /// # Errors
    /// What a database says without which it cannot be known that there is nothing; [`Error::Unreachable`] while a show is on
    /// its way that may have it.
    pub async fn find<T: Send + 'static>(
        &self,
        named: Shard,
        look: impl Fn(&mut Tx<'_>) -> Result<Option<T>> + Clone + Send + 'static,
    ) -> Result<Option<T>> {
        if self.is_alone() {
            return self.home().db()?.read(look).await;
        }
        let mut clear = false;
        for _ in 0..MOVING_LOOKS_MAX {
            match self.find_once(named, look.clone()).await? {
                Found::Here(found) => return Ok(Some(found)),
                Found::Nowhere => return Ok(None),
                // Nothing was on its way, before the look that found nothing.
                Found::NotYet if clear => return Ok(None),
                Found::NotYet => clear = self.cargo().await? == 0,
            }
            if !clear {
                self.wait_for_move().await?;
            }
        }
        Err(Error::Unreachable("a show is being moved".to_owned()))
    }

    async fn find_once<T: Send + 'static>(
        &self,
        named: Shard,
        look: impl Fn(&mut Tx<'_>) -> Result<Option<T>> + Clone + Send + 'static,
    ) -> Result<Found<T>> {
        let (named, mut fault) = (self.named(named), None);
        if let Some(one) = named {
            let look = look.clone();
            let look = move |tx: &mut Tx<'_>| match look(tx)? {
                Some(found) => Ok((Some(found), false)),
                None => Ok::<_, Error>((None, store::has_departures(tx)?)),
            };
            match read(one, look).await {
                Ok((Some(found), _)) => return Ok(Found::Here(found)),
                Ok((None, false)) => return Ok(Found::Nowhere),
                Ok((None, true)) => {}
                Err(error) => fault = Some(error),
            }
        }
        for one in self.all().iter().filter(|one| named.is_none_or(|named| named.at() != one.at())) {
            match read(one, look.clone()).await {
                Ok(Some(found)) => return Ok(Found::Here(found)),
                Ok(None) => {}
                Err(error) => fault = Some(error),
            }
        }
        fault = fault.or(self.has_all().err());
        fault.map_or(Ok(Found::NotYet), Err)
    }

    /// Moves that have begun and not arrived, on all shards.
    ///
    /// # Errors
    /// What a database says.
    pub async fn cargo(&self) -> Result<u32> {
        let mut cargo = 0;
        for one in self.all() {
            cargo += read(one, store::count_under_way).await?;
        }
        Ok(cargo)
    }
}

async fn read<T: Send + 'static>(
    one: &ShardDb,
    look: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    one.db()?.read(look).await
}
