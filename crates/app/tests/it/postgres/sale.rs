//! A sale that goes on while the database under it fails.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use marquee_testkit::{Answer, Ledger, Person, Process, Show, eventually_within, id_of};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::launch;
use crate::crashes::{SETTLED_WITHIN, agree, answer_to, everything_of, is_settled};

/// People who buy at the same time.
const BUYERS: usize = 8;
/// Seats of each show. Nobody is to run out of them.
const SEATS: usize = 600;
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

/// A process that sells to people who come back, and everything they tried.
pub(crate) struct Sale {
    data_dir: tempfile::TempDir,
    url: String,
    process: Process,
    people: Vec<Person>,
    shows: Vec<Arc<Show>>,
    tally: Arc<Tally>,
    buying: JoinSet<Vec<Attempt>>,
}

impl Sale {
    /// Opens one at `url`, and returns when it is well under way.
    pub(crate) async fn at(url: &str) -> Self {
        Self::with(url, &[], Duration::ZERO).await
    }

    /// As [`Sale::at`], with some more settings, to people who rest between two purchases.
    pub(crate) async fn with(url: &str, settings: &[(&str, &str)], rest: Duration) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let launch = launch(&data_dir, url);
        let launch = settings.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
        let process = launch.ready().await;
        let mut sale = Self {
            data_dir,
            url: url.to_owned(),
            people: Vec::new(),
            shows: vec![Arc::new(process.a_show().seats(SEATS).create().await)],
            process,
            tally: Arc::default(),
            buying: JoinSet::new(),
        };
        for buyer in 0..BUYERS {
            let person = sale.process.customer("Buyer").await;
            sale.people.push(person.clone());
            sale.buying.spawn(shop(buyer, person, Arc::clone(&sale.shows[0]), Arc::clone(&sale.tally), rest));
        }
        sale.sells().await;
        sale
    }

    /// The show that is sold.
    pub(super) fn show(&self) -> &Show {
        &self.shows[0]
    }

    /// Waits until some more bookings are made.
    pub(crate) async fn sells(&self) {
        let before = self.tally.booked.load(Ordering::Relaxed);
        eventually_within(BACK_WITHIN, "it sells", async || {
            (self.tally.booked.load(Ordering::Relaxed) >= before + A_FEW).then_some(())
        })
        .await;
        assert_eq!(self.readiness().await, 200);
    }

    /// Waits until buyers are told to come back later, and the readiness probe says so.
    pub(crate) async fn refuses(&self) {
        let before = self.tally.refused.load(Ordering::Relaxed);
        eventually_within(BACK_WITHIN, "it refuses", async || {
            (self.tally.refused.load(Ordering::Relaxed) > before + BUYERS as u64).then_some(())
        })
        .await;
        assert_eq!(self.readiness().await, 503);
    }

    /// The process that sells.
    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    async fn readiness(&self) -> u16 {
        reqwest::get(format!("{}/readyz", self.process.ops().origin())).await.unwrap().status().as_u16()
    }

    /// Sends everybody home, then looks at what they were told and at what they have; the log of the process.
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
                assert_eq!(person.booking(&first.json()).await["status"], "confirmed");
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
            is_settled(&bookings, &Ledger::read(self.data_dir.path())).then_some(bookings)
        })
        .await;
        agree(&bookings, &Ledger::read(self.data_dir.path()));
        for show in &self.shows {
            let mut sold = BTreeMap::new();
            for booking in bookings.values().filter(|booking| booking["status"] == "confirmed") {
                for seat in booking["seats"].as_array().unwrap() {
                    let before = sold.insert(id_of(seat, "seat_id").to_owned(), "booked".to_owned());
                    assert_eq!(before, None, "sold twice: {seat}");
                }
            }
            let mut shown = self.process.seat_map(show).await.unavailable();
            // Holds that nobody paid for are still alive: the process never died.
            shown.retain(|_, status| status == "booked");
            assert_eq!(shown, sold, "what the map shows is what was sold");
        }
        self.process.ask_to_stop();
        let ended = self.process.end().await;
        assert_eq!(ended.code, Some(0), "{}", ended.errors);
        let checked = launch(&self.data_dir, &self.url).arguments(&["check"]).ended().await;
        assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
        ended.errors
    }
}

/// One buyer, who holds a seat and pays for it, again and again under the same key where the shop could not say.
async fn shop(buyer: usize, person: Person, show: Arc<Show>, tally: Arc<Tally>, rest: Duration) -> Vec<Attempt> {
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
        let key = format!("order-{buyer}-{at}");
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
