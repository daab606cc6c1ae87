//! Gives a sold booking back: its seats are free at once, its money is ordered back in the same transaction.

use marquee_bus::Actor;
use marquee_db::{Error as DbError, Tx};
use marquee_http::Caller;
use marquee_kernel::{BookingId, Timestamp};
use marquee_payments::{RefundReason, ledger};
use marquee_seating::claims;
use serde_json::json;
use tracing::{error, warn};

use super::batch::event;
use super::{Booking, meters};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::model::{Cancellation, Sale, Status};
use crate::store;
use crate::view::{BookingView, CancellationView};

impl Booking {
    /// Cancels a booking for its guest, or for staff of its cinema. Cancelled again, it stays as it is.
    ///
    /// # Errors
    /// [`Error::BookingNotFound`], [`Error::BookingPending`], [`Error::CancellationClosed`].
    pub async fn cancel(&self, caller: &Caller, booking_id: BookingId, reason: Option<String>) -> Result<BookingView> {
        let sale = self.find_for(caller, booking_id).await?;
        let show = self.inner.parts.seating.show(sale.show_id).await?;
        match Cancellation::of(sale.status, self.inner.parts.clock.now(), show.cancel_close_at) {
            Cancellation::Due if self.has_entered(&sale).await? => return Err(Error::CancellationClosed),
            Cancellation::Due => {}
            Cancellation::Done => return self.get(caller, booking_id).await,
            Cancellation::Pending => return Err(Error::BookingPending),
            Cancellation::Closed => return Err(Error::CancellationClosed),
        }
        let (booking, actor) = (self.clone(), Actor::User(caller.user_id));
        // A client that hangs up must not leave seats that are free but shown as sold.
        let task = self.inner.tasks.spawn(async move { booking.give_back(sale, reason, actor).await });
        task.await.map_err(|broken| {
            error!(error = %broken, "cancellation task broke off");
            Error::Interrupted
        })??;
        let view = self.get(caller, booking_id).await?;
        // A gate was faster.
        if view.status == Status::Confirmed { Err(Error::CancellationClosed) } else { Ok(view) }
    }

    /// What a cancellation would give back now, to its guest or to staff of its cinema.
    ///
    /// # Errors
    /// [`Error::BookingNotFound`], [`Error::BookingPending`], [`Error::CancellationClosed`] also when it was cancelled.
    pub async fn cancellation(&self, caller: &Caller, booking_id: BookingId) -> Result<CancellationView> {
        let sale = self.find_for(caller, booking_id).await?;
        let until = self.inner.parts.seating.show(sale.show_id).await?.cancel_close_at;
        match Cancellation::of(sale.status, self.inner.parts.clock.now(), until) {
            Cancellation::Due if self.has_entered(&sale).await? => Err(Error::CancellationClosed),
            Cancellation::Due => Ok(CancellationView { refund: sale.total, until }),
            Cancellation::Pending => Err(Error::BookingPending),
            Cancellation::Done | Cancellation::Closed => Err(Error::CancellationClosed),
        }
    }

    async fn give_back(&self, sale: Sale, reason: Option<String>, actor: Actor) -> Result<()> {
        let (booking_id, show_id) = (sale.booking_id, sale.show_id);
        let order =
            GiveBack { reason: RefundReason::BookingCancelled, note: reason, actor, at: self.inner.parts.clock.now() };
        let booking = self.clone();
        let written = self.shards().write(show_id, move |tx| {
            let given_back = order.carry_out(&booking, tx, &[sale])?;
            Failpoint::BeforeCancelCommit.pass();
            Ok(given_back)
        });
        match written.await {
            Ok(given_back) => meters::bookings("cancelled", given_back),
            Err(DbError::CommitUnknown(why)) => {
                warn!(%booking_id, error = %why, "cancellation's commit unknown, reading back");
                let read = move |tx: &mut Tx<'_>| store::status(tx, booking_id);
                let status: Result<_, DbError> = self.shards().read(show_id, read).await;
                let status = status?;
                if status != Some(Status::Cancelled) {
                    return Err(Error::Db(DbError::CommitUnknown(why)));
                }
            }
            Err(problem) => return Err(problem.into()),
        }
        Failpoint::AfterCancelCommit.pass();
        self.inner.parts.payments.wake_refunds();
        self.wake(show_id).await;
        // Also when another device was first: this one's next seat map must show the seats free as well.
        self.refresh(show_id).await;
        Ok(())
    }
}

/// An order to give sold bookings back.
#[derive(Clone, Debug)]
pub(super) struct GiveBack {
    pub(super) reason: RefundReason,
    /// What the person who cancelled says of it; never in the journal.
    pub(super) note: Option<String>,
    pub(super) actor: Actor,
    pub(super) at: Timestamp,
}

impl GiveBack {
    /// Cancels those that are still confirmed, frees their seats, and orders their money back. How many there were.
    pub(super) fn carry_out(&self, booking: &Booking, tx: &mut Tx<'_>, sales: &[Sale]) -> Result<usize, DbError> {
        let writer = &booking.inner.writer;
        let bookings = sales.iter().map(|sale| sale.booking_id);
        let (at, note) = (self.at, self.note.as_deref());
        let changed = match self.reason {
            // Whoever is in when a show breaks off gets their money back as well.
            RefundReason::ShowCancelled => store::cancel(tx, bookings, at, note)?,
            RefundReason::BookingCancelled | RefundReason::BookingUndone => {
                store::cancel_unused(tx, bookings, at, note)?
            }
        };
        let given_back: Vec<&Sale> =
            sales.iter().zip(changed).filter(|(_, changed)| *changed > 0).map(|(sale, _)| sale).collect();
        let seats: Vec<_> = given_back.iter().map(|sale| booking.claim_of(sale)).collect();
        claims::free(tx, &seats)?;
        let refunds: Vec<_> =
            given_back.iter().map(|sale| writer.refund(sale, self.reason, self.actor, self.at)).collect();
        let mut journal = writer.journal.open(tx)?;
        ledger::request_refunds(tx, &mut journal, &refunds)?;
        let events: Vec<_> = given_back
            .iter()
            .map(|sale| {
                let payload = json!({
                    "user_id": sale.user_id,
                    "payment_id": sale.payment_id,
                    "total": sale.total,
                    "show_cancelled": self.reason == RefundReason::ShowCancelled,
                });
                event("BookingCancelled", self.actor, sale, payload)
            })
            .collect();
        journal.append(tx, &events)?;
        Ok(given_back.len())
    }
}
