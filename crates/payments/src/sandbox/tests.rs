use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::Barrier;
use std::time::Instant;

use jiff::SignedDuration;
use marquee_kernel::{ManualClock, Rng};
use tempfile::TempDir;

use super::*;
use crate::gateway::Gateway;

struct Desk {
    dir: TempDir,
    hands: ManualClock,
    clock: Clock,
    rng: Rng,
}

impl Desk {
    fn new() -> Self {
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let clock = Clock::Manual(hands.clone());
        Self { dir: TempDir::new().unwrap(), hands, clock, rng: Rng::seeded(1) }
    }

    fn open(&self) -> Sandbox {
        let settings = Settings { authorise_timeout: Duration::from_millis(50), ..Settings::default() };
        Sandbox::open(self.dir.path(), self.clock.clone(), settings).unwrap()
    }

    fn key(&self) -> BookingId {
        BookingId::mint(&self.clock, &self.rng)
    }

    fn refund_id(&self) -> RefundId {
        RefundId::mint(&self.clock, &self.rng)
    }

    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join(LEDGER_FILE)
    }
}

fn rupees(amount: i64) -> Money {
    Money::new(amount, "INR".parse().unwrap())
}

fn declined(code: &str) -> Result<Authorised, AuthoriseError> {
    Err(AuthoriseError::Declined { code: code.to_owned() })
}

#[tokio::test]
async fn each_test_card_answers_as_the_contract_says() {
    let desk = Desk::new();
    let gateway = Gateway::Sandbox(desk.open());
    let authorised = Ok(Authorised { at: desk.clock.now() });
    for (token, answer) in [
        ("pm_card_visa", authorised),
        ("pm_card_visa_chargeDeclined", declined("generic_decline")),
        ("pm_card_chargeDeclinedInsufficientFunds", declined("insufficient_funds")),
    ] {
        assert!(gateway.knows_token(token));
        let key = desk.key();
        assert_eq!(gateway.authorise(key, rupees(100), token).await, answer);
        assert_eq!(gateway.authorise(key, rupees(100), token).await, answer, "again");
    }
    assert!(!gateway.knows_token("pm_card_unheard_of"));
    let key = desk.key();
    assert_eq!(gateway.authorise(key, rupees(100), "pm_card_unheard_of").await, Err(AuthoriseError::UnknownToken));
    assert_eq!(gateway.find(key).await, Ok(None));
}

#[tokio::test]
async fn the_slow_card_succeeds_within_the_default_timeout() {
    let desk = Desk::new();
    let gateway = Gateway::Sandbox(Sandbox::open(desk.dir.path(), Clock::System, Settings::default()).unwrap());
    let started = Instant::now();
    assert!(gateway.authorise(desk.key(), rupees(100), "pm_sandbox_slow").await.is_ok());
    assert!(started.elapsed() >= SLOW);
}

#[tokio::test]
async fn a_timeout_charges_once_and_is_found_by_its_key() {
    let desk = Desk::new();
    let sandbox = desk.open();
    let gateway = Gateway::Sandbox(sandbox.clone());
    let key = desk.key();
    let answer = gateway.authorise(key, rupees(100), "pm_sandbox_timeout").await;
    assert_eq!(answer, Err(AuthoriseError::NoAnswer));
    assert_eq!(gateway.find(key).await.unwrap().unwrap().state, ChargeState::Authorised);
    assert!(gateway.authorise(key, rupees(100), "pm_sandbox_timeout").await.is_ok(), "the same key is used again");
    assert_eq!(sandbox.charges().len(), 1);
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let desk = Desk::new();
    let gateway = Gateway::Sandbox(desk.open());
    let key = desk.key();
    gateway.authorise(key, rupees(100), "pm_card_visa").await.unwrap();
    for (amount, token) in [(101, "pm_card_visa"), (100, "pm_sandbox_slow")] {
        assert_eq!(gateway.authorise(key, rupees(amount), token).await, Err(AuthoriseError::KeyReused));
    }
    assert_eq!(gateway.find(key).await.unwrap().unwrap().amount, rupees(100));
}

#[test]
fn sixty_four_threads_with_one_key_make_one_charge() {
    const THREADS: usize = 64;
    let desk = Desk::new();
    let (sandbox, key, start) = (desk.open(), desk.key(), Barrier::new(THREADS));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(sandbox.authorise(key, rupees(100), "pm_card_visa")).unwrap();
            });
        }
    });
    assert_eq!(sandbox.charges().len(), 1);
    assert_eq!(fs::read_to_string(desk.file()).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn the_books_survive_a_reopen() {
    let desk = Desk::new();
    let (authorised, captured, voided, refused, refunded) =
        (desk.key(), desk.key(), desk.key(), desk.key(), desk.key());
    let (on_its_way, settled) = (desk.refund_id(), desk.refund_id());
    let before = {
        let sandbox = desk.open();
        for key in [authorised, captured, voided, refunded] {
            sandbox.authorise(key, rupees(100), "pm_card_visa").await.unwrap();
        }
        sandbox.authorise(refused, rupees(100), "pm_card_visa_chargeDeclined").await.unwrap_err();
        sandbox.capture(captured).await.unwrap();
        sandbox.capture(refunded).await.unwrap();
        sandbox.void(voided).await.unwrap();
        sandbox.refund(refunded, settled, rupees(60)).await.unwrap();
        desk.hands.advance(SignedDuration::from_secs(2));
        assert_eq!(sandbox.refund_status(settled).await, Ok(Some(RefundAnswer::Succeeded)));
        sandbox.refund(refunded, on_its_way, rupees(40)).await.unwrap();
        sorted(sandbox.charges())
    };
    assert_eq!(sorted(Sandbox::charges_in(desk.dir.path()).unwrap()), before);
    let sandbox = desk.open();
    assert_eq!(sorted(sandbox.charges()), before);
    assert_eq!(sandbox.refund_status(settled).await, Ok(Some(RefundAnswer::Succeeded)));
    assert_eq!(sandbox.refund_status(on_its_way).await, Ok(Some(RefundAnswer::Pending)));
    assert_eq!(
        sandbox.authorise(refused, rupees(100), "pm_card_visa_chargeDeclined").await,
        declined("generic_decline")
    );
    assert_eq!(sandbox.authorise(captured, rupees(7), "pm_card_visa").await, Err(AuthoriseError::KeyReused));
}

fn sorted(mut charges: Vec<Charge>) -> Vec<Charge> {
    charges.sort_by_key(|charge| charge.key);
    charges
}

#[tokio::test]
async fn two_nodes_share_the_books() {
    let desk = Desk::new();
    let (one, other) = (desk.open(), desk.open());
    let (key, refund_id, price) = (desk.key(), desk.refund_id(), rupees(50_000));
    one.authorise(key, price, "pm_card_visa").await.unwrap();
    assert_eq!(other.find(key).await.unwrap().unwrap().state, ChargeState::Authorised);
    assert_eq!(other.capture(key).await, Ok(Some(ChargeState::Captured)));
    assert_eq!(one.refund(key, refund_id, price).await, Ok(RefundAnswer::Pending));
    let again = other.refund(key, desk.refund_id(), price).await;
    assert!(matches!(again, Ok(RefundAnswer::Failed { .. })), "{again:?}");
    desk.hands.advance(SignedDuration::from_secs(2));
    assert_eq!(other.refund_status(refund_id).await, Ok(Some(RefundAnswer::Succeeded)));
    assert_eq!(sorted(one.charges()), sorted(desk.open().charges()));
}

#[test]
fn one_key_at_two_nodes_at_once_makes_one_charge() {
    let desk = Desk::new();
    let nodes = [desk.open(), desk.open()];
    for _ in 0..100 {
        let (key, start) = (desk.key(), Barrier::new(2));
        std::thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(|| {
                    start.wait();
                    node.inner.charge(key, rupees(100), Method::of_token("pm_card_visa").unwrap()).unwrap();
                });
            }
        });
    }
    let lines = fs::read_to_string(desk.file()).unwrap().lines().count();
    assert_eq!((lines, desk.open().charges().len()), (100, 100));
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_the_next_one_is_whole() {
    let desk = Desk::new();
    let first = desk.key();
    desk.open().authorise(first, rupees(100), "pm_card_visa").await.unwrap();
    for torn in [&b"{\"entry\":\"capt"[..], b"\0\0\0\0", b"{\"entry\":\"captured\"}\n"] {
        OpenOptions::new().append(true).open(desk.file()).unwrap().write_all(torn).unwrap();
        assert_eq!(Sandbox::charges_in(desk.dir.path()).unwrap().last().unwrap().state, ChargeState::Authorised);
        let sandbox = desk.open();
        sandbox.authorise(desk.key(), rupees(200), "pm_card_visa").await.unwrap();
        assert_eq!(sorted(desk.open().charges()), sorted(sandbox.charges()));
    }
    assert_eq!(desk.open().charges().len(), 4);
}

#[test]
fn a_bad_line_in_the_middle_is_named() {
    let desk = Desk::new();
    fs::write(desk.file(), "nonsense\n{}\n").unwrap();
    let refused = Sandbox::open(desk.dir.path(), desk.clock.clone(), Settings::default()).unwrap_err();
    assert!(matches!(refused, Error::Corrupt { line: 1, .. }), "{refused}");
}

#[tokio::test]
async fn a_refund_gives_nothing_twice_and_never_more_than_was_taken() {
    let desk = Desk::new();
    let sandbox = desk.open();
    let (key, refund_id) = (desk.key(), desk.refund_id());
    sandbox.authorise(key, rupees(100), "pm_card_visa").await.unwrap();
    let failed = |answer| matches!(answer, Ok(RefundAnswer::Failed { .. }));
    assert!(failed(sandbox.refund(key, refund_id, rupees(100)).await), "not captured yet");
    assert_eq!(sandbox.capture(key).await, Ok(Some(ChargeState::Captured)));
    assert_eq!(sandbox.void(key).await, Ok(Some(ChargeState::Captured)), "too late for a void");
    assert!(failed(sandbox.refund(key, refund_id, rupees(101)).await));
    assert_eq!(sandbox.refund(key, refund_id, rupees(100)).await, Ok(RefundAnswer::Pending));
    assert_eq!(sandbox.refund(key, refund_id, rupees(100)).await, Ok(RefundAnswer::Pending));
    assert!(failed(sandbox.refund(key, refund_id, rupees(1)).await), "another refund under that id");
    assert!(failed(sandbox.refund(key, desk.refund_id(), rupees(1)).await), "nothing is left");
    desk.hands.advance(SignedDuration::from_secs(5));
    assert_eq!(sandbox.refund_status(refund_id).await, Ok(Some(RefundAnswer::Succeeded)));
    assert_eq!(sandbox.charges()[0].refunded, 100);
}

#[tokio::test]
async fn a_voided_charge_cannot_be_captured() {
    let desk = Desk::new();
    let sandbox = desk.open();
    let key = desk.key();
    sandbox.authorise(key, rupees(100), "pm_card_visa").await.unwrap();
    assert_eq!(sandbox.void(key).await, Ok(Some(ChargeState::Voided)));
    assert_eq!(sandbox.capture(key).await, Ok(Some(ChargeState::Voided)));
    assert_eq!(sandbox.capture(desk.key()).await, Ok(None));
}

#[tokio::test]
async fn what_cannot_get_there_charges_nothing() {
    let desk = Desk::new();
    let sandbox = desk.open();
    let key = desk.key();
    sandbox.controls().go_down();
    assert_eq!(sandbox.authorise(key, rupees(100), "pm_card_visa").await, Err(AuthoriseError::Unreachable));
    assert_eq!(sandbox.find(key).await, Err(GatewayDown));
    sandbox.controls().come_back();
    assert_eq!(sandbox.find(key).await, Ok(None));
}

#[tokio::test]
async fn latency_past_the_timeout_leaves_the_outcome_to_be_found() {
    let desk = Desk::new();
    let sandbox = desk.open();
    let gateway = Gateway::Sandbox(sandbox.clone());
    let key = desk.key();
    // There in time, but not back: the way got long meanwhile.
    sandbox.controls().set_latency(Duration::from_millis(2));
    let asking = gateway.authorise(key, rupees(100), "pm_card_visa");
    let (answer, ()) = tokio::join!(asking, async { sandbox.controls().set_latency(Duration::from_secs(86_400)) });
    assert_eq!(answer, Err(AuthoriseError::NoAnswer));
    sandbox.controls().set_latency(Duration::ZERO);
    // A machine too busy for the way there has charged nothing; either way the answer is to be had by the key.
    let found = gateway.find(key).await.unwrap();
    assert!(found.is_none_or(|charge| charge.state == ChargeState::Authorised));
}
