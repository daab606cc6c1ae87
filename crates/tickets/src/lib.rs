//! Tickets: what a guest carries from the booking to the door.
//!
//! - [`SigningKeys`] signs what the [`TicketClaims`] of bookings state; a booking's [`Proof`] makes each of them short [`tokens()`] that a
//!   gate checks without a network;
//! - [`mod@reference`] names a booking by eight characters that can be read out over a telephone;
//! - a [`Sheet`] is everything a set of tickets says, drawn by [`svg::render`] for a screen and by [`pdf::render`] for
//!   paper;
//! - a [`calendar::Visit`] is what a calendar keeps of it.
//!
//! Pure: no I/O but the time zone database that jiff reads, no async runtime. Drawing takes milliseconds of CPU time; a
//! server does it off its async threads.

pub mod calendar;
mod code;
pub mod pdf;
mod proof;
pub mod reference;
mod sheet;
pub mod svg;
mod token;
mod typeset;

pub use pdf::PdfError;
pub use proof::Proof;
pub use sheet::{Sheet, SheetTicket, Standing};
pub use token::{KeyId, LABEL_BYTES_MAX, PublicKey, SeatLabel, SigningKeys, TicketClaims, TokenError, tokens};

#[cfg(test)]
mod samples;
