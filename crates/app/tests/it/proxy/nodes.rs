//! Two nodes behind nginx, as `scripts/stack.py` brings them up: they are killed and restarted while they sell.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use marquee_testkit::{Answer, Launch, Person, Request, Show, Site, eventually_within, id_of};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::MARQUEE;
use crate::crashes::SETTLED_WITHIN;
use crate::stack::Stack;

const NODES: [&str; 2] = ["node-1", "node-2"];
/// How soon a client that watches hears of a change.
const EVENT_WITHIN: Duration = Duration::from_secs(1);
/// The longest that any request may be refused for while nodes are restarted in order.
const REFUSED_MAX: Duration = Duration::from_secs(2);
/// How soon a client lets what was refused try again.
const PAUSE: Duration = Duration::from_millis(50);
/// People who buy at the same time, and what each does between two restarts.
const BUYERS: usize = 6;
const BETWEEN: u64 = 30;
/// Seats for all of them: nobody is to run out.
const SEATS: usize = 6000;
/// A node that restarts is back by then.
const PATIENCE: Duration = Duration::from_secs(60);

fn site(stack: &Stack) -> Site {
    Site::elsewhere(&stack.fact("/nginx/plain_url"), &stack.fact("/services/node-1/ops"))
}

#[tokio::test]
async fn customers_connect_by_tls_and_know_whom_they_talk_to() {
    let Some(stack) = Stack::given() else { return };
    let url = stack.fact("/nginx/url") + "/api/v1/movies";
    let ask = |more: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--noproxy", "*", "--output", "/dev/null", "--write-out"]);
        let said = command.arg("%{http_code} over HTTP/%{http_version}").args(more).arg(&url).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    };
    let certificate = stack.fact("/nginx/certificate");
    assert_eq!(ask(&["--cacert", &certificate]), "200 over HTTP/2");
    assert_eq!(ask(&["--cacert", &certificate, "--http1.1", "--tlsv1.2", "--tls-max", "1.2"]), "200 over HTTP/1.1");
    assert_eq!(ask(&[]), "000 over HTTP/0", "a certificate that nobody vouches for");
}

#[tokio::test]
async fn who_watches_hears_of_a_change_at_once() {
    let Some(stack) = Stack::given() else { return };
    let site = site(&stack);
    let show = site.a_show().seats(20).create().await;
    let ada = site.customer("Ada").await;
    // As many watchers as come to both nodes.
    let mut watchers = Vec::new();
    for _ in 0..4 {
        let mut events = site.events(&show).await;
        assert_eq!(events.next().await.event, "snapshot");
        watchers.push(events);
    }
    for seat in show.names().take(5) {
        let _ = ada.hold(&show, &[seat]).await;
        for events in &mut watchers {
            let heard = tokio::time::timeout(EVENT_WITHIN, events.next()).await.expect("an event in time");
            assert!(heard.data.to_string().contains(show.seat(seat)), "{heard:?}");
        }
    }
}

/// People who buy without a break, everything they were told, and for how long anybody was refused.
struct Rush {
    site: Site,
    show: Arc<Show>,
    people: Vec<Person>,
    tally: Arc<Tally>,
    buying: JoinSet<(usize, Vec<Value>)>,
}

#[derive(Default)]
struct Tally {
    booked: AtomicU64,
    refusals: AtomicU64,
    over: AtomicBool,
    refused_max_s: AtomicU64,
}

impl Rush {
    /// Opens one in which nobody may be refused for longer than that.
    async fn at(site: Site, refused_max: Duration) -> Self {
        let show = Arc::new(site.a_show().seats(SEATS).create().await);
        let (mut people, tally, mut buying) = (Vec::new(), Arc::<Tally>::default(), JoinSet::new());
        tally.refused_max_s.store(refused_max.as_secs(), Ordering::Relaxed);
        for buyer in 0..BUYERS {
            let person = site.customer("Buyer").await;
            people.push(person.clone());
            buying.spawn(shop(buyer, person, Arc::clone(&show), Arc::clone(&tally)));
        }
        let rush = Self { site, show, people, tally, buying };
        rush.goes_on().await;
        rush
    }

    async fn goes_on(&self) {
        let before = self.tally.booked.load(Ordering::Relaxed);
        eventually_within(PATIENCE, "people buy", async || {
            (self.tally.booked.load(Ordering::Relaxed) >= before + BETWEEN).then_some(())
        })
        .await;
    }

    /// Sends everybody home. Each node knows every booking that anybody was told of.
    async fn ends(self, stack: &Stack) {
        self.tally.over.store(true, Ordering::Relaxed);
        let had = self.buying.join_all().await.into_iter();
        let bookings: Vec<_> = had.flat_map(|(buyer, had)| had.into_iter().map(move |one| (buyer, one))).collect();
        assert!(!bookings.is_empty());
        eprintln!("{} bookings, {} refusals", bookings.len(), self.tally.refusals.load(Ordering::Relaxed));
        let mut sold = BTreeMap::new();
        for node in NODES {
            let url = |what: &str| stack.fact(&format!("/services/{node}/{what}"));
            let there = Site::elsewhere(&url("address"), &url("ops"));
            for (buyer, booking) in &bookings {
                let found = self.people[*buyer].at(&there).booking(booking).await;
                assert_eq!(found["status"], "confirmed");
                for seat in found["seats"].as_array().unwrap() {
                    let before = sold.insert((node, id_of(seat, "seat_id").to_owned()), id_of(booking, "booking_id"));
                    assert_eq!(before, None, "sold twice: {seat}");
                }
            }
        }
        let shown = self.site.seat_map(&self.show).await.unavailable();
        assert!(sold.keys().all(|(_, seat)| shown[seat] == "booked"));
        let data_dir = tempfile::tempdir().unwrap();
        let check = Launch::new(MARQUEE, data_dir.path()).arguments(&["check"]);
        let check = check.env("MARQUEE_DATABASE_URL", &stack.fact("/marquee/database_url"));
        let checked = check.env("MARQUEE_SHARED_DIR", &stack.fact("/marquee/shared_dir")).ended().await;
        assert_eq!(checked.code, Some(0), "{} {:?}", checked.errors, checked.output);
    }
}

/// One buyer, who books one seat after the other, and asks again where the shop could not say.
async fn shop(buyer: usize, person: Person, show: Arc<Show>, tally: Arc<Tally>) -> (usize, Vec<Value>) {
    let mut bookings = Vec::new();
    for (at, seat) in show.names().enumerate().filter(|(at, _)| at % BUYERS == buyer) {
        if tally.over.load(Ordering::Relaxed) {
            return (buyer, bookings);
        }
        let reserve =
            || person.request(Method::POST, &show.path("/reserve")).json(&json!({ "seats": show.seats(&[seat]) }));
        let held = answered(reserve, &tally).await;
        if held.status() == 409 {
            // Held by the call whose answer was lost.
            continue;
        }
        let key = format!("order-{buyer}-{at}");
        let body =
            json!({ "lock_id": held.created()["lock_id"], "payment_token": "pm_card_visa", "idempotency_key": key });
        let booked = answered(|| person.request(Method::POST, "/booking").json(&body), &tally).await;
        match booked.status() {
            201 => bookings.push(booked.json()),
            // Its node was killed in the middle of it: it settles by itself.
            202 | 404 | 409 | 410 if tally.refused_max_s.load(Ordering::Relaxed) > REFUSED_MAX.as_secs() => continue,
            _ => panic!("{booked}"),
        }
        let _ = answered(|| person.request(Method::GET, &show.path("/availability")), &tally).await.ok();
        tally.booked.fetch_add(1, Ordering::Relaxed);
    }
    panic!("out of seats");
}

/// Asks until there is an answer; fails when it is refused for too long.
async fn answered(request: impl Fn() -> Request, tally: &Tally) -> Answer {
    let begun = Instant::now();
    loop {
        let refused = match request().try_send().await {
            Ok(answer) if answer.status() != 503 => return answer,
            Ok(answer) => format!("{answer}"),
            Err(error) => format!("{error:?}"),
        };
        tally.refusals.fetch_add(1, Ordering::Relaxed);
        let max = Duration::from_secs(tally.refused_max_s.load(Ordering::Relaxed));
        assert!(begun.elapsed() < max, "refused for {:?}: {refused}", begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test]
async fn nodes_are_restarted_one_after_the_other_and_nobody_is_sent_away() {
    let Some(stack) = Stack::given() else { return };
    let rush = Rush::at(site(&stack), REFUSED_MAX).await;
    for node in NODES {
        stack.stop(node).await;
        let log = std::fs::read_to_string(stack.fact(&format!("/services/{node}/log"))).unwrap();
        assert!(log.lines().last().is_some_and(|line| line.contains("marquee has stopped")), "{log}");
        rush.goes_on().await;
        stack.start(node).await;
        rush.goes_on().await;
    }
    rush.ends(&stack).await;
}

#[tokio::test]
async fn a_node_that_is_killed_is_passed_over() {
    let Some(stack) = Stack::given() else { return };
    let rush = Rush::at(site(&stack), SETTLED_WITHIN).await;
    stack.kill(NODES[1]).await;
    rush.goes_on().await;
    stack.start(NODES[1]).await;
    rush.goes_on().await;
    rush.ends(&stack).await;
}
