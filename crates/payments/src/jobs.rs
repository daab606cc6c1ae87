//! The work that goes on after the customer has been answered: taking promised money, and giving money back.
//!
//! Each pass asks the gateway first and writes the answer down second. A crash in between repeats the question, which
//! the gateway answers as before; so a pass may be dropped at any await.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use marquee_bus::{Actor, Event};
use marquee_cluster::{Lead, ShardDb};
use marquee_db::{Db, Result, Tx};
use marquee_kernel::{PaymentId, ShowId, Timestamp};
use serde_json::json;
use tracing::{error, warn};

use crate::gateway::{ChargeState, GatewayDown, RefundAnswer};
use crate::meters;
use crate::model::{PaymentState, Refund, RefundStatus, Step, later, retry_pause};
use crate::service::{Bells, Payments};
use crate::store::{self, DueRefund, Payment};

/// Captures of one pass, which is one transaction.
const CAPTURE_BATCH_MAX: u32 = 500;
/// Refunds of one pass.
const REFUND_BATCH_MAX: u32 = 100;
/// Calls of the gateway under way at once, per job.
const GATEWAY_CALLS_MAX: usize = 16;
/// How long a woken capture pass waits for company: an evening's sales then share commits with few others.
const CAPTURE_LINGER: Duration = Duration::from_millis(200);
/// How long a job sleeps when nobody wakes it: what was put off may be due.
const IDLE: Duration = Duration::from_millis(500);
/// When to ask again for a capture that the gateway refused. Somebody has to look at it; see the log.
const REFUSED_CAPTURE_PAUSE: Duration = Duration::from_secs(600);

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// It took as much as a pass may: there may be more.
    Full,
    /// Nothing more is due.
    Done,
}

/// Why a pass did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stalled {
    #[error(transparent)]
    Db(#[from] marquee_db::Error),
    #[error(transparent)]
    Gateway(#[from] GatewayDown),
}

/// The books of one shard, with the right to work on them.
#[derive(Clone, Debug)]
pub(crate) struct Desk<'d> {
    pub(crate) db: &'d Db,
    pub(crate) shard: &'d ShardDb,
    pub(crate) lead: Lead,
}

/// What the gateway made of a refund.
#[derive(Clone, Debug)]
enum Outcome {
    Voided,
    OnItsWay,
    Settled,
    Refused(String),
}

impl Payments {
    /// Captures and refunds of one shard, for as long as this node is the one to do them. It may be dropped at any point: what was
    /// under way is taken up by whoever does it next.
    pub async fn run_jobs(&self, shard: &ShardDb, lead: Lead) {
        let (Ok(db), Some(bells)) = (shard.db(), self.bells.get(shard.at())) else { return };
        let desk = Desk { db, shard, lead };
        tokio::join!(self.run_captures(&desk, bells), self.run_refunds(&desk, bells));
    }

    async fn run_captures(&self, desk: &Desk<'_>, bells: &Bells) {
        let mut failures = 0;
        loop {
            match self.capture_due(desk).await {
                Ok(Pass::Full) => {}
                Ok(Pass::Done) => {
                    failures = 0;
                    if tokio::time::timeout(IDLE, bells.captures.notified()).await.is_ok() {
                        tokio::time::sleep(CAPTURE_LINGER).await;
                    }
                }
                Err(stalled) => {
                    failures += 1;
                    warn!(error = %stalled, failures, "captures stalled, will retry");
                    tokio::time::sleep(retry_pause(failures, &self.rng)).await;
                }
            }
        }
    }

    async fn run_refunds(&self, desk: &Desk<'_>, bells: &Bells) {
        let mut failures = 0;
        loop {
            match self.settle_refunds_due(desk).await {
                Ok(Pass::Full) => {}
                Ok(Pass::Done) => {
                    failures = 0;
                    // Either way it looks again.
                    let _ = tokio::time::timeout(IDLE, bells.refunds.notified()).await;
                }
                Err(problem) => {
                    failures += 1;
                    warn!(error = %problem, failures, "refunds stalled, will retry");
                    tokio::time::sleep(retry_pause(failures, &self.rng)).await;
                }
            }
        }
    }

    /// Takes the money of authorised payments.
    pub(crate) async fn capture_due(&self, desk: &Desk<'_>) -> Result<Pass, Stalled> {
        let now = self.clock.now();
        let due = desk.db.read(move |tx| store::captures_due(tx, now, CAPTURE_BATCH_MAX)).await?;
        if due.is_empty() {
            return Ok(Pass::Done);
        }
        let pass = if due.len() < CAPTURE_BATCH_MAX as usize { Pass::Done } else { Pass::Full };
        let ask = |payment: Payment| async move { (payment, self.gateway.capture(payment.booking_id).await) };
        let mut answers = stream::iter(due).map(ask).buffer_unordered(GATEWAY_CALLS_MAX);
        let (mut captured, mut refused, mut down) = (Vec::new(), Vec::new(), None);
        while let Some((payment, answer)) = answers.next().await {
            match answer {
                Ok(Some(ChargeState::Captured)) => captured.push(payment),
                Ok(state) => {
                    error!(payment_id = %payment.payment_id, charge = ?state, "capture refused");
                    refused.push(payment.payment_id);
                }
                // The rest would only wait for the same silence; what was answered is written down.
                Err(silence) => {
                    down = Some(silence);
                    break;
                }
            }
        }
        drop(answers);
        meters::captures_refused(refused.len());
        self.record_captures(desk, captured, refused).await?;
        match down {
            Some(silence) => Err(silence.into()),
            None => Ok(pass),
        }
    }

    async fn record_captures(&self, desk: &Desk<'_>, captured: Vec<Payment>, refused: Vec<PaymentId>) -> Result<()> {
        let (now, journal, lead) = (self.clock.now(), self.journal.clone(), desk.lead.clone());
        desk.db
            .write(move |tx| {
                lead.check(tx)?;
                let mut journal = journal.open(tx)?;
                let ids: Vec<_> = captured.iter().map(|payment| payment.payment_id).collect();
                let changed = store::step(tx, Step::Capture, &ids, now)?;
                store::stop_captures(tx, &ids)?;
                let fresh = captured.iter().zip(changed).filter(|(_, rows)| *rows > 0);
                let events: Vec<_> = fresh.map(|(payment, _)| captured_event(payment)).collect();
                store::put_captures_off(tx, &refused, later(now, REFUSED_CAPTURE_PAUSE))?;
                journal.append(tx, &events)
            })
            .await?;
        desk.shard.wake();
        Ok(())
    }

    /// Sees to the refunds that are due: orders them, looks at those on their way, tries those that failed again.
    pub(crate) async fn settle_refunds_due(&self, desk: &Desk<'_>) -> Result<Pass> {
        let now = self.clock.now();
        let due = desk.db.read(move |tx| store::refunds_due(tx, now, REFUND_BATCH_MAX)).await?;
        let pass = if due.len() < REFUND_BATCH_MAX as usize { Pass::Done } else { Pass::Full };
        if !due.is_empty() {
            let ask = |due: DueRefund| async move {
                let outcome = self.give_back(&due).await;
                (due, outcome)
            };
            let answers: Vec<_> = stream::iter(due).map(ask).buffer_unordered(GATEWAY_CALLS_MAX).collect().await;
            self.record_refunds(desk, answers).await?;
        }
        self.show_refunds_open(desk).await?;
        Ok(pass)
    }

    async fn give_back(&self, due: &DueRefund) -> Outcome {
        match self.ask_for_refund(due).await {
            Ok(outcome) => outcome,
            Err(silence) => Outcome::Refused(silence.to_string()),
        }
    }

    async fn ask_for_refund(&self, due: &DueRefund) -> Result<Outcome, GatewayDown> {
        let refund = &due.refund;
        if due.payment_state == PaymentState::Authorised {
            match self.gateway.void(refund.booking_id).await? {
                Some(ChargeState::Voided) => return Ok(Outcome::Voided),
                // A capture was under way when the refund was ordered: then it is a refund.
                Some(ChargeState::Captured) => {}
                Some(ChargeState::Authorised | ChargeState::Declined) | None => {
                    return Ok(Outcome::Refused("the gateway knows no such charge".to_owned()));
                }
            }
        }
        let known =
            if refund.accepted_at.is_some() { self.gateway.refund_status(refund.refund_id).await? } else { None };
        let answer = match known {
            Some(answer) => answer,
            None => self.gateway.refund(refund.booking_id, refund.refund_id, refund.amount).await?,
        };
        Ok(match answer {
            RefundAnswer::Pending => Outcome::OnItsWay,
            RefundAnswer::Succeeded => Outcome::Settled,
            RefundAnswer::Failed { reason } => Outcome::Refused(reason),
        })
    }

    async fn record_refunds(&self, desk: &Desk<'_>, answers: Vec<(DueRefund, Outcome)>) -> Result<()> {
        let (now, rng, journal) = (self.clock.now(), self.rng.clone(), self.journal.clone());
        let lead = desk.lead.clone();
        let reached = desk.db.write(move |tx| -> Result<Vec<RefundStatus>> {
            lead.check(tx)?;
            let (mut events, mut reached) = (Vec::new(), Vec::new());
            for (due, outcome) in &answers {
                let before = due.refund.status;
                let refund = advance(&due.refund, outcome, now);
                if !store::update_refund(tx, &refund, refund.next_attempt_at(now, &rng))? {
                    continue;
                }
                move_payment(tx, due, &refund, outcome, now, &mut events)?;
                if refund.status != before {
                    events.extend(refund_event(due.show_id, &refund));
                    reached.push(refund.status);
                }
            }
            journal.append(tx, &events)?;
            Ok(reached)
        });
        reached.await?.into_iter().for_each(meters::refund);
        desk.shard.wake();
        Ok(())
    }

    async fn show_refunds_open(&self, desk: &Desk<'_>) -> Result<()> {
        let counts = desk.db.read(store::refunds_open).await?;
        for status in [RefundStatus::Pending, RefundStatus::Failed] {
            let count = counts.iter().find(|(of, _)| *of == status).map_or(0, |(_, count)| *count);
            meters::refunds_open(desk.shard.shard(), status, count);
        }
        Ok(())
    }
}

fn advance(refund: &Refund, outcome: &Outcome, now: Timestamp) -> Refund {
    let mut refund = refund.clone();
    match outcome {
        Outcome::OnItsWay => refund.accepted(now),
        Outcome::Voided | Outcome::Settled => refund.settled(now),
        Outcome::Refused(why) => {
            refund.refused(why.clone());
            warn!(refund_id = %refund.refund_id, attempts = refund.attempts, error = %why, "refund failed, will retry");
        }
    }
    refund
}

/// Takes the payment where its refund now is, step by step: each step changes only a payment that stands where it
/// starts.
fn move_payment(
    tx: &mut Tx<'_>,
    due: &DueRefund,
    refund: &Refund,
    outcome: &Outcome,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> Result<()> {
    let payment = Payment {
        payment_id: refund.payment_id,
        booking_id: refund.booking_id,
        show_id: due.show_id,
        amount: refund.amount,
        state: due.payment_state,
    };
    let took = |tx: &mut Tx<'_>, step| -> Result<bool> {
        Ok(store::step(tx, step, &[payment.payment_id], now)?.into_iter().sum::<usize>() > 0)
    };
    match outcome {
        Outcome::Voided => {
            if took(tx, Step::Void)? {
                events.push(voided_event(&payment));
            }
        }
        Outcome::OnItsWay | Outcome::Settled => {
            if took(tx, Step::Capture)? {
                events.push(captured_event(&payment));
            }
            took(tx, Step::StartRefund)?;
            took(tx, Step::RetryRefund)?;
            if matches!(outcome, Outcome::Settled) {
                took(tx, Step::SettleRefund)?;
            }
        }
        Outcome::Refused(_) => {
            took(tx, Step::StartRefund)?;
            if refund.status == RefundStatus::Failed {
                took(tx, Step::FailRefund)?;
            }
        }
    }
    Ok(())
}

fn captured_event(payment: &Payment) -> Event {
    payment_event("PaymentCaptured", payment)
}

fn voided_event(payment: &Payment) -> Event {
    payment_event("PaymentVoided", payment)
}

fn payment_event(kind: &'static str, payment: &Payment) -> Event {
    Event {
        kind,
        actor: Actor::System,
        show_id: Some(payment.show_id),
        subject: payment.payment_id.to_string(),
        payload: json!({ "booking_id": payment.booking_id, "amount": payment.amount }),
    }
}

pub(crate) fn refund_settled(show_id: ShowId, refund: &Refund, actor: Actor) -> Event {
    let payload = json!({ "booking_id": refund.booking_id, "amount": refund.amount });
    Event { kind: "RefundSettled", actor, show_id: Some(show_id), subject: refund.refund_id.to_string(), payload }
}

fn refund_event(show_id: ShowId, refund: &Refund) -> Option<Event> {
    let (kind, payload) = match refund.status {
        RefundStatus::Pending => return None,
        RefundStatus::Succeeded => return Some(refund_settled(show_id, refund, Actor::System)),
        RefundStatus::Failed => (
            "RefundFailed",
            json!({
                "booking_id": refund.booking_id,
                "amount": refund.amount,
                "attempts": refund.attempts,
                "error": refund.last_error,
            }),
        ),
    };
    let subject = refund.refund_id.to_string();
    Some(Event { kind, actor: Actor::System, show_id: Some(show_id), subject, payload })
}
