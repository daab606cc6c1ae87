//! What the catalogue refuses, and the word for it on the wire.

use marquee_http::Problem;
use marquee_kernel::{Code, ShowId};

use crate::model::{FactsVersion, Fault, Faults};

/// Why the catalogue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No movie has that id.
    #[error("no movie has that id")]
    MovieNotFound,
    /// No cinema has that id.
    #[error("no cinema has that id")]
    CinemaNotFound,
    /// No screen has that id.
    #[error("no screen has that id")]
    ScreenNotFound,
    /// No show has that id.
    #[error("no show has that id")]
    ShowNotFound,
    /// Something sent is not as it must be.
    #[error("{0}")]
    Invalid(Faults),
    /// The show has started, or is over, or was cancelled: it cannot be changed any more.
    #[error("{0}")]
    ShowFixed(&'static str),
    /// Another show is too close on that screen.
    #[error("show {0} is on that screen at that time, cleaning included")]
    ScreenOccupied(ShowId),
    /// A show that is still to come uses it.
    #[error("show {0} uses it; cancel that show first")]
    InUse(ShowId),
    /// Somebody else gave the screen a layout since this one was drawn.
    #[error("the screen has layout {0} by now")]
    LayoutChanged(i64),
    /// Somebody else changed the facts since this change was begun.
    #[error("the facts have version {0} by now")]
    FactsChanged(FactsVersion),
    /// The database did not answer.
    #[error(transparent)]
    Db(#[from] marquee_db::Error),
}

impl From<Faults> for Error {
    fn from(faults: Faults) -> Self {
        Error::Invalid(faults)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::MovieNotFound => Problem::new(Code::MovieNotFound, "No movie has that id."),
            Error::CinemaNotFound => Problem::new(Code::CinemaNotFound, "No cinema has that id."),
            Error::ScreenNotFound => Problem::new(Code::ScreenNotFound, "No screen has that id."),
            Error::ShowNotFound => Problem::new(Code::ShowNotFound, "No show has that id."),
            Error::Invalid(faults) => {
                let problem = Problem::new(Code::InvalidRequest, "Some fields are not valid.");
                faults.iter().fold(problem, |problem, Fault { field, message }| problem.field(field, message))
            }
            Error::ShowFixed(why) => Problem::new(Code::InvalidRequest, why),
            Error::ScreenOccupied(show_id) => {
                let detail = "Another show is on that screen at that time, or cleaning before or after it.";
                Problem::new(Code::ScreenOccupied, detail).with("show_id", show_id)
            }
            Error::InUse(show_id) => {
                let detail = "A show that is still to come uses it; cancel that show first.";
                Problem::new(Code::InUse, detail).with("show_id", show_id)
            }
            Error::LayoutChanged(version) => {
                let detail = "The screen was given another layout since this one was drawn.";
                Problem::new(Code::LayoutChanged, detail).with("layout_version", version)
            }
            Error::FactsChanged(version) => {
                let detail = "Somebody else changed the facts since this change was begun.";
                Problem::new(Code::FactsChanged, detail).with("facts_version", version)
            }
            Error::Db(error) => error.into(),
        }
    }
}
