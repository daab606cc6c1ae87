//! Everybody at once: whatever the order, a seat is sold once, a key has one effect, a booking is refunded once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use marquee_kernel::Rng;
use marquee_testkit::{Answer, Charge, Client, PATIENCE, Person, Show, TestApp, eventually, id_of};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Buyers who rush for a house.
const BUYERS: usize = 48;
/// Seats of that house.
const SEATS: usize = 40;
/// How often a buyer tries before going home.
const TRIES: usize = 40;

/// A seed that is printed, so that a run can be repeated: `MARQUEE_SEED` sets it.
fn seeded() -> Rng {
    let given = std::env::var("MARQUEE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| Rng::System.below(u64::from(u32::MAX)));
    eprintln!("MARQUEE_SEED={seed}");
    Rng::seeded(seed)
}

async fn customers(app: &TestApp, count: usize) -> Vec<Person> {
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        people.push(app.customer("Buyer").await);
    }
    people
}

/// Runs `act` for everybody at the same moment.
async fn at_once<T, F>(people: &[Person], act: impl Fn(Person) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(people.len()));
    let mut running = JoinSet::new();
    for person in people {
        let (barrier, acting) = (Arc::clone(&barrier), act(person.clone()));
        running.spawn(async move {
            barrier.wait().await;
            acting.await
        });
    }
    running.join_all().await
}

/// Holds the seats, or is told why not; who is told to come back does.
async fn reserve(person: &Person, show: &Show, picks: &[&str]) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = person.reserve(show, picks).await;
        if answer.status() != 503 {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "the shop has no time");
    }
}

/// One buyer, who tries one or two seats at random until the house is full: the bookings made.
async fn rush(buyer: Person, show: Arc<Show>, rng: Rng) -> Vec<Value> {
    let names: Vec<&str> = show.names().collect();
    let mut bought = Vec::new();
    for _ in 0..TRIES {
        let draw = |below: usize| usize::try_from(rng.below(below as u64)).unwrap();
        let first = draw(names.len());
        let picks = [names[first], names[(first + 1) % names.len()]];
        let held = reserve(&buyer, &show, &picks[..1 + draw(2)]).await;
        if held.status() != 201 {
            held.problem("seats_unavailable");
            continue;
        }
        let lock = held.json();
        let card = if draw(8) == 0 { "pm_card_visa_chargeDeclined" } else { "pm_card_visa" };
        let paid = buyer.pay(&lock, card).await;
        match paid.status() {
            201 => bought.push(paid.json()),
            402 => buyer.delete(&format!("/locks/{}", id_of(&lock, "lock_id"))).await.no_content(),
            _ => drop(paid.problem("seats_unavailable")),
        }
    }
    bought
}

/// Lets everybody rush: for every seat, the bookings that say they have it.
async fn owners(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let rng = seeded();
    let show = Arc::new(app.a_show().seats(SEATS).create().await);
    let people = customers(app, BUYERS).await;
    let bought = at_once(&people, |buyer| rush(buyer, Arc::clone(&show), rng.clone())).await;
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for booking in bought.iter().flatten() {
        for seat in booking["seats"].as_array().unwrap() {
            let seat_id = id_of(seat, "seat_id").to_owned();
            owners.entry(seat_id).or_default().push(id_of(booking, "booking_id").to_owned());
        }
    }
    owners
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_eight_buyers_never_share_one_of_forty_seats() {
    let app = TestApp::start().await;
    let owners = owners(&app).await;
    for (seat_id, bookings) in &owners {
        assert_eq!(bookings.len(), 1, "{seat_id} was sold to {bookings:?}");
    }
    assert!(owners.len() > SEATS / 2, "only {} seats were sold at all", owners.len());
    let kept: i64 = app.ledger().charges().values().map(Charge::kept).sum();
    assert_eq!(kept, 25_000 * i64::try_from(owners.len()).unwrap(), "what was charged is what was sold");
}

/// The control: with the guards off the very same rush must sell a seat twice, or the test above proves nothing.
#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_the_guards_the_same_rush_oversells() {
    let app = TestApp::start_with(|config| config.oversell_for_control_test = true).await;
    let owners = owners(&app).await;
    let oversold = owners.values().filter(|bookings| bookings.len() > 1).count();
    assert!(oversold > 0, "a race test that cannot fail proves nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_want_one_seat_and_one_gets_it() {
    let app = TestApp::start().await;
    let show = Arc::new(app.a_show().create().await);
    let people = customers(&app, 200).await;
    let answers = at_once(&people, |person| {
        let show = Arc::clone(&show);
        async move { reserve(&person, &show, &["A1"]).await }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 201);
    assert_eq!(winners.len(), 1);
    for loser in losers {
        assert_eq!(loser.problem("seats_unavailable")["seats"], json!([show.seat("A1")]));
    }
    let map = app.seat_map(&show).await;
    assert_eq!((map.status("A1"), map.available()), ("held", 19));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn overlapping_picks_of_two_devices_are_whole_or_nothing() {
    let app = TestApp::start().await;
    let show = Arc::new(app.a_show().create().await);
    let ada = app.customer("Ada").await;
    for _ in 0..20 {
        let picks = [vec!["A1", "A2", "A3"], vec!["A3", "A4"], vec!["A2", "A1"]];
        let devices = vec![ada.clone(); picks.len()];
        let next = std::sync::atomic::AtomicUsize::new(0);
        let answers = at_once(&devices, |device| {
            let picks = picks[next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)].clone();
            let show = Arc::clone(&show);
            async move { device.reserve(&show, &picks).await }
        })
        .await;
        let locks: Vec<_> = answers.iter().filter(|answer| answer.status() == 201).map(Answer::json).collect();
        let held: usize = locks.iter().map(|lock| lock["seats"].as_array().unwrap().len()).sum();
        assert_eq!(app.seat_map(&show).await.unavailable().len(), held);
        for lock in locks {
            ada.delete(&format!("/locks/{}", id_of(&lock, "lock_id"))).await.no_content();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limit_on_held_seats_holds_for_many_tabs() {
    let app = TestApp::start_with(|config| config.max_held_seats_per_show = 5).await;
    let show = Arc::new(app.a_show().create().await);
    let names: Vec<String> = show.names().map(str::to_owned).collect();
    let tabs = vec![app.customer("Ada").await; names.len()];
    let next = std::sync::atomic::AtomicUsize::new(0);
    let answers = at_once(&tabs, |tab| {
        let name = names[next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)].clone();
        let show = Arc::clone(&show);
        async move { tab.reserve(&show, &[&name]).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 201).count(), 5);
    for refused in answers.iter().filter(|answer| answer.status() != 201) {
        refused.problem("hold_limit_reached");
    }
}

async fn bookings_of(client: &Client) -> Vec<Value> {
    client.get("/user/me/bookings?limit=100").await.ok()["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_with_one_key_have_one_effect_and_one_answer() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    let devices = vec![ada.clone(); 1_000];
    let answers = at_once(&devices, |device| {
        let lock = lock.clone();
        async move { device.pay_once(&lock, "pm_card_visa", "order-1").await }
    })
    .await;
    let booking = answers[0].json();
    for answer in &answers {
        assert_eq!((answer.status(), answer.json()), (201, booking.clone()), "{answer}");
    }
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
    assert_eq!(bookings_of(&ada).await, std::slice::from_ref(&booking));
    let ledger = app.ledger();
    assert_eq!(ledger.charges().len(), 1);
    assert_eq!(ledger.charge(id_of(&booking, "booking_id")).authorised, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn payments_of_one_hold_under_many_keys_charge_once() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    for seat in ["A1", "A2", "A3", "A4", "A5"] {
        let lock = ada.hold(&show, &[seat]).await;
        let devices = vec![ada.clone(); 16];
        let next = std::sync::atomic::AtomicUsize::new(0);
        let answers = at_once(&devices, |device| {
            let key = format!("{seat}-{}", next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            let lock = lock.clone();
            async move { device.pay_once(&lock, "pm_card_visa", &key).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status() == 201).count(), 1);
        for refused in answers.iter().filter(|answer| answer.status() != 201) {
            match refused.status() {
                404 => refused.problem("lock_not_found"),
                _ => refused.problem("payment_in_progress"),
            };
        }
    }
    assert_eq!(bookings_of(&ada).await.len(), 5);
    assert_eq!(app.ledger().charges().values().map(Charge::kept).sum::<i64>(), 125_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_booking_cancelled_by_many_devices_is_refunded_once() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    for seat in ["A1", "A2", "A3"] {
        let booking = ada.book(&show, &[seat]).await;
        let devices = vec![ada.clone(); 24];
        let answers = at_once(&devices, |device| {
            let booking = booking.clone();
            async move { device.cancel(&booking).await }
        })
        .await;
        for answer in &answers {
            let cancelled = answer.ok();
            assert_eq!((&cancelled["status"], &cancelled["booking_id"]), (&json!("cancelled"), &booking["booking_id"]));
            assert_eq!(cancelled["refund"]["amount"], booking["total_price"]);
        }
        let booking_id = id_of(&booking, "booking_id");
        app.while_time_passes(jiff::SignedDuration::from_secs(5), "the refund arrives", async || {
            (app.ledger().charge(booking_id).kept() == 0).then_some(())
        })
        .await;
        let charge = app.ledger().charge(booking_id);
        assert_eq!(charge.given_back(), 1);
    }
    assert_eq!(app.seat_map(&show).await.available(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_released_while_it_is_paid_is_paid_or_released() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let names: Vec<&str> = show.names().collect();
    for seat in names {
        let lock = ada.hold(&show, &[seat]).await;
        let path = format!("/locks/{}", id_of(&lock, "lock_id"));
        let (paid, released) = tokio::join!(ada.pay(&lock, "pm_card_visa"), ada.delete(&path));
        released.no_content();
        let status = app.seat_map(&show).await.status(seat).to_owned();
        match paid.status() {
            201 => assert_eq!(status, "booked"),
            _ => {
                paid.problem("lock_not_found");
                assert_eq!(status, "available");
            }
        }
    }
    let price = |booking: &Value| booking["total_price"]["amount"].as_i64().unwrap();
    let sold: i64 = bookings_of(&ada).await.iter().map(price).sum();
    assert_eq!(app.ledger().charges().values().map(Charge::kept).sum::<i64>(), sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_show_cancelled_while_it_sells_leaves_nobody_charged() {
    let app = TestApp::start().await;
    let show = Arc::new(app.a_show().seats(SEATS).create().await);
    let admin = app.admin().await;
    let people = customers(&app, 12).await;
    let rng = seeded();
    let cancelling = async {
        eventually("some seats are sold", async || {
            let map = app.seat_map(&show).await;
            map.unavailable().values().any(|status| status == "booked").then_some(())
        })
        .await;
        admin.delete(&show.admin_path()).await.ok()
    };
    let buying = at_once(&people, |buyer| {
        let (show, rng) = (Arc::clone(&show), rng.clone());
        async move {
            let names: Vec<&str> = show.names().collect();
            for _ in 0..TRIES {
                let name = names[usize::try_from(rng.below(names.len() as u64)).unwrap()];
                let held = buyer.reserve(&show, &[name]).await;
                if held.status() == 201 {
                    let paid = buyer.pay(&held.json(), "pm_card_visa").await;
                    assert!(matches!(paid.status(), 201 | 202 | 404 | 409 | 410), "{paid}");
                }
            }
        }
    });
    let (cancelled, _) = tokio::join!(cancelling, buying);
    assert_eq!(cancelled["status"], "cancelled");
    app.while_time_passes(jiff::SignedDuration::from_secs(60), "everybody is refunded", async || {
        let kept: i64 = app.ledger().charges().values().map(Charge::kept).sum();
        (kept == 0).then_some(())
    })
    .await;
    for person in &people {
        for booking in bookings_of(person).await {
            assert_ne!(booking["status"], "confirmed");
        }
    }
    assert!(app.ledger().charges().values().all(|charge| charge.given_back() <= 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_seat_map_never_shows_a_torn_hold() {
    let app = TestApp::start().await;
    let show = Arc::new(app.a_show().create().await);
    let ada = app.customer("Ada").await;
    let holding = tokio::spawn({
        let show = Arc::clone(&show);
        async move {
            for _ in 0..60 {
                let lock = ada.hold(&show, &["A1", "A10", "B10"]).await;
                ada.delete(&format!("/locks/{}", id_of(&lock, "lock_id"))).await.no_content();
            }
        }
    });
    let mut version = 0;
    while !holding.is_finished() {
        let map = app.seat_map(&show).await;
        let together = [map.status("A1"), map.status("A10"), map.status("B10")];
        assert!(together.iter().all(|status| *status == together[0]), "{together:?}");
        assert_eq!(20 - map.unavailable().len() as u64, map.available());
        assert!(map.version() >= version, "{} after {version}", map.version());
        version = map.version();
    }
    holding.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_who_watches_ends_up_with_the_same_picture() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let mut watchers = Vec::new();
    for _ in 0..100 {
        watchers.push(app.events(&show).await);
    }
    let ada = app.customer("Ada").await;
    let names: Vec<&str> = show.names().collect();
    for name in names {
        let lock = ada.hold(&show, &[name]).await;
        match name {
            "A2" | "B7" => ada.delete(&format!("/locks/{}", id_of(&lock, "lock_id"))).await.no_content(),
            _ => drop(ada.pay(&lock, "pm_card_visa").await.created()),
        }
    }
    let end = app.seat_map(&show).await;
    for mut watcher in watchers {
        let (mut picture, mut version) = (BTreeMap::new(), 0);
        while version < end.version() {
            let event = watcher.next().await;
            version = event.data["version"].as_u64().unwrap();
            if let Some(whole) = event.data["unavailable"].as_object() {
                picture = whole.clone().into_iter().collect();
            }
            for change in event.data["changes"].as_array().into_iter().flatten() {
                picture.insert(id_of(change, "seat_id").to_owned(), change["status"].clone());
            }
        }
        picture.retain(|_, status| *status != "available");
        assert_eq!(json!(picture), json!(end.unavailable()));
    }
}
