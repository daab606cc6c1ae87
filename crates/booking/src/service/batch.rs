//! The batch writer's hand: many claims, confirmations and refusals in one transaction, a verdict for each.

use std::sync::Arc;

use marquee_bus::{Actor, Event, Journal, Pen};
use marquee_cluster::{Departures, Lead, departed};
use marquee_db::{Error, Result, Tx};
use marquee_kernel::{BookingId, Clock, RefundId, Rng, SeatId, ShowId, Timestamp};
use marquee_payments::till::{self, Taking};
use marquee_payments::{NewPayment, RefundReason, RefundRequest, ledger};
use marquee_seating::claims;
use marquee_tickets::{Proof, SigningKeys};
use serde_json::json;

use super::meters;
use super::work::{Claim, Confirm, Defer, PaymentEnd, Remember, Undo, Verdict, Work};
use crate::error;
use crate::model::{Answer, Sale, Status};
use crate::store::{self, KeyedAnswer, KeyedCall};

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

/// The items of a batch by their kind.
#[derive(Default)]
struct Sorted<'w> {
    confirms: Picked<'w, Confirm>,
    undos: Picked<'w, Undo>,
    defers: Picked<'w, Defer>,
    claims: Picked<'w, Claim>,
    remembers: Picked<'w, Remember>,
}

impl Writer {
    /// Carries out `works` in the transaction; their verdicts, in their order.
    pub(crate) fn apply(&self, tx: &mut Tx<'_>, works: &[Work]) -> Result<Vec<Verdict>> {
        // By what right something is done has to be seen first.
        let fenced = works.iter().any(|work| work.by().is_some_and(|by| matches!(by.lead, Lead::Term(_))));
        let at_once = if fenced { None } else { tx.venture(|tx| Batch::open(self, tx, works)?.at_once(works))? };
        meters::batch(if at_once.is_some() { "at_once" } else { "one_by_one" });
        match at_once {
            Some(verdicts) => Ok(verdicts),
            None => Batch::open(self, tx, works)?.one_by_one(works),
        }
    }

    /// What is sold when these claims win, with what proves the tickets.
    fn sign(&self, claims: &Picked<'_, Claim>) -> Vec<(usize, Sale)> {
        // All at once: one signature is good for several bookings.
        let tickets: Vec<_> = claims.iter().map(|(_, claim)| claim.sale.tickets()).collect();
        let proofs = self.keys.sign(&tickets);
        let prove = |((at, claim), proof): (&(usize, &Claim), Proof)| {
            (*at, Sale { proof: Some(proof), ..(*claim.sale).clone() })
        };
        claims.iter().zip(proofs).map(prove).collect()
    }

    /// Orders the payment of `sale` to be given back.
    pub(crate) fn refund(&self, sale: &Sale, reason: RefundReason, actor: Actor, at: Timestamp) -> RefundRequest {
        let refund_id = RefundId::mint(&self.clock, &self.rng);
        RefundRequest { refund_id, payment_id: sale.payment_id, reason, actor, at }
    }
}

/// What became of the claims of a batch.
#[derive(Default)]
struct Claimed<'w> {
    /// What is theirs, signed.
    winners: Vec<(usize, Sale)>,
    losers: Vec<(usize, &'w Claim, error::Error)>,
    /// Their keys were there before.
    repeats: Picked<'w, Claim>,
}

struct Batch<'b, 't> {
    writer: &'b Writer,
    tx: &'b mut Tx<'t>,
    journal: Pen,
    /// What has happened and is not in the journal yet.
    events: Vec<Event>,
    verdicts: Vec<Option<Verdict>>,
}

impl<'b, 't> Batch<'b, 't> {
    fn open(writer: &'b Writer, tx: &'b mut Tx<'t>, works: &[Work]) -> Result<Self> {
        // Where it ends is known by the time that it is wanted.
        let journal = writer.journal.open(tx)?;
        let (events, verdicts) = (Vec::with_capacity(works.len()), works.iter().map(|_| None).collect());
        Ok(Self { writer, tx, journal, events, verdicts })
    }

    /// Does all as if nobody were in anybody's way: holds keep buyers apart, so that nearly always nobody is, and what came of it is asked
    /// once, at the end. The verdicts; none when a show has gone or is closed, a key was there before, a seat was taken or a claim settled. Then
    /// it is to be taken back.
    fn at_once(mut self, works: &[Work]) -> Result<Option<Vec<Verdict>>> {
        let all = self.undecided(works);
        let departures = Departures::ask(self.tx)?;
        let confirmed = claims::settle_all(self.tx, &claims_to_confirm(&all.confirms))?;
        store::claim_all_keys(self.tx, keyed(&all.claims))?;
        let closed = claims::claim_all(self.tx, &seats_to_claim(&all.claims))?;
        // While the database is at that.
        let winners = self.writer.sign(&all.claims);
        let sold = all.confirms.clone();
        self.undo(&all.undos)?;
        self.defer(&all.defers)?;
        self.write(&all, &sold, Claimed { winners, ..Default::default() })?;
        let goes_well =
            departures.spare(self.tx, &shows(works))? && confirmed.is_all(self.tx)? && !closed.any(self.tx)?;
        if goes_well { self.verdicts().map(Some) } else { Ok(None) }
    }

    /// As [`Batch::at_once`], with a question at every step. What frees seats and answers keys comes before what asks for them.
    fn one_by_one(mut self, works: &[Work]) -> Result<Vec<Verdict>> {
        self.bar(works)?;
        let sorted = self.undecided(works);
        let sold = self.confirm(&sorted.confirms)?;
        self.undo(&sorted.undos)?;
        self.defer(&sorted.defers)?;
        let claimed = self.claim(&sorted.claims)?;
        self.write(&sorted, &sold, claimed)?;
        self.verdicts()
    }

    /// Writes down what came of confirmations and claims. It is sent, and not asked about: the database works on it while entries are sealed.
    fn write(&mut self, all: &Sorted<'_>, sold: &Picked<'_, Confirm>, claimed: Claimed<'_>) -> Result<()> {
        self.promise(sold)?;
        self.book(sold)?;
        self.sell(claimed.winners)?;
        self.refuse(claimed.losers)?;
        self.tell()?;
        self.take_at_tills(sold)?;
        self.answer_repeats(&claimed.repeats)?;
        self.remember(&all.remembers)
    }

    fn verdicts(self) -> Result<Vec<Verdict>> {
        self.verdicts.into_iter().map(|verdict| verdict.ok_or(Error::Closed)).collect()
    }

    fn decide(&mut self, at: usize, verdict: Verdict) {
        if let Some(slot) = self.verdicts.get_mut(at) {
            *slot = Some(verdict);
        }
    }

    /// Writes down what has happened.
    fn tell(&mut self) -> Result<()> {
        let events = std::mem::take(&mut self.events);
        self.journal.append(self.tx, &events)
    }

    /// The items that nothing is said of yet.
    fn undecided<'w>(&self, works: &'w [Work]) -> Sorted<'w> {
        let mut sorted = Sorted::default();
        let undecided = works.iter().enumerate().zip(&self.verdicts).filter(|(_, verdict)| verdict.is_none());
        for ((at, work), _) in undecided {
            match work {
                Work::Claim(claim) => sorted.claims.push((at, claim)),
                Work::Confirm(confirm) => sorted.confirms.push((at, confirm)),
                Work::Undo(undo) => sorted.undos.push((at, undo)),
                Work::Defer(defer) => sorted.defers.push((at, defer)),
                Work::Remember(remember) => sorted.remembers.push((at, remember)),
            }
        }
        sorted
    }

    /// Decides on what must not be done in this database, or not by this node.
    fn bar(&mut self, works: &[Work]) -> Result<()> {
        let departed = departed(self.tx, &shows(works))?;
        for (at, work) in works.iter().enumerate() {
            if work.show_id().is_some_and(|show_id| departed.contains(&show_id)) {
                self.decide(at, Verdict::Departed);
            } else if let Some(by) = work.by() {
                match by.lead.check(self.tx) {
                    Ok(()) => {}
                    Err(Error::Fenced) => self.decide(at, Verdict::Fenced),
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(())
    }

    /// Has the seats decide who wins.
    fn claim<'w>(&mut self, claims: &Picked<'w, Claim>) -> Result<Claimed<'w>> {
        let mut claimed = Claimed::default();
        // Of two with the same key in one batch the first inserts it; the second meets it like any later one.
        let with_keys: Picked<'_, Claim> =
            claims.iter().filter(|(_, claim)| claim.sale.key.is_some()).copied().collect();
        let inserted = store::claim_keys(self.tx, keyed(claims))?;
        let repeats = with_keys.into_iter().zip(inserted).filter(|(_, inserted)| *inserted == 0);
        claimed.repeats = repeats.map(|(claim, _)| claim).collect();
        let mut fresh = claims.clone();
        fresh.retain(|(at, _)| claimed.repeats.iter().all(|(repeat, _)| repeat != at));

        let verdicts = claims::claim(self.tx, &seats_to_claim(&fresh))?;
        let mut winners = Picked::new();
        for ((at, claim), verdict) in fresh.into_iter().zip(verdicts) {
            match verdict {
                claims::Verdict::Claimed => winners.push((at, claim)),
                claims::Verdict::Taken(seats) => {
                    claimed.losers.push((at, claim, error::Error::SeatsUnavailable(seats)));
                }
                claims::Verdict::Closed => claimed.losers.push((at, claim, error::Error::ShowNotOnSale)),
            }
        }
        claimed.winners = self.writer.sign(&winners);
        Ok(claimed)
    }

    /// Once all others are decided: a repeat of a call that lost or was sold in this batch gets that call's answer.
    fn answer_repeats(&mut self, repeats: &Picked<'_, Claim>) -> Result<()> {
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

    fn sell(&mut self, winners: Vec<(usize, Sale)>) -> Result<()> {
        let sold = winners.iter().map(|(_, sale)| sale);
        store::insert(self.tx, sold.clone())?;
        let payments: Vec<_> = sold.clone().map(initiated).collect();
        ledger::initiate(self.tx, &payments)?;
        let takings: Vec<_> = sold.filter_map(|sale| taking(sale, sale.created_at)).collect();
        till::open(self.tx, &takings)?;
        for (at, sale) in winners {
            self.events.push(claimed(&sale));
            self.decide(at, Verdict::Claimed(Arc::new(sale)));
        }
        Ok(())
    }
}

impl Batch<'_, '_> {
    /// Turns claims into sales; those that were open. A booking that waits for one that is not is undone.
    fn confirm<'w>(&mut self, confirms: &Picked<'w, Confirm>) -> Result<Picked<'w, Confirm>> {
        let settled = claims::settle(self.tx, &claims_to_confirm(confirms))?;
        let (mut sold, mut lost) = (Picked::new(), Vec::new());
        for ((at, confirm), settled) in confirms.iter().zip(settled) {
            if settled > 0 {
                sold.push((*at, *confirm));
            } else if store::status(self.tx, confirm.sale.booking_id)? == Some(Status::Pending) {
                lost.push((*at, confirm.without_seats()));
            } else {
                self.decide(*at, Verdict::Settled);
            }
        }
        self.undo(&lost.iter().map(|(at, undo)| (*at, undo)).collect())?;
        for (at, undo) in lost {
            undo.answer.into_iter().for_each(|answer| self.decide(at, Verdict::Refused(answer)));
        }
        Ok(sold)
    }

    fn book(&mut self, sold: &Picked<'_, Confirm>) -> Result<()> {
        store::confirm(self.tx, sold.iter().map(|(_, confirm)| confirm.sale.booking_id))?;
        for (at, confirm) in sold {
            self.events.push(confirmed(confirm));
            self.decide(*at, Verdict::Done);
        }
        Ok(())
    }

    /// Has the books know that the gateway promised the money.
    fn promise(&mut self, sold: &Picked<'_, Confirm>) -> Result<()> {
        let now = self.writer.clock.now();
        let promised: Vec<_> =
            sales(sold).filter(|sale| sale.till.is_none()).map(|sale| (sale.payment_id, sale.total, now)).collect();
        ledger::promised(self.tx, &promised)
    }

    fn take_at_tills(&mut self, sold: &Picked<'_, Confirm>) -> Result<()> {
        let now = self.writer.clock.now();
        let taken: Vec<_> = sales(sold).filter_map(|sale| taking(sale, now)).collect();
        till::taken(self.tx, &mut self.journal, &taken)
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
        ledger::request_refunds(self.tx, &mut self.journal, &returned).map(drop)
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

fn shows(works: &[Work]) -> Vec<ShowId> {
    let mut shows: Vec<_> = works.iter().filter_map(Work::show_id).collect();
    shows.sort_unstable();
    shows.dedup();
    shows
}

/// The calls that have a key.
fn keyed<'w>(claims: &Picked<'w, Claim>) -> impl Iterator<Item = (KeyedCall<'w>, BookingId)> {
    claims.iter().filter_map(|(_, claim)| Some((claim.call()?, claim.sale.booking_id)))
}

fn seats_to_claim<'w>(claims: &Picked<'w, Claim>) -> Vec<&'w claims::Claim> {
    claims.iter().map(|(_, claim)| &claim.seats).collect()
}

fn claims_to_confirm<'w>(confirms: &Picked<'w, Confirm>) -> Vec<&'w claims::Claim> {
    confirms.iter().map(|(_, confirm)| &confirm.seats).collect()
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
