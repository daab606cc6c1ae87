//! A sale that goes on, at one node or several, while what is under it fails.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use marquee_testkit::{Answer, Launch, Ledger, Person, Process, SeatMap, Show, eventually_within, id_of};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::MARQUEE;
use crate::crashes::{SETTLED_WITHIN, agree, answer_to, everything_of, found_by, is_settled};

/// People who buy at the same time.
const BUYERS: usize = 8;
/// Shows, and seats of each. Nobody is to run out of them.
const SHOWS: usize = 6;
const SEATS: usize = 500;
/// How soon after the database is back it must sell again.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// Bookings that make a sale well under way.
const A_FEW: u64 = 25;
/// How long a buyer lets a shop rest that could not serve.
const PAUSE: Duration = Duration::from_millis(50);

/// A payment that somebody tried under a key.
struct Attempt {
    buyer: usize,
    body: Value,
    /// The first answer that said what became of it.
    answer: Option<Answer>,
}

#[derive(Default)]
struct Tally {
    booked: AtomicU64,
    refused: AtomicU64,
    over: AtomicBool,
}

/// Nodes of one shop that sell to people who come back, and everything they tried.
pub(crate) struct Sale {
    data_dirs: Vec<tempfile::TempDir>,
    launches: Vec<Launch>,
    nodes: Vec<Process>,
    /// Each at the node of their number, counted round and round.
    people: Vec<Person>,
    shows: Vec<Arc<Show>>,
    tally: Arc<Tally>,
    buying: JoinSet<Vec<Attempt>>,
}

impl Sale {
    /// Opens one at one node whose data are at `url`, and returns when it is well under way.
    pub(crate) async fn at(url: &str) -> Self {
        Self::with(url, &[], Duration::ZERO).await
    }

    /// As [`Sale::at`], with some more settings, to people who rest between two purchases.
    pub(crate) async fn with(url: &str, settings: &[(&str, &str)], rest: Duration) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let launch = Launch::new(MARQUEE, data_dir.path()).env("MARQUEE_DATABASE_URL", url);
        let launch = settings.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
        Self::of(vec![data_dir], vec![launch], rest).await
    }

    /// Opens one at two nodes whose holds are in the Redis at `url`; `there` says what is different at the second one.
    pub(crate) async fn at_two(url: &str, there: impl FnOnce(Launch) -> Launch) -> Self {
        let data_dirs = vec![tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [here, elsewhere] = data_dirs.as_slice() else { unreachable!() };
        let one = Launch::shared(MARQUEE, here.path()).env("MARQUEE_REDIS_URL", url);
        let two = there(one.beside(elsewhere.path()));
        Self::of(data_dirs, vec![one, two], Duration::ZERO).await
    }

    async fn of(data_dirs: Vec<tempfile::TempDir>, launches: Vec<Launch>, rest: Duration) -> Self {
        let mut nodes = Vec::new();
        for launch in &launches {
            nodes.push(launch.ready().await);
        }
        let mut shows = Vec::new();
        for _ in 0..SHOWS {
            shows.push(Arc::new(nodes[0].a_show().seats(SEATS).create().await));
        }
        let (tally, buying) = (Arc::default(), JoinSet::new());
        let mut sale = Self { data_dirs, launches, nodes, people: Vec::new(), shows, tally, buying };
        for buyer in 0..BUYERS {
            let person = sale.nodes[buyer % sale.nodes.len()].customer("Buyer").await;
            sale.people.push(person.clone());
            sale.buying.spawn(shop_around(buyer, person, sale.shows.clone(), Arc::clone(&sale.tally), rest));
        }
        sale.sells().await;
        sale
    }

    /// The nodes.
    pub(crate) fn nodes(&self) -> &[Process] {
        &self.nodes
    }

    /// Counts what somebody buys beside the sale.
    pub(crate) fn count_in(&mut self, person: &Person) {
        self.people.push(person.clone());
    }

    /// The show that everybody buys first.
    pub(crate) fn first_show(&self) -> &Arc<Show> {
        &self.shows[0]
    }

    /// What the gateway's books say now.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::read(self.data_dirs[0].path())
    }

    /// Waits until some more bookings are made.
    pub(crate) async fn sells(&self) {
        let before = self.tally.booked.load(Ordering::Relaxed);
        eventually_within(BACK_WITHIN, "it sells", async || {
            (self.tally.booked.load(Ordering::Relaxed) >= before + A_FEW).then_some(())
        })
        .await;
        // Soon, not at once: a probe may meet what breaks, too.
        eventually_within(BACK_WITHIN, "it says so", async || {
            self.readiness().await.iter().all(|status| *status == 200).then_some(())
        })
        .await;
    }

    /// Waits until buyers are told to come back later, and the readiness probe says so.
    pub(crate) async fn refuses(&self) {
        self.turns_away().await;
        assert!(self.readiness().await.iter().all(|status| *status == 503));
    }

    /// Waits until buyers are told to come back later.
    pub(crate) async fn turns_away(&self) {
        let before = self.tally.refused.load(Ordering::Relaxed);
        eventually_within(BACK_WITHIN, "it refuses", async || {
            (self.tally.refused.load(Ordering::Relaxed) > before + BUYERS as u64).then_some(())
        })
        .await;
    }

    async fn readiness(&self) -> Vec<u16> {
        let ask = async |node: &Process| {
            reqwest::get(format!("{}/readyz", node.ops().origin())).await.unwrap().status().as_u16()
        };
        join_all(self.nodes.iter().map(ask)).await
    }

    /// Sends everybody home, then looks at what they were told and at what they have; the log of all nodes.
    pub(crate) async fn close(mut self) -> String {
        self.tally.over.store(true, Ordering::Relaxed);
        let buying = std::mem::take(&mut self.buying);
        let attempts: Vec<Attempt> = buying.join_all().await.into_iter().flatten().collect();
        for Attempt { buyer, body, answer } in attempts {
            let person = &self.people[buyer];
            let again = answer_to(person, &body).await;
            let Some(first) = answer else {
                let third = answer_to(person, &body).await;
                assert_eq!((third.status(), third.json()), (again.status(), again.json()));
                continue;
            };
            assert!(again.is_replay(), "answered, then forgotten\nbefore: {first}\nafter: {again}");
            assert_eq!((again.status(), again.json()), (first.status(), first.json()));
            if first.status() == 201 {
                let path = format!("/booking/{}", id_of(&first.json(), "booking_id"));
                assert_eq!(found_by(person, &path).await["status"], "confirmed");
            }
        }
        self.audit().await
    }

    /// Within a minute everything is settled, each seat is sold once, and the gateway's books agree.
    async fn audit(self) -> String {
        let bookings = eventually_within(SETTLED_WITHIN, "everything is settled", async || {
            let mut bookings = BTreeMap::new();
            for person in &self.people {
                for booking in everything_of(person).await {
                    bookings.insert(id_of(&booking, "booking_id").to_owned(), booking);
                }
            }
            is_settled(&bookings, &self.ledger()).then_some(bookings)
        })
        .await;
        agree(&bookings, &self.ledger());
        for show in &self.shows {
            let mut sold = BTreeMap::new();
            let confirmed = |booking: &&Value| booking["status"] == "confirmed" && booking["show_id"] == show.show_id;
            for booking in bookings.values().filter(confirmed) {
                for seat in booking["seats"].as_array().unwrap() {
                    let before = sold.insert(id_of(seat, "seat_id").to_owned(), "booked".to_owned());
                    assert_eq!(before, None, "sold twice: {seat}");
                }
            }
            for node in &self.nodes {
                let shown = eventually_within(SETTLED_WITHIN, "the map shows what was sold", async || {
                    let answer = node.get(&show.path("/seats")).await;
                    if answer.status() == 503 {
                        return None;
                    }
                    let mut shown = SeatMap::new(answer.ok()).unavailable();
                    // Holds that nobody paid for are still alive.
                    shown.retain(|_, status| status == "booked");
                    (shown.len() >= sold.len()).then_some(shown)
                });
                assert_eq!(shown.await, sold, "what the map shows is what was sold");
            }
        }
        let mut log = String::new();
        for node in self.nodes {
            node.ask_to_stop();
            let ended = node.end().await;
            assert_eq!(ended.code, Some(0), "{}", ended.errors);
            log += &ended.errors;
        }
        let checked = self.launches[0].clone().arguments(&["check"]).ended().await;
        assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
        log
    }
}

/// One buyer, who buys in one show after the other.
async fn shop_around(
    buyer: usize,
    person: Person,
    shows: Vec<Arc<Show>>,
    tally: Arc<Tally>,
    rest: Duration,
) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for show in shows {
        attempts.extend(shop(buyer, &person, &show, &tally, rest).await);
    }
    attempts
}

/// One buyer, who holds a seat and pays for it, again and again under the same key where the shop could not say.
async fn shop(buyer: usize, person: &Person, show: &Show, tally: &Tally, rest: Duration) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    // Seats of their own, and every fourth one of a neighbour's.
    let names: Vec<&str> = show.names().collect();
    let mine = (0..names.len()).filter(|at| at % BUYERS == buyer || at % (4 * BUYERS) == (buyer + 1) % BUYERS);
    for at in mine {
        if tally.over.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(rest).await;
        let reserve = person.request(Method::POST, &show.path("/reserve"));
        let held = reserve.json(&json!({ "seats": show.seats(&[names[at]]) })).send().await;
        match held.status() {
            201 => {}
            409 => continue,
            503 => {
                let _ = tally.refused.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            _ => panic!("{held}"),
        }
        let card = if at % 7 == 0 { "pm_card_visa_chargeDeclined" } else { "pm_card_visa" };
        let key = format!("order-{}-{buyer}-{at}", show.show_id);
        let body = json!({ "lock_id": held.json()["lock_id"], "payment_token": card, "idempotency_key": key });
        attempts.push(Attempt { buyer, body: body.clone(), answer: None });
        let attempt = attempts.last_mut().unwrap();
        while !tally.over.load(Ordering::Relaxed) {
            let answer = person.post("/booking", body.clone()).await;
            match answer.status() {
                201 => drop(tally.booked.fetch_add(1, Ordering::Relaxed)),
                402 => {}
                // It settles by itself: what it came to is asked at the end.
                202 | 409 | 404 | 410 => break,
                503 => {
                    assert!(answer.has_header("retry-after"), "{answer}");
                    let _ = tally.refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                _ => panic!("{answer}"),
            }
            attempt.answer = Some(answer);
            break;
        }
    }
    attempts
}
