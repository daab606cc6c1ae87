//! What can go wrong with an account, and how a client hears of it.

use marquee_http::Problem;
use marquee_kernel::Code;
use tracing::error;

use crate::model::Fault;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case of accounts did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was sent cannot be an account.
    #[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// The e-mail address belongs to an account already.
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    /// Nobody has that id, or the caller may not know that somebody has.
    #[error("there is no such account")]
    UserNotFound,
    /// The caller has no session of that id that is not over.
    #[error("there is no such session")]
    SessionNotFound,
    /// The role cannot be given or taken like that; says what must change.
    #[error("{0}")]
    BadGrant(&'static str),
    /// The caller may not give or take that role there.
    #[error("that role is not the caller's to give there")]
    NotTheirsToGive,
    /// Nobody takes the administrator's role from themselves.
    #[error("nobody takes the administrator's role from themselves")]
    OwnRole,
    /// The name and password, or the refresh token, are not good (RFC 6749 `invalid_grant`).
    #[error("the credentials are not valid")]
    InvalidGrant,
    /// Too many wrong passwords for one account.
    #[error("too many wrong passwords; try again in {retry_after_s} s")]
    Guessing {
        /// When the next try is let through, in seconds.
        retry_after_s: u64,
    },
    /// More passwords wait to be hashed than [`crate::HASH_QUEUE_MAX`].
    #[error("too many people are signing in at once; try again in a moment")]
    HashQueueFull,
    /// A password could not be hashed.
    #[error("password hashing: {0}")]
    Hashing(String),
    /// A signing key could not be read, written or used.
    #[error("signing keys: {0}")]
    Keys(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] marquee_db::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(faults) => {
                let problem = Problem::new(Code::InvalidRequest, "Some fields are not valid.");
                faults.into_iter().fold(problem, |problem, fault| problem.field(fault.field, fault.message))
            }
            Error::EmailTaken => Problem::new(Code::EmailTaken, "Sign in, or register with another e-mail address."),
            Error::UserNotFound => Problem::new(Code::UserNotFound, "Nobody has that id."),
            Error::SessionNotFound => {
                Problem::new(Code::SessionNotFound, "You have no session of that id, or it is over.")
            }
            Error::NotTheirsToGive => Problem::new(
                Code::Forbidden,
                "Administrators give every role; managers give box_office in the cinemas that they manage.",
            ),
            Error::OwnRole => Problem::new(Code::OwnRole, "Have another administrator do it."),
            Error::BadGrant(why) => Problem::new(Code::InvalidRequest, why),
            Error::InvalidGrant => Problem::new(Code::Unauthenticated, "The credentials are not valid."),
            Error::Guessing { retry_after_s } => {
                let detail = "Too many wrong passwords for this account; wait a little.";
                Problem::new(Code::RateLimited, detail).retry_after(retry_after_s)
            }
            Error::HashQueueFull => {
                Problem::new(Code::Unavailable, "Too many people are signing in at once; try again in a moment.")
            }
            Error::Hashing(why) => {
                error!(error = %why, "password hashing failed");
                Problem::new(Code::Internal, "The password could not be checked.")
            }
            Error::Keys(why) => {
                error!(error = %why, "signing key failed");
                Problem::new(Code::Internal, "A token could not be signed.")
            }
            Error::Db(error) => error.into(),
        }
    }
}
