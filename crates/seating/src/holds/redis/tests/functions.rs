//! The functions in Redis against the house: whatever is asked in whatever order, both say the same.

use std::collections::BTreeMap;

use marquee_kernel::{BookingId, HoldId, UserId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::*;
use crate::fixtures::{Place, attempt, booking, noon, seconds, show_on, standing, user};
use crate::model::{Ending, House, Outcome, Refusal, SeatStatus, Sold};
use crate::{Holds, Settings};

const SEATS: u16 = 8;

#[derive(Clone, Debug)]
enum Step {
    Place { user: usize, places: Vec<u16> },
    Find { hold: usize, user: usize },
    Extend { hold: usize, user: usize },
    Release { hold: usize, user: usize },
    Begin { hold: usize, user: usize, on_sale: bool },
    End { hold: usize, outcome: Outcome },
    Claim { place: u16 },
    Free { place: u16 },
    BeginReading,
    EndReading { n: usize },
    Wait { s: i64 },
    Renew { cancelled: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let places = prop::collection::btree_set(0..SEATS, 1..4).prop_map(|places| places.into_iter().collect());
    let outcome = prop::sample::select(vec![Outcome::Declined, Outcome::Abandoned, Outcome::Failed, Outcome::Booked]);
    let (hold, user) = (0..24_usize, 0..3_usize);
    let step = prop_oneof![
        40 => (user.clone(), places).prop_map(|(user, places)| Step::Place { user, places }),
        4 => (hold.clone(), user.clone()).prop_map(|(hold, user)| Step::Find { hold, user }),
        8 => (hold.clone(), user.clone()).prop_map(|(hold, user)| Step::Extend { hold, user }),
        16 => (hold.clone(), user.clone()).prop_map(|(hold, user)| Step::Release { hold, user }),
        20 => (hold.clone(), user, prop::bool::weighted(0.9))
            .prop_map(|(hold, user, on_sale)| Step::Begin { hold, user, on_sale }),
        20 => (hold, outcome).prop_map(|(hold, outcome)| Step::End { hold, outcome }),
        4 => (0..SEATS).prop_map(|place| Step::Claim { place }),
        4 => (0..SEATS).prop_map(|place| Step::Free { place }),
        8 => Just(Step::BeginReading),
        8 => (0..4_usize).prop_map(|n| Step::EndReading { n }),
        24 => (1..80_i64).prop_map(|s| Step::Wait { s }),
        2 => prop::bool::weighted(0.3).prop_map(|cancelled| Step::Renew { cancelled }),
    ];
    prop::collection::vec(step, 1..160)
}

/// A reading of the record that has begun: as the house knows it, as Redis does, and what it found.
type Reading = (crate::model::Reading, [String; 3], Vec<(u16, Sold)>);

/// The functions, and what they are held against.
struct Pair<'a> {
    link: &'a Link,
    key: String,
    rules: Rules,
    rules_text: String,
    house: House,
    now: Timestamp,
    users: [UserId; 3],
    holds: Vec<(HoldId, BookingId)>,
    record: BTreeMap<u16, Sold>,
    readings: Vec<Reading>,
    revision: u64,
    statuses: Vec<SeatStatus>,
    version: u64,
}

impl<'a> Pair<'a> {
    async fn open(link: &'a Link, prefix: &str, budgets: bool) -> Self {
        let settings =
            Settings { hold_s: 60, hold_max_s: 100, held_seats_per_show_max: 5, budgets, ..Settings::default() };
        let rules = Rules::new(&settings);
        let mut rules_text = text_of(&rules);
        // Nobody looks at a payment here.
        rules_text.replace_range(rules_text.rfind(',').unwrap().., ",900000000000000");
        let show_id = show_on(&[("A", "gold", "1")]).show_id;
        let house = House::empty(usize::from(SEATS), 1, false);
        let pair = Self {
            link,
            key: format!("{prefix}marquee:{{{show_id}}}"),
            rules,
            rules_text,
            house,
            now: noon(),
            users: [user(), user(), user()],
            holds: Vec::new(),
            record: BTreeMap::new(),
            readings: Vec::new(),
            revision: 1,
            statuses: vec![SeatStatus::Available; usize::from(SEATS)],
            version: (1 << 32) + 1,
        };
        assert_eq!(pair.ask("begin_rebuild", &["1"]).await.word, "ok");
        assert_eq!(pair.ask("rebuild", &["1", "1", "0", ""]).await.word, "ok");
        pair
    }

    async fn ask(&self, function: &str, arguments: &[&str]) -> Answer {
        let mut command = redis::cmd("FCALL");
        command.arg(format!("marquee_v1_{function}")).arg(1).arg(&self.key).arg("nobody");
        command.arg(self.now.as_microsecond()).arg(0).arg(&self.rules_text).arg(arguments);
        self.link.call(&command).await.unwrap()
    }

    /// Asks, and brings the picture of the seats up to date.
    async fn act(&mut self, function: &str, arguments: &[&str]) -> Answer {
        let answer = self.ask(function, arguments).await;
        assert_eq!(answer.change.before, self.version, "{function}");
        self.version = answer.change.after;
        for (place, status) in &answer.change.seats {
            self.statuses[usize::from(*place)] = *status;
        }
        answer
    }

    fn hold(&self, n: usize) -> Option<(HoldId, BookingId)> {
        self.holds.get(n).copied()
    }

    async fn take(&mut self, step: Step) {
        self.house.lapse(self.now);
        let now = self.now;
        match step {
            Step::Wait { s } => {
                self.now += seconds(s);
                self.house.lapse(self.now);
                self.act("lapse", &[]).await;
            }
            Step::Place { user, places } => self.place(user, &places).await,
            Step::Find { hold, user } => {
                let Some((id, _)) = self.hold(hold) else { return };
                let expected = self.house.hold(id, self.users[user]).map(|standing| standing.hold.expiry);
                let found = self.act("find", &[&id.to_string(), &self.users[user].to_string()]).await;
                assert_eq!((found.word == "ok").then(|| found.instant(0)), expected);
            }
            Step::Extend { hold, user } => {
                let Some((id, _)) = self.hold(hold) else { return };
                let usable = self.house.hold(id, self.users[user]).is_some();
                let expected = usable.then(|| self.house.extend(id, now, &self.rules)).flatten();
                let extended = self.act("extend", &[&id.to_string(), &self.users[user].to_string()]).await;
                let expiry = (extended.word == "ok").then(|| extended.instant(0));
                assert_eq!(expiry, expected.map(|hold| hold.expiry));
            }
            Step::Release { hold, user } => {
                let Some((id, _)) = self.hold(hold) else { return };
                self.house.release(id, self.users[user], now);
                let released = self.act("release", &[&id.to_string(), &self.users[user].to_string()]).await;
                let ended = self.house.take_ended();
                let ended = ended.iter().any(|ended| ended.hold_id == id && ended.ending == Ending::Released);
                assert_eq!(released.word == "ok", ended);
            }
            Step::Begin { hold, user, on_sale } => self.begin(hold, user, on_sale).await,
            Step::End { hold, outcome } => {
                let Some((id, booking_id)) = self.hold(hold) else { return };
                let places = self.house.standings().find(|standing| standing.hold.hold_id == id);
                let places = places.map(|standing| standing.places.clone()).unwrap_or_default();
                let ended = self.house.end_payment(id, booking_id, outcome, now);
                if ended && outcome == Outcome::Booked {
                    self.record.extend(places.iter().map(|place| (*place, Sold::Booked)));
                }
                let word = match outcome {
                    Outcome::Booked => "booked",
                    Outcome::Failed => "failed",
                    Outcome::Declined | Outcome::Abandoned => "declined",
                };
                let answer = self.act("end_payment", &[&id.to_string(), &booking_id.to_string(), word]).await;
                assert_eq!(answer.word == "ok", ended);
            }
            Step::Claim { place } => drop(self.record.entry(place).or_insert(Sold::Claimed)),
            Step::Free { place } => drop(self.record.remove(&place)),
            Step::BeginReading => {
                let reading = self.house.begin_reading();
                let begun = self.act("begin_reading", &[]).await;
                let rows: Vec<_> = self.record.iter().map(|(place, sold)| (*place, *sold)).collect();
                let words = [begun.said(0).to_owned(), begun.said(1).to_owned(), reading::text_of(&rows)];
                self.readings.push((reading, words, rows));
            }
            Step::EndReading { n } => {
                if n >= self.readings.len() {
                    return;
                }
                let (reading, words, rows) = self.readings.remove(n);
                self.house.end_reading(reading, &rows);
                let words = words.each_ref().map(String::as_str);
                assert_eq!(self.act("end_reading", &words).await.word, "ok");
            }
            Step::Renew { cancelled } => {
                self.revision += 1;
                self.house.mark_changed();
                if cancelled {
                    self.house.cancel_show(now);
                }
                // Cancelled once and for all, as the catalogue has it.
                let cancelled = if self.house.is_cancelled() { "1" } else { "0" };
                self.act("renew", &[&self.revision.to_string(), cancelled]).await;
            }
        }
    }

    async fn place(&mut self, user: usize, places: &[u16]) {
        let now = self.now;
        let (user_id, expiry) = (self.users[user], self.rules.expiry(now, now));
        let placed = standing(user_id, places, now, expiry);
        let hold_id = placed.hold.hold_id;
        let expected = self.house.place(placed, now, &self.rules);
        let list = places.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let (id, by) = (hold_id.to_string(), user_id.to_string());
        let answer = self.act("place", &[&id, &by, &by, &list]).await;
        let said = match &expected {
            Ok(()) => {
                self.holds.push((hold_id, booking()));
                ("ok", expiry.as_microsecond().to_string())
            }
            Err(Refusal::HoldLimit { held }) => ("limit", held.to_string()),
            Err(Refusal::OverBudget { retry_after_s }) => ("budget", retry_after_s.to_string()),
            Err(Refusal::Taken(taken)) => ("taken", taken.iter().map(u16::to_string).collect::<Vec<_>>().join(",")),
            Err(Refusal::ShowCancelled) => ("cancelled", String::new()),
        };
        assert_eq!((answer.word.as_str(), answer.said(0)), (said.0, said.1.as_str()));
        if expected.is_ok() {
            let again = self.act("place", &[&id, &by, &by, &list]).await;
            assert_eq!((again.word.as_str(), again.said(0)), (said.0, said.1.as_str()), "asked twice, placed once");
        }
    }

    async fn begin(&mut self, hold: usize, user: usize, on_sale: bool) {
        let Some((id, booking_id)) = self.hold(hold) else { return };
        let user_id = self.users[user];
        let standing = self.house.hold(id, user_id).map(|standing| standing.paying.is_some());
        let expected = match standing {
            None => "none",
            Some(true) => "paying",
            Some(false) if !on_sale => "closed",
            Some(false) => {
                self.house.begin_payment(id, user_id, attempt(booking_id)).unwrap();
                "ok"
            }
        };
        // Another payment, where one is under way.
        let asking = if expected == "paying" { booking() } else { booking_id };
        let arguments = [id.to_string(), user_id.to_string(), asking.to_string()];
        let [id, by, booking] = arguments.each_ref().map(String::as_str);
        let arguments = [id, by, booking, "an attempt", if on_sale { "1" } else { "0" }];
        let answer = self.act("begin_payment", &arguments).await;
        if expected == "ok" {
            assert_eq!(self.act("begin_payment", &arguments).await.word, "ok", "asked twice, begun once");
        }
        // Why a hold of a cancelled show is no more, is said too.
        let word = if answer.word == "cancelled" { "none" } else { answer.word.as_str() };
        assert_eq!(word, expected);
        assert!(word != "paying" || answer.said(0) == "an attempt");
    }

    async fn compare(&mut self) {
        self.house.lapse(self.now);
        let known = self.act("snapshot", &[]).await;
        assert_eq!(self.statuses, self.house.statuses().collect::<Vec<_>>());
        let mut whole = vec![SeatStatus::Available; usize::from(SEATS)];
        known.change.seats.iter().for_each(|(place, status)| whole[usize::from(*place)] = *status);
        assert_eq!(whole, self.statuses);
        assert_eq!(known.change.taken, self.house.taken());
        if let Some(next) = self.house.next_deadline() {
            assert!(known.change.due.is_some_and(|due| due <= next), "a hold would lapse late");
        }
    }
}

#[test]
fn the_functions_and_the_house_say_the_same_whatever_is_asked() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let Holds::Redis(address) = Place::Redis.holds() else { unreachable!() };
    let link = Link::new(&address, PURPOSE).unwrap();
    runtime.block_on(link.connect()).unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 64, max_shrink_iters: 400, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&(steps(), any::<bool>()), |(steps, budgets)| {
        runtime.block_on(async {
            let mut pair = Pair::open(&link, address.prefix(), budgets).await;
            for step in steps {
                let (before, seen) = (pair.house.version(), pair.version);
                pair.take(step).await;
                pair.house.lapse(pair.now);
                pair.house.seal();
                pair.compare().await;
                assert_eq!(pair.version - seen, pair.house.version() - before, "as many versions as changes");
            }
        });
        Ok(())
    });
    checked.unwrap();
}
