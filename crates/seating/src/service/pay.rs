//! What booking does with a hold, and with a show's seats.

use marquee_kernel::{BookingId, HoldId, SeatId, ShowId, UserId};

use super::Seating;
use super::hold::on_sale;
use crate::holds::EndedPayment;
use crate::model::{Attempt, BeginPayment, Hold, Outcome};
use crate::store::claims::Claim;
use crate::{Error, store};

impl Seating {
    /// Stops the hold's clock for a payment: until [`Seating::end_payment`] its seats stay held, also past its expiry. Or
    /// tells why it cannot begin.
    ///
    /// # Errors
    /// What the database says when the show has to be read from it.
    pub async fn begin_payment(
        &self,
        hold_id: HoldId,
        holder: UserId,
        attempt: Attempt,
    ) -> Result<Result<Hold, BeginPayment>, Error> {
        let located = match self.inner.holds.locate(hold_id, holder).await? {
            Ok(located) => located,
            Err(absent) => return Ok(Err(absent.into())),
        };
        let show = self.show(located.show_id).await?;
        let now = self.inner.parts.clock.now();
        let at = (now, on_sale(&show, now).is_ok());
        self.inner.holds.begin_payment(&located, (hold_id, holder), attempt, at).await
    }

    /// Ends the payment of `booking_id` for a hold of the show. Any other booking's end is none of this hold's business. It
    /// needs no hold store: one that does not answer is told later.
    pub async fn end_payment(&self, show_id: ShowId, hold_id: HoldId, booking_id: BookingId, outcome: Outcome) {
        let ended = EndedPayment { show_id, hold_id, booking_id, outcome };
        if self.inner.holds.end_payment(ended, self.inner.parts.clock.now()).await {
            self.seats_changed(show_id);
        }
    }

    /// As [`Seating::end_payment`], without waiting for the hold store.
    pub fn end_payment_soon(&self, show_id: ShowId, hold_id: HoldId, booking_id: BookingId, outcome: Outcome) {
        let ended = EndedPayment { show_id, hold_id, booking_id, outcome };
        if self.inner.holds.end_payment_soon(ended, self.inner.parts.clock.now()) {
            self.seats_changed(show_id);
        }
    }

    /// The claim of a hold's seats for a booking.
    #[must_use]
    pub fn claim_of(&self, hold: &Hold, booking_id: BookingId) -> Claim {
        self.claim(hold.show_id, booking_id, hold.seats.iter().map(|seat| seat.seat_id.clone()))
    }

    /// The claim of these seats of a show for a booking.
    #[must_use]
    pub fn claim(&self, show_id: ShowId, booking_id: BookingId, seats: impl Iterator<Item = SeatId>) -> Claim {
        #[cfg_attr(not(debug_assertions), expect(unused_mut, reason = "only a debug build breaks claims on purpose"))]
        let mut claim = Claim { show_id, booking_id, seats: seats.collect() };
        #[cfg(debug_assertions)]
        if self.inner.parts.settings.faults.skip_seat_guard {
            // Keys that cannot meet: the primary key no longer guards anything.
            for seat_id in &mut claim.seats {
                *seat_id = format!("{seat_id}#{booking_id}").as_str().into();
            }
        }
        claim
    }

    /// From now on no seat of the show can be claimed, whoever still believes that it is on sale.
    ///
    /// # Errors
    /// What the database says.
    pub async fn close_show(&self, show_id: ShowId) -> Result<(), Error> {
        let now = self.inner.parts.clock.now();
        Ok(self.inner.parts.shards.write(show_id, move |tx| store::close_show(tx, show_id, now)).await?)
    }
}
