//! What is kept of a guest: all of it as a document, and its end.

use marquee_kernel::{BookingId, LIMIT_MAX, PageRequest, UserId, decode_cursor};

use super::Booking;
use crate::error::{Error, Result};
use crate::model::{BOOKING_LIST, Status};
use crate::store;
use crate::view::{BookingView, ExportView};

impl Booking {
    /// All that is kept of a guest.
    ///
    /// # Errors
    /// What the accounts and the databases say.
    pub async fn export(&self, user_id: UserId) -> Result<ExportView> {
        let account = self.accounts().personal_data(user_id).await?;
        let bookings = self.all_of(user_id).await?;
        Ok(ExportView { exported_at: self.now(), account, bookings })
    }

    /// Erases a guest: nothing of theirs is still to come, and what was stays in the books of nobody.
    ///
    /// # Errors
    /// [`Error::BookingsOpen`] naming those of shows to come; what the accounts and the databases say.
    pub async fn erase(&self, user_id: UserId) -> Result<()> {
        let open = self.open_of(user_id).await?;
        if !open.is_empty() {
            return Err(Error::BookingsOpen(open));
        }
        // Before the account: while there is one, what broke off can be done again.
        for shard in self.shards().all() {
            shard.db()?.write(move |tx| store::erase_guest(tx, user_id)).await?;
        }
        Ok(self.accounts().erase(user_id).await?)
    }

    /// Bookings that are not settled, and those of shows that have not begun.
    async fn open_of(&self, user_id: UserId) -> Result<Vec<BookingId>> {
        let mut open = Vec::new();
        for booking in self.all_of(user_id).await? {
            let is_open = match booking.status {
                Status::Pending => true,
                Status::Confirmed => self.inner.parts.seating.show(booking.show_id).await?.start_time > self.now(),
                Status::Failed | Status::Cancelled => false,
            };
            if is_open {
                open.push(booking.booking_id);
            }
        }
        Ok(open)
    }

    async fn all_of(&self, user_id: UserId) -> Result<Vec<BookingView>> {
        let (mut bookings, mut after) = (Vec::new(), None);
        loop {
            let page = self.of_user(user_id, PageRequest { limit: LIMIT_MAX, after }).await?;
            bookings.extend(page.items);
            after = page.next_cursor.and_then(|cursor| decode_cursor::<BookingId>(BOOKING_LIST, &cursor).ok());
            if after.is_none() {
                return Ok(bookings);
            }
        }
    }
}
