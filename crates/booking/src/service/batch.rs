//! The batch writer's hand: many claims, confirmations and refusals in one transaction, a verdict for each.

use std::collections::HashMap;
use std::sync::Arc;

use marquee_bus::{Actor, Event, Journal};
use marquee_cluster::departed;
use marquee_db::{Error, Result, Tx};
use marquee_kernel::{BookingId, Clock, RefundId, Rng, SeatId, ShowId, Timestamp};
use marquee_payments::till::{self, Taking};
use marquee_payments::{NewPayment, RefundReason, RefundRequest, ledger};
use marquee_seating::claims;
use marquee_tickets::{Proof, SigningKeys};
use serde_json::json;

use super::settle::By;
use super::under_way::Call;
use crate::error;
use crate::model::{Answer, Record, Sale, Status};
use crate::store::{self, KeyedAnswer, KeyedCall};

/// Something durable to do for one booking call.
#[derive(Debug)]
pub(crate) enum Work {
    /// Claim the seats of a pending booking, before any money moves.
    Claim(Claim),
    /// Sell them: the gateway has the money.
    Confirm(Confirm),
    /// Give them back: the gateway has no money, or will return it.
    Undo(Undo),
    /// Keep the answer that the booking is pending; what becomes of it comes later.
    Defer(Defer),
    /// Keep the answer of a call that claimed nothing.
    Remember(Remember),
}

/// See [`Work::Claim`].
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) sale: Arc<Sale>,
    pub(crate) seats: claims::Claim,
    pub(crate) request_hash: [u8; 32],
}

/// See [`Work::Confirm`].
#[derive(Debug)]
pub(crate) struct Confirm {
    pub(crate) sale: Arc<Sale>,
    pub(crate) seats: claims::Claim,
    pub(crate) by: By,
}

/// See [`Work::Undo`].
#[derive(Debug)]
pub(crate) struct Undo {
    pub(crate) sale: Arc<Sale>,
    pub(crate) seats: claims::Claim,
    pub(crate) payment: PaymentEnd,
    /// What the call hears, now and again; none: its key is forgotten, so that it may be made again.
    pub(crate) answer: Option<Answer>,
    pub(crate) by: By,
}

/// How the payment of a booking that was not sold ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PaymentEnd {
    /// The bank said no.
    Declined { decline_code: String },
    /// Nothing was charged, and nothing will be.
    NeverCharged,
    /// What was authorised goes back.
    Returned,
}

impl PaymentEnd {
    fn word(&self) -> &'static str {
        match self {
            PaymentEnd::Declined { .. } => "declined",
            PaymentEnd::NeverCharged => "never_charged",
            PaymentEnd::Returned => "returned",
        }
    }
}

/// See [`Work::Defer`].
#[derive(Debug)]
pub(crate) struct Defer {
    pub(crate) sale: Arc<Sale>,
    pub(crate) answer: Answer,
}

/// See [`Work::Remember`].
#[derive(Debug)]
pub(crate) struct Remember {
    pub(crate) call: Call,
    pub(crate) answer: Answer,
}

/// What became of a [`Work`].
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is done.
    Done,
    /// A claim won: the seats are this sale's, and its tickets are signed.
    Claimed(Arc<Sale>),
    /// A claim lost: seats were sold or the show was closed. This is its answer, kept under its key.
    Refused(Answer),
    /// The key was there before; nothing was done.
    Known(Record),
    /// The booking is not pending any more: somebody else settled it.
    Settled,
    /// The show is in another database by now; nothing was done.
    Departed,
    /// Another node does the reconciler's work by now; nothing was done.
    Fenced,
}

/// Carries out batches.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) journal: Journal,
    pub(crate) keys: SigningKeys,
}

/// Where each item of one kind stands in the batch.
type Picked<'w, T> = Vec<(usize, &'w T)>;

impl Writer {
    /// Carries out `works` in the transaction; their verdicts, in their order.
    ///
    /// What frees seats and answers keys comes before what asks for them.
    pub(crate) fn apply(&self, tx: &mut Tx<'_>, works: &[Work]) -> Result<Vec<Verdict>> {
        let (mut confirms, mut undos, mut defers, mut claims, mut remembers) =
            (Picked::new(), Picked::new(), Picked::new(), Picked::new(), Picked::new());
        let barred = barred(tx, works)?;
        for (at, work) in works.iter().enumerate().filter(|(at, _)| !barred.contains_key(at)) {
            match work {
                Work::Claim(claim) => claims.push((at, claim)),
                Work::Confirm(confirm) => confirms.push((at, confirm)),
                Work::Undo(undo) => undos.push((at, undo)),
                Work::Defer(defer) => defers.push((at, defer)),
                Work::Remember(remember) => remembers.push((at, remember)),
            }
        }
        let mut batch = Batch { writer: self, tx, events: Vec::with_capacity(works.len()), verdicts: Vec::new() };
        batch.verdicts.resize_with(works.len(), || None);
        batch.confirm(&confirms)?;
        batch.undo(&undos)?;
        batch.defer(&defers)?;
        batch.claim(&claims)?;
        batch.remember(&remembers)?;
        let Batch { tx, events, verdicts, .. } = batch;
        self.journal.append(tx, &events)?;
        let mut barred = barred;
        let verdict =
            |(at, verdict): (usize, Option<Verdict>)| verdict.or_else(|| barred.remove(&at)).ok_or(Error::Closed);
        verdicts.into_iter().enumerate().map(verdict).collect()
    }
}

impl Work {
    /// The show whose sale it is; a call that claimed nothing is of none.
    fn show_id(&self) -> Option<ShowId> {
        match self {
            Work::Claim(Claim { sale, .. })
            | Work::Confirm(Confirm { sale, .. })
            | Work::Undo(Undo { sale, .. })
            | Work::Defer(Defer { sale, .. }) => Some(sale.show_id),
            Work::Remember(_) => None,
        }
    }
}

/// What must not be done in this database, or not by this node, with the verdict on each.
fn barred(tx: &mut Tx<'_>, works: &[Work]) -> Result<HashMap<usize, Verdict>> {
    let mut shows: Vec<_> = works.iter().filter_map(Work::show_id).collect();
    shows.sort_unstable();
    shows.dedup();
    let departed = departed(tx, &shows)?;
    let mut barred = HashMap::new();
    for (at, work) in works.iter().enumerate() {
        if work.show_id().is_some_and(|show_id| departed.contains(&show_id)) {
            barred.insert(at, Verdict::Departed);
        } else if let Work::Confirm(Confirm { by, .. }) | Work::Undo(Undo { by, .. }) = work {
            match by.lead.check(tx) {
                Ok(()) => {}
                Err(Error::Fenced) => drop(barred.insert(at, Verdict::Fenced)),
                Err(other) => return Err(other),
            }
        }
    }
    Ok(barred)
}

impl Writer {
    /// Orders the payment of `sale` to be given back.
    pub(crate) fn refund(&self, sale: &Sale, reason: RefundReason, actor: Actor, at: Timestamp) -> RefundRequest {
        let refund_id = RefundId::mint(&self.clock, &self.rng);
        RefundRequest { refund_id, payment_id: sale.payment_id, reason, actor, at }
    }
}

struct Batch<'b, 't> {
    writer: &'b Writer,
    tx: &'b mut Tx<'t>,
    events: Vec<Event>,
    verdicts: Vec<Option<Verdict>>,
}

impl Batch<'_, '_> {
    fn decide(&mut self, at: usize, verdict: Verdict) {
        if let Some(slot) = self.verdicts.get_mut(at) {
            *slot = Some(verdict);
        }
    }

    fn claim(&mut self, claims: &Picked<'_, Claim>) -> Result<()> {
        if claims.is_empty() {
            return Ok(());
        }
        // Of two with the same key in one batch the first inserts it; the second meets it like any later one.
        let keyed: Picked<'_, Claim> = claims.iter().filter(|(_, claim)| claim.sale.key.is_some()).copied().collect();
        let calls = keyed.iter().filter_map(|(_, claim)| Some((claim.call()?, claim.sale.booking_id)));
        let inserted = store::claim_keys(self.tx, calls)?;
        let mut repeats = keyed.iter().zip(inserted).filter(|(_, inserted)| *inserted == 0).map(|(claim, _)| *claim);
        let repeats: Picked<'_, Claim> = repeats.by_ref().collect();
        let mut fresh = claims.clone();
        fresh.retain(|(at, _)| repeats.iter().all(|(repeat, _)| repeat != at));

        let asked: Vec<_> = fresh.iter().map(|(_, claim)| claim.seats.clone()).collect();
        let (mut winners, mut losers) = (Picked::new(), Vec::new());
        for ((at, claim), verdict) in fresh.into_iter().zip(claims::claim(self.tx, &asked)?) {
            match verdict {
                claims::Verdict::Claimed => winners.push((at, claim)),
                claims::Verdict::Taken(seats) => losers.push((at, claim, error::Error::SeatsUnavailable(seats))),
                claims::Verdict::Closed => losers.push((at, claim, error::Error::ShowNotOnSale)),
            }
        }
        self.refuse(losers)?;
        self.sell(&winners)?;
        // Only now: a repeat of a call that lost just above gets that call's answer.
        let keys = repeats.iter().filter_map(|(_, claim)| Some((claim.sale.booked_by, claim.sale.key.as_ref()?)));
        for ((at, _), record) in repeats.iter().zip(store::records(self.tx, keys)?) {
            self.decide(*at, Verdict::Known(record.ok_or(Error::Closed)?));
        }
        Ok(())
    }

    fn refuse(&mut self, losers: Vec<(usize, &Claim, error::Error)>) -> Result<()> {
        let answers: Vec<_> =
            losers.into_iter().map(|(at, claim, error)| (at, claim, Answer::refusing(error))).collect();
        let kept = answers.iter().filter_map(|(_, claim, answer)| claim.sale.keyed(answer));
        store::answer_keys(self.tx, kept)?;
        for (at, _, answer) in answers {
            self.decide(at, Verdict::Refused(answer));
        }
        Ok(())
    }

    fn sell(&mut self, winners: &Picked<'_, Claim>) -> Result<()> {
        // All at once: one signature is good for several bookings.
        let tickets: Vec<_> = winners.iter().map(|(_, claim)| claim.sale.tickets()).collect();
        let proofs = self.writer.keys.sign(&tickets);
        let prove =
            |((_, claim), proof): (&(usize, &Claim), Proof)| Sale { proof: Some(proof), ..(*claim.sale).clone() };
        let sold: Vec<_> = winners.iter().zip(proofs).map(prove).collect();
        store::insert(self.tx, sold.iter())?;
        let payments: Vec<_> = sold.iter().map(initiated).collect();
        ledger::initiate(self.tx, &payments)?;
        let takings: Vec<_> = sold.iter().filter_map(|sale| taking(sale, sale.created_at)).collect();
        till::open(self.tx, &takings)?;
        for ((at, _), sale) in winners.iter().zip(sold) {
            self.events.push(claimed(&sale));
            self.decide(*at, Verdict::Claimed(Arc::new(sale)));
        }
        Ok(())
    }
}

impl Batch<'_, '_> {
    fn confirm(&mut self, confirms: &Picked<'_, Confirm>) -> Result<()> {
        if confirms.is_empty() {
            return Ok(());
        }
        let now = self.writer.clock.now();
        let claimed: Vec<_> = confirms.iter().map(|(_, confirm)| &confirm.seats).collect();
        let booked = claims::confirm(self.tx, &claimed)?;
        let (mut sold, mut lost) = (Picked::new(), Vec::new());
        for ((at, confirm), seats) in confirms.iter().zip(booked) {
            if seats == confirm.sale.seats.len() {
                sold.push((*at, *confirm));
            } else if store::status(self.tx, confirm.sale.booking_id)? == Some(Status::Pending) {
                lost.push((*at, confirm.without_seats()));
            } else {
                self.decide(*at, Verdict::Settled);
            }
        }
        store::confirm(self.tx, sold.iter().map(|(_, confirm)| confirm.sale.booking_id))?;
        let promised: Vec<_> =
            sales(&sold).filter(|sale| sale.till.is_none()).map(|sale| (sale.payment_id, sale.total, now)).collect();
        ledger::authorised(self.tx, &promised)?;
        let taken: Vec<_> = sales(&sold).filter_map(|sale| taking(sale, now)).collect();
        till::taken(self.tx, &self.writer.journal, &taken)?;
        for (at, confirm) in sold {
            self.events.push(confirmed(confirm));
            self.decide(at, Verdict::Done);
        }
        self.undo(&lost.iter().map(|(at, undo)| (*at, undo)).collect())?;
        for (at, undo) in lost {
            undo.answer.into_iter().for_each(|answer| self.decide(at, Verdict::Refused(answer)));
        }
        Ok(())
    }

    fn undo(&mut self, undos: &Picked<'_, Undo>) -> Result<()> {
        if undos.is_empty() {
            return Ok(());
        }
        let bookings = undos.iter().map(|(_, undo)| undo.sale.booking_id);
        let moved = store::fail(self.tx, bookings)?;
        let mut undone = Picked::new();
        for ((at, undo), moved) in undos.iter().zip(moved) {
            match moved {
                0 => self.decide(*at, Verdict::Settled),
                _ => undone.push((*at, *undo)),
            }
        }
        let freed: Vec<_> = undone.iter().map(|(_, undo)| &undo.seats).collect();
        claims::free(self.tx, &freed)?;
        self.end_payments(&undone)?;
        let answers = undone.iter().filter_map(|(_, undo)| undo.sale.keyed(undo.answer.as_ref()?));
        store::answer_keys(self.tx, answers)?;
        let forgotten = undone.iter().filter(|(_, undo)| undo.answer.is_none());
        store::forget_keys(self.tx, forgotten.map(|(_, undo)| &*undo.sale))?;
        for (at, undo) in undone {
            self.events.push(failed(undo));
            self.decide(at, Verdict::Done);
        }
        Ok(())
    }

    fn end_payments(&mut self, undone: &Picked<'_, Undo>) -> Result<()> {
        let now = self.writer.clock.now();
        let (mut declined, mut never_charged) = (Vec::new(), Vec::new());
        let (mut promised, mut returned) = (Vec::new(), Vec::new());
        for (_, Undo { sale, payment, by, .. }) in undone {
            match payment {
                PaymentEnd::Declined { decline_code } => declined.push((sale.payment_id, decline_code.clone())),
                PaymentEnd::NeverCharged => never_charged.push(sale.payment_id),
                PaymentEnd::Returned => {
                    promised.push((sale.payment_id, sale.total, now));
                    returned.push(self.writer.refund(sale, RefundReason::BookingUndone, by.actor, now));
                }
            }
        }
        ledger::declined(self.tx, &declined, now)?;
        ledger::failed(self.tx, &never_charged, now)?;
        // What goes back must be on the books first.
        ledger::authorised(self.tx, &promised)?;
        ledger::request_refunds(self.tx, &self.writer.journal, &returned).map(drop)
    }

    fn defer(&mut self, defers: &Picked<'_, Defer>) -> Result<()> {
        for (at, Defer { sale, answer }) in defers {
            // Once it is settled, that is the answer.
            let pending = store::status(self.tx, sale.booking_id)? == Some(Status::Pending);
            if pending {
                store::answer_keys(self.tx, sale.keyed(answer).into_iter())?;
            }
            self.decide(*at, if pending { Verdict::Done } else { Verdict::Settled });
        }
        Ok(())
    }

    fn remember(&mut self, remembers: &Picked<'_, Remember>) -> Result<()> {
        if remembers.is_empty() {
            return Ok(());
        }
        for (at, Remember { call, answer }) in remembers {
            let Some(keyed) = call.keyed() else {
                self.decide(*at, Verdict::Done);
                continue;
            };
            // No booking came of it: an id of its own stands for the attempt.
            let booking_id = BookingId::mint(&self.writer.clock, &self.writer.rng);
            if store::claim_keys(self.tx, std::iter::once((keyed, booking_id)))? == [0] {
                let record = store::record(self.tx, keyed.user_id, keyed.key)?;
                self.decide(*at, record.map_or(Verdict::Done, Verdict::Known));
                continue;
            }
            let KeyedCall { user_id, key, .. } = keyed;
            store::answer_keys(self.tx, std::iter::once(KeyedAnswer { booking_id, user_id, key, answer }))?;
            self.decide(*at, Verdict::Done);
        }
        Ok(())
    }
}

impl Claim {
    fn call(&self) -> Option<KeyedCall<'_>> {
        let key = self.sale.key.as_ref()?;
        Some(KeyedCall { user_id: self.sale.booked_by, key, request_hash: self.request_hash })
    }
}

impl Call {
    fn keyed(&self) -> Option<KeyedCall<'_>> {
        let key = self.key.as_ref()?;
        Some(KeyedCall { user_id: self.booked_by, key, request_hash: self.request_hash })
    }
}

impl Confirm {
    /// Its seats are not all claimed any more: it cannot be sold, and what the gateway took goes back.
    fn without_seats(&self) -> Undo {
        let answer = Answer::refusing(error::Error::SeatsUnavailable(self.sale.seat_ids().collect()));
        let Confirm { sale, seats, by, .. } = self;
        let (sale, seats, by) = (sale.clone(), seats.clone(), by.clone());
        // A clerk who hears this hands the money back, and the books never had it.
        let payment = if sale.till.is_some() { PaymentEnd::NeverCharged } else { PaymentEnd::Returned };
        Undo { sale, seats, payment, answer: Some(answer), by }
    }
}

fn initiated(sale: &Sale) -> NewPayment {
    NewPayment {
        payment_id: sale.payment_id,
        booking_id: sale.booking_id,
        show_id: sale.show_id,
        amount: sale.total,
        at: sale.created_at,
    }
}

/// What a till takes for a sale; none when it goes through the gateway.
fn taking(sale: &Sale, at: Timestamp) -> Option<Taking> {
    let Sale { payment_id, booking_id, show_id, cinema_id, .. } = *sale;
    Some(Taking {
        payment_id,
        booking_id,
        show_id,
        amount: sale.total,
        method: sale.till?,
        cinema_id,
        clerk: sale.booked_by,
        at,
    })
}

fn sales<'s>(sold: &'s Picked<'_, Confirm>) -> impl Iterator<Item = &'s Sale> {
    sold.iter().map(|(_, confirm)| &*confirm.sale)
}

fn claimed(sale: &Sale) -> Event {
    let seats: Vec<&SeatId> = sale.seats.iter().map(|seat| &seat.seat_id).collect();
    let payload = json!({ "user_id": sale.user_id, "hold_id": sale.hold_id, "seats": seats, "total": sale.total });
    event("BookingClaimed", Actor::User(sale.booked_by), sale, payload)
}

fn confirmed(Confirm { sale, by, .. }: &Confirm) -> Event {
    let payload = json!({ "user_id": sale.user_id, "payment_id": sale.payment_id, "total": sale.total });
    event("BookingConfirmed", by.actor, sale, payload)
}

fn failed(Undo { sale, payment, by, .. }: &Undo) -> Event {
    let payload = json!({ "user_id": sale.user_id, "payment_id": sale.payment_id, "payment": payment.word() });
    event("BookingFailed", by.actor, sale, payload)
}

pub(super) fn event(kind: &'static str, actor: Actor, sale: &Sale, payload: serde_json::Value) -> Event {
    Event { kind, actor, show_id: Some(sale.show_id), subject: sale.booking_id.to_string(), payload }
}
