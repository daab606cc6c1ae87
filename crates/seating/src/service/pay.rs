//! What booking does with a hold, and with a show's seats.

use marquee_kernel::{BookingId, HoldId, ShowId, UserId};

use super::Seating;
use crate::model::{Attempt, BeginPayment, Hold, Outcome};
use crate::store::claims::Claim;
use crate::{Error, store};

impl Seating {
    /// Stops the hold's clock for a payment: until [`Seating::end_payment`] its seats stay held, also past its expiry.
    ///
    /// # Errors
    /// See [`BeginPayment`].
    pub fn begin_payment(&self, hold_id: HoldId, holder: UserId, attempt: Attempt) -> Result<Hold, BeginPayment> {
        let now = self.inner.parts.clock.now();
        self.inner.holds.begin_payment((hold_id, holder), attempt, now, |seats| {
            let show = self.inner.parts.catalog.cached_show(seats.show_id());
            show.unwrap_or_else(|| seats.show()).on_sale(now)
        })
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
