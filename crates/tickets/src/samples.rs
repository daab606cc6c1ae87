//! Sheets for the tests.

use marquee_kernel::Money;
use uuid::Uuid;

use crate::{SeatLabel, Sheet, SheetTicket, SigningKeys, Standing, TicketClaims, tokens};

pub(crate) const TITLE_LONG: &str = "The Unexpectedly Long and Really Quite Exhausting Journey of a Small Cinema's \
    Ticket Printer Through Every Alphabet Known to the Human Race, Part Seven: The Reckoning";

/// Two good seats for an evening show.
pub(crate) fn sheet() -> Sheet {
    Sheet {
        movie_title: "The Grand Premiere".to_owned(),
        certificate: Some("UA 13+".to_owned()),
        cinema_name: "Marquee Connaught Place".to_owned(),
        cinema_address: "14 Inner Circle, Connaught Place, New Delhi 110001".to_owned(),
        screen_name: "Screen 4".to_owned(),
        language: "Hindi".to_owned(),
        format: "IMAX 3D".to_owned(),
        starts_at: "2026-11-22T14:00:00Z".parse().unwrap(),
        timezone: "Asia/Kolkata".to_owned(),
        reference: "7K3F9QXD".to_owned(),
        tickets: vec![ticket(1, "H-12", "Gold"), ticket(2, "H-13", "Gold")],
        standing: Standing::Valid,
    }
}

/// Everything that a careless or hostile hand could type in.
pub(crate) fn nasty() -> Sheet {
    Sheet {
        movie_title: format!("{TITLE_LONG} & <b>\"more\"</b>"),
        certificate: None,
        cinema_name: "<script>alert('cinema')</script> & Sons\u{0}\u{7} Picture Palace of the Lower Eastern Ward"
            .to_owned(),
        cinema_address: "]]> <!-- Улица \u{202E}Ленина\u{1b}[31m 7,\n\tΑθήνα ".repeat(8),
        screen_name: "</text><script>alert(1)</script>".to_owned(),
        language: "हिन्दी".to_owned(),
        tickets: vec![ticket(3, "Balcony Left <AA> Row 12 Seat 118", "Supercalifragilistic & Premium Recliner Lounge")],
        ..sheet()
    }
}

pub(crate) fn ticket(number: u128, seat: &str, category: &str) -> SheetTicket {
    let claims = TicketClaims {
        ticket_id: Uuid::from_u128(0x019a_ac5e_7d7c_7000_8a5e_3f1f_6f1a_2b30 + number).into(),
        booking_id: Uuid::from_u128(0x019a_ac5e_7d7c_7000_8a5e_3f1f_6f1a_2c00).into(),
        show_id: Uuid::from_u128(0x019a_ac5e_7d7c_7000_8a5e_3f1f_6f1a_2d00).into(),
        seat_label: SeatLabel::cut(seat),
    };
    SheetTicket {
        ticket_id: claims.ticket_id,
        seat_label: seat.to_owned(),
        category: category.to_owned(),
        price: Money::new(45_000, "INR".parse().unwrap()),
        token: tokens(&[claims], &SigningKeys::from_seeds([7; 32], &[]).sign(&[vec![claims]])[0]).remove(0),
    }
}
