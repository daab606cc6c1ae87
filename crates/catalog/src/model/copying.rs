//! A cinema's timetable: what scheduling has to know, and days of it done again.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use marquee_kernel::{CinemaId, ScreenId, ShowId};
use marquee_pricing::PriceList;

use super::{Layout, Screen, Show, Slot};
use crate::Error;

/// A screen, and what a show on it needs.
#[derive(Clone, Debug)]
pub(crate) struct SchedulableScreen {
    pub(crate) screen: Screen,
    /// The newest layout: its categories want a price.
    pub(crate) layout: Arc<Layout>,
    /// What its last show cost.
    pub(crate) last_prices: Option<PriceList>,
}

/// Which shows to schedule once more, and when.
#[derive(Clone, Debug)]
pub(crate) struct CopyOrder {
    pub(crate) cinema_id: CinemaId,
    /// The first day to copy, and the day that is its copy.
    pub(crate) from: Date,
    pub(crate) to: Date,
    /// Days to copy, at least one.
    pub(crate) days: u32,
    /// Of these screens alone; of all when `None`.
    pub(crate) screens: Option<BTreeSet<ScreenId>>,
    pub(crate) mode: CopyMode,
}

/// What to do about shows that cannot be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// Say so, and schedule nothing.
    Rehearse,
    /// Schedule all shows or none.
    AllOrNone,
    /// Schedule the others.
    WhatFits,
}

/// A show, and what became of its copy.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) original: Arc<Show>,
    pub(crate) slot: Slot,
    /// The copy, or why there cannot be one.
    pub(crate) outcome: Result<ShowId, Error>,
}

/// What became of an order to copy.
#[derive(Debug)]
pub(crate) enum Copied {
    /// The copies that could be made are scheduled.
    Done(Vec<Copy>),
    /// Nothing is scheduled: the shows that are said to be made would be.
    Undone(Vec<Copy>),
}

/// The instant `days` later at the same time by the wall; `None` beyond the end of the calendar. A time that the clocks
/// leave out on that day is as much later as they go forward.
pub(crate) fn in_days(instant: Timestamp, days: i64, zone: &TimeZone) -> Option<Timestamp> {
    let wall = zone.to_datetime(instant);
    let later = wall.checked_add(Span::new().try_days(days).ok()?).ok()?;
    zone.to_timestamp(later).ok()
}

#[cfg(test)]
mod tests {
    use super::super::zone;
    use super::*;

    fn copied(instant: &str, days: i64, name: &str) -> Option<String> {
        let instant: Timestamp = instant.parse().unwrap();
        in_days(instant, days, &zone(name).unwrap()).map(|instant| instant.to_string())
    }

    #[test]
    fn a_copy_starts_at_the_same_time_by_the_wall() {
        let week = |instant, name| copied(instant, 7, name).unwrap();
        assert_eq!(week("2026-11-22T13:30:00Z", "Asia/Kolkata"), "2026-11-29T13:30:00Z");
        // New York goes back on 1 November, and forward on 8 March.
        assert_eq!(week("2026-10-30T23:00:00Z", "America/New_York"), "2026-11-07T00:00:00Z");
        assert_eq!(week("2026-03-07T00:00:00Z", "America/New_York"), "2026-03-13T23:00:00Z");
        // Half past two in the night does not exist there on the 8th.
        assert_eq!(week("2026-03-01T07:30:00Z", "America/New_York"), "2026-03-08T07:30:00Z");
        assert_eq!(copied("2026-11-22T13:30:00Z", -7, "Asia/Kolkata").unwrap(), "2026-11-15T13:30:00Z");
    }

    #[test]
    fn the_calendar_has_an_end() {
        assert_eq!(copied("9999-12-29T00:00:00Z", 7, "UTC"), None);
        assert_eq!(copied("2026-11-22T13:30:00Z", i64::MAX, "UTC"), None);
    }
}
