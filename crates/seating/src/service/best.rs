//! Finding seats for a party.

use marquee_kernel::{SeatId, ShowId};

use super::Seating;
use crate::Error;
use crate::model::{SeatStatus, Wish, best_seats};

impl Seating {
    /// The best free seats of a show for a party, and the version of the seat map that they are free in.
    ///
    /// # Errors
    /// [`Error::NotOnSale`], [`Error::TooFewSeats`]; what the database says.
    pub(crate) async fn best_seats(&self, show_id: ShowId, wish: Wish<'_>) -> Result<(u64, Vec<SeatId>), Error> {
        let glance = self.seats(show_id).await?.glance();
        if !glance.show.on_sale(self.inner.parts.clock.now()) {
            return Err(Error::NotOnSale);
        }
        let open: Vec<bool> = glance.statuses.iter().map(|status| *status == SeatStatus::Available).collect();
        let seats = &glance.show.layout.seats;
        let places = best_seats(seats, &open, wish).ok_or(Error::TooFewSeats)?;
        let found = places.iter().filter_map(|place| seats.get(usize::from(*place)));
        Ok((glance.version, found.map(|seat| seat.seat_id.clone()).collect()))
    }
}
