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
