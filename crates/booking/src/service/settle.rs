//! What a payment's outcome means for its booking: sold or undone, in one transaction. The call does it, or the reconciler.

use std::sync::Arc;
use std::time::Duration;

use marquee_bus::Actor;
use marquee_cluster::Lead;
use marquee_db::{Error as DbError, Tx};
use marquee_kernel::{BookingId, ShowId};
use marquee_seating::claims;
use tracing::{error, info, warn};

use super::work::{Confirm, Defer, PaymentEnd, Undo, Verdict, Work};
use super::{Booking, meters};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::model::{Answer, Sale, Status};
use crate::store;
use crate::view::BookingView;

/// Tries to write an outcome down before it is left to the reconciler.
const WRITE_TRIES_MAX: u32 = 5;
/// The pause after the first try; it doubles from one to the next.
const WRITE_PAUSE: Duration = Duration::from_millis(20);

/// Who settles a booking, and by what right.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub(crate) actor: Actor,
    pub(crate) lead: Lead,
}

impl By {
    /// The call that made it: it needs no other right.
    pub(super) fn caller(sale: &Sale) -> Self {
        Self { actor: Actor::User(sale.booked_by), lead: Lead::Sole }
    }
}

/// How a booking stands after an attempt to settle it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// Sold; what its call hears.
    Confirmed(Answer),
    /// Not sold; what its call hears.
    Failed(Answer),
    /// Not sold, and its call may be made again.
    Withdrawn,
    /// Still pending: the reconciler takes it up.
    Open,
}

impl Booking {
    /// Sells the seats of a booking whose money is promised.
    pub(super) async fn confirm(&self, sale: &Arc<Sale>, by: By) -> Settlement {
        Failpoint::BeforeConfirm.pass();
        let seats = self.claim_of(sale);
        let work = || Work::Confirm(Confirm { sale: sale.clone(), seats: seats.clone(), by: by.clone() });
        let verdict = self.write_down(sale, work).await;
        Failpoint::AfterConfirm.pass();
        match verdict {
            Some(Verdict::Done) => {
                meters::bookings("confirmed", 1);
                self.inner.parts.payments.wake_captures();
                self.wake(sale.show_id).await;
                Settlement::Confirmed(self.created_answer(sale))
            }
            Some(Verdict::Refused(answer)) => {
                error!(booking_id = %sale.booking_id, "claim was gone, payment goes back");
                meters::bookings("failed", 1);
                self.inner.parts.payments.wake_refunds();
                self.wake(sale.show_id).await;
                Settlement::Failed(answer)
            }
            Some(Verdict::Settled) => match self.settled_status(sale).await {
                Some(Status::Confirmed | Status::Cancelled) => Settlement::Confirmed(self.created_answer(sale)),
                Some(Status::Failed) => {
                    self.give_up_charge(sale.booking_id).await;
                    Settlement::Failed(Answer::refusing(Error::SeatsUnavailable(sale.seat_ids().collect())))
                }
                Some(Status::Pending) | None => Settlement::Open,
            },
            Some(Verdict::Claimed(_) | Verdict::Known(_) | Verdict::Fenced | Verdict::Departed) | None => {
                Settlement::Open
            }
        }
    }

    /// Frees the seats of a booking that is not paid. `answer` is what its call hears; without one its key is forgotten.
    pub(super) async fn undo(
        &self,
        sale: &Arc<Sale>,
        payment: PaymentEnd,
        answer: Option<Answer>,
        by: By,
    ) -> Settlement {
        let seats = self.claim_of(sale);
        let work = || {
            let (sale, seats, payment, answer) = (sale.clone(), seats.clone(), payment.clone(), answer.clone());
            Work::Undo(Undo { sale, seats, payment, answer, by: by.clone() })
        };
        let undone = |answer: Option<Answer>| answer.map_or(Settlement::Withdrawn, Settlement::Failed);
        match self.write_down(sale, work).await {
            Some(Verdict::Done) => {
                meters::bookings(if matches!(payment, PaymentEnd::Declined { .. }) { "declined" } else { "failed" }, 1);
                self.inner.parts.payments.wake_refunds();
                self.wake(sale.show_id).await;
                undone(answer)
            }
            Some(Verdict::Settled) => match self.settled_status(sale).await {
                Some(Status::Failed) => undone(answer),
                Some(Status::Confirmed | Status::Cancelled) => Settlement::Confirmed(self.created_answer(sale)),
                Some(Status::Pending) | None => Settlement::Open,
            },
            Some(
                Verdict::Claimed(_) | Verdict::Refused(_) | Verdict::Known(_) | Verdict::Fenced | Verdict::Departed,
            )
            | None => Settlement::Open,
        }
    }

    /// Keeps, and answers, that the outcome is not known yet. Its key's first answer stays.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when it cannot be kept, or its outcome is known by now: the same key might get another answer the next
    /// time.
    pub(super) async fn defer(&self, sale: &Arc<Sale>) -> Result<Answer> {
        let answer = self.pending_answer(sale);
        if sale.key.is_some() {
            let work = || Work::Defer(Defer { sale: sale.clone(), answer: answer.clone() });
            match self.write_down(sale, work).await {
                Some(Verdict::Done) => {}
                _ => return Err(Error::Unanswered),
            }
        }
        meters::bookings("pending", 1);
        Ok(answer)
    }

    /// What a client hears when it is booked; always the same for the same booking, whoever confirms it.
    pub(super) fn created_answer(&self, sale: &Sale) -> Answer {
        let body = BookingView::at(sale, Status::Confirmed, &self.inner.keys, None).body();
        Answer { status: Answer::CREATED, body }
    }

    /// Has the batch writer do `work`, again when it is not certain that it did: each work changes a pending booking alone,
    /// so that the second time finds it settled. None when it could not be done now.
    async fn write_down(&self, sale: &Sale, work: impl Fn() -> Work) -> Option<Verdict> {
        let (booking_id, mut pause) = (sale.booking_id, WRITE_PAUSE);
        for _ in 0..WRITE_TRIES_MAX {
            match self.submit(sale.show_id, &work).await {
                Ok(verdict) => return Some(verdict),
                Err(DbError::Closed) => break,
                Err(problem) => warn!(%booking_id, error = %problem, "outcome not written, will retry"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        error!(%booking_id, "outcome not written, left to the reconciler");
        None
    }

    async fn settled_status(&self, sale: &Sale) -> Option<Status> {
        let booking_id = sale.booking_id;
        let read = move |tx: &mut Tx<'_>| store::status(tx, booking_id);
        let status: Result<_, DbError> = self.shards().read(sale.show_id, read).await;
        status.inspect_err(|problem| warn!(%booking_id, error = %problem, "booking not read back")).ok().flatten()
    }

    /// The reconciler found no charge and gave the seats up, and then there was one.
    async fn give_up_charge(&self, booking_id: BookingId) {
        match self.inner.parts.payments.gateway().void(booking_id).await {
            Ok(state) => info!(%booking_id, charge = ?state, "charge of an undone booking given up"),
            Err(down) => error!(%booking_id, error = %down, "charge of an undone booking not given up"),
        }
    }

    /// Has the seat map show what was committed. What cannot be read now, seating reads a little later by itself.
    pub(super) async fn refresh(&self, show_id: ShowId) {
        if let Err(problem) = self.inner.parts.seating.reload(show_id).await {
            warn!(%show_id, error = %problem, "seats not read again yet");
        }
    }

    /// The seats of a booking, as they are claimed.
    pub(super) fn claim_of(&self, sale: &Sale) -> claims::Claim {
        self.inner.parts.seating.claim(sale.show_id, sale.booking_id, sale.seat_ids())
    }

    /// A booking with its seats.
    pub(super) async fn sale(&self, booking_id: BookingId) -> Result<Option<Sale>> {
        let look = move |tx: &mut Tx<'_>| Ok(store::find(tx, &[booking_id])?.pop());
        Ok(self.shards().find(booking_id.shard(), look).await?)
    }

    /// Tells the consumers of the journal that a show's shard keeps to look at once.
    pub(super) async fn wake(&self, show_id: ShowId) {
        if let Ok(shard) = self.shards().of(show_id).await {
            shard.wake();
        }
    }
}
