//! Seats that the staff keep from sale.

use marquee_bus::{Actor, Event};
use marquee_db::Tx;
use marquee_kernel::{Page, PageRequest, SeatId, ShowId, UserId};
use serde_json::{Value, json};

use super::Seating;
use super::hold::names;
use crate::model::{SeatPicks, Why};
use crate::{BLOCKED_LIST, Error, store};

/// Seats blocked, or given back, by one call.
pub(crate) const BLOCKED_SEATS_MAX: usize = 1_000;

impl Seating {
    /// Keeps seats from sale, all of them or none; one that is blocked already gets the new reason. A hold on one of them
    /// loses it when it comes to be claimed.
    ///
    /// # Errors
    /// [`Error::Picks`]; [`Error::SeatsUnavailable`] naming the seats that are sold, or about to be.
    pub async fn block_seats(
        &self,
        show_id: ShowId,
        seats: &[SeatId],
        why: Why,
        by: UserId,
    ) -> Result<Vec<SeatId>, Error> {
        let seats = self.picked(show_id, seats).await?;
        let (wanted, journal) = (seats.clone(), self.inner.parts.journal.clone());
        let block = move |tx: &mut Tx<'_>| {
            let (blocked, sold) = store::block(tx, show_id, &wanted, &why)?;
            if !sold.is_empty() {
                return Err(Error::SeatsUnavailable(sold));
            }
            if !blocked.is_empty() {
                let payload = json!({ "seats": blocked, "reason": why.reason, "note": why.note });
                journal.append(tx, &[event("SeatsBlocked", show_id, by, payload)])?;
            }
            Ok(())
        };
        self.inner.parts.shards.write(show_id, block).await?;
        self.changed(show_id).await?;
        Ok(seats)
    }

    /// Gives blocked seats back to sale; those that are not blocked are left alone. The seats that were.
    ///
    /// # Errors
    /// [`Error::Picks`].
    pub async fn unblock_seats(&self, show_id: ShowId, seats: &[SeatId], by: UserId) -> Result<Vec<SeatId>, Error> {
        let (seats, journal) = (self.picked(show_id, seats).await?, self.inner.parts.journal.clone());
        let unblock = move |tx: &mut Tx<'_>| {
            let unblocked = store::unblock(tx, show_id, &seats)?;
            if !unblocked.is_empty() {
                journal.append(tx, &[event("SeatsUnblocked", show_id, by, json!({ "seats": unblocked }))])?;
            }
            Ok::<_, Error>(unblocked)
        };
        let unblocked = self.inner.parts.shards.write(show_id, unblock).await?;
        self.changed(show_id).await?;
        Ok(unblocked)
    }

    /// Seats kept from sale and why, by their ids.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn blocked_seats(
        &self,
        show_id: ShowId,
        PageRequest { limit, after }: PageRequest<SeatId>,
    ) -> Result<Page<(SeatId, Why)>, Error> {
        let after = after.unwrap_or_else(|| SeatId::from(""));
        let read = move |tx: &mut Tx<'_>| store::blocked_after(tx, show_id, &after, limit + 1).map_err(Error::from);
        let blocked = self.inner.parts.shards.read(show_id, read).await?;
        Ok(Page::cut(blocked, limit, BLOCKED_LIST, |(seat_id, _)| seat_id.clone()))
    }

    async fn picked(&self, show_id: ShowId, seats: &[SeatId]) -> Result<Vec<SeatId>, Error> {
        let show = self.seats(show_id).await?.show();
        let picks = SeatPicks::new(&show, seats, BLOCKED_SEATS_MAX).map_err(Error::Picks)?;
        Ok(names(&show, picks.places()))
    }

    async fn changed(&self, show_id: ShowId) -> Result<(), Error> {
        self.inner.parts.shards.of(show_id).await?.wake();
        self.reload(show_id).await
    }
}

fn event(kind: &'static str, show_id: ShowId, by: UserId, payload: Value) -> Event {
    Event { kind, actor: Actor::User(by), show_id: Some(show_id), subject: show_id.to_string(), payload }
}
