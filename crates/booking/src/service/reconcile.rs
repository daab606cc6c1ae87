//! Settles bookings that were left pending: asks the gateway what became of their payments, then sells or undoes them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use marquee_bus::Actor;
use marquee_cluster::{Lead, ShardDb};
use marquee_kernel::BookingId;
use marquee_payments::{Charge, ChargeState, GatewayDown};
use marquee_seating::Outcome;
use tracing::{info, warn};
use uuid::Uuid;

use super::settle::{By, Settlement};
use super::work::PaymentEnd;
use super::{Booking, meters};
use crate::error::{Error, Result};
use crate::model::{Answer, Sale};
use crate::store;

/// Bookings read at a time.
const PAGE_ROWS: u32 = 100;
/// Gateway calls under way at once.
const GATEWAY_CALLS_MAX: usize = 16;

/// What a look at the pending bookings came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The charge was there: sold.
    pub confirmed: u32,
    /// Declined, never charged, or given back: undone.
    pub failed: u32,
    /// The gateway or the database could not say, or another node may still be at it; the next look will.
    pub open: u32,
}

#[derive(Debug, Default)]
struct Tally {
    confirmed: AtomicU32,
    failed: AtomicU32,
    open: AtomicU32,
}

impl Tally {
    fn report(&self) -> Report {
        let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        Report { confirmed: count(&self.confirmed), failed: count(&self.failed), open: count(&self.open) }
    }
}

/// What a booking's payment came to, as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    Paid,
    Unpaid(PaymentEnd),
}

impl Finding {
    fn of(sale: &Sale, charge: Option<Charge>) -> Self {
        match charge {
            Some(Charge { state: ChargeState::Authorised | ChargeState::Captured, amount, .. })
                if amount == sale.total =>
            {
                Finding::Paid
            }
            // Another amount than was asked for buys nothing.
            Some(Charge { state: ChargeState::Authorised | ChargeState::Captured | ChargeState::Voided, .. }) => {
                Finding::Unpaid(PaymentEnd::Returned)
            }
            Some(Charge { state: ChargeState::Declined, decline_code, .. }) => {
                Finding::Unpaid(PaymentEnd::Declined { decline_code: decline_code.unwrap_or_default() })
            }
            None => Finding::Unpaid(PaymentEnd::NeverCharged),
        }
    }
}

impl Booking {
    /// Settles every pending booking that no call is seeing to: none here, and none at another node that could still be.
    ///
    /// # Errors
    /// What a database says when it cannot be read.
    pub async fn reconcile(&self) -> Result<Report> {
        let mut all = Report::default();
        for shard in self.shards().all() {
            let Report { confirmed, failed, open } = self.reconcile_shard(shard, &Lead::Sole).await?;
            all = Report { confirmed: all.confirmed + confirmed, failed: all.failed + failed, open: all.open + open };
        }
        Ok(all)
    }

    /// As [`Booking::reconcile`], on one shard, by the right of `lead`.
    async fn reconcile_shard(&self, shard: &ShardDb, lead: &Lead) -> Result<Report> {
        let (db, tally) = (shard.db()?, Tally::default());
        let mut after = BookingId::from(Uuid::nil());
        let mut met = HashSet::new();
        loop {
            let page = db.read(move |tx| store::pending(tx, after, PAGE_ROWS)).await?;
            let more = page.len() == PAGE_ROWS as usize;
            after = page.last().copied().unwrap_or(after);
            let orphans: Vec<_> =
                page.into_iter().filter(|booking_id| !self.inner.under_way.has(*booking_id)).collect();
            met.extend(&orphans);
            let left = self.long_pending(shard, &orphans);
            tally.open.fetch_add((orphans.len() - left.len()) as u32, Ordering::Relaxed);
            if !left.is_empty() {
                let sales = db.read(move |tx| store::find(tx, &left)).await?;
                let settle = |sale| self.settle(sale, lead, &tally);
                stream::iter(sales).for_each_concurrent(GATEWAY_CALLS_MAX, settle).await;
            }
            if !more {
                break;
            }
        }
        self.inner.watch.lock().keep(shard.shard(), &met);
        meters::pending(shard.shard(), db.read(store::count_pending).await?);
        Ok(tally.report())
    }

    /// Those that have been pending for so long that no node's call can still be seeing to them.
    fn long_pending(&self, shard: &ShardDb, orphans: &[BookingId]) -> Vec<BookingId> {
        let (mut watch, now) = (self.inner.watch.lock(), Instant::now());
        let patience = self.inner.settings.settle_after;
        let has_lasted = |booking_id: &BookingId| watch.has_lasted((shard.shard(), *booking_id), now, patience);
        orphans.iter().copied().filter(has_lasted).collect()
    }

    /// Keeps settling what is pending on a shard, by the right of `lead`. It may be dropped at any point.
    pub(crate) async fn keep_reconciling(&self, shard: &ShardDb, lead: &Lead) {
        loop {
            match self.reconcile_shard(shard, lead).await {
                Ok(report) if report == Report::default() => {}
                Ok(Report { confirmed, failed, open }) => {
                    info!(confirmed, failed, open, "pending bookings reconciled");
                }
                Err(problem) => warn!(error = %problem, "pending bookings not reconciled, will retry"),
            }
            tokio::time::sleep(self.inner.settings.reconcile_every).await;
        }
    }

    async fn settle(&self, sale: Sale, lead: &Lead, tally: &Tally) {
        let sale = Arc::new(sale);
        let counter = match self.settle_one(&sale, lead).await {
            Ok(Settlement::Confirmed(_)) => {
                self.show_outcome(&sale, Outcome::Booked).await;
                &tally.confirmed
            }
            Ok(Settlement::Failed(answer)) => {
                self.show_outcome(&sale, if answer.declines() { Outcome::Declined } else { Outcome::Failed }).await;
                &tally.failed
            }
            Ok(Settlement::Withdrawn) => {
                self.show_outcome(&sale, Outcome::Abandoned).await;
                &tally.failed
            }
            Ok(Settlement::Open) => &tally.open,
            Err(problem) => {
                warn!(booking_id = %sale.booking_id, error = %problem, "pending booking not settled, will retry");
                &tally.open
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    async fn settle_one(&self, sale: &Arc<Sale>, lead: &Lead) -> Result<Settlement, GatewayDown> {
        let finding = match sale.total.amount {
            0 => Finding::Paid,
            // A clerk who makes the call has the money.
            _ if sale.till.is_some() => Finding::Paid,
            _ => Finding::of(sale, self.inner.parts.payments.gateway().find(sale.booking_id).await?),
        };
        let by = By { actor: Actor::System, lead: lead.clone() };
        Ok(match finding {
            Finding::Paid => self.confirm(sale, by).await,
            Finding::Unpaid(payment) => {
                let answer = match &payment {
                    PaymentEnd::Declined { decline_code } => {
                        Some(Answer::refusing(Error::PaymentDeclined { decline_code: decline_code.clone() }))
                    }
                    PaymentEnd::NeverCharged | PaymentEnd::Returned => None,
                };
                self.undo(sale, payment, answer, by).await
            }
        })
    }

    /// Lets the seat map show what became of the seats, and ends the hold's payment if the hold is still there.
    async fn show_outcome(&self, sale: &Sale, outcome: Outcome) {
        self.inner.parts.seating.end_payment(sale.show_id, sale.hold_id, sale.booking_id, outcome).await;
        self.refresh(sale.show_id).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::sample_sale;

    #[test]
    fn only_the_full_amount_buys_the_seats() {
        let sale = sample_sale();
        let charge = |state, amount| Charge {
            key: sale.booking_id,
            amount: marquee_kernel::Money { amount, ..sale.total },
            state,
            decline_code: (state == ChargeState::Declined).then(|| "generic_decline".to_owned()),
            refunded: 0,
            at: sale.created_at,
        };
        let full = sale.total.amount;
        let found = |state, amount| Finding::of(&sale, Some(charge(state, amount)));
        assert_eq!(found(ChargeState::Authorised, full), Finding::Paid);
        assert_eq!(found(ChargeState::Captured, full), Finding::Paid);
        assert_eq!(found(ChargeState::Authorised, full - 1), Finding::Unpaid(PaymentEnd::Returned));
        assert_eq!(found(ChargeState::Voided, full), Finding::Unpaid(PaymentEnd::Returned));
        let declined = PaymentEnd::Declined { decline_code: "generic_decline".to_owned() };
        assert_eq!(found(ChargeState::Declined, full), Finding::Unpaid(declined));
        assert_eq!(Finding::of(&sale, None), Finding::Unpaid(PaymentEnd::NeverCharged));
    }
}
