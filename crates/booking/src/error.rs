//! What can go wrong with a booking, and how a client hears of it.

use marquee_http::Problem;
use marquee_kernel::{BookingId, Code, SeatId};

use crate::model::{Answer, Refusal};
use crate::view::TicketFacts;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case of booking did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such booking, or the caller may not know that there is.
    #[error("there is no such booking")]
    BookingNotFound,
    /// There is no such hold, or it is somebody else's, or it has ended.
    #[error("there is no such hold")]
    LockNotFound,
    /// The hold has lapsed.
    #[error("the hold has lapsed")]
    LockExpired,
    /// The show is cancelled, or its sales are closed.
    #[error("the show is not on sale")]
    ShowNotOnSale,
    /// These seats were sold or blocked while they were held.
    #[error("{} seats are no longer free", .0.len())]
    SeatsUnavailable(Vec<SeatId>),
    /// Another attempt to pay for the same hold is not over.
    #[error("another payment for this hold is under way")]
    PaymentInProgress,
    /// The bank said no.
    #[error("the payment was declined: {decline_code}")]
    PaymentDeclined {
        /// Why, in the gateway's word.
        decline_code: String,
    },
    /// The key came with another payload before.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The gateway does not know the payment token.
    #[error("the payment token is not known")]
    UnknownPaymentToken,
    /// Whoever calls does not stand at a till of the show's cinema.
    #[error("the caller is not staff of the show's cinema")]
    NotTheirTill,
    /// Nothing is to be given back by hand.
    #[error("there is nothing to pay out")]
    NothingToPayOut,
    /// The shop does not know a voucher code.
    #[error("voucher code {0} is not known")]
    UnknownVoucher(usize),
    /// Past the cut-off, or never sold.
    #[error("the booking can no longer be cancelled")]
    CancellationClosed,
    /// Its payment is not settled yet.
    #[error("the booking's payment is not settled")]
    BookingPending,
    /// A gate lets nobody in with that ticket.
    #[error("not admitted: {}", .0.why.code().word())]
    NotAdmitted(Box<NotAdmitted>),
    /// The nonce came with another ticket before.
    #[error("the nonce was used for another scan")]
    NonceReused,
    /// Bookings that are not settled, or of shows to come.
    #[error("{} bookings are open", .0.len())]
    BookingsOpen(Vec<BookingId>),
    /// The gateway cannot be reached; nothing was charged.
    #[error("the payment gateway cannot be reached")]
    GatewayUnreachable,
    /// The call broke off; what it did is settled by the reconciler.
    #[error("the call broke off")]
    Interrupted,
    /// The original of a duplicate ended without an answer; the call may be made again.
    #[error("the first call under this key ended without an answer")]
    Unanswered,
    /// A ticket could not be drawn.
    #[error("ticket: {0}")]
    Ticket(#[from] marquee_tickets::PdfError),
    /// A key file could not be read or written.
    #[error("ticket key {path}: {problem}")]
    TicketKey {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// What accounts said.
    #[error(transparent)]
    Accounts(#[from] marquee_accounts::Error),
    /// What the catalogue said.
    #[error(transparent)]
    Catalog(#[from] marquee_catalog::Error),
    /// What seating said.
    #[error(transparent)]
    Seating(#[from] marquee_seating::Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] marquee_db::Error),
}

/// What a guard needs to know.
#[derive(Clone, Debug)]
pub struct NotAdmitted {
    /// Why.
    pub why: Refusal,
    /// What the ticket is for, once that is certain.
    pub ticket: Option<TicketFacts>,
}

impl From<NotAdmitted> for Error {
    fn from(refused: NotAdmitted) -> Self {
        Error::NotAdmitted(Box::new(refused))
    }
}

impl From<NotAdmitted> for Problem {
    fn from(NotAdmitted { why, ticket }: NotAdmitted) -> Self {
        let detail = match &why {
            Refusal::Unreadable => "Scan the code on the ticket again; this is another, or it was read badly.",
            Refusal::Forged => "Its signature does not fit: it was changed or made up.",
            Refusal::Unknown => "Nothing here was sold with it.",
            Refusal::OtherCinema => "Send the guest to the cinema that it is for.",
            Refusal::OtherShow => "Send the guest to the show that it is for.",
            Refusal::Unpaid => "Its booking was not paid for.",
            Refusal::Cancelled => "It was given back, or its show does not take place.",
            Refusal::AlreadyAdmitted { .. } => "A ticket lets one person in, once.",
            Refusal::NotOpen { .. } => "Come back when the doors open.",
            Refusal::Over { .. } => "The show has ended.",
        };
        let mut problem = Problem::new(why.code(), detail);
        if let Some(ticket) = ticket {
            problem = problem.with("ticket", ticket);
        }
        match why {
            Refusal::AlreadyAdmitted { gate, scanned_at } => problem.with("gate", gate).with("scanned_at", scanned_at),
            Refusal::NotOpen { opens_at } => problem.with("opens_at", opens_at),
            Refusal::Over { closed_at } => problem.with("closed_at", closed_at),
            _ => problem,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let cause = error.to_string();
        match error {
            Error::BookingNotFound => Problem::new(Code::BookingNotFound, "Nothing has that id."),
            Error::LockNotFound => Problem::new(Code::LockNotFound, "Nothing has that id."),
            Error::LockExpired => Problem::new(Code::LockExpired, "Hold the seats again."),
            Error::ShowNotOnSale => {
                Problem::new(Code::ShowNotOnSale, "Sales of this show have ended; nothing was charged.")
            }
            Error::SeatsUnavailable(seats) => {
                Problem::new(Code::SeatsUnavailable, "Pick other seats; nothing was charged.").with("seats", seats)
            }
            Error::PaymentInProgress => {
                Problem::new(Code::PaymentInProgress, "Wait for its outcome, or hold other seats.")
            }
            Error::PaymentDeclined { decline_code } => {
                let detail = "Try another card; the seats stay held until the hold's expiry.";
                Problem::new(Code::PaymentDeclined, detail).with("decline_code", decline_code)
            }
            Error::KeyReused => Problem::new(Code::IdempotencyKeyReused, "Use a new key for a new request."),
            Error::UnknownPaymentToken => invalid("payment_token", "must be a payment method that the gateway knows"),
            Error::NotTheirTill => not_their_till(),
            Error::NothingToPayOut => Problem::new(
                Code::NothingToPayOut,
                "Only what was paid at a till, and cancelled, is given back by hand.",
            ),
            Error::UnknownVoucher(index) => invalid(&format!("voucher_codes[{index}]"), "is not a code of this shop"),
            Error::CancellationClosed => {
                Problem::new(Code::CancellationClosed, "The time for it is over, or there is nothing to cancel.")
            }
            Error::BookingPending => {
                Problem::new(Code::BookingPending, "It is settled within a minute; ask again then.")
            }
            Error::NotAdmitted(refused) => (*refused).into(),
            Error::NonceReused => Problem::new(Code::IdempotencyKeyReused, "Use a new nonce for a new scan."),
            Error::BookingsOpen(bookings) => {
                let detail =
                    "Cancel what is booked of shows to come; what cannot be cancelled any more has to begin first.";
                Problem::new(Code::BookingsOpen, detail).with("bookings", bookings)
            }
            Error::GatewayUnreachable => {
                Problem::new(Code::Unavailable, "The payment gateway cannot be reached; nothing was charged.")
            }
            Error::Unanswered => {
                Problem::new(Code::Unavailable, "The first call with this key has no answer; try again.")
            }
            Error::Interrupted | Error::Ticket(_) | Error::TicketKey { .. } => {
                Problem::new(Code::Internal, "Something went wrong on our side.").because(cause)
            }
            Error::Accounts(error) => error.into(),
            Error::Catalog(error) => error.into(),
            Error::Seating(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

/// Money at a till is taken by staff of the show's cinema, and nobody else.
pub(crate) fn not_their_till() -> Problem {
    Problem::new(Code::Forbidden, "Only staff of the show's cinema take cash, or a card at their terminal.")
}

fn invalid(field: &str, message: &str) -> Problem {
    Problem::new(Code::InvalidRequest, "Some fields are not valid.").field(field, message)
}

impl Answer {
    /// The answer that tells of `error`, to be kept under the call's key.
    pub(crate) fn refusing(error: Error) -> Self {
        let problem = Problem::from(error);
        Self { status: problem.code().status(), body: problem.document().to_string().into() }
    }
}
