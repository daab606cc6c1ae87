//! A cancelled show gives every booking back, exactly once each.

use std::time::Duration;

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::{BookingId, CinemaId, ShowId};
use marquee_payments::RefundReason;
use marquee_seating::claims::{self, Standing};
use tracing::info;

use super::cancel::GiveBack;
use super::{Booking, meters};
use crate::error::{Error, Result};
use crate::model::Status;
use crate::store;
use crate::view::ShowCancellationView;

/// Bookings given back in one transaction.
const BATCH_ITEMS_MAX: u32 = 200;
/// The pause between two looks at bookings whose payment is not settled yet.
const PENDING_PAUSE: Duration = Duration::from_millis(500);
/// Looks before the caller is told to come back: other shows wait meanwhile.
const PENDING_LOOKS_MAX: u32 = 20;

impl Booking {
    /// Closes the show for good, then gives back every booking of it; what is pending is settled first. Doing it again, or
    /// after it broke off, does what is left.
    ///
    /// # Errors
    /// [`Error::BookingPending`] when some booking's payment stays unsettled: come back later.
    pub async fn cancel_show(&self, show_id: ShowId) -> Result<()> {
        // First: from now on no claim gets in, so that there is an end to what has to be given back.
        self.inner.parts.seating.close_show(show_id).await?;
        let mut given_back = 0;
        for _ in 0..PENDING_LOOKS_MAX {
            // Pending before confirmed: what is settled in between is then seen as confirmed.
            let pending = self.of_show(show_id, Standing::Claimed).await?;
            given_back += self.give_back_confirmed(show_id).await?;
            if pending.is_empty() {
                info!(%show_id, bookings = given_back, "bookings of a cancelled show given back");
                return Ok(());
            }
            tokio::time::sleep(PENDING_PAUSE).await;
        }
        Err(Error::BookingPending)
    }

    /// Where the show runs.
    ///
    /// # Errors
    /// When there is no such show.
    pub(crate) async fn cinema_of(&self, show_id: ShowId) -> Result<CinemaId> {
        Ok(self.inner.parts.seating.show(show_id).await?.cinema_id)
    }

    /// What a cancellation of the show would give back now.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn show_cancellation(&self, show_id: ShowId) -> Result<ShowCancellationView> {
        let sums = self.shards().read(show_id, move |tx: &mut Tx<'_>| store::of_show(tx, show_id)).await?;
        let mut view = ShowCancellationView { show_id, bookings: 0, pending: 0, refunds: Vec::new() };
        for (status, bookings, total) in sums {
            match status {
                Status::Pending => view.pending += bookings,
                Status::Confirmed | Status::Cancelled | Status::Failed => view.bookings += bookings,
            }
            match view.refunds.last_mut().filter(|refund| refund.currency == total.currency) {
                Some(refund) => refund.amount += total.amount,
                None => view.refunds.push(total),
            }
        }
        Ok(view)
    }

    async fn give_back_confirmed(&self, show_id: ShowId) -> Result<usize> {
        let mut total = 0;
        loop {
            let confirmed = self.of_show(show_id, Standing::Booked).await?;
            if confirmed.is_empty() {
                return Ok(total);
            }
            let order = GiveBack {
                reason: RefundReason::ShowCancelled,
                note: None,
                actor: Actor::System,
                at: self.inner.parts.clock.now(),
            };
            let booking = self.clone();
            let given_back = self.shards().write(show_id, move |tx| {
                let sales = store::find(tx, &confirmed)?;
                order.carry_out(&booking, tx, &sales)
            });
            let given_back = given_back.await?;
            meters::bookings("cancelled", given_back);
            total += given_back;
            self.inner.parts.payments.wake_refunds();
            self.wake(show_id).await;
            self.refresh(show_id).await;
        }
    }

    async fn of_show(&self, show_id: ShowId, standing: Standing) -> Result<Vec<BookingId>> {
        let read = move |tx: &mut Tx<'_>| claims::owners(tx, show_id, standing, BATCH_ITEMS_MAX);
        Ok(self.shards().read(show_id, read).await?)
    }
}
