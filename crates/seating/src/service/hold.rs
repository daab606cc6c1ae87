//! Placing, reading, extending and releasing holds.

use std::sync::Arc;

use marquee_catalog::Show;
use marquee_kernel::{HoldId, Money, SeatId, Shard, ShowId, Timestamp, UserId};

use super::Seating;
use crate::Error;
use crate::holds::Absent;
use crate::model::{HeldSeat, Hold, Refusal, SeatPicks, Standing};

/// Who asks for a hold, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    /// For whom.
    pub holder: UserId,
    /// Who asks.
    pub placed_by: UserId,
}

impl Seating {
    /// Takes `seats` until the hold's expiry: all of them, or none.
    ///
    /// # Errors
    /// [`Error::Picks`], [`Error::NotOnSale`], [`Error::HoldLimit`], [`Error::OverBudget`], and
    /// [`Error::SeatsUnavailable`] naming every seat that is not free.
    pub async fn place_hold(&self, show_id: ShowId, party: Party, seats: &[SeatId]) -> Result<Hold, Error> {
        let settings = &self.inner.parts.settings;
        // Brought up to date with the catalogue's show, so this is that.
        let house = self.seats(show_id).await?;
        let show = house.show();
        let picks = SeatPicks::new(&show, seats, settings.seats_per_hold_max as usize).map_err(Error::Picks)?;
        let now = self.inner.parts.clock.now();
        on_sale(&show, now)?;
        let shard = self.inner.parts.shards.of(show_id).await?.shard();
        let standing = self.standing(&show, (party, shard), &picks, now);
        match self.inner.holds.place(&house, standing, now).await? {
            Ok(hold) => {
                self.inner.tally.count(show.cinema_id, now);
                Ok(hold)
            }
            Err(Refusal::HoldLimit { held }) => Err(Error::HoldLimit { held, max: settings.held_seats_per_show_max }),
            Err(Refusal::OverBudget { retry_after_s }) => Err(Error::OverBudget { retry_after_s }),
            Err(Refusal::Taken(places)) => Err(Error::SeatsUnavailable(names(&show, &places))),
            Err(Refusal::ShowCancelled) => Err(Error::NotOnSale),
        }
    }

    fn standing(
        &self,
        show: &Arc<Show>,
        (party, shard): (Party, Shard),
        picks: &SeatPicks,
        now: Timestamp,
    ) -> Standing {
        let (clock, rng) = (&self.inner.parts.clock, &self.inner.parts.rng);
        let seats = picks.places().iter().filter_map(|place| show.layout.seats.get(usize::from(*place)));
        let seats: Vec<HeldSeat> = seats
            .map(|seat| HeldSeat {
                seat_id: seat.seat_id.clone(),
                label: seat.label.clone(),
                category: seat.category.clone(),
                price: show.price_of(seat),
            })
            .collect();
        let hold = Hold {
            hold_id: HoldId::mint_on(shard, clock, rng),
            show_id: show.show_id,
            user_id: party.holder,
            total: total(show, &seats),
            seats,
            expiry: self.inner.holds.rules().expiry(now, now),
        };
        let places = picks.places().into();
        Standing { hold, placed_by: party.placed_by, placed_at: now, places, paying: None }
    }

    /// The live hold of `user_id`, as far as its house has heard: a cancellation that was just answered it may not have.
    ///
    /// # Errors
    /// [`Error::HoldExpired`] when it lapsed, or its show was cancelled; [`Error::HoldNotFound`] when it is unknown, ended or
    /// somebody else's; [`Error::HoldStoreDown`].
    pub async fn hold(&self, hold_id: HoldId, user_id: UserId) -> Result<Hold, Error> {
        self.find_hold(hold_id, user_id).await?.map_err(|absent| match absent {
            Absent::Unknown => Error::HoldNotFound,
            Absent::Lapsed | Absent::ShowCancelled => Error::HoldExpired,
        })
    }

    async fn find_hold(&self, hold_id: HoldId, user_id: UserId) -> Result<Result<Hold, Absent>, Error> {
        match self.inner.holds.locate(hold_id, user_id).await? {
            Ok(located) => self.inner.holds.hold(&located, (hold_id, user_id), self.inner.parts.clock.now()).await,
            Err(absent) => Ok(Err(absent)),
        }
    }

    /// As [`Seating::hold`], after its house has heard all that the catalogue has answered.
    pub(crate) async fn hold_by_now(&self, hold_id: HoldId, user_id: UserId) -> Result<Hold, Error> {
        if let Ok(located) = self.inner.holds.locate(hold_id, user_id).await? {
            self.seats(located.show_id).await?;
        }
        self.hold(hold_id, user_id).await
    }

    /// Moves the hold's expiry on, never past the longest hold.
    ///
    /// # Errors
    /// [`Error::HoldExpired`], [`Error::HoldNotFound`], [`Error::NotOnSale`], [`Error::HoldStoreDown`]; what the database says
    /// when the show has to be read from it.
    pub async fn extend_hold(&self, hold_id: HoldId, user_id: UserId) -> Result<Hold, Error> {
        let (holds, clock) = (&self.inner.holds, &self.inner.parts.clock);
        let located = holds.locate(hold_id, user_id).await??;
        let show = self.show(located.show_id).await?;
        let now = clock.now();
        let hold = (hold_id, user_id);
        if let Err(closed) = on_sale(&show, now) {
            // What is no hold any more is told so first.
            holds.hold(&located, hold, now).await??;
            return Err(closed);
        }
        Ok(holds.extend(&located, hold, now).await??)
    }

    /// Ends a live hold of `user_id` that nobody is paying for. Anything else is left alone.
    ///
    /// # Errors
    /// [`Error::HoldStoreDown`].
    pub async fn release_hold(&self, hold_id: HoldId, user_id: UserId) -> Result<(), Error> {
        self.inner.holds.release(hold_id, user_id, self.inner.parts.clock.now()).await
    }
}

impl From<Absent> for Error {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Unknown => Error::HoldNotFound,
            Absent::Lapsed => Error::HoldExpired,
            Absent::ShowCancelled => Error::NotOnSale,
        }
    }
}

/// Whether seats of the show can be had at `now`: one rule for holding, extending and paying.
///
/// Ask with the show that the catalogue has at this moment. The one that the seats in memory are shown with is renewed only
/// when they are looked at: it may be on sale although the show's cancellation has been answered.
pub(super) fn on_sale(show: &Show, now: Timestamp) -> Result<(), Error> {
    if show.on_sale(now) { Ok(()) } else { Err(Error::NotOnSale) }
}

pub(super) fn names(show: &Show, places: &[u16]) -> Vec<SeatId> {
    let seats = places.iter().filter_map(|place| show.layout.seats.get(usize::from(*place)));
    seats.map(|seat| seat.seat_id.clone()).collect()
}

fn total(show: &Show, seats: &[HeldSeat]) -> Money {
    // One price list is of one currency, and its amounts are far from an overflow.
    let amount = seats.iter().map(|seat| seat.price.amount).sum();
    Money::new(amount, show.prices.currency())
}
