//! Shows: when a movie runs on which screen, and for how much.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use marquee_kernel::{CinemaId, Money, MovieId, ScreenId, ShowId};
use marquee_pricing::PriceList;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Checked, DURATION_MINUTES_MAX, Faults, Layout, LayoutSeat};

const LABEL_CHARS_MAX: usize = 50;
/// How far ahead a show can be scheduled, in days: two years. What is further away is a slip of the pen.
pub const AHEAD_DAYS_MAX: i64 = 730;

/// Whether a show's seats can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShowStatus {
    /// They can.
    OnSale,
    /// Sales have ended; the show has not started.
    Closed,
    /// It has started, and may have ended.
    Started,
    /// It will not take place.
    Cancelled,
}

/// A show with everything that selling it needs. Immutable: a change makes another one.
#[derive(Clone, Debug)]
pub struct Show {
    /// Its id.
    pub show_id: ShowId,
    /// The movie it shows.
    pub movie_id: MovieId,
    /// That movie's title.
    pub movie_title: Arc<str>,
    /// That movie's censor's mark.
    pub certificate: Option<Arc<str>>,
    /// The cinema it runs in.
    pub cinema_id: CinemaId,
    /// That cinema's name.
    pub cinema_name: Arc<str>,
    /// That cinema's street and number.
    pub cinema_address: Option<Arc<str>>,
    /// The IANA name of that cinema's time zone.
    pub timezone: Arc<str>,
    /// The screen it runs on.
    pub screen_id: ScreenId,
    /// That screen's name.
    pub screen_name: Arc<str>,
    /// The seats, as they were when it was scheduled.
    pub layout: Arc<Layout>,
    /// What they cost.
    pub prices: PriceList,
    /// When it starts.
    pub start_time: Timestamp,
    /// When it ends.
    pub end_time: Timestamp,
    /// From when on its seats are not sold any more; at most `start_time`.
    pub sales_close_at: Timestamp,
    /// From when on its bookings cannot be cancelled any more; at most `start_time`.
    pub cancel_close_at: Timestamp,
    /// The language it is shown in.
    pub language: Option<Arc<str>>,
    /// Such as `2D` or `IMAX`.
    pub format: Option<Arc<str>>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Rises with every change of the show itself.
    pub revision: i64,
}

impl Show {
    /// What it is as of `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> ShowStatus {
        if self.cancelled {
            ShowStatus::Cancelled
        } else if now >= self.start_time {
            ShowStatus::Started
        } else if now >= self.sales_close_at {
            ShowStatus::Closed
        } else {
            ShowStatus::OnSale
        }
    }

    /// Whether its seats can be had as of `now`.
    #[must_use]
    pub fn on_sale(&self, now: Timestamp) -> bool {
        self.status(now) == ShowStatus::OnSale
    }

    /// What a seat of its layout costs.
    #[must_use]
    pub fn price_of(&self, seat: &LayoutSeat) -> Money {
        // A show is only scheduled with a price for every category of its layout: the other branch is never taken.
        self.prices.price(&seat.category).unwrap_or_else(|| self.prices.from())
    }
}

/// A show to be scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShow {
    /// What is shown.
    pub movie_id: MovieId,
    /// Where.
    pub screen_id: ScreenId,
    /// When, how and for how much.
    pub details: ShowDetails,
}

/// What of a show can be changed after it was scheduled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShowDetails {
    /// When it starts; in the future, at most [`AHEAD_DAYS_MAX`] days ahead.
    pub start_time: Timestamp,
    /// The language it is shown in.
    pub language: Option<String>,
    /// Such as `2D` or `IMAX`.
    pub format: Option<String>,
    /// A price for every category of the layout and no other, in one currency.
    pub prices: BTreeMap<String, Money>,
}

/// [`ShowDetails`] that can be sold from a given layout.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) start_time: Timestamp,
    pub(crate) language: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) prices: PriceList,
}

impl ShowDetails {
    /// Checks every rule that needs no other show.
    ///
    /// # Errors
    /// Everything that is wrong, by field.
    pub(crate) fn check(mut self, layout: &Layout, now: Timestamp) -> Result<Checked<Terms>, Faults> {
        let mut faults = Faults::default();
        // The store keeps microseconds: what is answered now must be what is read later.
        let start_time = Timestamp::from_microsecond(self.start_time.as_microsecond()).unwrap_or(self.start_time);
        faults.check(start_time > now, "start_time", "must be in the future");
        let soon = start_time.duration_since(now) <= SignedDuration::from_hours(24 * AHEAD_DAYS_MAX);
        faults.check(soon, "start_time", format!("must be at most {AHEAD_DAYS_MAX} days ahead"));
        faults.optional_line("language", &mut self.language, LABEL_CHARS_MAX);
        faults.optional_line("format", &mut self.format, LABEL_CHARS_MAX);
        for category in layout.categories() {
            let priced = self.prices.contains_key(&**category);
            faults.check(priced, "prices", format!("must name a price for the category {category}"));
        }
        for category in self.prices.keys() {
            let known = layout.categories().iter().any(|known| **known == **category);
            faults.check(known, "prices", "names a category that the screen's layout does not have");
        }
        let prices = PriceList::new(self.prices).map_err(|error| faults.refuse("prices", error.to_string()));
        match prices {
            Ok(prices) => faults.finish(Terms { start_time, language: self.language, format: self.format, prices }),
            Err(()) => Err(faults),
        }
    }
}

/// The longest that any show takes.
pub(crate) fn longest_show() -> SignedDuration {
    SignedDuration::from_mins(i64::from(DURATION_MINUTES_MAX))
}

/// The time that a show takes on its screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Slot {
    /// A show of `minutes` from `start`.
    pub(crate) fn new(start: Timestamp, minutes: u32) -> Self {
        let length = SignedDuration::from_mins(i64::from(minutes));
        Self { start, end: start.checked_add(length).unwrap_or(Timestamp::MAX) }
    }

    /// The slot with `gap` of cleaning before and after it. Another show is too close when it overlaps this: it starts
    /// before the end, and ends after the start.
    pub(crate) fn with_gap(self, gap: SignedDuration) -> Self {
        Self {
            start: self.start.checked_sub(gap).unwrap_or(Timestamp::MIN),
            end: self.end.checked_add(gap).unwrap_or(Timestamp::MAX),
        }
    }
}

/// Which shows a list is of; everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShowFilter {
    /// Of this movie.
    pub movie_id: Option<MovieId>,
    /// In this cinema.
    pub cinema_id: Option<CinemaId>,
    /// On this day, as the cinema's wall says.
    pub date: Option<Date>,
    /// In this city, whatever its case.
    pub city: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plan;
    use super::*;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn details(start: &str, prices: &[(&str, i64, &str)]) -> ShowDetails {
        let money = |amount, code: &str| Money::new(amount, code.parse().unwrap());
        ShowDetails {
            start_time: start.parse().unwrap(),
            language: None,
            format: None,
            prices: prices.iter().map(|(name, amount, code)| ((*name).to_owned(), money(*amount, code))).collect(),
        }
    }

    fn refusal(start: &str, prices: &[(&str, i64, &str)]) -> String {
        let layout = Layout::of(&plan(&[("A", "gold", "12"), ("B", "silver", "12")]).check().unwrap(), 1);
        match details(start, prices).check(&layout, NOW.parse().unwrap()) {
            Ok(_) => String::new(),
            Err(faults) => faults.to_string(),
        }
    }

    #[test]
    fn a_show_is_in_the_future_and_priced_whole_in_one_currency() {
        let (later, gold, silver) = ("2026-11-22T18:30:00Z", ("gold", 2, "INR"), ("silver", 1, "INR"));
        assert_eq!(refusal(later, &[gold, silver]), "");
        assert_eq!(refusal(NOW, &[gold, silver]), "start_time must be in the future");
        assert_eq!(refusal("2028-11-21T12:00:00Z", &[gold, silver]), "");
        for far in ["2028-11-21T12:00:00.000001Z", "9999-12-30T00:00:00Z"] {
            assert_eq!(refusal(far, &[gold, silver]), "start_time must be at most 730 days ahead", "{far}");
        }
        assert!(refusal(later, &[gold]).contains("a price for the category silver"));
        assert!(refusal(later, &[gold, silver, ("box", 1, "INR")]).contains("does not have"));
        assert!(refusal(later, &[gold, ("silver", 1, "USD")]).contains("one currency"));
        assert!(refusal(later, &[gold, ("silver", -1, "INR")]).contains("the price of silver"));
        assert!(refusal(later, &[]).contains("at least one price"));
    }

    /// As the store asks it in SQL.
    fn too_close(wanted: Slot, other: Slot, gap: SignedDuration) -> bool {
        let around = wanted.with_gap(gap);
        other.start < around.end && other.end > around.start
    }

    fn slot(start_minute: i64, minutes: u32) -> Slot {
        let start: Timestamp = NOW.parse().unwrap();
        Slot::new(start + SignedDuration::from_mins(start_minute), minutes)
    }

    #[test]
    fn a_show_may_start_the_minute_that_cleaning_is_done() {
        let gap = SignedDuration::from_mins(15);
        assert!(!too_close(slot(135, 60), slot(0, 120), gap));
        assert!(too_close(slot(134, 60), slot(0, 120), gap));
        assert!(too_close(slot(30, 10), slot(0, 120), gap));
    }

    proptest! {
        /// Being too close is mutual, and is exactly that some minute of one, cleaning included, is a minute of the other.
        #[test]
        fn overlap_is_a_shared_minute(a in 0_i64..300, b in 0_i64..300, m in 1_u32..120, n in 1_u32..120, gap in 0_i64..30) {
            let (one, two) = (slot(a, m), slot(b, n));
            let cleaning = SignedDuration::from_mins(gap);
            let shared = (a - gap..a + i64::from(m) + gap).any(|minute| (b..b + i64::from(n)).contains(&minute));
            prop_assert_eq!(too_close(one, two, cleaning), shared);
            prop_assert_eq!(too_close(two, one, cleaning), shared);
        }
    }
}
