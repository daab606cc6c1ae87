//! `kill -9` in the middle of a sale, over and over: nothing that was answered is lost, and nobody pays for nothing.
//!
//! `MARQUEE_CRASH_ROUNDS` sets how often each of the tests below kills the process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use marquee_kernel::Rng;
use marquee_testkit::{Answer, Launch, Ledger, Person, Process, Show, eventually, eventually_within, id_of};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::MARQUEE;

/// How long a few sales may take on a machine that has much else to do.
const SALE_MAX: Duration = Duration::from_secs(60);
/// How often each test kills the process unless `MARQUEE_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 20;
/// People who buy at the same time.
const BUYERS: usize = 6;
/// Seats of each round's show: few enough for buyers to meet.
const SEATS: usize = 40;
/// Answers before the process is killed, at most: each sells two seats at most, so that there is always one left to wait for.
const ANSWERS_MAX: u64 = SEATS as u64 / 2;
/// Bookings after which a buyer goes home, should the process live that long.
const ATTEMPTS_MAX: usize = 400;
/// How long a hold lasts, in seconds: long enough to pay, short enough to see those lapse that nobody paid for.
const HOLD_S: &str = "20";
/// What the contract gives a charge to become a booking or a refund.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(60);

fn rounds() -> u64 {
    std::env::var("MARQUEE_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

fn seeded() -> Rng {
    let given = std::env::var("MARQUEE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| Rng::System.below(u64::from(u32::MAX)));
    eprintln!("MARQUEE_SEED={seed}");
    Rng::seeded(seed)
}

/// A payment that somebody tried, and what became of it.
struct Attempt {
    buyer: usize,
    body: Value,
    /// What the process answered before it died.
    answer: Option<Answer>,
    cancelled: Cancellation,
}

#[derive(Clone, Copy, PartialEq)]
enum Cancellation {
    NotAsked,
    Unanswered,
    Answered,
}

/// One buyer, who buys, is declined and cancels until the process is gone.
async fn shop(buyer: usize, person: Person, show: Arc<Show>, rng: Rng, answers: Arc<AtomicU64>) -> Vec<Attempt> {
    let names: Vec<&str> = show.names().collect();
    let draw = |below: usize| usize::try_from(rng.below(below as u64)).unwrap();
    let mut attempts = Vec::new();
    while attempts.len() < ATTEMPTS_MAX {
        let first = draw(names.len());
        let picks = [names[first], names[(first + 1) % names.len()]];
        let picks = json!({ "seats": show.seats(&picks[..1 + draw(2)]) });
        let reserve = person.request(Method::POST, &show.path("/reserve")).json(&picks);
        let Ok(held) = reserve.try_send().await else { break };
        if held.status() != 201 {
            held.problem("seats_unavailable");
            continue;
        }
        let lock = held.json();
        let card = match draw(16) {
            0..5 => "pm_card_visa_chargeDeclined",
            5 => "pm_sandbox_timeout",
            _ => "pm_card_visa",
        };
        let key = format!("order-{}", hex(rng.bytes::<8>()));
        let body = json!({ "lock_id": lock["lock_id"], "payment_token": card, "idempotency_key": key });
        let paying = person.request(Method::POST, "/booking").json(&body);
        attempts.push(Attempt { buyer, body, answer: None, cancelled: Cancellation::NotAsked });
        let attempt = attempts.last_mut().unwrap();
        let Ok(answer) = paying.try_send().await else { break };
        attempt.answer = Some(answer.clone());
        answers.fetch_add(1, Ordering::Relaxed);
        let next = match answer.status() {
            201 if draw(2) == 0 => {
                attempt.cancelled = Cancellation::Unanswered;
                let path = format!("/booking/{}/cancel", id_of(&answer.json(), "booking_id"));
                person.request(Method::POST, &path)
            }
            201 | 202 => continue,
            402 => person.request(Method::DELETE, &format!("/locks/{}", id_of(&lock, "lock_id"))),
            _ => panic!("{answer}"),
        };
        let Ok(answer) = next.try_send().await else { break };
        if attempt.cancelled == Cancellation::Unanswered {
            assert_eq!(answer.ok()["status"], "cancelled");
            attempt.cancelled = Cancellation::Answered;
        }
    }
    attempts
}

fn hex(bytes: [u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(bytes))
}

fn launch(data_dir: &Path) -> Launch {
    Launch::new(MARQUEE, data_dir).env("MARQUEE_HOLD_SECONDS", HOLD_S)
}

/// A data dir and the people who buy there, through one crash after another.
struct Sale {
    data_dir: tempfile::TempDir,
    rng: Rng,
    people: Vec<Person>,
    shows: Vec<Arc<Show>>,
}

impl Sale {
    async fn open() -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let process = launch(data_dir.path()).ready().await;
        let mut people = Vec::new();
        for _ in 0..BUYERS {
            people.push(process.customer("Buyer").await);
        }
        process.kill();
        Self { data_dir, rng: seeded(), people, shows: Vec::new() }
    }

    fn launch(&self) -> Launch {
        launch(self.data_dir.path())
    }

    /// Sells a new show until `killed` has killed the process: what was tried.
    async fn sell(&mut self, process: Process, killed: impl AsyncFnOnce(Process, Arc<AtomicU64>)) -> Vec<Attempt> {
        let show = Arc::new(process.a_show().seats(SEATS).create().await);
        self.shows.push(Arc::clone(&show));
        let answers = Arc::new(AtomicU64::new(0));
        let mut buying = JoinSet::new();
        for (buyer, person) in self.people.iter().enumerate() {
            let person = person.at(&process);
            buying.spawn(shop(buyer, person, Arc::clone(&show), self.rng.clone(), Arc::clone(&answers)));
        }
        killed(process, answers).await;
        buying.join_all().await.into_iter().flatten().collect()
    }

    /// Asks again for everything that was tried: what was answered is answered so again.
    async fn verify(&self, process: &Process, attempts: Vec<Attempt>) {
        for attempt in attempts {
            let person = self.people[attempt.buyer].at(process);
            let again = answer_to(&person, &attempt.body).await;
            match &attempt.answer {
                Some(first) => {
                    assert!(again.is_replay(), "answered, then forgotten\nbefore: {first}\nafter: {again}");
                    assert_eq!((again.status(), again.json()), (first.status(), first.json()));
                }
                // Never answered: now it is, or the hold died with the process before anything was claimed.
                None => match again.status() {
                    201 | 202 | 402 | 409 => {
                        let third = answer_to(&person, &attempt.body).await;
                        assert!(third.is_replay(), "{third}");
                        assert_eq!((third.status(), third.json()), (again.status(), again.json()));
                    }
                    410 => drop(again.problem("lock_expired")),
                    _ => drop(again.problem("lock_not_found")),
                },
            }
            let booking = again.json();
            match attempt.cancelled {
                Cancellation::NotAsked if again.status() == 201 => {
                    assert_eq!(person.booking(&booking).await["status"], "confirmed");
                }
                Cancellation::NotAsked => {}
                Cancellation::Unanswered => assert_eq!(person.cancel(&booking).await.ok()["status"], "cancelled"),
                Cancellation::Answered => assert_eq!(person.booking(&booking).await["status"], "cancelled"),
            }
        }
    }

    /// After the last crash: within a minute everything is settled, and the gateway's books agree with what was sold.
    async fn audit(&self, process: Process) {
        let bookings = eventually_within(SETTLED_WITHIN, "everything is settled", async || {
            let mut bookings = BTreeMap::new();
            for person in &self.people {
                for booking in everything_of(&person.at(&process)).await {
                    bookings.insert(id_of(&booking, "booking_id").to_owned(), booking);
                }
            }
            is_settled(&bookings, &Ledger::read(self.data_dir.path())).then_some(bookings)
        })
        .await;
        agree(&bookings, &Ledger::read(self.data_dir.path()));
        for show in &self.shows {
            let mut sold = BTreeMap::new();
            let confirmed = |booking: &&Value| booking["status"] == "confirmed" && booking["show_id"] == show.show_id;
            for booking in bookings.values().filter(confirmed) {
                for seat in booking["seats"].as_array().unwrap() {
                    let seat_id = id_of(seat, "seat_id").to_owned();
                    let before = sold.insert(seat_id, "booked".to_owned());
                    assert_eq!(before, None, "sold twice: {seat}");
                }
            }
            // Holds that outlived their process lapse.
            eventually_within(SETTLED_WITHIN, "the map shows what was sold", async || {
                (process.seat_map(show).await.unavailable() == sold).then_some(())
            })
            .await;
        }
        assert_eq!(process.stop().await.0, Some(0));
        passes_the_check(self.data_dir.path()).await;
    }
}

/// The answer to a payment; a server that does not know yet says so, and is asked again.
pub(crate) async fn answer_to(person: &Person, body: &Value) -> Answer {
    eventually_within(SETTLED_WITHIN, "the payment is answered", async || {
        let answer = person.post("/booking", body.clone()).await;
        if answer.status() == 503 {
            assert!(answer.has_header("retry-after"), "{answer}");
            return None;
        }
        Some(answer)
    })
    .await
}

/// What is there, as soon as the shop can say.
pub(crate) async fn found_by(person: &Person, path: &str) -> Value {
    eventually_within(SETTLED_WITHIN, "it can be read", async || {
        let answer = person.get(path).await;
        (answer.status() != 503).then(|| answer.ok())
    })
    .await
}

pub(crate) async fn everything_of(person: &Person) -> Vec<Value> {
    let (mut bookings, mut next) = (Vec::new(), "/user/me/bookings?limit=100".to_owned());
    loop {
        let page = found_by(person, &next).await;
        bookings.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { return bookings };
        next = format!("/user/me/bookings?limit=100&cursor={cursor}");
    }
}

fn total(booking: &Value) -> i64 {
    booking["total_price"]["amount"].as_i64().unwrap()
}

/// Whether nothing is under way any more, neither here nor at the gateway.
pub(crate) fn is_settled(bookings: &BTreeMap<String, Value>, ledger: &Ledger) -> bool {
    let decided =
        bookings.values().all(|booking| booking["status"] != "pending" && booking["refund"]["status"] != "pending");
    let captured = |(id, booking): (&String, &Value)| {
        booking["status"] != "confirmed" || ledger.charge(id).captured == total(booking)
    };
    let returned = ledger.charges().iter().all(|(id, charge)| {
        bookings.get(id).is_some_and(|booking| booking["status"] == "confirmed") || charge.kept() == 0
    });
    decided && bookings.iter().all(captured) && returned
}

/// Everybody has paid once for what they have, and nothing for what they have not.
pub(crate) fn agree(bookings: &BTreeMap<String, Value>, ledger: &Ledger) {
    let known: BTreeSet<_> = bookings.keys().chain(ledger.charges().keys()).collect();
    for id in known {
        let charge = ledger.charge(id);
        let owed = bookings.get(id).filter(|booking| booking["status"] == "confirmed").map_or(0, total);
        assert_eq!(charge.kept(), owed, "{charge:?} for {:?}", bookings.get(id));
        assert!(charge.authorised <= 1, "charged twice: {charge:?} for {:?}", bookings.get(id));
        assert!(charge.given_back() <= 1, "refunded twice: {charge:?} for {:?}", bookings.get(id));
    }
}

async fn passes_the_check(data_dir: &Path) {
    let checked = Launch::new(MARQUEE, data_dir).arguments(&["check"]).ended().await;
    assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
}

#[tokio::test]
async fn killed_at_any_moment() {
    let mut sale = Sale::open().await;
    let mut process = sale.launch().ready().await;
    for _ in 0..rounds() {
        let answers_before_the_end = 1 + sale.rng.below(ANSWERS_MAX);
        let attempts = sale
            .sell(process, async |process: Process, answers: Arc<AtomicU64>| {
                eventually_within(SALE_MAX, "enough is answered", async || {
                    (answers.load(Ordering::Relaxed) >= answers_before_the_end).then_some(())
                })
                .await;
                process.kill();
            })
            .await;
        process = sale.launch().ready().await;
        sale.verify(&process, attempts).await;
    }
    sale.audit(process).await;
}

/// Kills the process at a failpoint, a few passes in, then looks at what the next one makes of it.
#[cfg(debug_assertions)]
async fn killed_at(failpoint: &str) {
    let mut sale = Sale::open().await;
    for _ in 0..rounds() {
        let pass = 1 + sale.rng.below(8);
        let doomed = sale.launch().env("MARQUEE_FAILPOINT", &format!("{failpoint}:{pass}")).ready().await;
        let attempts = sale
            .sell(doomed, async |process: Process, _| {
                let ended = process.end().await;
                assert_eq!(ended.code, None, "it did not abort: {}", ended.errors);
            })
            .await;
        let process = sale.launch().ready().await;
        sale.verify(&process, attempts).await;
        process.kill();
    }
    let process = sale.launch().ready().await;
    sale.audit(process).await;
}

#[tokio::test]
async fn killed_while_a_show_is_cancelled() {
    let mut sale = Sale::open().await;
    let mut process = sale.launch().ready().await;
    for _ in 0..rounds().div_ceil(4) {
        let show = Arc::new(process.a_show().seats(SEATS).create().await);
        sale.shows.push(Arc::clone(&show));
        let names: Vec<&str> = show.names().collect();
        let mut booked = Vec::new();
        for (nth, pair) in names.chunks(2).enumerate() {
            let person = sale.people[nth % BUYERS].at(&process);
            booked.push((nth % BUYERS, person.book(&show, pair).await));
        }
        assert_eq!(process.admin().await.delete(&show.admin_path()).await.ok()["status"], "cancelled");
        let returned_before_the_end = usize::try_from(sale.rng.below(booked.len() as u64)).unwrap();
        eventually("enough is given back", async || {
            let ledger = Ledger::read(sale.data_dir.path());
            let ids = booked.iter().map(|(_, booking)| id_of(booking, "booking_id"));
            let returned = ids.filter(|id| ledger.charge(id).given_back() > 0).count();
            (returned >= returned_before_the_end).then_some(())
        })
        .await;
        process.kill();
        process = sale.launch().ready().await;
        for (buyer, booking) in &booked {
            let person = sale.people[*buyer].at(&process);
            eventually_within(SETTLED_WITHIN, "the booking is cancelled", async || {
                (person.booking(booking).await["status"] == "cancelled").then_some(())
            })
            .await;
        }
    }
    sale.audit(process).await;
}

macro_rules! killed_at {
    ($($test:ident: $failpoint:literal),+ $(,)?) => {$(
        #[cfg(debug_assertions)]
        #[tokio::test]
        async fn $test() {
            killed_at($failpoint).await;
        }
    )+};
}

killed_at! {
    killed_before_the_claim: "before_claim",
    killed_after_the_claim: "after_claim",
    killed_before_the_authorisation: "before_authorise",
    killed_after_the_authorisation: "after_authorise",
    killed_before_the_confirmation: "before_confirm",
    killed_after_the_confirmation: "after_confirm",
    killed_after_a_decline: "after_decline",
    killed_before_a_cancellation_is_kept: "before_cancel_commit",
    killed_after_a_cancellation_is_kept: "after_cancel_commit",
}
