//! `POST /booking`: hold → claim → gateway → confirm, once per idempotency key.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use marquee_catalog::Show;
use marquee_db::{Error as DbError, Tx};
use marquee_kernel::{BookingId, HoldId, PaymentId, TicketId, UserId};
use marquee_payments::AuthoriseError;
use marquee_pricing::Vouchers;
use marquee_seating::{Attempt, BeginPayment, Hold, Outcome};
use tokio::time::{Instant, timeout};
use tracing::{error, warn};

use super::settle::{By, Settlement};
use super::under_way::{Call, Kinship, Place};
use super::work::{Claim, PaymentEnd, Remember, Verdict, Work};
use super::{Booking, meters};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::model::{Answer, FirstAnswer, Order, Record, Repeat, Sale, SoldSeat, Status};
use crate::store;
use crate::view::BookingView;

/// Tries to begin a payment: what stood in its way may end just when it was met.
const BEGIN_TRIES_MAX: u32 = 3;
/// The pause between two such tries.
const BEGIN_PAUSE: Duration = Duration::from_millis(50);
/// The pause between two looks at the store for the answer of a call that another process, or this one before its last
/// start, began.
const POLL: Duration = Duration::from_millis(250);

/// How long a shard is waited for that is only asked whether it knows a key.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// The answer to a booking call.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What to send.
    pub answer: Answer,
    /// Whether it is the answer that an earlier call under the same key got.
    pub replayed: bool,
}

impl Reply {
    fn first(answer: Answer) -> Self {
        Self { answer, replayed: false }
    }

    fn replay(answer: Answer) -> Self {
        Self { answer, replayed: true }
    }
}

impl Booking {
    /// Books the seats of a hold. A call that comes again under its key gets the answer of the first.
    ///
    /// # Errors
    /// Those that are not kept under the key: [`Error::LockNotFound`], [`Error::LockExpired`], [`Error::KeyReused`],
    /// [`Error::UnknownPaymentToken`], [`Error::UnknownVoucher`], and whatever is unavailable.
    pub async fn book(&self, order: Order) -> Result<Reply> {
        let order = Arc::new(order);
        let shard = order.hold_id.shard();
        let call =
            Call { booked_by: order.booked_by, key: order.key.clone(), request_hash: order.fingerprint(), shard };
        for _ in 0..BEGIN_TRIES_MAX {
            let booking_id = BookingId::mint_on(shard, &self.inner.parts.clock, &self.inner.parts.rng);
            // Before the payment begins: whoever meets it must find whose it is.
            let place = self.inner.under_way.enter(booking_id, call.clone());
            let attempt = Attempt {
                booking_id,
                key: call.key.as_ref().map(|key| key.as_str().to_owned()),
                request_hash: call.request_hash,
            };
            let begun = match self.inner.parts.seating.begin_payment(order.hold_id, order.holder, attempt).await {
                Ok(begun) => begun,
                // What was answered before needs no hold store to be answered again.
                Err(down) => match self.recorded(&call).await? {
                    Some(repeat) => {
                        drop(place);
                        return self.replay(repeat, &call).await?.ok_or(Error::Unanswered);
                    }
                    None => return Err(down.into()),
                },
            };
            let reply = match begun {
                Ok(hold) => {
                    let mut paying =
                        Paying { booking: self.clone(), place, booking_id, hold: hold.clone(), ended: false };
                    if let Err(refusal) = self.check(&order).and(self.check_till(&order, hold.show_id).await) {
                        paying.end(Outcome::Abandoned).await;
                        return Err(refusal);
                    }
                    self.see_through(order.clone(), call.clone(), hold, paying).await?
                }
                Err(refusal) => {
                    drop(place);
                    self.answer_refused(&order, &call, refusal).await?
                }
            };
            if let Some(reply) = reply {
                return Ok(reply);
            }
            // A rival on another node is seen once it has claimed.
            tokio::time::sleep(BEGIN_PAUSE).await;
        }
        Err(Error::Unanswered)
    }

    /// The reply to a call whose payment cannot begin; none when what stood in its way is over by now.
    async fn answer_refused(&self, order: &Order, call: &Call, refusal: BeginPayment) -> Result<Option<Reply>> {
        if let Some(reply) = self.repeat(call, &refusal).await? {
            return Ok(Some(reply));
        }
        match refusal {
            BeginPayment::NotFound => Err(Error::LockNotFound),
            BeginPayment::Expired => self.check(order).and(Err(Error::LockExpired)),
            BeginPayment::NotOnSale => {
                self.check(order)?;
                self.refuse(call, Error::ShowNotOnSale).await
            }
            // The hold is free again, or there is an answer by now.
            BeginPayment::Paying(rival) if self.is_over(rival.booking_id).await? => Ok(None),
            BeginPayment::Paying(_) => {
                self.check(order)?;
                self.refuse(call, Error::PaymentInProgress).await
            }
        }
    }

    /// Whether there is such a hold, alive or lapsed.
    pub(crate) async fn find_hold(&self, hold_id: HoldId, holder: UserId) -> Result<()> {
        match self.inner.parts.seating.hold(hold_id, holder).await {
            Err(marquee_seating::Error::HoldNotFound) => Err(Error::LockNotFound),
            _ => Ok(()),
        }
    }

    /// What the shop and the gateway do not know is refused before anything is claimed.
    fn check(&self, order: &Order) -> Result<()> {
        if order.till.is_none() && !self.inner.parts.payments.gateway().knows_token(&order.payment_token) {
            return Err(Error::UnknownPaymentToken);
        }
        Vouchers::check(&order.voucher_codes).map_err(|unknown| Error::UnknownVoucher(unknown.index))
    }

    /// The reply to a call whose key was used before; none for a new one, which it also is when the call before it gave up
    /// and left nothing behind.
    async fn repeat(&self, call: &Call, refusal: &BeginPayment) -> Result<Option<Reply>> {
        if call.key.is_none() {
            return Ok(None);
        }
        if let BeginPayment::Paying(rival) = refusal {
            match self.inner.under_way.kinship(rival.booking_id, call) {
                Kinship::Same => return self.wait_for(rival.booking_id, call).await,
                Kinship::KeyTaken => return Err(Error::KeyReused),
                Kinship::None => {}
            }
        }
        match self.recorded(call).await? {
            Some(repeat) => self.replay(repeat, call).await,
            None => Ok(None),
        }
    }

    /// What the record under the call's key means for it, if there is one.
    async fn recorded(&self, call: &Call) -> Result<Option<Repeat>> {
        let Some(look) = call.look() else { return Ok(None) };
        let record = match self.shards().find(call.shard, look).await? {
            Some(record) => Some(record),
            None => self.recorded_anywhere(call, None).await,
        };
        Ok(record.map(|record| record.repeat(&call.request_hash)))
    }

    /// What any shard has under the call's key for another booking than `own`: a client that used one key for two shows. A shard that
    /// does not answer at once is passed over: its shows alone are not sold, and the key's own call is guarded where it claims.
    async fn recorded_anywhere(&self, call: &Call, own: Option<BookingId>) -> Option<Record> {
        let shards = self.shards().all();
        if shards.len() == 1 {
            return None;
        }
        let looks = shards.iter().filter_map(|shard| Some((shard, call.look()?))).map(async |(shard, look)| {
            let read = async { shard.db()?.read(look).await };
            match timeout(LOOK_MAX, read).await.unwrap_or(Err(DbError::Busy)) {
                Ok(record) => record.filter(|record| Some(record.booking_id) != own),
                Err(error) => {
                    warn!(shard = shard.shard().number(), %error, "shard not asked for an idempotency key");
                    None
                }
            }
        });
        join_all(looks).await.into_iter().flatten().next()
    }

    async fn replay(&self, repeat: Repeat, call: &Call) -> Result<Option<Reply>> {
        match repeat {
            Repeat::Reused => Err(Error::KeyReused),
            Repeat::Replay(first) => Ok(Some(self.again(first))),
            Repeat::Unanswered(booking_id) => self.wait_for(booking_id, call).await,
        }
    }

    /// The first answer, byte for byte.
    fn again(&self, first: FirstAnswer) -> Reply {
        Reply::replay(match first {
            FirstAnswer::Kept(answer) => answer,
            FirstAnswer::Sold(sale) => self.created_answer(&sale),
        })
    }

    /// Waits for the answer of the call that made `booking_id`: told by it in this process, else found in the store. None
    /// when that call gave up before anything was charged.
    async fn wait_for(&self, mut booking_id: BookingId, call: &Call) -> Result<Option<Reply>> {
        let deadline = Instant::now() + self.inner.settings.duplicate_wait;
        while Instant::now() < deadline {
            let arrived = match self.inner.under_way.coming(booking_id) {
                Some(coming) => tokio::time::timeout_at(deadline, coming.arrived()).await.ok().flatten(),
                None => None,
            };
            if let Some(answer) = arrived {
                return Ok(Some(Reply::replay(answer)));
            }
            match self.recorded(call).await? {
                None => return Ok(None),
                Some(Repeat::Reused) => return Err(Error::KeyReused),
                Some(Repeat::Replay(first)) => return Ok(Some(self.again(first))),
                Some(Repeat::Unanswered(same)) if same == booking_id => tokio::time::sleep(POLL).await,
                // That one gave up, and another duplicate began again.
                Some(Repeat::Unanswered(next)) => booking_id = next,
            }
        }
        self.answer_late(booking_id, call).await
    }

    /// The reply to a duplicate that has waited long enough.
    async fn answer_late(&self, booking_id: BookingId, call: &Call) -> Result<Option<Reply>> {
        // The call goes on, and its answer must not be another than this one.
        if self.inner.under_way.has(booking_id) {
            return Err(Error::Unanswered);
        }
        // It broke off without an answer, and nobody but the reconciler sees to it: what is said now is the key's answer,
        // whatever becomes of the booking.
        let sale = self.sale(booking_id).await?.ok_or(Error::Unanswered)?;
        // Not kept when the booking was settled meanwhile: then there is an answer.
        let _ = self.defer(&Arc::new(sale)).await;
        match self.recorded(call).await? {
            None => Ok(None),
            Some(Repeat::Reused) => Err(Error::KeyReused),
            Some(Repeat::Replay(first)) => Ok(Some(self.again(first))),
            Some(Repeat::Unanswered(_)) => Err(Error::Unanswered),
        }
    }

    /// Whether the payment met for a hold is over: neither under way in this process nor pending.
    async fn is_over(&self, booking_id: BookingId) -> Result<bool> {
        if self.inner.under_way.has(booking_id) {
            return Ok(false);
        }
        let look = move |tx: &mut Tx<'_>| store::status(tx, booking_id);
        Ok(self.shards().find(booking_id.shard(), look).await? != Some(Status::Pending))
    }

    /// Refuses a call that claimed nothing, and keeps that answer under its key. None when a call before it had the key,
    /// and gave up.
    async fn refuse(&self, call: &Call, error: Error) -> Result<Option<Reply>> {
        let answer = Answer::refusing(error);
        if call.key.is_none() {
            return Ok(Some(Reply::first(answer)));
        }
        let work = Work::Remember(Remember { call: call.clone(), answer: answer.clone() });
        let shard = self.shards().named(call.shard).unwrap_or_else(|| self.shards().home());
        match self.lane(shard)?.submit(work).await? {
            Verdict::Known(record) => self.replay(record.repeat(&call.request_hash), call).await,
            _ => Ok(Some(Reply::first(answer))),
        }
    }

    /// Runs the rest in a task of its own, so that a client that hangs up does not break it off half-way.
    async fn see_through(&self, order: Arc<Order>, call: Call, hold: Hold, paying: Paying) -> Result<Option<Reply>> {
        let booking = self.clone();
        let task = self.inner.tasks.spawn(async move { booking.buy(order, call, hold, paying).await });
        task.await.map_err(|broken| {
            error!(error = %broken, "booking task broke off");
            Error::Interrupted
        })?
    }

    /// Claims, charges and confirms. None when the key turned out to be that of a call which gave up.
    async fn buy(&self, order: Arc<Order>, call: Call, hold: Hold, mut paying: Paying) -> Result<Option<Reply>> {
        let show = self.inner.parts.seating.show(hold.show_id).await?;
        let seats = self.inner.parts.seating.claim_of(&hold, paying.booking_id);
        let sale = Arc::new(self.sale_of(&order, hold, &show, paying.booking_id));
        Failpoint::BeforeClaim.pass();
        let sale = match self.claim(&Claim { sale, seats, request_hash: call.request_hash }).await? {
            Verdict::Claimed(sale) => sale,
            Verdict::Refused(answer) => {
                paying.end(Outcome::Failed).await;
                paying.place.answer(&answer);
                return Ok(Some(Reply::first(answer)));
            }
            Verdict::Known(record) => {
                // Nothing of its own to wait for any more: the hold is free for others meanwhile.
                paying.end(Outcome::Abandoned).await;
                drop(paying);
                return self.replay(record.repeat(&call.request_hash), &call).await;
            }
            Verdict::Departed | Verdict::Fenced | Verdict::Done | Verdict::Settled => return Err(Error::Interrupted),
        };
        Failpoint::AfterClaim.pass();
        self.wake(sale.show_id).await;
        // After the claim: of two calls under one key on two shards, each has claimed before it looks, so that one sees the other.
        if call.key.is_some()
            && let Some(record) = self.recorded_anywhere(&call, Some(sale.booking_id)).await
        {
            return self.withdraw(&call, &sale, paying, record).await;
        }
        let answer = self.charge(&order, &sale, &mut paying).await?;
        paying.place.answer(&answer);
        Ok(Some(Reply::first(answer)))
    }

    /// Gives back what was claimed under a key that stands for another show.
    async fn withdraw(
        &self,
        call: &Call,
        sale: &Arc<Sale>,
        mut paying: Paying,
        record: Record,
    ) -> Result<Option<Reply>> {
        match self.undo(sale, PaymentEnd::NeverCharged, None, By::caller(sale)).await {
            Settlement::Withdrawn | Settlement::Failed(_) => {}
            // What is said must not be otherwise than what comes of it.
            Settlement::Confirmed(_) | Settlement::Open => return Err(Error::Unanswered),
        }
        paying.end(Outcome::Abandoned).await;
        drop(paying);
        self.replay(record.repeat(&call.request_hash), call).await
    }

    pub(super) fn sale_of(&self, order: &Order, hold: Hold, show: &Show, booking_id: BookingId) -> Sale {
        let (clock, rng) = (&self.inner.parts.clock, &self.inner.parts.rng);
        let seats = hold.seats.into_iter().map(|seat| SoldSeat {
            seat_id: seat.seat_id,
            label: seat.label,
            category: seat.category,
            price: seat.price,
            ticket_id: TicketId::mint(clock, rng),
        });
        Sale {
            booking_id,
            user_id: hold.user_id,
            booked_by: order.booked_by,
            key: order.key.clone(),
            show_id: hold.show_id,
            cinema_id: show.cinema_id,
            hold_id: hold.hold_id,
            status: Status::Pending,
            seats: seats.collect(),
            total: hold.total,
            payment_id: PaymentId::mint(clock, rng),
            till: order.till.as_ref().map(|till| till.method),
            created_at: clock.now(),
            cancelled_at: None,
            proof: None,
        }
    }

    pub(super) async fn claim(&self, claim: &Claim) -> Result<Verdict> {
        let booking_id = claim.sale.booking_id;
        let verdict = match self.submit(claim.sale.show_id, || Work::Claim(claim.clone())).await {
            // Never again as it is: it would meet, and take away, its own seats.
            Err(DbError::CommitUnknown(why)) => {
                warn!(%booking_id, error = %why, "claim's commit unknown, reading back");
                match self.sale(booking_id).await? {
                    Some(sale) => Ok(Verdict::Claimed(Arc::new(sale))),
                    None => Err(Error::Db(DbError::CommitUnknown(why))),
                }
            }
            other => other.map_err(Error::Db),
        };
        meters::claim(match &verdict {
            Ok(Verdict::Claimed(_)) => "claimed",
            Ok(Verdict::Refused(_)) => "refused",
            Ok(Verdict::Known(_)) => "repeated",
            Ok(Verdict::Departed | Verdict::Fenced | Verdict::Done | Verdict::Settled) | Err(_) => "failed",
        });
        verdict
    }

    /// Asks the gateway for the money of a claimed booking, and sells or frees its seats as it says.
    async fn charge(&self, order: &Order, sale: &Arc<Sale>, paying: &mut Paying) -> Result<Answer> {
        let by = By::caller(sale);
        Failpoint::BeforeAuthorise.pass();
        let authorised = match sale.total.amount {
            // A free booking needs no gateway, and the clerk has the money by now.
            0 => Ok(()),
            _ if sale.till.is_some() => Ok(()),
            _ => {
                let gateway = self.inner.parts.payments.gateway();
                gateway.authorise(sale.booking_id, sale.total, &order.payment_token).await.map(drop)
            }
        };
        Failpoint::AfterAuthorise.pass();
        let settlement = match authorised {
            Ok(()) => self.confirm(sale, by).await,
            Err(AuthoriseError::Declined { code }) => {
                let answer = Answer::refusing(Error::PaymentDeclined { decline_code: code.clone() });
                let settlement = self.undo(sale, PaymentEnd::Declined { decline_code: code }, Some(answer), by).await;
                Failpoint::AfterDecline.pass();
                settlement
            }
            Err(refusal @ (AuthoriseError::Unreachable | AuthoriseError::UnknownToken)) => {
                match self.undo(sale, PaymentEnd::NeverCharged, None, by).await {
                    Settlement::Withdrawn => {
                        paying.end(Outcome::Abandoned).await;
                        return Err(match refusal {
                            AuthoriseError::UnknownToken => Error::UnknownPaymentToken,
                            _ => Error::GatewayUnreachable,
                        });
                    }
                    other => other,
                }
            }
            Err(silence @ (AuthoriseError::NoAnswer | AuthoriseError::KeyReused)) => {
                warn!(booking_id = %sale.booking_id, error = %silence, "payment outcome unknown");
                Settlement::Open
            }
        };
        Ok(match settlement {
            Settlement::Confirmed(answer) => {
                paying.end(Outcome::Booked).await;
                answer
            }
            Settlement::Failed(answer) => {
                paying.end(if answer.declines() { Outcome::Declined } else { Outcome::Failed }).await;
                answer
            }
            // The seats stay claimed, and show as held, until the reconciler knows more.
            Settlement::Withdrawn | Settlement::Open => {
                paying.ended = true;
                self.defer(sale).await?
            }
        })
    }

    /// What a client hears while the outcome is not known.
    pub(super) fn pending_answer(&self, sale: &Sale) -> Answer {
        let body = BookingView::at(sale, Status::Pending, &self.inner.keys, None).body();
        Answer { status: Answer::ACCEPTED, body }
    }
}

/// A payment under way: whatever happens to the call, its hold does not stay in payment for ever.
struct Paying {
    booking: Booking,
    place: Place,
    booking_id: BookingId,
    hold: Hold,
    ended: bool,
}

impl Paying {
    async fn end(&mut self, outcome: Outcome) {
        self.ended = true;
        let seating = &self.booking.inner.parts.seating;
        seating.end_payment(self.hold.show_id, self.hold.hold_id, self.booking_id, outcome).await;
    }
}

impl Drop for Paying {
    fn drop(&mut self) {
        if !self.ended {
            let seating = &self.booking.inner.parts.seating;
            seating.end_payment_soon(self.hold.show_id, self.hold.hold_id, self.booking_id, Outcome::Abandoned);
        }
    }
}
