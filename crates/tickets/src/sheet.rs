//! A sheet: the tickets of one booking and all that is printed on them.

use jiff::tz::TimeZone;
use marquee_kernel::{Money, TicketId, Timestamp};

use crate::reference;
use crate::typeset::clean;

/// Whether the tickets of a sheet still admit anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Good for admission.
    #[default]
    Valid,
    /// Cancelled: the sheet says so in large letters and its codes are crossed out.
    Cancelled,
}

/// One seat's ticket.
#[derive(Clone, Debug)]
pub struct SheetTicket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The seat as the guest knows it.
    pub seat_label: String,
    /// The price area's name, such as `Gold`.
    pub category: String,
    /// What the seat cost.
    pub price: Money,
    /// What the QR code holds: see [`SigningKeys::sign`](crate::SigningKeys::sign).
    pub token: String,
}

/// The tickets of one booking. The texts may hold anything: both renderers neutralise markup and control characters and
/// shorten what does not fit.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The film.
    pub movie_title: String,
    /// Its age rating.
    pub certificate: Option<String>,
    /// The cinema.
    pub cinema_name: String,
    /// Where the cinema is, on one line.
    pub cinema_address: String,
    /// The auditorium.
    pub screen_name: String,
    /// The language the film is shown in.
    pub language: String,
    /// How it is shown, such as `IMAX 3D`.
    pub format: String,
    /// When the show starts.
    pub starts_at: Timestamp,
    /// The cinema's time zone, an IANA name; an unknown one prints the time in UTC, and says so.
    pub timezone: String,
    /// The booking's reference as stored: see [`reference::reference_of`].
    pub reference: String,
    /// One per seat, in the order they are to appear.
    pub tickets: Vec<SheetTicket>,
    /// Whether they still admit.
    pub standing: Standing,
}

/// A sheet in words that are fit to draw: clean, and the time on the cinema's clock.
pub(crate) struct Wording {
    pub(crate) title: String,
    /// Certificate, language and format, as far as they are known.
    pub(crate) particulars: String,
    pub(crate) cinema: String,
    pub(crate) address: String,
    pub(crate) screen: String,
    pub(crate) date: String,
    pub(crate) time: String,
    /// The zone by its abbreviation and offset, so that the time means the same to everybody.
    pub(crate) zone: String,
    pub(crate) reference: String,
}

impl Sheet {
    pub(crate) fn wording(&self) -> Wording {
        let start = self.starts_at.to_zoned(TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC));
        let abbreviation = start.strftime("%Z").to_string();
        let offset = format!("UTC{}", start.strftime("%:z"));
        let zone = match abbreviation.as_str() {
            "UTC" => abbreviation,
            // Many zones have no name but their offset: "+04".
            name if name.starts_with(['+', '-']) => offset,
            name => format!("{name} ({offset})"),
        };
        let particulars = [self.certificate.as_deref().unwrap_or_default(), &self.language, &self.format];
        let particulars: Vec<_> = particulars.into_iter().map(clean).filter(|word| !word.is_empty()).collect();
        Wording {
            title: clean(&self.movie_title),
            particulars: particulars.join(" · "),
            cinema: clean(&self.cinema_name),
            address: clean(&self.cinema_address),
            screen: clean(&self.screen_name),
            date: start.strftime("%a %-d %b %Y").to_string(),
            time: start.strftime("%H:%M").to_string(),
            zone,
            reference: reference::display(&clean(&self.reference)),
        }
    }
}

impl SheetTicket {
    /// The seat, fit to draw.
    pub(crate) fn seat(&self) -> String {
        clean(&self.seat_label)
    }

    /// Category and price: `Gold · INR 250.00`.
    pub(crate) fn category_price(&self) -> String {
        match clean(&self.category).as_str() {
            "" => self.price.to_string(),
            category => format!("{category} · {}", self.price),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::samples;

    #[test]
    fn the_time_is_on_the_cinemas_clock_and_says_which_that_is() {
        let mut sheet = samples::sheet();
        let mut told = |zone: &str| {
            sheet.timezone = zone.to_owned();
            let words = sheet.wording();
            format!("{} {} {}", words.date, words.time, words.zone)
        };
        assert_eq!(told("Asia/Kolkata"), "Sun 22 Nov 2026 19:30 IST (UTC+05:30)");
        assert_eq!(told("America/New_York"), "Sun 22 Nov 2026 09:00 EST (UTC-05:00)");
        assert_eq!(told("Asia/Dubai"), "Sun 22 Nov 2026 18:00 UTC+04:00");
        assert_eq!(told("Middle/Earth"), "Sun 22 Nov 2026 14:00 UTC");
    }

    #[test]
    fn the_hour_that_comes_twice_is_told_apart() {
        let mut sheet = samples::sheet();
        sheet.timezone = "Europe/Berlin".to_owned();
        sheet.starts_at = "2026-10-25T00:30:00Z".parse().unwrap();
        let first = sheet.wording();
        sheet.starts_at = "2026-10-25T01:30:00Z".parse().unwrap();
        let second = sheet.wording();
        assert_eq!((first.time.as_str(), second.time.as_str()), ("02:30", "02:30"));
        assert_eq!((first.zone.as_str(), second.zone.as_str()), ("CEST (UTC+02:00)", "CET (UTC+01:00)"));
    }
}
