//! The way back of a show whose move does not arrive.

use std::sync::Arc;

use marquee_db::{Error, Result, Tx};
use marquee_kernel::{Shard, ShowId};

use crate::moving::{Portion, event, unload};
use crate::service::{ShardDb, Shards};
use crate::store::{self, UnderWay};

impl Shards {
    /// Gives up the move of a show that is on its way: it is sold again where it was. One that has arrived after all stays where it
    /// went. Where it is now.
    ///
    /// # Errors
    /// [`Error::Cluster`] when the show is not on its way; what the databases say: the one that it was to go to must answer, so
    /// that the show cannot arrive there later.
    pub async fn return_show(&self, show_id: ShowId, portions: &'static [Portion]) -> Result<Shard> {
        let (from, under_way) = self.on_its_way(show_id).await?;
        let (move_id, to) = (under_way.move_id, under_way.to);
        let target = self.named(to).ok_or_else(|| Error::Cluster(format!("there is no shard {to}")))?;
        // Before anything is taken back: who is about to deliver it must be refused.
        target.db()?.write(move |tx| store::refuse(tx, move_id)).await?;
        self.deliver(from, under_way, portions).await?;
        Ok(self.of(show_id).await?.shard())
    }

    async fn on_its_way(&self, show_id: ShowId) -> Result<(&ShardDb, UnderWay)> {
        for from in self.all() {
            // One that does not answer cannot take anything back either.
            let Ok(db) = from.db() else { continue };
            if let Some(under_way) = db.read(move |tx| store::under_way_of(tx, show_id)).await? {
                return Ok((from, under_way));
            }
        }
        Err(Error::Cluster(format!("show {show_id} is not on its way")))
    }

    /// Takes up what a move that was given up has put down, unless somebody has.
    pub(crate) async fn take_back(
        &self,
        from: &ShardDb,
        under_way: Arc<UnderWay>,
        portions: &'static [Portion],
    ) -> Result<()> {
        let (journal, stays) = (self.inner.journal.clone(), from.shard());
        let returning = move |tx: &mut Tx<'_>| {
            let UnderWay { show_id, move_id, cargo, .. } = &*under_way;
            if store::take_up(tx, *show_id, *move_id)? {
                unload(tx, cargo, portions)?;
                journal.append(tx, &[event("ShowArrived", *show_id, stays, stays)])?;
            }
            Ok::<_, Error>(())
        };
        from.db()?.write(returning).await?;
        from.wake();
        Ok(())
    }
}
