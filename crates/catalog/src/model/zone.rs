//! Cinema time: an IANA zone, and the day that a cinema's visitors call it.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// The tz database of this program, so that two machines never disagree about a show's day.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// No place on earth is further ahead of UTC, or further behind it.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(14);
const BEHIND_MAX: SignedDuration = SignedDuration::from_hours(12);

/// The zone of that IANA name, whatever its case.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok().filter(|zone| zone.iana_name().is_some())
}

/// The date on the cinema's wall.
pub(crate) fn local_date(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

/// When that date begins in `zone`, and when the next one does.
pub(super) fn day_of(date: Date, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let starts = |date: Date| {
        let midnight = date.to_zoned(zone.clone());
        midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    };
    (starts(date), date.tomorrow().map_or(Timestamp::MAX, starts))
}

/// Between which instants a show of that local date can start, in whatever zone.
pub(crate) fn start_window(date: Date) -> (Timestamp, Timestamp) {
    let midnight =
        TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MAX);
    let after = |span: SignedDuration| midnight.checked_add(span).unwrap_or(Timestamp::MAX);
    (after(-AHEAD_MAX), after(SignedDuration::from_hours(24) + BEHIND_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_an_iana_name() {
        assert_eq!(zone("asia/kolkata").unwrap().iana_name(), Some("Asia/Kolkata"));
        for bad in ["", "IST", "Mars/Olympus", "UTC+5", "EST5EDT,M3.2.0,M11.1.0", "../etc/passwd", "Etc/Unknown"] {
            assert!(zone(bad).is_none(), "{bad}");
        }
    }

    /// A day is as long as its clocks make it.
    #[test]
    fn a_day_begins_at_its_midnight() {
        let hours = |date: Date, name: &str| {
            let (from, until) = day_of(date, &zone(name).unwrap());
            assert_eq!(local_date(from, &zone(name).unwrap()), date);
            until.duration_since(from).as_hours()
        };
        assert_eq!(hours(jiff::civil::date(2026, 11, 26), "Asia/Kolkata"), 24);
        assert_eq!(hours(jiff::civil::date(2026, 3, 29), "Europe/London"), 23);
        assert_eq!(hours(jiff::civil::date(2026, 10, 25), "Europe/London"), 25);
    }

    #[test]
    fn the_window_of_a_date_holds_its_shows_in_every_zone() {
        for name in ["Pacific/Kiritimati", "Asia/Kolkata", "UTC", "America/New_York", "Etc/GMT+12"] {
            let zone = zone(name).unwrap();
            for time in ["2026-03-08T00:00", "2026-03-08T23:59:59"] {
                let time: jiff::civil::DateTime = time.parse().unwrap();
                let start = zone.to_timestamp(time).unwrap();
                let (from, to) = start_window(time.date());
                assert!((from..to).contains(&start), "{name} {time}");
                assert_eq!(local_date(start, &zone), time.date());
            }
        }
    }

    #[test]
    fn the_last_date_there_is_has_a_window_too() {
        for date in ["9999-12-31", "0000-01-01"] {
            let (from, to) = start_window(date.parse().unwrap());
            assert!(from <= to);
        }
    }
}
