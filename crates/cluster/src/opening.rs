//! Which shard each database is: it says so itself, and one that is new is given a number.

use jiff::SignedDuration;
use marquee_db::{Db, Error, Result, Tx};
use marquee_kernel::{Clock, Shard, Timestamp};
use tracing::{info, warn};
use uuid::Uuid;

use crate::model::WRITTEN_AHEAD_S;
use crate::service::Shows;
use crate::store;

/// Finds out which shard each database is.
pub(crate) struct Opening {
    pub(crate) home: Db,
    pub(crate) clock: Clock,
    pub(crate) cluster: Uuid,
    pub(crate) shows: Shows,
}

impl Opening {
    pub(crate) async fn settle_home(&mut self, place: &str, new: Uuid) -> Result<()> {
        let (place, shows) = (place.to_owned(), self.shows);
        // Where another node may be at work there may be shows by the time that a shard joins.
        let settled = self.home.write(move |tx| match store::identity(tx)? {
            Some((shard, cluster)) if shard == Shard::default() => Ok((cluster, Shows::Some)),
            Some((shard, _)) => Err(Error::Cluster(format!("{place} is shard {shard}: name the home database first"))),
            None => {
                store::identify(tx, Shard::default(), new)?;
                store::add_shard(tx, Shard::default(), &place, Some(Timestamp::UNIX_EPOCH))?;
                Ok((new, shows))
            }
        });
        (self.cluster, self.shows) = settled.await?;
        Ok(())
    }

    /// The shard at a place, and its database if it answers.
    pub(crate) async fn settle(&self, place: &str, connected: Result<Db>) -> Result<(Shard, Option<Db>)> {
        let db = match connected {
            Ok(db) => db,
            Err(Error::Unreachable(why)) => {
                let entries = self.home.read(store::entries).await?;
                let known = entries.iter().find(|entry| entry.place == place && entry.joined_at.is_some());
                let stranger = || Error::Unreachable(format!("{place} never joined as a shard, and: {why}"));
                let shard = known.ok_or_else(stranger)?.shard;
                warn!(shard = shard.number(), place, "shard does not answer, its shows are not sold");
                return Ok((shard, None));
            }
            Err(other) => return Err(other),
        };
        let shard = match db.read(store::identity).await? {
            Some((shard, cluster)) if cluster == self.cluster => shard,
            Some(_) => return Err(Error::Cluster(format!("{place} belongs to another Marquee"))),
            None => self.take_in(place, &db).await?,
        };
        let (ahead, place) = (SignedDuration::from_secs(WRITTEN_AHEAD_S), place.to_owned());
        let joined_at = match self.shows {
            Shows::None => Timestamp::UNIX_EPOCH,
            Shows::Some => self.clock.now().checked_add(ahead).unwrap_or(Timestamp::MAX),
        };
        let note = move |tx: &mut Tx<'_>| {
            store::set_place(tx, shard, &place)?;
            store::join(tx, shard, joined_at)
        };
        self.home.write(note).await?;
        Ok((shard, Some(db)))
    }

    /// Gives a database a number, which it keeps. Several nodes may be at it: the first one's word stands.
    async fn take_in(&self, place: &str, db: &Db) -> Result<Shard> {
        let (cluster, to_find) = (self.cluster, place.to_owned());
        let number = self.home.write(move |tx| {
            let entries = store::entries(tx)?;
            if let Some(begun) = entries.iter().find(|entry| entry.place == to_find) {
                return Ok::<_, Error>((begun.shard, begun.joined_at.is_some()));
            }
            let next = entries.iter().map(|entry| entry.shard.number()).max().map_or(0, |last| last + 1);
            let next = Shard::new(next)
                .ok_or_else(|| Error::Cluster("there are as many shards as there can be".to_owned()))?;
            store::add_shard(tx, next, &to_find, None)?;
            Ok((next, false))
        });
        let (number, has_joined) = number.await?;
        let place = place.to_owned();
        let identified = db.write(move |tx| match store::identity(tx)? {
            Some(found) if found == (number, cluster) => Ok(()),
            Some(_) => Err(Error::Cluster(format!("{place} belongs to another Marquee"))),
            // It had a name before it joined: this is another one, or what it had is lost.
            None if has_joined => Err(Error::Cluster(format!("{place} was shard {number} and is empty: restore it"))),
            None => store::identify(tx, number, cluster),
        });
        identified.await?;
        info!(shard = number.number(), "shard joins");
        Ok(number)
    }
}
