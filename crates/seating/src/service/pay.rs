//! What booking does with a hold, and with a show's seats.

use marquee_kernel::{BookingId, HoldId, ShowId, UserId};

use super::Seating;
use super::hold::on_sale;
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
        let Some(show_id) = self.inner.holds.show_of(hold_id) else {
            return Ok(Err(self.inner.holds.absence(hold_id, holder).into()));
        };
        let show = self.show(show_id).await?;
        let now = self.inner.parts.clock.now();
        Ok(self.inner.holds.begin_payment((hold_id, holder), attempt, now, on_sale(&show, now).is_ok()))
    }

    /// Ends the payment of `booking_id`. Any other booking's end is none of this hold's business.
    pub fn end_payment(&self, hold_id: HoldId, booking_id: BookingId, outcome: Outcome) {
        let now = self.inner.parts.clock.now();
        let show_id = self.inner.holds.end_payment(hold_id, booking_id, outcome, now);
        if let (Some(show_id), Outcome::Failed) = (show_id, outcome) {
            self.seats_changed(show_id);
        }
    }

    /// The claim of a hold's seats for a booking.
    #[must_use]
    pub fn claim_of(&self, hold: &Hold, booking_id: BookingId) -> Claim {
        let seats = hold.seats.iter().map(|seat| seat.seat_id.clone()).collect();
        #[cfg_attr(not(debug_assertions), expect(unused_mut, reason = "only a debug build breaks claims on purpose"))]
        let mut claim = Claim { show_id: hold.show_id, booking_id, seats };
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
        Ok(self.inner.parts.db.write(move |tx| store::close_show(tx, show_id, now)).await?)
    }
}
