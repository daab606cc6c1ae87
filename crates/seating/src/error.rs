//! What seating refuses, and the word for it on the wire.

use marquee_http::Problem;
use marquee_kernel::{Code, SeatId};

use crate::model::PickFault;
use marquee_kv::Down;

/// Why seating did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hold is unknown, ended, or somebody else's.
    #[error("no such hold")]
    HoldNotFound,
    /// The hold lapsed, or its show was cancelled.
    #[error("the hold has lapsed")]
    HoldExpired,
    /// The show does not have that seat.
    #[error("no such seat")]
    SeatNotFound,
    /// What was picked is not a pick of this show's seats.
    #[error("the seats are not valid")]
    Picks(Vec<PickFault>),
    /// The show is cancelled, closed or started.
    #[error("the show is not on sale")]
    NotOnSale,
    /// The user would hold too many seats of the show.
    #[error("the hold limit is reached")]
    HoldLimit {
        /// Seats held already.
        held: u32,
        /// The most there may be.
        max: u32,
    },
    /// The user held seats for too long without buying.
    #[error("the hold-time budget is spent")]
    OverBudget {
        /// Seconds until the next window.
        retry_after_s: u64,
    },
    /// These seats are not free.
    #[error("seats are not free")]
    SeatsUnavailable(Vec<SeatId>),
    /// There are not that many free seats of the kind.
    #[error("too few seats are free")]
    TooFewSeats,
    /// The hold store does not answer: nothing can be promised.
    #[error("the hold store does not answer")]
    HoldStoreDown,
    /// The address of the hold store is not one.
    #[error("hold store: {0}")]
    HoldStoreAddress(#[from] redis::RedisError),
    /// Too many live streams are open.
    #[error("too many live streams")]
    TooManyStreams,
    /// The catalogue did not find the show, or did not answer.
    #[error(transparent)]
    Catalog(#[from] marquee_catalog::Error),
    /// The database did not answer.
    #[error(transparent)]
    Db(#[from] marquee_db::Error),
}

impl From<Down> for Error {
    fn from(_: Down) -> Self {
        Error::HoldStoreDown
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::HoldNotFound => {
                Problem::new(Code::LockNotFound, "There is no such hold, or it was booked or released.")
            }
            Error::HoldExpired => {
                Problem::new(Code::LockExpired, "The hold has lapsed, or its show was cancelled; pick seats again.")
            }
            Error::SeatNotFound => Problem::new(Code::NotFound, "The show does not have that seat."),
            Error::Picks(faults) => {
                let problem = Problem::new(Code::InvalidRequest, "Some fields are not valid.");
                faults.into_iter().fold(problem, |problem, (field, message)| problem.field(field, message))
            }
            Error::NotOnSale => Problem::new(
                Code::ShowNotOnSale,
                "Seats of this show cannot be had: it is cancelled, closed or started.",
            ),
            Error::HoldLimit { held, max } => {
                let detail = format!("You hold {held} seats of this show already, of at most {max}.");
                Problem::new(Code::HoldLimitReached, detail)
            }
            Error::OverBudget { retry_after_s } => {
                let detail = "You have held seats of this show for long enough without buying; come back later.";
                Problem::new(Code::RateLimited, detail).retry_after(retry_after_s)
            }
            Error::SeatsUnavailable(seats) => {
                Problem::new(Code::SeatsUnavailable, "Some of the seats are no longer free.").with("seats", seats)
            }
            Error::TooFewSeats => {
                Problem::new(Code::SeatsUnavailable, "There are not that many free seats of that kind; ask for fewer.")
            }
            Error::HoldStoreDown | Error::HoldStoreAddress(_) => {
                Problem::new(Code::Unavailable, "Seats cannot be held right now; try again in a moment.")
            }
            Error::TooManyStreams => {
                Problem::new(Code::Unavailable, "Too many live streams are open; read the seat map instead.")
            }
            Error::Catalog(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
