//! A visit to the cinema as a calendar keeps it (iCalendar, RFC 5545).

use marquee_kernel::{BookingId, Timestamp};

/// The longest line, in bytes; a longer text goes on in the next one (RFC 5545, section 3.1).
const LINE_BYTES_MAX: usize = 75;

/// What of a booking goes into a calendar. The texts may hold anything.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The booking: a calendar that has it already changes what it has.
    pub booking_id: BookingId,
    /// When it was made.
    pub booked_at: Timestamp,
    /// Rises with every change of the show.
    pub revision: i64,
    /// When the show starts.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The film.
    pub title: String,
    /// Where it is shown.
    pub place: String,
    /// What else the guest should know, line by line.
    pub notes: Vec<String>,
}

/// The calendar file.
#[must_use]
pub fn render(visit: &Visit) -> String {
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Marquee//Tickets//EN".to_owned(),
        "CALSCALE:GREGORIAN".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}", visit.booking_id),
        format!("DTSTAMP:{}", utc(visit.booked_at)),
        format!("SEQUENCE:{}", visit.revision),
        format!("DTSTART:{}", utc(visit.starts_at)),
        format!("DTEND:{}", utc(visit.ends_at)),
        format!("SUMMARY:{}", text(&visit.title)),
        format!("LOCATION:{}", text(&visit.place)),
        format!("DESCRIPTION:{}", text(&visit.notes.join("\n"))),
        "STATUS:CONFIRMED".to_owned(),
        "TRANSP:OPAQUE".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| fold(line)).collect()
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Text as a property's value (RFC 5545, section 3.3.11).
fn text(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => value.push_str("\\\\"),
            ';' => value.push_str("\\;"),
            ',' => value.push_str("\\,"),
            '\n' => value.push_str("\\n"),
            // Would end the line, or is nothing that a line may hold.
            c if c.is_control() => {}
            c => value.push(c),
        }
    }
    value
}

/// A line with its end, cut between characters where it is too long.
fn fold(line: &str) -> String {
    let (mut folded, mut used) = (String::with_capacity(line.len() + 2), 0);
    for c in line.chars() {
        if used + c.len_utf8() > LINE_BYTES_MAX {
            folded.push_str("\r\n ");
            used = 1;
        }
        folded.push(c);
        used += c.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn visit(title: &str) -> Visit {
        Visit {
            booking_id: BookingId::from(Uuid::from_u128(7)),
            booked_at: "2026-11-22T12:00:00.5Z".parse().unwrap(),
            revision: 3,
            starts_at: "2026-11-23T13:00:00Z".parse().unwrap(),
            ends_at: "2026-11-23T16:24:00Z".parse().unwrap(),
            title: title.to_owned(),
            place: "Regal, Colaba Causeway, Screen 1".to_owned(),
            notes: vec!["Seats A1, A2".to_owned(), "Booking 7K3F-9QXD".to_owned()],
        }
    }

    #[test]
    fn a_visit_is_an_event_in_utc_under_its_booking_s_id() {
        let file = render(&visit("Sholay"));
        for line in [
            "BEGIN:VCALENDAR",
            "UID:00000000-0000-0000-0000-000000000007",
            "DTSTAMP:20261122T120000Z",
            "SEQUENCE:3",
            "DTSTART:20261123T130000Z",
            "DTEND:20261123T162400Z",
            "SUMMARY:Sholay",
            "LOCATION:Regal\\, Colaba Causeway\\, Screen 1",
            "DESCRIPTION:Seats A1\\, A2\\nBooking 7K3F-9QXD",
            "END:VCALENDAR",
        ] {
            assert!(file.contains(&format!("{line}\r\n")), "{line} is not in {file}");
        }
    }

    #[test]
    fn what_a_title_holds_makes_no_line_of_its_own() {
        let file = render(&visit("A;B\\C\r\nATTENDEE:mailto:eve@example.org"));
        assert!(file.contains("SUMMARY:A\\;B\\\\C\\nATTENDEE:mailto:eve@example.org\r\n"), "{file}");
    }

    /// A value as a calendar reads it.
    fn read(value: &str) -> String {
        let (mut text, mut chars) = (String::new(), value.chars());
        while let Some(c) = chars.next() {
            text.push(if c == '\\' { chars.next().unwrap() } else { c });
        }
        text
    }

    proptest! {
        /// Whatever the text: no line is longer than a line may be, none is empty, and unfolded it is the text again.
        #[test]
        fn a_long_text_goes_on_in_the_next_line(title in "[\\PC]{0,200}") {
            let file = render(&visit(&title));
            prop_assert!(file.ends_with("\r\n"));
            prop_assert!(file.split_terminator("\r\n").all(|line| !line.is_empty() && line.len() <= LINE_BYTES_MAX));
            prop_assert_eq!(file.matches('\n').count(), file.matches("\r\n").count());
            let unfolded = file.replace("\r\n ", "");
            let summary = unfolded.lines().find_map(|line| line.strip_prefix("SUMMARY:")).unwrap();
            prop_assert_eq!(read(summary), title);
        }
    }
}
