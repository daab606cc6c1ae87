use std::collections::BTreeMap;

use marquee_kernel::{BookingId, HoldId, Timestamp, UserId};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{attempt, booking, noon, seconds, show_on, standing, user};

const SEATS: u16 = 8;

fn rules() -> Rules {
    let settings =
        Settings { hold_s: 60, hold_max_s: 100, held_seats_per_show_max: 5, budgets: false, ..Settings::default() };
    Rules::new(&settings)
}

fn house() -> House {
    House::empty(usize::from(SEATS), 1, false)
}

fn place(house: &mut House, user_id: UserId, places: &[u16], now: Timestamp, rules: &Rules) -> Result<HoldId, Refusal> {
    house.lapse(now);
    let standing = standing(user_id, places, now, rules.expiry(now, now));
    let hold_id = standing.hold.hold_id;
    house.place(standing, now, rules).map(|()| hold_id)
}

#[derive(Clone, Debug)]
enum Step {
    Place { user: usize, places: Vec<u16> },
    Extend { hold: usize },
    Release { hold: usize, user: usize },
    Begin { hold: usize },
    End { hold: usize, outcome: Outcome },
    Block { place: u16 },
    Wait { s: i64 },
    CancelShow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let places = prop::collection::btree_set(0..SEATS, 1..4).prop_map(|places| places.into_iter().collect());
    let outcome = prop::sample::select(vec![Outcome::Declined, Outcome::Abandoned, Outcome::Failed, Outcome::Booked]);
    let step = prop_oneof![
        32 => (0..3_usize, places).prop_map(|(user, places)| Step::Place { user, places }),
        8 => (0..20_usize).prop_map(|hold| Step::Extend { hold }),
        16 => (0..20_usize, 0..3_usize).prop_map(|(hold, user)| Step::Release { hold, user }),
        16 => (0..20_usize).prop_map(|hold| Step::Begin { hold }),
        16 => (0..20_usize, outcome).prop_map(|(hold, outcome)| Step::End { hold, outcome }),
        8 => (0..SEATS).prop_map(|place| Step::Block { place }),
        24 => (1..80_i64).prop_map(|s| Step::Wait { s }),
        1 => Just(Step::CancelShow),
    ];
    prop::collection::vec(step, 1..120)
}

/// What a hold is, told as simply as it can be.
#[derive(Clone, Debug)]
struct Plain {
    user: usize,
    places: Vec<u16>,
    placed_at: Timestamp,
    expiry: Timestamp,
    paying: Option<BookingId>,
    over: bool,
}

#[derive(Default)]
struct Simple {
    holds: Vec<(HoldId, Plain)>,
    sold: BTreeMap<u16, SeatStatus>,
    cancelled: bool,
}

impl Simple {
    fn is_live(plain: &Plain, now: Timestamp) -> bool {
        !plain.over && (plain.paying.is_some() || now < plain.expiry)
    }

    fn status(&self, place: u16, now: Timestamp) -> SeatStatus {
        let held = self.holds.iter().any(|(_, plain)| Self::is_live(plain, now) && plain.places.contains(&place));
        self.sold.get(&place).copied().unwrap_or(if held { SeatStatus::Held } else { SeatStatus::Available })
    }

    fn statuses(&self, now: Timestamp) -> Vec<SeatStatus> {
        (0..SEATS).map(|place| self.status(place, now)).collect()
    }

    fn lapse(&mut self, now: Timestamp) {
        for (_, plain) in &mut self.holds {
            plain.over = !Self::is_live(plain, now) || (self.cancelled && plain.paying.is_none());
        }
    }

    /// The `n`th of the holds there have been, if it is alive.
    fn live(&mut self, n: usize, now: Timestamp) -> Option<(HoldId, &mut Plain)> {
        let (hold_id, plain) = self.holds.get_mut(n)?;
        Self::is_live(plain, now).then_some((*hold_id, plain))
    }

    fn held_by(&self, user: usize, now: Timestamp) -> usize {
        let of_user = self.holds.iter().filter(|(_, plain)| plain.user == user && Self::is_live(plain, now));
        of_user.map(|(_, plain)| plain.places.len()).sum()
    }

    /// Asserts that a hold was placed, or refused, as it must be, and notes it.
    fn compare_placed(&mut self, user: usize, places: Vec<u16>, now: Timestamp, placed: Result<HoldId, Refusal>) {
        let is_taken = |place: &u16| self.status(*place, now) != SeatStatus::Available;
        let taken: Vec<u16> = places.iter().copied().filter(is_taken).collect();
        let held = self.held_by(user, now);
        match placed {
            Err(Refusal::ShowCancelled) => assert!(self.cancelled),
            Err(Refusal::HoldLimit { .. }) => assert!(held + places.len() > 5),
            Err(Refusal::Taken(named)) => assert_eq!(named, taken),
            Err(Refusal::OverBudget { .. }) => panic!("there are no budgets here"),
            Ok(hold_id) => {
                assert!(!self.cancelled && taken.is_empty() && held + places.len() <= 5);
                let (placed_at, expiry) = (now, now + seconds(60));
                let plain = Plain { user, places, placed_at, expiry, paying: None, over: false };
                self.holds.push((hold_id, plain));
            }
        }
    }
}

fn take(house: &mut House, simple: &mut Simple, step: Step, users: &[UserId; 3], now: &mut Timestamp) {
    let rules = rules();
    match step {
        Step::Wait { s } => *now += seconds(s),
        Step::CancelShow => {
            house.cancel_show(*now);
            simple.cancelled = true;
        }
        Step::Place { user, places } => {
            let placed = place(house, users[user], &places, *now, &rules);
            simple.compare_placed(user, places, *now, placed);
        }
        Step::Extend { hold } => {
            let Some((hold_id, plain)) = simple.live(hold, *now) else { return };
            let extended = house.extend(hold_id, *now, &rules);
            assert_eq!(extended.is_some(), *now < plain.expiry);
            if let Some(extended) = extended {
                let wanted = (*now + seconds(60)).min(plain.placed_at + seconds(100));
                plain.expiry = plain.expiry.max(wanted);
                assert_eq!(extended.expiry, plain.expiry);
            }
        }
        Step::Release { hold, user } => {
            let Some((hold_id, plain)) = simple.live(hold, *now) else { return };
            house.release(hold_id, users[user], *now);
            plain.over = plain.user == user && plain.paying.is_none();
        }
        Step::Begin { hold } => {
            let Some((hold_id, plain)) = simple.live(hold, *now) else { return };
            let booking_id = booking();
            let begun = house.begin_payment(hold_id, users[plain.user], attempt(booking_id));
            assert_eq!(begun.is_ok(), plain.paying.is_none());
            plain.paying = plain.paying.or(Some(booking_id));
        }
        Step::End { hold, outcome } => {
            let Some((hold_id, plain)) = simple.live(hold, *now) else { return };
            let Some(booking_id) = plain.paying else { return };
            assert!(!house.end_payment(hold_id, booking(), outcome, *now), "another attempt's end");
            assert!(house.end_payment(hold_id, booking_id, outcome, *now));
            plain.paying = None;
            plain.over = matches!(outcome, Outcome::Failed | Outcome::Booked);
            if outcome == Outcome::Booked {
                let places = plain.places.clone();
                simple.sold.extend(places.into_iter().map(|place| (place, SeatStatus::Booked)));
            }
        }
        Step::Block { place } => {
            // As a reading of the store finds it after the block was committed.
            if simple.sold.contains_key(&place) {
                return;
            }
            simple.sold.insert(place, SeatStatus::Blocked);
            let sold = |status| if status == SeatStatus::Booked { Sold::Booked } else { Sold::Blocked };
            let rows: Vec<_> = simple.sold.iter().map(|(place, status)| (*place, sold(*status))).collect();
            let reading = house.begin_reading();
            house.end_reading(reading, &rows);
        }
    }
}

proptest! {
    /// Whatever is asked in whatever order: the house is what the simple telling of the rules says, so no two live holds
    /// share a seat and each has all of its seats or none; what changed nothing keeps the version; no version falls.
    #[test]
    fn holds_are_exclusive_and_whole(steps in steps()) {
        let (mut house, mut simple, mut now) = (house(), Simple::default(), noon());
        let users = [user(), user(), user()];
        for step in steps {
            let (before, version) = (house.statuses().collect::<Vec<_>>(), house.version());
            take(&mut house, &mut simple, step, &users, &mut now);
            house.lapse(now);
            simple.lapse(now);
            let changed = house.seal();
            let after: Vec<_> = house.statuses().collect();
            prop_assert_eq!(&after, &simple.statuses(now));
            prop_assert_eq!(house.version(), version + u64::from(changed));
            prop_assert!(changed || before == after, "a change without a version");
            let taken = after.iter().filter(|status| **status != SeatStatus::Available).count();
            prop_assert_eq!(house.taken() as usize, taken);
            let live = simple.holds.iter().filter(|(_, plain)| Simple::is_live(plain, now)).count();
            prop_assert_eq!(house.standings().count(), live);
        }
    }

    /// However close to the expiry: either the hold is extended, or the next buyer gets the seats; never both, never neither.
    #[test]
    fn extending_and_lapsing_have_one_winner(off_us in -2_000_i64..2_000, extend_first in any::<bool>()) {
        let (mut house, rules) = (house(), rules());
        let hold_id = place(&mut house, user(), &[0, 1], noon(), &rules).unwrap();
        let now = noon() + seconds(60) + SignedDuration::from_micros(off_us);
        house.lapse(now);
        let (mut extended, mut bought) = (false, false);
        for extend in [extend_first, !extend_first] {
            if extend {
                extended = house.extend(hold_id, now, &rules).is_some();
            } else {
                bought = place(&mut house, user(), &[1, 2], now, &rules).is_ok();
            }
        }
        prop_assert_eq!(extended, off_us < 0);
        prop_assert_ne!(extended, bought);
    }
}

#[test]
fn a_refused_hold_changes_nothing_and_names_every_taken_seat() {
    let (mut house, rules) = (house(), rules());
    place(&mut house, user(), &[1, 3], noon(), &rules).unwrap();
    house.seal();
    let (version, before) = (house.version(), house.statuses().collect::<Vec<_>>());
    assert_eq!(place(&mut house, user(), &[0, 1, 2, 3], noon(), &rules), Err(Refusal::Taken(vec![1, 3])));
    assert!(!house.seal());
    assert_eq!((house.version(), house.statuses().collect::<Vec<_>>()), (version, before));
}

#[test]
fn the_limit_counts_what_the_user_already_holds_also_while_paying() {
    let (mut house, rules, buyer) = (house(), rules(), user());
    let hold_id = place(&mut house, buyer, &[0, 1, 2], noon(), &rules).unwrap();
    house.begin_payment(hold_id, buyer, attempt(booking())).unwrap();
    assert_eq!(place(&mut house, buyer, &[3, 4, 5], noon(), &rules), Err(Refusal::HoldLimit { held: 3 }));
    place(&mut house, buyer, &[3, 4], noon(), &rules).unwrap();
    place(&mut house, user(), &[5, 6, 7], noon(), &rules).unwrap();
}

#[test]
fn a_failed_attempt_does_not_reset_the_clock_and_an_expired_hold_does_not_poison_the_next() {
    let (mut house, rules, buyer) = (house(), rules(), user());
    place(&mut house, buyer, &[0], noon(), &rules).unwrap();
    place(&mut house, buyer, &[0, 1], noon() + seconds(59), &rules).unwrap_err();
    assert_eq!(house.next_deadline(), Some(noon() + seconds(60)));
    place(&mut house, buyer, &[0], noon() + seconds(60), &rules).unwrap();
    assert_eq!(house.next_deadline(), Some(noon() + seconds(120)));
}

#[test]
fn a_payment_outlives_the_expiry_and_its_decline_does_not() {
    let (mut house, rules, buyer, booking_id) = (house(), rules(), user(), booking());
    let hold_id = place(&mut house, buyer, &[0], noon(), &rules).unwrap();
    house.begin_payment(hold_id, buyer, attempt(booking_id)).unwrap();
    let other = house.begin_payment(hold_id, buyer, attempt(booking())).unwrap_err();
    assert_eq!(other, BeginPayment::Paying(attempt(booking_id)));
    let late = noon() + seconds(61);
    house.lapse(late);
    assert!(house.hold(hold_id, buyer).is_some());
    house.release(hold_id, buyer, late);
    assert!(house.hold(hold_id, buyer).is_some(), "what is being paid for is not released");
    house.end_payment(hold_id, booking_id, Outcome::Declined, late);
    assert!(house.hold(hold_id, buyer).is_none());
    assert_eq!(house.take_ended().pop().unwrap().ending, Ending::Lapsed);
}

#[test]
fn a_reading_that_began_before_a_sale_does_not_undo_it() {
    let (mut house, rules, buyer, booking_id) = (house(), rules(), user(), booking());
    let hold_id = place(&mut house, buyer, &[0], noon(), &rules).unwrap();
    house.begin_payment(hold_id, buyer, attempt(booking_id)).unwrap();
    let reading = house.begin_reading();
    house.end_payment(hold_id, booking_id, Outcome::Booked, noon());
    house.end_reading(reading, &[(0, Sold::Claimed)]);
    assert_eq!(house.statuses().next(), Some(SeatStatus::Booked));
    let (older, newer) = (house.begin_reading(), house.begin_reading());
    house.end_reading(newer, &[]);
    house.end_reading(older, &[(0, Sold::Booked)]);
    assert_eq!(house.statuses().next(), Some(SeatStatus::Available), "the later reading knows better");
}

#[test]
fn an_attempt_that_gave_up_does_not_hide_what_a_reading_saw_of_an_earlier_one() {
    let (mut house, rules, buyer, booking_id) = (house(), rules(), user(), booking());
    let hold_id = place(&mut house, buyer, &[0], noon(), &rules).unwrap();
    house.begin_payment(hold_id, buyer, attempt(booking_id)).unwrap();
    let reading = house.begin_reading();
    house.end_payment(hold_id, booking_id, Outcome::Abandoned, noon());
    house.end_reading(reading, &[(0, Sold::Booked)]);
    assert_eq!(house.statuses().next(), Some(SeatStatus::Booked));
}

#[test]
fn holding_and_releasing_in_a_loop_runs_into_a_cool_down_which_ends() {
    let (mut house, rules, flicker) = (house(), Rules::new(&Settings::default()), user());
    let mut now = noon();
    let mut rounds = 0;
    let wait_s = loop {
        match place(&mut house, flicker, &[0, 1], now, &rules) {
            Ok(hold_id) => house.release(hold_id, flicker, now + seconds(1)),
            Err(Refusal::OverBudget { retry_after_s }) => break retry_after_s,
            Err(other) => panic!("{other:?}"),
        }
        (now, rounds) = (now + seconds(2), rounds + 1);
    };
    assert!((100..1_000).contains(&rounds), "{rounds}");
    place(&mut house, user(), &[0, 1], now, &rules).unwrap();
    let later = now + seconds(i64::try_from(wait_s).unwrap());
    assert!(place(&mut house, flicker, &[2], later - seconds(2), &rules).is_err());
    place(&mut house, flicker, &[2], later, &rules).unwrap();
}

/// The rules of a shop whose every hold is as long as a hold may be, in seconds.
fn longest_holds(hold_max_s: u32) -> Rules {
    Rules::new(&Settings { hold_s: hold_max_s, hold_max_s, ..Settings::default() })
}

fn cool_down_s<T: std::fmt::Debug>(placed: Result<T, Refusal>) -> i64 {
    let Err(Refusal::OverBudget { retry_after_s }) = placed else { panic!("{placed:?}") };
    i64::try_from(retry_after_s).unwrap()
}

#[test]
fn one_seat_held_again_and_again_is_free_for_others_after_three_longest_holds() {
    let (mut house, rules, keeper) = (house(), longest_holds(900), user());
    for n in 0..3 {
        place(&mut house, keeper, &[0], noon() + seconds(900 * n), &rules).unwrap();
    }
    let now = noon() + seconds(2_700);
    let wait_s = cool_down_s(place(&mut house, keeper, &[0], now, &rules));
    assert!((899..=901).contains(&wait_s), "{wait_s}");
    place(&mut house, user(), &[0], now, &rules).unwrap();
    // Asking again does not make it longer.
    assert_eq!(cool_down_s(place(&mut house, keeper, &[1], now + seconds(300), &rules)), wait_s - 300);
    for n in 0..3 {
        place(&mut house, keeper, &[1], now + seconds(wait_s + 900 * n), &rules).unwrap();
    }
    cool_down_s(place(&mut house, keeper, &[1], now + seconds(wait_s + 2_700), &rules));
}

#[test]
fn holds_that_overlap_so_that_something_is_always_held_are_one_long_time() {
    let (mut house, rules, keeper) = (house(), longest_holds(900), user());
    let (mut now, mut n) = (noon(), 0);
    while place(&mut house, keeper, &[n % 2], now, &rules).is_ok() {
        (now, n) = (now + seconds(600), n + 1);
        assert!(now <= noon() + seconds(3_600), "it goes on for ever");
    }
    // The last hold still has to lapse; what it keeps meanwhile is no rest.
    let last_ends = now - seconds(600) + seconds(900);
    place(&mut house, keeper, &[2], last_ends + seconds(898), &rules).unwrap_err();
    place(&mut house, keeper, &[2], last_ends + seconds(900), &rules).unwrap();
}

#[test]
fn a_rest_makes_everything_good_and_a_short_pause_does_not() {
    for (pause_s, holds_in_all) in [(899, 3), (900, 20)] {
        let (mut house, rules, patron) = (house(), longest_holds(900), user());
        let held = |n: &i64| place(&mut house, patron, &[0], noon() + seconds((900 + pause_s) * n), &rules).is_ok();
        assert_eq!((0..20).take_while(held).count(), holds_in_all, "{pause_s}");
    }
}

#[test]
fn a_purchase_forgives_the_holding_that_led_to_it() {
    let (mut house, rules, buyer) = (house(), longest_holds(900), user());
    for n in 0..i64::from(SEATS) {
        let (at, booking_id) = (noon() + seconds(899 * n), booking());
        let hold_id = place(&mut house, buyer, &[u16::try_from(n).unwrap()], at, &rules).unwrap();
        house.begin_payment(hold_id, buyer, attempt(booking_id)).unwrap();
        house.end_payment(hold_id, booking_id, Outcome::Booked, at + seconds(899));
    }
}

#[test]
fn short_holds_are_no_stricter_budget() {
    let (mut house, rules, patron) = (house(), longest_holds(60), user());
    for n in 0..45 {
        place(&mut house, patron, &[0], noon() + seconds(60 * n), &rules).unwrap();
    }
    cool_down_s(place(&mut house, patron, &[0], noon() + seconds(60 * 45), &rules));
}

#[test]
fn who_buys_spends_no_budget_and_without_budgets_nobody_does() {
    let settings = Settings { budgets: false, ..Settings::default() };
    let (mut house, lenient, flicker) = (house(), Rules::new(&settings), user());
    for _ in 0..2_000 {
        let hold_id = place(&mut house, flicker, &[0, 1], noon(), &lenient).unwrap();
        house.release(hold_id, flicker, noon());
    }
    let (mut house, strict) = (House::empty(2_000, 1, false), Rules::new(&Settings::default()));
    for n in 0..2_000 {
        let (hold_id, booking_id) = (place(&mut house, flicker, &[n], noon(), &strict).unwrap(), booking());
        house.begin_payment(hold_id, flicker, attempt(booking_id)).unwrap();
        house.end_payment(hold_id, booking_id, Outcome::Booked, noon());
    }
}

#[test]
fn a_pick_is_of_seats_of_the_show_each_once_and_not_too_many() {
    let show = show_on(&[("A", "gold", "123")]);
    let faults = |seats: &[&str]| {
        let seats: Vec<SeatId> = seats.iter().map(|seat| SeatId::from(*seat)).collect();
        SeatPicks::new(&show, &seats, 2).err()
    };
    assert_eq!(faults(&["A-1", "A-3"]), None);
    assert_eq!(faults(&[]).unwrap()[0].0, "seats");
    assert_eq!(faults(&["A-1", "A-2", "A-3"]).unwrap()[0].0, "seats");
    assert_eq!(faults(&["A-1", "A-1"]).unwrap()[0], ("seats[1]".into(), "is named twice".into()));
    assert_eq!(faults(&["A-1", "B-1"]).unwrap()[0], ("seats[1]".into(), "is not a seat of this show".into()));
}
