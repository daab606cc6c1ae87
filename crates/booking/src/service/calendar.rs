//! A booking as a calendar keeps it.

use marquee_http::Caller;
use marquee_kernel::BookingId;
use marquee_tickets::{calendar, reference};

use super::Booking;
use super::tickets::Picture;
use crate::error::Result;

impl Booking {
    /// A confirmed booking as a calendar file.
    ///
    /// # Errors
    /// As [`Booking::tickets_svg`].
    pub async fn calendar(&self, caller: &Caller, booking_id: BookingId) -> Result<Picture> {
        let sale = self.find_sold(caller, booking_id).await?;
        let show = self.inner.parts.seating.show(sale.show_id).await?;
        let name = reference::display(&reference::reference_of(booking_id));
        let seats: Vec<&str> = sale.seats.iter().map(|seat| &*seat.label).collect();
        let place = [Some(&*show.cinema_name), show.cinema_address.as_deref(), Some(&*show.screen_name)];
        let visit = calendar::Visit {
            booking_id,
            booked_at: sale.created_at,
            revision: show.revision,
            starts_at: show.start_time,
            ends_at: show.end_time,
            title: show.movie_title.to_string(),
            place: place.into_iter().flatten().collect::<Vec<_>>().join(", "),
            notes: vec![format!("Seats: {}", seats.join(", ")), format!("Booking: {name}")],
        };
        Ok(Picture { bytes: calendar::render(&visit).into_bytes(), name })
    }
}
