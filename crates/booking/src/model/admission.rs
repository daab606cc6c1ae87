//! Whom a gate lets in: the rule, pure.

use jiff::SignedDuration;
use marquee_catalog::Show;
use marquee_kernel::{BookingId, CinemaId, Code, ShowId, TicketId, Timestamp, UserId};
use marquee_tickets::{TicketClaims, TokenError};

use super::{Sale, SoldSeat, Status};

/// The most characters of a gate's name.
pub(crate) const GATE_CHARS_MAX: usize = 60;
/// The most characters of a scan's nonce.
pub(crate) const NONCE_CHARS_MAX: usize = 64;

/// How long before its start a show's tickets are good: for who comes early, and not for who comes a day early.
const OPENS_BEFORE: SignedDuration = SignedDuration::from_hours(4);
/// How old a scan may be when a gate that was without a network tells of it.
const SCAN_AGE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far ahead of ours a gate's clock may be.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// A ticket as a gate read it.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// What the code holds.
    pub(crate) token: String,
    /// The gate's name.
    pub(crate) gate: String,
    /// Tells this scan from every other.
    pub(crate) nonce: String,
    /// When that was, by the gate.
    pub(crate) scanned_at: Timestamp,
    /// Where the gate is.
    pub(crate) door: Door,
    /// What the gate has done.
    pub(crate) stance: Stance,
}

/// What a gate leads to: of what is named, nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Door {
    /// The show behind it; none: any that is on.
    pub(crate) show_id: Option<ShowId>,
    /// The cinema it belongs to; none: any that its guard serves.
    pub(crate) cinema_id: Option<CinemaId>,
}

/// Whether a gate waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// The guest waits for it.
    Asks,
    /// The guest was let in without a network: it is told afterwards.
    LetIn,
}

impl Scan {
    /// Whether it can have been scanned then.
    pub(crate) fn is_timely(scanned_at: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(scanned_at);
        -CLOCK_AHEAD_MAX <= age && age <= SCAN_AGE_MAX
    }
}

/// From when until when a show's tickets are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    pub(crate) opens_at: Timestamp,
    pub(crate) closes_at: Timestamp,
}

impl Hours {
    pub(crate) fn of(show: &Show) -> Self {
        let opens_at = show.start_time.checked_sub(OPENS_BEFORE).unwrap_or(Timestamp::MIN);
        Self { opens_at, closes_at: show.end_time }
    }
}

/// That somebody was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub(crate) show_id: ShowId,
    pub(crate) ticket_id: TicketId,
    pub(crate) booking_id: BookingId,
    pub(crate) gate: String,
    pub(crate) nonce: String,
    pub(crate) admitted_by: UserId,
    pub(crate) scanned_at: Timestamp,
    pub(crate) admitted_at: Timestamp,
}

/// That a gate without a network let somebody in who should have been refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contested {
    pub(crate) show_id: ShowId,
    pub(crate) ticket_id: TicketId,
    pub(crate) booking_id: BookingId,
    /// The word of the refusal.
    pub(crate) code: String,
    pub(crate) gate: String,
    pub(crate) nonce: String,
    pub(crate) let_in_by: UserId,
    pub(crate) scanned_at: Timestamp,
    pub(crate) noted_at: Timestamp,
}

/// Why a guest is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another code, or one that was read badly.
    Unreadable,
    /// Changed or made up.
    Forged,
    /// Signed by a key, or of a booking, that is not known here.
    Unknown,
    /// Of a cinema that the guard, or the gate, is not of.
    OtherCinema,
    /// Of another show than the one behind the gate.
    OtherShow,
    /// Its booking was not paid for.
    Unpaid,
    /// It was given back, or its show does not take place.
    Cancelled,
    /// Somebody was let in with it.
    AlreadyAdmitted {
        /// Where.
        gate: String,
        /// When.
        scanned_at: Timestamp,
    },
    /// Its show's doors are not open yet.
    NotOpen {
        /// When they are.
        opens_at: Timestamp,
    },
    /// Its show is over.
    Over {
        /// Since when.
        closed_at: Timestamp,
    },
}

impl Refusal {
    /// The stable word for it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Refusal::Unreadable => Code::TicketUnreadable,
            Refusal::Forged => Code::TicketForged,
            Refusal::Unknown => Code::TicketUnknown,
            Refusal::OtherCinema => Code::TicketOfOtherCinema,
            Refusal::OtherShow => Code::TicketOfOtherShow,
            Refusal::Unpaid => Code::TicketUnpaid,
            Refusal::Cancelled => Code::TicketCancelled,
            Refusal::AlreadyAdmitted { .. } => Code::AlreadyAdmitted,
            Refusal::NotOpen { .. } => Code::AdmissionNotOpen,
            Refusal::Over { .. } => Code::AdmissionOver,
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Malformed => Refusal::Unreadable,
            TokenError::UnknownKey => Refusal::Unknown,
            TokenError::Forged => Refusal::Forged,
        }
    }
}

impl From<&Admission> for Refusal {
    fn from(before: &Admission) -> Self {
        Refusal::AlreadyAdmitted { gate: before.gate.clone(), scanned_at: before.scanned_at }
    }
}

/// Whether a genuine ticket lets its bearer in: the seat that it is for. What is wrong with the ticket itself comes before what is
/// wrong with the hour.
pub(crate) fn judge<'s>(
    ticket: &TicketClaims,
    scan: &Scan,
    show: &Show,
    sale: Option<&'s Sale>,
    before: Option<&Admission>,
) -> Result<&'s SoldSeat, Refusal> {
    if scan.door.show_id.is_some_and(|behind| behind != ticket.show_id) {
        return Err(Refusal::OtherShow);
    }
    let sale = sale.filter(|sale| sale.show_id == ticket.show_id).ok_or(Refusal::Unknown)?;
    let seat = sale.seats.iter().find(|seat| seat.ticket_id == ticket.ticket_id).ok_or(Refusal::Unknown)?;
    match sale.status {
        Status::Pending | Status::Failed => return Err(Refusal::Unpaid),
        Status::Cancelled => return Err(Refusal::Cancelled),
        Status::Confirmed if show.cancelled => return Err(Refusal::Cancelled),
        Status::Confirmed => {}
    }
    if let Some(before) = before {
        return Err(before.into());
    }
    let Hours { opens_at, closes_at } = Hours::of(show);
    if scan.scanned_at < opens_at {
        return Err(Refusal::NotOpen { opens_at });
    }
    if scan.scanned_at >= closes_at {
        return Err(Refusal::Over { closed_at: closes_at });
    }
    Ok(seat)
}
