//! What an operator asks of the shards.

use jiff::SignedDuration;
use marquee_db::{Error, Result};
use marquee_kernel::{Shard, ShowId, Timestamp};

use crate::model::WRITTEN_AHEAD_S;
use crate::service::Shards;
use crate::store;

/// A shard, as an operator sees it.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its number.
    pub shard: Shard,
    /// Where it is.
    pub place: String,
    /// It takes the shows that are born from then on; none while it has not joined.
    pub joined_at: Option<Timestamp>,
    /// And none that are born from then on.
    pub drained_at: Option<Timestamp>,
    /// Shows that were moved to it.
    pub moved_in: usize,
    /// And none of those that are born until then.
    pub paused_until: Option<Timestamp>,
    /// Shows that have left it and not arrived.
    pub under_way: Vec<OnItsWay>,
    /// What is wrong with it; none when it answers.
    pub fault: Option<String>,
}

/// A show that has left a shard and not arrived at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnItsWay {
    /// The show.
    pub show_id: ShowId,
    /// Where it goes.
    pub to: Shard,
    /// When that began.
    pub since: Timestamp,
}

impl Shards {
    /// Every shard of the directory, whether or not this node has its address.
    ///
    /// # Errors
    /// What the home database says.
    pub async fn status(&self) -> Result<Vec<Status>> {
        self.refresh().await?;
        let entries = self.home().db()?.read(store::entries).await?;
        let mut all = Vec::new();
        for entry in entries {
            let asked = match self.named(entry.shard) {
                None => Err(Error::Cluster("its address is not among MARQUEE_DATABASE_URL".to_owned())),
                Some(one) => match one.db() {
                    Ok(db) => db.read(store::all_under_way).await,
                    Err(error) => Err(error),
                },
            };
            let (under_way, fault) = match asked {
                Ok(under_way) => (under_way, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            let on_its_way = |(show_id, to, since)| OnItsWay { show_id, to, since };
            all.push(Status {
                shard: entry.shard,
                place: entry.place,
                joined_at: entry.joined_at,
                drained_at: entry.drained_at,
                moved_in: self.directory().moved_to(entry.shard),
                paused_until: entry.pauses.iter().map(|pause| pause.until).max(),
                under_way: under_way.into_iter().map(on_its_way).collect(),
                fault,
            });
        }
        Ok(all)
    }

    /// From a moment on no new show goes to the shard: when every node knows. The moment.
    ///
    /// # Errors
    /// [`Error::Cluster`] when there is no such shard, or no other that takes shows; what the home database says.
    pub async fn close_to_new_shows(&self, shard: Shard) -> Result<Timestamp> {
        self.refresh().await?;
        let (directory, now) = (self.directory(), self.inner.clock.now());
        let (mut known, mut others) = (false, false);
        for member in directory.members() {
            known |= member.shard == shard;
            others |= member.shard != shard && member.drained_at.is_none() && member.joined_at <= now;
        }
        if !known {
            return Err(Error::Cluster(format!("there is no shard {shard}")));
        }
        if !others {
            return Err(Error::Cluster(format!("no other shard than {shard} takes shows: add one first")));
        }
        let at = now.checked_add(SignedDuration::from_secs(WRITTEN_AHEAD_S)).unwrap_or(Timestamp::MAX);
        self.home().db()?.write(move |tx| store::drain(tx, shard, at)).await?;
        self.refresh().await?;
        let directory = self.directory();
        let drained_at = directory.members().iter().find(|member| member.shard == shard).and_then(|m| m.drained_at);
        Ok(drained_at.unwrap_or(at))
    }

    /// A shard that was drained takes new shows again, from a moment on: when every node knows. The moment.
    ///
    /// # Errors
    /// [`Error::Cluster`] when there is no such shard, or it was not drained; what the databases say.
    pub async fn open_to_new_shows(&self, shard: Shard) -> Result<Timestamp> {
        let one = self.named(shard).ok_or_else(|| Error::Cluster(format!("there is no shard {shard}")))?;
        one.db()?.probe().await?;
        let now = self.inner.clock.now();
        let at = now.checked_add(SignedDuration::from_secs(WRITTEN_AHEAD_S)).unwrap_or(Timestamp::MAX);
        if !self.home().db()?.write(move |tx| store::reopen(tx, shard, at)).await? {
            return Err(Error::Cluster(format!("shard {shard} was not drained")));
        }
        self.refresh().await?;
        Ok(at)
    }

    /// The time that the shards go by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Whether a show lives on that shard.
    #[must_use]
    pub fn lives_on(&self, show_id: ShowId, shard: Shard) -> bool {
        self.is_alone() || self.directory().shard_of(show_id) == Some(shard)
    }

    /// Where a show goes when its shard is emptied.
    #[must_use]
    pub fn refuge_of(&self, show_id: ShowId) -> Option<Shard> {
        self.directory().refuge(show_id, self.inner.clock.now())
    }
}
