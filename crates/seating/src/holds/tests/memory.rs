use std::sync::Barrier;
use std::thread;

use jiff::SignedDuration;

use parking_lot::Mutex;

use crate::Settings;
use crate::fixtures::{attempt, booking, noon, seconds, show_on, standing, user};
use crate::holds::lapsed::LapsedHolds;
use crate::holds::*;
use crate::model::{Ended, Ending, SeatStatus};

fn store(settings: &Settings) -> MemoryHolds {
    MemoryHolds::new(Rules::new(settings), 1 << 32, Box::new(|_, _| ()))
}

fn seats_of(store: &MemoryHolds, seats: usize) -> Arc<ShowSeats> {
    store.get_or_new(&show_on(&[("A", "gold", &"x".repeat(seats))]))
}

/// Every thread tries to hold the seats that `picks` gives it, all at the same moment. How many seats were got, by seat.
fn race(
    store: &MemoryHolds,
    seats: &Arc<ShowSeats>,
    threads: u16,
    picks: impl Fn(u16) -> Vec<u16> + Sync,
) -> Vec<usize> {
    let start = Barrier::new(usize::from(threads));
    let got: Mutex<Vec<u16>> = Mutex::default();
    thread::scope(|scope| {
        for n in 0..threads {
            let (start, got, picks) = (&start, &got, &picks);
            scope.spawn(move || {
                let places = picks(n);
                start.wait();
                if store.place(seats, standing(user(), &places, noon(), noon() + seconds(60)), noon()).is_ok() {
                    got.lock().extend(places);
                }
            });
        }
    });
    let (got, count) = (got.into_inner(), seats.glance().statuses.len());
    (0..count).map(|seat| got.iter().filter(|place| usize::from(**place) == seat).count()).collect()
}

#[test]
fn forty_eight_buyers_of_forty_seats_get_each_seat_once() {
    let store = store(&Settings::default());
    for round in 0..20 {
        let seats = seats_of(&store, 40);
        // Pairs that overlap their neighbours, in both orders.
        let sold = race(&store, &seats, 48, |n| {
            let first = (n * 7 + round) % 40;
            vec![first, (first + 1) % 40]
        });
        assert!(sold.iter().all(|times| *times <= 1), "{sold:?}");
        let taken = sold.iter().sum::<usize>();
        assert_eq!(seats.glance().taken as usize, taken);
        assert!(taken > 0);
    }
}

#[test]
fn two_hundred_buyers_of_the_last_seat_have_one_winner() {
    let store = store(&Settings::default());
    let seats = seats_of(&store, 1);
    assert_eq!(race(&store, &seats, 200, |_| vec![0]), [1]);
}

#[test]
fn with_the_guard_switched_off_the_last_seat_is_held_more_than_once() {
    let faults = crate::Faults { skip_seat_guard: true };
    let store = store(&Settings { faults, ..Settings::default() });
    let seats = seats_of(&store, 1);
    assert!(race(&store, &seats, 200, |_| vec![0])[0] > 1, "the race test would not notice a broken guard");
}

#[test]
fn a_lapsed_hold_is_free_at_once_and_known_as_lapsed_to_its_holder_alone() {
    let store = store(&Settings::default());
    let (seats, holder) = (seats_of(&store, 2), user());
    let placed = standing(holder, &[0], noon(), noon() + seconds(60));
    let hold_id = placed.hold.hold_id;
    store.place(&seats, placed, noon()).unwrap();
    let before = seats.version();
    let expiry = noon() + seconds(60);
    let just_before = expiry - SignedDuration::from_micros(1);
    assert!(!seats.is_due(just_before));
    assert!(store.hold(hold_id, holder, just_before).is_ok());
    store.refresh(&seats, expiry);
    assert_eq!(seats.glance().statuses[0], SeatStatus::Available);
    assert!(seats.version() > before);
    assert_eq!(store.hold(hold_id, holder, expiry), Err(Absent::Lapsed));
    assert_eq!(store.extend(hold_id, holder, expiry), Err(Absent::Lapsed));
    assert_eq!(store.hold(hold_id, user(), expiry), Err(Absent::Unknown));
    let late = store.begin_payment((hold_id, holder), attempt(booking()), expiry, true);
    assert_eq!(late, Err(BeginPayment::Expired));
}

#[test]
fn a_burst_of_expiring_holds_is_swept_in_slices_and_nothing_else_is() {
    let store = store(&Settings::default());
    let shows: Vec<_> = (0..100).map(|_| seats_of(&store, 101)).collect();
    for seats in &shows {
        for place in 0..100 {
            store.place(seats, standing(user(), &[place], noon(), noon() + seconds(60)), noon()).unwrap();
        }
        store.place(seats, standing(user(), &[100], noon(), noon() + seconds(61)), noon()).unwrap();
    }
    assert!(!store.sweep(noon() + seconds(59)));
    assert_eq!(store.counts(), (100, 10_100));
    let mut slices = 1;
    while store.sweep(noon() + seconds(60)) {
        slices += 1;
    }
    assert!(slices > 1, "one slice for all would keep everybody waiting");
    assert_eq!(store.counts(), (100, 100));
    while store.sweep(noon() + seconds(61)) {}
    assert_eq!(store.counts(), (100, 0));
    assert!(shows.iter().all(|seats| seats.glance().taken == 0));
}

#[test]
fn an_extended_hold_is_swept_at_its_new_expiry() {
    let store = store(&Settings { hold_s: 60, hold_max_s: 100, ..Settings::default() });
    let (seats, holder) = (seats_of(&store, 1), user());
    let placed = standing(holder, &[0], noon(), noon() + seconds(60));
    let hold_id = placed.hold.hold_id;
    store.place(&seats, placed, noon()).unwrap();
    store.extend(hold_id, holder, noon() + seconds(30)).unwrap();
    store.sweep(noon() + seconds(60));
    assert_eq!(store.counts().1, 1);
    store.sweep(noon() + seconds(90));
    assert_eq!(store.counts().1, 0);
}

#[test]
fn a_cancelled_show_ends_its_holds_at_once_and_one_that_is_being_paid_for_with_its_payment() {
    let store = store(&Settings::default());
    let show = show_on(&[("A", "gold", "123")]);
    let (seats, holder) = (store.get_or_new(&show), user());
    let place = |place: u16| {
        let placed = standing(holder, &[place], noon(), noon() + seconds(60));
        let hold_id = placed.hold.hold_id;
        store.place(&seats, placed, noon()).map(|()| hold_id)
    };
    let (free, paying, booking_id) = (place(0).unwrap(), place(1).unwrap(), booking());
    store.begin_payment((paying, holder), attempt(booking_id), noon(), true).unwrap();
    let (before, later) = (seats.version(), noon() + seconds(1));
    let cancelled = Arc::new(Show { cancelled: true, revision: show.revision + 1, ..Show::clone(&show) });
    store.renew(&seats, &cancelled, later);
    assert!(seats.version() > before);
    use SeatStatus::{Available, Held};
    assert_eq!(seats.glance().statuses, [Available, Held, Available]);
    assert_eq!(store.hold(free, holder, later), Err(Absent::ShowCancelled));
    assert_eq!(store.hold(free, user(), later), Err(Absent::Unknown));
    assert_eq!(place(2), Err(Refusal::ShowCancelled));
    // The payment is declined: there is nothing left to try another card for.
    let (show_id, outcome) = (show.show_id, Outcome::Declined);
    store.end_payment(EndedPayment { show_id, hold_id: paying, booking_id, outcome }, later);
    assert_eq!(seats.glance().statuses, [Available; 3]);
    let again = store.begin_payment((paying, holder), attempt(booking()), later, false);
    assert_eq!(again, Err(BeginPayment::NotOnSale));
}

#[test]
fn a_show_that_was_let_go_comes_back_above_its_version() {
    let store = store(&Settings::default());
    let show = show_on(&[("A", "gold", "12")]);
    let seats = store.get_or_new(&show);
    let placed = standing(user(), &[0], noon(), noon() + seconds(60));
    let (hold_id, holder) = (placed.hold.hold_id, placed.hold.user_id);
    store.place(&seats, placed, noon()).unwrap();
    drop(seats);
    store.let_go(show.show_id);
    assert!(store.get(show.show_id).is_some(), "a show with a hold is not let go");
    store.release(hold_id, holder, noon());
    let before = store.get(show.show_id).unwrap().version();
    store.let_go(show.show_id);
    assert!(store.get(show.show_id).is_none());
    assert!(store.get_or_new(&show).version() > before);
}

#[test]
fn only_the_latest_lapsed_holds_are_remembered() {
    let mut lapsed = LapsedHolds::default();
    let ended = |standing: &Standing| Ended {
        hold_id: standing.hold.hold_id,
        user_id: standing.hold.user_id,
        placed_by: standing.placed_by,
        ending: Ending::Lapsed,
    };
    let first = standing(user(), &[0], noon(), noon());
    lapsed.remember(&ended(&first), Absent::Lapsed);
    assert_eq!(lapsed.why(first.hold.hold_id, first.hold.user_id), Some(Absent::Lapsed));
    for _ in 0..100_000 {
        lapsed.remember(&ended(&standing(first.hold.user_id, &[0], noon(), noon())), Absent::Lapsed);
    }
    assert_eq!(lapsed.why(first.hold.hold_id, first.hold.user_id), None);
}
