//! Cinemas and their screens.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use marquee_kernel::{CinemaId, ScreenId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::zone::day_of;
use super::{Checked, Faults, fold, zone};

/// The most screens of a cinema.
pub const SCREENS_PER_CINEMA_MAX: usize = 500;
/// The earliest that sales or cancellation may close before a show, in minutes: a week.
pub const CUT_OFF_MINUTES_MAX: u32 = 10_080;

const NAME_CHARS_MAX: usize = 200;
const CITY_CHARS_MAX: usize = 100;
const ADDRESS_CHARS_MAX: usize = 500;

/// Where on earth, in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// North is positive.
    #[schema(minimum = -90, maximum = 90, example = 19.076)]
    pub lat: f64,
    /// East is positive.
    #[schema(minimum = -180, maximum = 180, example = 72.8777)]
    pub lon: f64,
}

/// A cinema, as its manager tells of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CinemaDetails {
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// Its city, 1 to 100 characters.
    pub city: String,
    /// The IANA name of its time zone.
    pub timezone: String,
    /// Street and number, on one line.
    pub address: Option<String>,
    /// Where it stands.
    pub location: Option<Location>,
    /// How long before a show its seats are no longer sold, in minutes.
    pub sales_close_minutes_before_start: u32,
    /// How long before a show a booking can no longer be cancelled, in minutes.
    pub cancellation_close_minutes_before_start: u32,
}

impl CinemaDetails {
    /// Trims every text, checks every limit, and writes the zone as IANA does.
    ///
    /// # Errors
    /// Everything that is wrong, by field.
    pub fn check(mut self) -> Result<Checked<CinemaDetails>, Faults> {
        let mut faults = Faults::default();
        faults.line("name", &mut self.name, 1..=NAME_CHARS_MAX);
        faults.line("city", &mut self.city, 1..=CITY_CHARS_MAX);
        match zone(self.timezone.trim()).as_ref().and_then(|zone| zone.iana_name()) {
            Some(name) => self.timezone = name.to_owned(),
            None => faults.refuse("timezone", "must be an IANA time zone such as Asia/Kolkata"),
        }
        faults.optional_line("address", &mut self.address, ADDRESS_CHARS_MAX);
        if let Some(Location { lat, lon }) = self.location {
            faults.check((-90.0..=90.0).contains(&lat), "location.lat", "must be -90 to 90");
            faults.check((-180.0..=180.0).contains(&lon), "location.lon", "must be -180 to 180");
        }
        let cut_offs = [
            ("sales_close_minutes_before_start", self.sales_close_minutes_before_start),
            ("cancellation_close_minutes_before_start", self.cancellation_close_minutes_before_start),
        ];
        for (field, minutes) in cut_offs {
            faults.check(minutes <= CUT_OFF_MINUTES_MAX, field, format!("must be 0 to {CUT_OFF_MINUTES_MAX}"));
        }
        faults.finish(self)
    }
}

/// A cinema of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Cinema {
    /// Its id.
    pub cinema_id: CinemaId,
    /// The cinema.
    pub details: CinemaDetails,
    /// Its screens, by name.
    pub screens: Vec<Screen>,
}

/// A screen of a cinema, with its newest layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Its id.
    pub screen_id: ScreenId,
    /// The cinema it is in.
    pub cinema_id: CinemaId,
    /// Its name; no other screen of the cinema has it.
    pub name: String,
    /// Seats of the newest layout.
    pub capacity: u32,
    /// The newest layout's version; new shows use it.
    pub layout_version: i64,
}

impl Cinema {
    /// Whether it goes by that name, whatever its case.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        fold(&self.details.name) == fold(name)
    }

    /// When a day of its wall begins, and when the next one does.
    #[must_use]
    pub fn day(&self, date: Date) -> (Timestamp, Timestamp) {
        day_of(date, &zone(&self.details.timezone).unwrap_or(TimeZone::UTC))
    }
}

impl Screen {
    /// Whether it goes by that name, whatever its case.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        fold(&self.name) == fold(name)
    }
}

/// A screen's name, trimmed and within its limit.
pub(crate) fn screen_name(mut name: String) -> Result<Checked<String>, Faults> {
    let mut faults = Faults::default();
    faults.line("name", &mut name, 1..=NAME_CHARS_MAX);
    faults.finish(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regal() -> CinemaDetails {
        CinemaDetails {
            name: "Regal".to_owned(),
            city: "Mumbai".to_owned(),
            timezone: "asia/kolkata".to_owned(),
            ..CinemaDetails::default()
        }
    }

    #[test]
    fn the_zone_is_written_as_iana_does() {
        assert_eq!(regal().check().unwrap().timezone, "Asia/Kolkata");
        let nowhere = CinemaDetails { timezone: "IST".to_owned(), ..regal() }.check().unwrap_err();
        assert_eq!(nowhere.iter().next().unwrap().field, "timezone");
    }

    #[test]
    fn a_cinema_stands_on_earth() {
        let at = |lat, lon| CinemaDetails { location: Some(Location { lat, lon }), ..regal() }.check();
        assert!(at(-90.0, 180.0).is_ok());
        for (lat, lon) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert!(at(lat, lon).is_err(), "{lat} {lon}");
        }
    }
}
