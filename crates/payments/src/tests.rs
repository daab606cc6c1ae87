use std::time::{Duration, Instant};

use jiff::SignedDuration;
use marquee_bus::{Actor, Bus, Journal};
use marquee_cluster::{Lead, Shards};
use marquee_db::{Db, Tx, params};
use marquee_kernel::{BookingId, Clock, ManualClock, Money, PaymentId, RefundId, Rng, ShowId};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::jobs::{Desk, Pass};
use crate::model::REFUND_ATTEMPTS_SHOWN_PENDING;
use crate::{
    ChargeState, Gateway, NewPayment, PaymentState, Payments, Refund, RefundReason, RefundRequest, RefundStatus,
    Sandbox, SandboxControls, Settings, check, check_charges, ledger,
};

const JOURNALLED: &str = "SELECT kind FROM journal ORDER BY seq";

/// Payments over a fresh database and sandbox, with a clock that only the test moves.
struct Till {
    _dir: TempDir,
    shards: Shards,
    db: Db,
    hands: ManualClock,
    clock: Clock,
    rng: Rng,
    journal: Journal,
    sandbox: Sandbox,
    payments: Payments,
}

impl Till {
    fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let (clock, rng) = (Clock::Manual(hands.clone()), Rng::seeded(7));
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let journal = Journal::new(clock.clone(), rng.clone());
        let sandbox = Sandbox::open(dir.path(), clock.clone(), Settings::default()).unwrap();
        let bus = Bus::new(db.clone());
        let shards = Shards::alone(db.clone(), bus, journal.clone(), clock.clone(), rng.clone());
        let gateway = Gateway::Sandbox(sandbox.clone());
        let payments = Payments::new(&shards, journal.clone(), clock.clone(), rng.clone(), gateway);
        Self { _dir: dir, shards, db, hands, clock, rng, journal, sandbox, payments }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { db: &self.db, shard: self.shards.home(), lead: Lead::Sole }
    }

    fn faults(&self) -> SandboxControls {
        self.sandbox.controls()
    }

    async fn claim(&self, amount: i64) -> NewPayment {
        let new = NewPayment {
            payment_id: PaymentId::mint(&self.clock, &self.rng),
            booking_id: BookingId::mint(&self.clock, &self.rng),
            show_id: ShowId::mint(&self.clock, &self.rng),
            amount: Money::new(amount, "INR".parse().unwrap()),
            at: self.clock.now(),
        };
        self.db.write(move |tx| ledger::initiate(tx, &[new])).await.unwrap();
        new
    }

    /// A payment that is authorised on both sides.
    async fn sell(&self, amount: i64) -> NewPayment {
        let new = self.claim(amount).await;
        if amount > 0 {
            self.payments.gateway().authorise(new.booking_id, new.amount, "pm_card_visa").await.unwrap();
        }
        let changed =
            self.db.write(move |tx| ledger::authorised(tx, &[(new.payment_id, new.amount, new.at)])).await.unwrap();
        assert_eq!(changed, [1]);
        new
    }

    async fn cancel(&self, payment_id: PaymentId) -> Option<Refund> {
        let request = RefundRequest {
            refund_id: RefundId::mint(&self.clock, &self.rng),
            payment_id,
            reason: RefundReason::BookingCancelled,
            actor: Actor::System,
            at: self.clock.now(),
        };
        let journal = self.journal.clone();
        let order = move |tx: &mut Tx<'_>| {
            let mut journal = journal.open(tx)?;
            ledger::request_refunds(tx, &mut journal, &[request])
        };
        self.db.write(order).await.unwrap().into_iter().next().unwrap()
    }

    async fn refund(&self, payment_id: PaymentId) -> Refund {
        let refunds = self.db.read(move |tx| ledger::refunds_of(tx, &[payment_id])).await.unwrap();
        refunds[&payment_id].clone()
    }

    async fn state(&self, payment_id: PaymentId) -> PaymentState {
        self.db.read(move |tx| ledger::state_of(tx, payment_id)).await.unwrap().unwrap()
    }

    async fn charge(&self, booking_id: BookingId) -> ChargeState {
        self.payments.gateway().find(booking_id).await.unwrap().unwrap().state
    }

    async fn settle_refunds(&self) {
        self.payments.settle_refunds_due(&self.desk()).await.unwrap();
    }

    fn wait(&self, seconds: i64) {
        self.hands.advance(SignedDuration::from_secs(seconds));
    }

    async fn events(&self) -> Vec<String> {
        let rows = self.db.read(|tx| tx.query(JOURNALLED, &params![])).await;
        rows.unwrap().iter().map(|row| row.get("kind").unwrap()).collect()
    }

    async fn assert_sound(&self) {
        let (now, charges) = (self.clock.now(), self.sandbox.charges());
        let faults =
            self.db.read(move |tx| Ok::<_, marquee_db::Error>((check(tx, now)?, check_charges(tx, &charges)?)));
        assert_eq!(faults.await.unwrap(), (vec![], vec![]));
    }
}

#[tokio::test]
async fn an_authorised_payment_is_captured_once() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.capture_due(&till.desk()).await.unwrap();
    till.payments.capture_due(&till.desk()).await.unwrap();
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Captured);
    assert_eq!(till.charge(sold.booking_id).await, ChargeState::Captured);
    assert_eq!(till.events().await, ["PaymentCaptured"]);
    till.assert_sound().await;
}

#[tokio::test]
async fn a_pass_takes_a_batch_and_says_that_there_may_be_more() {
    let till = Till::open();
    for _ in 0..501 {
        till.sell(100).await;
    }
    assert_eq!(till.payments.capture_due(&till.desk()).await.unwrap(), Pass::Full);
    assert_eq!(till.payments.capture_due(&till.desk()).await.unwrap(), Pass::Done);
    assert_eq!(till.events().await.len(), 501);
}

#[tokio::test]
async fn a_capture_cut_off_before_it_was_recorded_is_recorded_later() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.gateway().capture(sold.booking_id).await.unwrap();
    till.payments.capture_due(&till.desk()).await.unwrap();
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Captured);
    assert_eq!(till.events().await, ["PaymentCaptured"]);
}

#[tokio::test]
async fn captures_wait_for_a_gateway_that_is_down() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.faults().go_down();
    till.payments.capture_due(&till.desk()).await.unwrap_err();
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Authorised);
    till.faults().come_back();
    till.payments.capture_due(&till.desk()).await.unwrap();
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Captured);
}

#[tokio::test]
async fn a_refused_capture_holds_nobody_up_and_is_asked_again() {
    let till = Till::open();
    let unknown = till.claim(100).await;
    till.db.write(move |tx| ledger::authorised(tx, &[(unknown.payment_id, unknown.amount, unknown.at)])).await.unwrap();
    let sold = till.sell(200).await;
    till.payments.capture_due(&till.desk()).await.unwrap();
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Captured);
    assert_eq!(till.state(unknown.payment_id).await, PaymentState::Authorised);
    till.payments.gateway().authorise(unknown.booking_id, unknown.amount, "pm_card_visa").await.unwrap();
    till.wait(3_600);
    till.payments.capture_due(&till.desk()).await.unwrap();
    assert_eq!(till.state(unknown.payment_id).await, PaymentState::Captured);
}

#[tokio::test]
async fn cancelled_before_the_capture_no_money_moves() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.cancel(sold.payment_id).await.unwrap();
    till.payments.capture_due(&till.desk()).await.unwrap();
    till.settle_refunds().await;
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Voided);
    assert_eq!(till.charge(sold.booking_id).await, ChargeState::Voided);
    assert_eq!(till.refund(sold.payment_id).await.status, RefundStatus::Succeeded);
    assert_eq!(till.events().await, ["RefundRequested", "PaymentVoided", "RefundSettled"]);
    till.assert_sound().await;
}

#[tokio::test]
async fn cancelled_after_the_capture_the_money_comes_back_within_five_seconds() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.capture_due(&till.desk()).await.unwrap();
    assert_eq!(till.cancel(sold.payment_id).await.unwrap().status, RefundStatus::Pending);
    till.settle_refunds().await;
    assert_eq!(till.state(sold.payment_id).await, PaymentState::RefundPending);
    till.wait(2);
    till.settle_refunds().await;
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Refunded);
    let refund = till.refund(sold.payment_id).await;
    assert_eq!((refund.status, refund.settled_at), (RefundStatus::Succeeded, Some(till.clock.now())));
    assert_eq!(till.events().await, ["PaymentCaptured", "RefundRequested", "RefundSettled"]);
    till.assert_sound().await;
}

#[tokio::test]
async fn cancelled_while_a_capture_is_under_way_the_money_comes_back() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.gateway().capture(sold.booking_id).await.unwrap();
    till.cancel(sold.payment_id).await.unwrap();
    till.settle_refunds().await;
    till.wait(2);
    till.settle_refunds().await;
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Refunded);
    assert_eq!(till.events().await, ["RefundRequested", "PaymentCaptured", "RefundSettled"]);
    till.assert_sound().await;
}

#[tokio::test]
async fn cancelling_twice_makes_one_refund() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.capture_due(&till.desk()).await.unwrap();
    let (first, second) = tokio::join!(till.cancel(sold.payment_id), till.cancel(sold.payment_id));
    assert!(first.is_some());
    assert_eq!(first, second);
    till.settle_refunds().await;
    till.wait(2);
    till.settle_refunds().await;
    let settled = till.cancel(sold.payment_id).await.unwrap();
    assert_eq!((settled.refund_id, settled.status), (first.unwrap().refund_id, RefundStatus::Succeeded));
    let refunds = till.events().await.into_iter().filter(|kind| kind.starts_with("Refund"));
    assert_eq!(refunds.collect::<Vec<_>>(), ["RefundRequested", "RefundSettled"]);
    till.assert_sound().await;
}

#[tokio::test]
async fn a_failed_refund_is_tried_again_until_it_settles() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.capture_due(&till.desk()).await.unwrap();
    till.cancel(sold.payment_id).await.unwrap();
    till.faults().fail_next_refunds(2);
    till.settle_refunds().await;
    let refund = till.refund(sold.payment_id).await;
    assert_eq!((refund.status, refund.attempts), (RefundStatus::Pending, 1));
    assert_eq!(refund.last_error.as_deref(), Some("refused by the sandbox"));
    till.settle_refunds().await;
    assert_eq!(till.refund(sold.payment_id).await.attempts, 1, "not before its pause is over");
    for _ in 0..4 {
        till.settle_refunds().await;
        till.wait(2);
    }
    let refund = till.refund(sold.payment_id).await;
    assert_eq!((refund.status, refund.attempts, refund.last_error), (RefundStatus::Succeeded, 3, None));
    till.assert_sound().await;
}

#[tokio::test]
async fn a_refund_that_keeps_failing_is_shown_and_never_forgotten() {
    let till = Till::open();
    let sold = till.sell(25_000).await;
    till.payments.capture_due(&till.desk()).await.unwrap();
    till.cancel(sold.payment_id).await.unwrap();
    till.faults().go_down();
    for _ in 0..REFUND_ATTEMPTS_SHOWN_PENDING + 5 {
        till.settle_refunds().await;
        till.wait(3_600);
    }
    assert_eq!(till.refund(sold.payment_id).await.status, RefundStatus::Failed);
    assert_eq!(till.state(sold.payment_id).await, PaymentState::RefundFailed);
    till.assert_sound().await;
    till.faults().come_back();
    for _ in 0..2 {
        till.settle_refunds().await;
        till.wait(2);
    }
    assert_eq!(till.state(sold.payment_id).await, PaymentState::Refunded);
    assert_eq!(
        till.events().await,
        ["PaymentCaptured", "RefundRequested", "RefundFailed", "RefundSettled"],
        "told once, not at every attempt"
    );
    till.assert_sound().await;
}

#[tokio::test]
async fn what_holds_no_money_has_no_refund() {
    let till = Till::open();
    let (undecided, declined, failed) = (till.claim(100).await, till.claim(100).await, till.claim(100).await);
    let at = till.clock.now();
    till.db
        .write(move |tx| {
            assert_eq!(ledger::declined(tx, &[(declined.payment_id, "generic_decline".to_owned())], at)?, [1]);
            assert_eq!(ledger::failed(tx, &[failed.payment_id, declined.payment_id], at)?, [1, 0]);
            assert_eq!(ledger::authorised(tx, &[(failed.payment_id, failed.amount, at)])?, [0]);
            Ok::<_, marquee_db::Error>(())
        })
        .await
        .unwrap();
    for payment in [undecided, declined, failed] {
        assert_eq!(till.cancel(payment.payment_id).await, None);
    }
    assert!(till.events().await.is_empty());
    till.assert_sound().await;
}

#[tokio::test]
async fn a_free_booking_never_reaches_the_gateway() {
    let till = Till::open();
    till.faults().go_down();
    let free = till.sell(0).await;
    assert_eq!(till.state(free.payment_id).await, PaymentState::Captured);
    assert_eq!(till.payments.capture_due(&till.desk()).await.unwrap(), Pass::Done);
    assert_eq!(till.cancel(free.payment_id).await.unwrap().status, RefundStatus::Succeeded);
    till.settle_refunds().await;
    assert_eq!(till.state(free.payment_id).await, PaymentState::Refunded);
    till.assert_sound().await;
}

#[tokio::test]
async fn the_audit_sees_money_that_is_out_of_step() {
    let till = Till::open();
    let undecided = till.claim(100).await;
    let (voided, stranger) = (till.sell(100).await, BookingId::mint(&till.clock, &till.rng));
    let gateway = till.payments.gateway();
    gateway.void(voided.booking_id).await.unwrap();
    gateway.authorise(stranger, voided.amount, "pm_card_visa").await.unwrap();
    till.wait(61);
    let (now, charges) = (till.clock.now(), till.sandbox.charges());
    let faults = till.db.read(move |tx| Ok::<_, marquee_db::Error>((check(tx, now)?, check_charges(tx, &charges)?)));
    let (books, beside) = faults.await.unwrap();
    assert_eq!(books.len(), 1);
    assert!(books[0].contains(&undecided.payment_id.to_string()), "{books:?}");
    assert_eq!(beside.len(), 2);
    assert!(beside[0].contains(&voided.payment_id.to_string()), "{beside:?}");
    assert!(beside[1].contains(&stranger.to_string()), "{beside:?}");
}

#[tokio::test]
async fn the_jobs_attend_at_once_and_stop_when_told() {
    let till = Till::open();
    let stop = CancellationToken::new();
    let (payments, shards, token) = (till.payments.clone(), till.shards.clone(), stop.clone());
    let jobs = async move { payments.run_jobs(shards.home(), Lead::Sole).await };
    let jobs = tokio::spawn(async move { token.run_until_cancelled(jobs).await });
    let sold = till.sell(25_000).await;
    till.payments.wake_captures();
    until(async || till.state(sold.payment_id).await == PaymentState::Captured).await;
    till.cancel(sold.payment_id).await.unwrap();
    till.payments.wake_refunds();
    until(async || till.refund(sold.payment_id).await.accepted_at.is_some()).await;
    till.wait(2);
    until(async || till.state(sold.payment_id).await == PaymentState::Refunded).await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), jobs).await.unwrap().unwrap();
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "still waiting");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Sell,
    Cancel(usize),
    CapturePass,
    CaptureUnrecorded(usize),
    RefundPass,
    Wait(i64),
    GoDown,
    ComeBack,
    FailRefunds(u32),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => Just(Move::Sell),
        3 => (0..8_usize).prop_map(Move::Cancel),
        2 => Just(Move::CapturePass),
        1 => (0..8_usize).prop_map(Move::CaptureUnrecorded),
        3 => Just(Move::RefundPass),
        2 => (1..600_i64).prop_map(Move::Wait),
        1 => Just(Move::GoDown),
        1 => Just(Move::ComeBack),
        1 => (1..12_u32).prop_map(Move::FailRefunds),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever fails in whatever order, the books agree with the gateway at every step; and once the gateway is well
    /// again, every sale is captured, or given back exactly once.
    #[test]
    fn every_sale_ends_captured_or_given_back(moves in proptest::collection::vec(any_move(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let till = Till::open();
            let (mut sold, mut cancelled) = (Vec::new(), std::collections::HashSet::new());
            for step in moves {
                play(&till, step, &mut sold, &mut cancelled).await;
                till.assert_sound().await;
            }
            till.faults().come_back();
            till.faults().fail_next_refunds(0);
            for _ in 0..4 {
                till.wait(3_600);
                till.payments.capture_due(&till.desk()).await.unwrap();
                till.settle_refunds().await;
            }
            till.assert_sound().await;
            for sale in &sold {
                let state = till.state(sale.payment_id).await;
                let given_back = matches!(state, PaymentState::Voided | PaymentState::Refunded);
                assert_eq!(given_back, cancelled.contains(&sale.payment_id));
                assert!(given_back || state == PaymentState::Captured);
            }
            let settled = till.events().await.into_iter().filter(|kind| kind == "RefundSettled").count();
            assert_eq!(settled, cancelled.len());
        });
    }
}

async fn play(
    till: &Till,
    step: Move,
    sold: &mut Vec<NewPayment>,
    cancelled: &mut std::collections::HashSet<PaymentId>,
) {
    match step {
        // A sale whose authorisation fails is booking's to undo; here it would only be no sale.
        Move::Sell => {
            till.faults().come_back();
            sold.push(till.sell(100).await);
        }
        Move::Cancel(at) => {
            if let Some(sale) = sold.get(at) {
                assert!(till.cancel(sale.payment_id).await.is_some());
                cancelled.insert(sale.payment_id);
            }
        }
        // A gateway that is down stalls the pass: that is one of the things that happen.
        Move::CapturePass => drop(till.payments.capture_due(&till.desk()).await),
        Move::CaptureUnrecorded(at) => {
            if let Some(sale) = sold.get(at).filter(|sale| !cancelled.contains(&sale.payment_id)) {
                let _ = till.payments.gateway().capture(sale.booking_id).await;
            }
        }
        Move::RefundPass => till.settle_refunds().await,
        Move::Wait(seconds) => till.wait(seconds),
        Move::GoDown => till.faults().go_down(),
        Move::ComeBack => till.faults().come_back(),
        Move::FailRefunds(count) => till.faults().fail_next_refunds(count),
    }
}
