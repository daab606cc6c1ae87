//! Scheduling, changing and cancelling shows.

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;
use crate::NextLayout;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_overlapping_shows_created_at_once_exactly_one_wins() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 155).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    for round in 0..10 {
        let mut buyers = JoinSet::new();
        for nth in 0..8 {
            let start = at("2026-12-01T10:00:00Z") + minutes(round * 600 + nth);
            let catalog = house.catalog.clone();
            buyers.spawn(async move { catalog.schedule_show(Actor::System, show(dune, one, start)).await });
        }
        let outcomes = buyers.join_all().await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        let winner = won.into_iter().next().unwrap().unwrap().show_id;
        assert_eq!(lost.len(), 7);
        assert!(lost.iter().all(|lost| matches!(lost, Err(Error::ScreenOccupied(by)) if *by == winner)));
    }
    assert_eq!(house.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_screen_is_free_again_when_it_has_been_cleaned() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let first = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    assert_eq!(first.end_time, at("2026-12-01T12:00:00Z"));
    for taken in ["2026-12-01T07:45:01Z", "2026-12-01T10:00:00Z", "2026-12-01T12:14:59Z"] {
        assert!(matches!(house.schedule(dune, one, at(taken)).await, Err(Error::ScreenOccupied(_))), "{taken}");
    }
    house.schedule(dune, one, at("2026-12-01T07:45:00Z")).await.unwrap();
    house.schedule(dune, one, at("2026-12-01T12:15:00Z")).await.unwrap();
}

#[tokio::test]
async fn another_screen_and_a_cancelled_show_are_no_hindrance() {
    let house = House::open();
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, one, two) = (house.movie("Dune", 120).await, house.screen(&mumbai).await, house.screen(&mumbai).await);
    let evening = at("2026-12-01T10:00:00Z");
    let first = house.schedule(dune, one, evening).await.unwrap();
    house.schedule(dune, two, evening).await.unwrap();
    house.cancel(first.show_id).await.unwrap();
    house.schedule(dune, one, evening).await.unwrap();
}

#[tokio::test]
async fn what_a_show_needs_must_be_there() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let (nobody, nowhere) = (uuid::Uuid::nil().into(), uuid::Uuid::nil().into());
    // That it does not exist comes before what is wrong with it.
    assert!(matches!(house.schedule(nobody, one, at(NOON)).await, Err(Error::MovieNotFound)));
    assert!(matches!(house.schedule(dune, nowhere, at(NOON)).await, Err(Error::ScreenNotFound)));
    assert!(matches!(house.schedule(dune, one, at(NOON)).await, Err(Error::Invalid(_))));
    assert!(house.schedule(dune, one, at(NOON) + SignedDuration::from_micros(1)).await.is_ok());
}

#[tokio::test]
async fn many_shows_are_scheduled_as_if_one_by_one() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 60).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    // Every second one overlaps the one before it; one is of no movie.
    let start = |nth: i64| at("2026-12-01T00:00:00Z") + minutes(40 * nth);
    let mut shows: Vec<_> = (0..1_200).map(|nth| show(dune, one, start(nth))).collect();
    shows[600].movie_id = uuid::Uuid::nil().into();
    let outcomes = house.catalog.schedule_shows(Actor::System, shows).await.unwrap();
    assert!(matches!(outcomes[600], Err(Error::MovieNotFound)));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 600);
    assert_eq!(house.events().await.iter().filter(|kind| *kind == "ShowScheduled").count(), 600);
    assert_eq!(house.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_show_moves_and_costs_what_it_now_says_at_once() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let first = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    let second = house.schedule(dune, one, at("2026-12-01T14:00:00Z")).await.unwrap();
    assert_eq!(house.catalog.show(first.show_id).await.unwrap().revision, 1);
    let change = |start: &'static str| {
        house.catalog.change_show(Actor::System, first.show_id, move |show| {
            show.start_time = at(start);
            show.prices = prices(&[("gold", 30_000)]);
        })
    };
    assert!(matches!(change("2026-12-01T13:00:00Z").await, Err(Error::ScreenOccupied(by)) if by == second.show_id));
    // It does not stand in its own way.
    let moved = change("2026-12-01T11:00:00Z").await.unwrap();
    assert_eq!((moved.end_time, moved.revision), (at("2026-12-01T13:00:00Z"), 2));
    let cached = house.catalog.show(first.show_id).await.unwrap();
    assert_eq!(cached.price_of(&cached.layout.seats[0]).amount, 30_000);
    // The same again changes nothing.
    assert_eq!(change("2026-12-01T11:00:00Z").await.unwrap().revision, 2);
    assert_eq!(house.events().await.iter().filter(|kind| *kind == "ShowChanged").count(), 1);
}

#[tokio::test]
async fn a_show_that_has_started_can_be_neither_changed_nor_cancelled() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let show = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    house.hands.set(show.start_time);
    let change = house.catalog.change_show(Actor::System, show.show_id, |show| show.format = Some("3D".to_owned()));
    assert!(matches!(change.await, Err(Error::ShowFixed(_))));
    assert!(matches!(house.cancel(show.show_id).await, Err(Error::ShowFixed(_))));
}

#[tokio::test]
async fn cancelling_twice_is_cancelling_once() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let show = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    assert!(house.catalog.show(show.show_id).await.unwrap().on_sale(at(NOON)));
    for _ in 0..2 {
        let cancelled = house.cancel(show.show_id).await.unwrap();
        assert_eq!((cancelled.cancelled, cancelled.revision), (true, 2));
    }
    assert!(house.catalog.show(show.show_id).await.unwrap().cancelled);
    house.hands.set(at("2027-01-01T00:00:00Z"));
    assert!(house.cancel(show.show_id).await.unwrap().cancelled);
    assert_eq!(house.events().await.iter().filter(|kind| *kind == "ShowCancelled").count(), 1);
}

#[tokio::test]
async fn a_layout_in_use_is_succeeded_and_never_edited() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 60).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let before = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    let grown = plan(&[("A", "gold", "12345"), ("B", "silver", "123")]);
    let change = |plan| house.catalog.change_screen(Actor::System, one, None, Some(NextLayout::from(plan)));
    let screen = change(grown.clone()).await.unwrap();
    assert_eq!((screen.layout_version, screen.capacity), (2, 8));
    // The same plan again is no new version.
    assert_eq!(change(grown).await.unwrap().layout_version, 2);
    let kept = house.catalog.show(before.show_id).await.unwrap();
    assert_eq!((kept.layout.version, kept.layout.capacity()), (1, 5));
    // Old shows keep old prices valid; new ones must price the new category too.
    let later = at("2026-12-02T10:00:00Z");
    assert!(matches!(house.schedule(dune, one, later).await, Err(Error::Invalid(_))));
    let mut whole = show(dune, one, later);
    whole.details.prices = prices(&[("gold", 2), ("silver", 1)]);
    let after = house.catalog.schedule_show(Actor::System, whole).await.unwrap();
    assert_eq!((after.layout.version, after.prices.from().amount), (2, 1));
    let moved = house.catalog.change_show(Actor::System, before.show_id, |show| show.start_time += minutes(30)).await;
    assert_eq!(moved.unwrap().layout.version, 1);
    assert_eq!(house.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn sales_and_cancellations_close_when_the_cinema_says() {
    let house = House::open();
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, one) = (house.movie("Dune", 60).await, house.screen(&mumbai).await);
    let start = at("2026-12-01T10:00:00Z");
    let show_id = house.schedule(dune, one, start).await.unwrap().show_id;
    let show = house.catalog.show(show_id).await.unwrap();
    assert_eq!((show.sales_close_at, show.cancel_close_at), (start, start));
    let change = house.catalog.change_cinema(Actor::System, mumbai.cinema_id, None, |cinema| {
        cinema.sales_close_minutes_before_start = 10;
        cinema.cancellation_close_minutes_before_start = 120;
    });
    change.await.unwrap();
    // What is in memory of its shows follows at once.
    let show = house.catalog.show(show_id).await.unwrap();
    assert_eq!((show.sales_close_at, show.cancel_close_at), (start - minutes(10), start - minutes(120)));
    use crate::ShowStatus::{Closed, OnSale, Started};
    let second = SignedDuration::from_secs(1);
    assert_eq!(show.status(start - minutes(10) - second), OnSale);
    assert_eq!(show.status(start - minutes(10)), Closed);
    assert_eq!(show.status(start - second), Closed);
    assert_eq!(show.status(start), Started);
}

#[tokio::test]
async fn a_slow_read_never_puts_back_what_a_write_replaced() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 60).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let stale = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    let caches = house.catalog.caches();
    // The read begins, a cancellation commits, the read ends.
    let as_of = caches.as_of();
    house.cancel(stale.show_id).await.unwrap();
    caches.keep_show(as_of, &stale);
    assert!(house.catalog.cached_show(stale.show_id).is_none());
    // And what was kept before a write that touches every show is not shown after it.
    caches.keep_show(caches.as_of(), &stale);
    assert!(house.catalog.cached_show(stale.show_id).is_some());
    house
        .catalog
        .change_movie(Actor::System, dune, None, |movie| movie.title = "Dune: Part Two".to_owned())
        .await
        .unwrap();
    assert!(house.catalog.cached_show(stale.show_id).is_none());
    assert_eq!(&*house.catalog.show(stale.show_id).await.unwrap().movie_title, "Dune: Part Two");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is scheduled, moved and cancelled in whatever order, no two shows of a screen are closer than the cleaning.
    #[test]
    fn shows_of_a_screen_never_overlap(steps in prop::collection::vec((0_u8..4, 0_i64..1_500, 0_usize..40), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let house = House::open();
            let films = [house.movie("Short", 20).await, house.movie("Long", 300).await];
            let one = house.screen_in("Mumbai", "Asia/Kolkata").await;
            let mut shows = Vec::new();
            for (what, minute, which) in steps {
                let start = at("2026-12-01T00:00:00Z") + minutes(minute);
                match (what, shows.get(which % shows.len().max(1))) {
                    (0, Some(&show_id)) => { house.cancel(show_id).await.unwrap(); }
                    (1, Some(&show_id)) => {
                        // Refused or not: what counts is what is there afterwards.
                        let _ = house.catalog.change_show(Actor::System, show_id, move |show| show.start_time = start).await;
                    }
                    _ => {
                        let scheduled = house.schedule(films[which % 2], one, start).await;
                        shows.extend(scheduled.map(|show| show.show_id));
                    }
                }
            }
            let page = PageRequest { limit: 100, after: None };
            let mut timetable = house.catalog.shows(ShowFilter::default(), page).await.unwrap().items;
            timetable.retain(|show| !show.cancelled);
            for pair in timetable.windows(2) {
                assert!(pair[0].end_time + minutes(15) <= pair[1].start_time);
            }
            assert_eq!(house.faults().await, Vec::<String>::new());
        });
    }
}
