//! Seats that the staff keep from sale.

use marquee_bus::{Actor, Event};
use marquee_kernel::{SeatId, ShowId, UserId};
use serde_json::json;

use super::Seating;
use super::hold::names;
use crate::model::SeatPicks;
use crate::{Error, store};

/// Seats blocked by one call.
pub(crate) const BLOCKED_SEATS_MAX: usize = 1_000;

impl Seating {
    /// Keeps seats from sale, all of them or none. A hold on one of them loses it when it comes to be claimed.
    ///
    /// # Errors
    /// [`Error::Picks`]; [`Error::SeatsUnavailable`] naming the seats that are sold, or about to be.
    pub async fn block_seats(&self, show_id: ShowId, seats: &[SeatId], by: UserId) -> Result<Vec<SeatId>, Error> {
        let show = self.seats(show_id).await?.show();
        let picks = SeatPicks::new(&show, seats, BLOCKED_SEATS_MAX).map_err(Error::Picks)?;
        let (seats, journal) = (names(&show, picks.places()), self.inner.parts.journal.clone());
        let wanted = seats.clone();
        self.inner
            .parts
            .shards
            .write(show_id, move |tx| {
                let (blocked, sold) = store::block(tx, show_id, &wanted)?;
                if !sold.is_empty() {
                    return Err(Error::SeatsUnavailable(sold));
                }
                if !blocked.is_empty() {
                    journal.append(tx, &[event("SeatsBlocked", show_id, by, &blocked)])?;
                }
                Ok(())
            })
            .await?;
        self.inner.parts.shards.of(show_id).await?.wake();
        self.reload(show_id).await?;
        Ok(seats)
    }

    /// Gives a blocked seat back to sale; one that is not blocked is left alone.
    ///
    /// # Errors
    /// [`Error::SeatNotFound`].
    pub async fn unblock_seat(&self, show_id: ShowId, seat_id: SeatId, by: UserId) -> Result<(), Error> {
        let show = self.seats(show_id).await?.show();
        if show.layout.seat(seat_id.as_str()).is_none() {
            return Err(Error::SeatNotFound);
        }
        let journal = self.inner.parts.journal.clone();
        let unblock = move |tx: &mut marquee_db::Tx<'_>| {
            if store::unblock(tx, show_id, &seat_id)? {
                journal.append(tx, &[event("SeatsUnblocked", show_id, by, &[seat_id])])?;
            }
            Ok::<_, Error>(())
        };
        self.inner.parts.shards.write(show_id, unblock).await?;
        self.inner.parts.shards.of(show_id).await?.wake();
        self.reload(show_id).await
    }
}

fn event(kind: &'static str, show_id: ShowId, by: UserId, seats: &[SeatId]) -> Event {
    Event {
        kind,
        actor: Actor::User(by),
        show_id: Some(show_id),
        subject: show_id.to_string(),
        payload: json!({ "seats": seats }),
    }
}
