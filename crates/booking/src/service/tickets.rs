//! The tickets of a booking as pictures, and the keys that prove them.

use std::sync::Arc;

use marquee_catalog::Show;
use marquee_http::Caller;
use marquee_kernel::BookingId;
use marquee_tickets::{PublicKey, Sheet, SheetTicket, Standing, pdf, reference, svg};
use tracing::error;

use super::Booking;
use crate::error::{Error, Result};
use crate::model::{Sale, Status};
use crate::view::BookingView;

/// Tickets, drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its name without an ending: the booking's reference.
    pub name: String,
}

impl Booking {
    /// The tickets of a confirmed booking as one SVG document.
    ///
    /// # Errors
    /// [`Error::BookingNotFound`], also when it was not sold; [`Error::BookingPending`].
    pub async fn tickets_svg(&self, caller: &Caller, booking_id: BookingId) -> Result<Picture> {
        self.draw(caller, booking_id, |sheet| Ok(svg::render(sheet).into_bytes())).await
    }

    /// The tickets of a confirmed booking as a PDF document, one page each.
    ///
    /// # Errors
    /// As [`Booking::tickets_svg`].
    pub async fn tickets_pdf(&self, caller: &Caller, booking_id: BookingId) -> Result<Picture> {
        self.draw(caller, booking_id, |sheet| Ok(pdf::render(sheet)?)).await
    }

    /// The public keys that verify tickets, the one that signs first.
    pub fn ticket_keys(&self) -> impl Iterator<Item = PublicKey> + '_ {
        self.inner.keys.public_keys()
    }

    async fn draw(
        &self,
        caller: &Caller,
        booking_id: BookingId,
        render: impl FnOnce(&Sheet) -> Result<Vec<u8>> + Send + 'static,
    ) -> Result<Picture> {
        let sale = self.find_sold(caller, booking_id).await?;
        let show = self.inner.parts.seating.show(sale.show_id).await?;
        let sheet = self.sheet(&sale, &show);
        let name = reference::display(&sheet.reference);
        // Fonts and compression take milliseconds: not on the threads that serve everybody.
        let drawn = tokio::task::spawn_blocking(move || render(&sheet)).await.map_err(|broken| {
            error!(error = %broken, "ticket drawing broke off");
            Error::Interrupted
        })?;
        Ok(Picture { bytes: drawn?, name })
    }

    /// The record of a booking that admits somebody.
    pub(super) async fn find_sold(&self, caller: &Caller, booking_id: BookingId) -> Result<Sale> {
        let sale = self.find_for(caller, booking_id).await?;
        match sale.status {
            Status::Confirmed => Ok(sale),
            Status::Pending => Err(Error::BookingPending),
            Status::Failed | Status::Cancelled => Err(Error::BookingNotFound),
        }
    }

    fn sheet(&self, sale: &Sale, show: &Arc<Show>) -> Sheet {
        let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
        let view = BookingView::at(sale, sale.status, &self.inner.keys, None);
        let tickets = sale.seats.iter().zip(view.tickets).map(|(seat, ticket)| SheetTicket {
            ticket_id: seat.ticket_id,
            seat_label: seat.label.to_string(),
            category: seat.category.to_string(),
            price: seat.price,
            token: ticket.token,
        });
        Sheet {
            movie_title: show.movie_title.to_string(),
            certificate: show.certificate.as_deref().map(str::to_owned),
            cinema_name: show.cinema_name.to_string(),
            cinema_address: text(&show.cinema_address),
            screen_name: show.screen_name.to_string(),
            language: text(&show.language),
            format: text(&show.format),
            starts_at: show.start_time,
            timezone: show.timezone.to_string(),
            reference: reference::reference_of(sale.booking_id),
            tickets: tickets.collect(),
            standing: Standing::Valid,
        }
    }
}
