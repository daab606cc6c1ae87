//! What a day has brought, by the hour of its cinema's clock: pure sums.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use marquee_kernel::{CinemaId, Money, Timestamp};

use super::Status;

/// Seconds of a quarter of an hour.
const QUARTER_S: i64 = 900;

/// Bookings of one cinema that were made in one quarter of an hour and have come equally far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taking {
    pub(crate) cinema_id: CinemaId,
    pub(crate) status: Status,
    /// Quarters of an hour since 1970.
    pub(crate) quarter: i64,
    pub(crate) bookings: i64,
    pub(crate) seats: i64,
    pub(crate) amount: Money,
}

impl Taking {
    pub(crate) fn begins_at(&self) -> Timestamp {
        Timestamp::from_second(self.quarter.saturating_mul(QUARTER_S)).unwrap_or(Timestamp::MAX)
    }

    /// Whether it was sold, also if it was given back since.
    pub(crate) fn is_sold(&self) -> bool {
        matches!(self.status, Status::Confirmed | Status::Cancelled)
    }
}

/// Sums of money, one for each currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Purse(BTreeMap<&'static str, Money>);

impl Purse {
    pub(crate) fn add(&mut self, money: Money) {
        let sum = self.0.entry(money.currency.code()).or_insert(Money::new(0, money.currency));
        sum.amount = sum.amount.saturating_add(money.amount);
    }

    pub(crate) fn into_vec(self) -> Vec<Money> {
        self.0.into_values().collect()
    }
}

/// What was sold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sold {
    pub(crate) bookings: i64,
    pub(crate) seats: i64,
    pub(crate) money: Purse,
}

impl Sold {
    pub(crate) fn add(&mut self, taking: &Taking) {
        self.bookings += taking.bookings;
        self.seats += taking.seats;
        self.money.add(taking.amount);
    }
}

/// What was sold in each hour of the day, as the clock on the wall says: an hour that comes twice is one.
pub(crate) fn by_hour<'t>(sold: impl Iterator<Item = (&'t Taking, &'t TimeZone)>) -> BTreeMap<i8, Sold> {
    let mut hours: BTreeMap<i8, Sold> = BTreeMap::new();
    for (taking, zone) in sold {
        let hour = zone.to_datetime(taking.begins_at()).hour();
        hours.entry(hour).or_default().add(taking);
    }
    hours
}

/// When that day begins and ends by the clock of `zone`.
pub(crate) fn day_in(zone: &TimeZone, date: Date) -> (Timestamp, Timestamp) {
    let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |day| day.timestamp());
    (midnight(date), date.checked_add(1.day()).map_or(Timestamp::MAX, midnight))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn taking(at: &str, amount: i64, currency: &str) -> Taking {
        let at: Timestamp = at.parse().unwrap();
        Taking {
            cinema_id: Uuid::from_u128(1).into(),
            status: Status::Confirmed,
            quarter: at.as_second() / QUARTER_S,
            bookings: 1,
            seats: 2,
            amount: Money::new(amount, currency.parse().unwrap()),
        }
    }

    #[test]
    fn an_hour_is_the_walls_also_where_it_begins_at_half_past() {
        let (india, zulu) = (TimeZone::get("Asia/Kolkata").unwrap(), TimeZone::UTC);
        let [one, two] = [taking("2026-11-26T12:40:00Z", 5, "INR"), taking("2026-11-26T12:20:00Z", 7, "INR")];
        let there = taking("2026-11-26T17:59:00Z", 3, "GBP");
        let hours = by_hour([(&one, &india), (&two, &india), (&there, &zulu)].into_iter());
        let seen: Vec<_> = hours.iter().map(|(hour, sold)| (*hour, sold.bookings)).collect();
        assert_eq!(seen, [(17, 2), (18, 1)]);
        let money: Vec<_> =
            hours[&17].money.clone().into_vec().iter().map(|it| (it.currency.code(), it.amount)).collect();
        assert_eq!(money, [("GBP", 3), ("INR", 7)]);
    }

    #[test]
    fn a_day_has_25_hours_when_the_clocks_go_back() {
        let london = TimeZone::get("Europe/London").unwrap();
        let (begins, ends) = day_in(&london, jiff::civil::date(2026, 10, 25));
        assert_eq!(
            (begins.to_string(), ends.to_string()),
            ("2026-10-24T23:00:00Z".into(), "2026-10-26T00:00:00Z".into())
        );
    }
}
