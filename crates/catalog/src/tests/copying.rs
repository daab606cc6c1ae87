//! Days of a timetable, scheduled once more.

use jiff::civil::{Date, date};
use marquee_kernel::CinemaId;

use super::*;
use crate::model::{Copied, Copy, CopyMode, CopyOrder};

const MONDAY: Date = date(2026, 12, 7);
const TUESDAY: Date = date(2026, 12, 8);

/// A cinema in Mumbai with two screens, a film of two hours, and a Monday of three shows: the last one past midnight.
struct Week {
    house: House,
    film: MovieId,
    cinema_id: CinemaId,
    screens: [ScreenId; 2],
}

impl Week {
    async fn open() -> Self {
        let house = House::open();
        let film = house.movie("Dune", 120).await;
        let cinema = house.cinema("Mumbai", "Asia/Kolkata").await;
        let screens = [house.screen(&cinema).await, house.screen(&cinema).await];
        let week = Self { house, film, cinema_id: cinema.cinema_id, screens };
        week.show(0, "2026-12-07T10:00").await;
        week.show(0, "2026-12-07T23:00").await;
        week.show(1, "2026-12-07T18:30").await;
        week
    }

    /// A show at that time on the cinema's wall.
    async fn show(&self, screen: usize, wall: &str) -> Arc<Show> {
        let start = format!("{wall}+05:30").parse().unwrap();
        self.house.schedule(self.film, self.screens[screen], start).await.unwrap()
    }

    fn order(&self, mode: CopyMode) -> CopyOrder {
        CopyOrder { cinema_id: self.cinema_id, from: MONDAY, to: TUESDAY, days: 1, screens: None, mode }
    }

    async fn copy(&self, order: CopyOrder) -> Copied {
        self.house.catalog.copy_shows(Actor::System, order).await.unwrap()
    }

    /// Times on the wall of what runs on that day.
    async fn day(&self, day: Date) -> Vec<String> {
        let page = PageRequest { limit: 100, after: None };
        let shows = self.house.catalog.timetable(self.cinema_id, (day, day), page).await.unwrap().items;
        let zone = crate::model::zone("Asia/Kolkata").unwrap();
        shows.iter().map(|show| zone.to_datetime(show.start_time).strftime("%d %H:%M").to_string()).collect()
    }
}

fn refused(copies: &[Copy]) -> Vec<ShowId> {
    copies.iter().filter(|copy| copy.outcome.is_err()).map(|copy| copy.original.show_id).collect()
}

#[tokio::test]
async fn a_day_is_copied_whole() {
    let week = Week::open().await;
    let Copied::Done(copies) = week.copy(week.order(CopyMode::AllOrNone)).await else { panic!("not copied") };
    assert_eq!(copies.len(), 3);
    assert_eq!(week.day(TUESDAY).await, ["08 10:00", "08 18:30", "08 23:00"]);
    for copy in copies {
        let made = week.house.catalog.show(copy.outcome.unwrap()).await.unwrap();
        assert_eq!((made.start_time, made.end_time), (copy.slot.start, copy.slot.end));
        assert_eq!((made.screen_id, &made.prices), (copy.original.screen_id, &copy.original.prices));
    }
    assert_eq!(week.house.events().await.iter().filter(|kind| *kind == "ShowScheduled").count(), 6);
    assert_eq!(week.house.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn one_clash_keeps_all_of_them_out_unless_it_may_be_skipped() {
    let week = Week::open().await;
    // It clashes with the copy of Monday's first show, by its cleaning alone.
    let other = week.show(0, "2026-12-08T12:10").await;
    let events = week.house.events().await;
    for mode in [CopyMode::Rehearse, CopyMode::AllOrNone] {
        let Copied::Undone(copies) = week.copy(week.order(mode)).await else { panic!("copied") };
        assert_eq!(refused(&copies), [copies[0].original.show_id]);
        assert!(matches!(copies[0].outcome, Err(Error::ScreenOccupied(by)) if by == other.show_id));
        assert_eq!(week.day(TUESDAY).await, ["08 12:10"]);
        assert_eq!(week.house.events().await, events);
    }
    let Copied::Done(copies) = week.copy(week.order(CopyMode::WhatFits)).await else { panic!("not copied") };
    assert_eq!(refused(&copies).len(), 1);
    assert_eq!(week.day(TUESDAY).await, ["08 12:10", "08 18:30", "08 23:00"]);
    // Once more changes nothing: everything is there.
    let Copied::Done(copies) = week.copy(week.order(CopyMode::WhatFits)).await else { panic!("not copied") };
    assert_eq!(refused(&copies).len(), 3);
    assert_eq!(week.day(TUESDAY).await.len(), 3);
}

#[tokio::test]
async fn what_cannot_run_again_says_why() {
    let week = Week::open().await;
    let cancelled = week.show(1, "2026-12-07T09:00").await;
    week.house.cancel(cancelled.show_id).await.unwrap();
    // Screen 2 has another layout by then, with a category that Monday's prices do not know.
    let layout = Some(plan(&[("A", "gold", "12"), ("B", "silver", "12")]).into());
    week.house.catalog.change_screen(Actor::System, week.screens[1], None, layout).await.unwrap();
    let Copied::Undone(copies) = week.copy(week.order(CopyMode::Rehearse)).await else { panic!("copied") };
    assert_eq!(copies.len(), 3);
    let why: Vec<_> = copies.iter().filter_map(|copy| copy.outcome.as_ref().err().map(ToString::to_string)).collect();
    assert_eq!(why, ["prices must name a price for the category silver"]);
    // Back in time nothing can run, and another screen's shows are not asked for.
    let screens = Some([week.screens[0]].into());
    let back = CopyOrder { to: date(2026, 11, 20), screens, ..week.order(CopyMode::WhatFits) };
    let Copied::Done(copies) = week.copy(back).await else { panic!("not copied") };
    assert_eq!((copies.len(), refused(&copies).len()), (2, 2));
    assert!(copies[0].outcome.as_ref().unwrap_err().to_string().contains("must be in the future"));
}

#[tokio::test]
async fn the_timetable_tells_what_is_over_too_page_by_page() {
    let week = Week::open().await;
    week.house.hands.set(at("2026-12-08T12:00:00Z"));
    assert_eq!(week.day(MONDAY).await.len(), 3);
    let (catalog, days) = (&week.house.catalog, (MONDAY, TUESDAY));
    let first = catalog.timetable(week.cinema_id, days, PageRequest { limit: 2, after: None }).await.unwrap();
    let after = marquee_kernel::decode_cursor(crate::TIMETABLE_LIST, &first.next_cursor.unwrap()).unwrap();
    let rest = catalog.timetable(week.cinema_id, days, PageRequest { limit: 2, after }).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (2, 1, None));
    let nowhere = catalog.timetable(uuid::Uuid::nil().into(), days, PageRequest { limit: 2, after: None }).await;
    assert!(matches!(nowhere, Err(Error::CinemaNotFound)));
}

#[tokio::test]
async fn a_screen_remembers_what_its_last_show_cost() {
    let week = Week::open().await;
    let screens = week.house.catalog.schedulable_screens(week.cinema_id).await.unwrap();
    assert_eq!(screens.len(), 2);
    let last = screens[0].last_prices.as_ref().unwrap();
    assert_eq!(last.price("gold"), Some(Money::new(25_000, "INR".parse().unwrap())));
    assert_eq!(screens[0].layout.categories().iter().map(|name| &**name).collect::<Vec<_>>(), ["gold"]);
}
