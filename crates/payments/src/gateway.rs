//! The party that moves the money, behind one face.
//!
//! Every call carries our key, the booking's id: the same key with the same request again gets the same answer and
//! makes no second charge. Every call has a limit on its time; past it the outcome is unknown, not failed.

use std::time::{Duration, Instant};

use marquee_kernel::{BookingId, Money, RefundId, Timestamp};

use crate::meters;
use crate::sandbox::Sandbox;

/// How long any call but an authorisation may take: nobody waits in front of a till for these.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A payment gateway; clones share it.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// The built-in one, which charges nothing.
    Sandbox(Sandbox),
}

/// The gateway promised the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorised {
    /// When it did, by its own clock.
    pub at: Timestamp,
}

/// Why there is no promise of the money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoriseError {
    /// The card's bank said no; nothing was charged.
    #[error("the payment was declined: {code}")]
    Declined {
        /// The gateway's word for the reason, such as `insufficient_funds`.
        code: String,
    },
    /// The gateway does not know this payment token; nothing was charged.
    #[error("the payment gateway does not know this payment token")]
    UnknownToken,
    /// The key was used for another amount or token. A fault of the caller; the first request stands.
    #[error("the key was used for another payment")]
    KeyReused,
    /// No answer in time: charged or not is unknown until [`Gateway::find`] tells.
    #[error("the payment gateway has not answered; the outcome is unknown")]
    NoAnswer,
    /// The request did not reach the gateway; nothing was charged.
    #[error("the payment gateway cannot be reached")]
    Unreachable,
}

impl AuthoriseError {
    fn word(&self) -> &'static str {
        match self {
            AuthoriseError::Declined { .. } => "declined",
            AuthoriseError::UnknownToken => "unknown_token",
            AuthoriseError::KeyReused => "key_reused",
            AuthoriseError::NoAnswer => "no_answer",
            AuthoriseError::Unreachable => "unreachable",
        }
    }
}

/// The gateway did not answer in time or could not be reached. Ask again: every call is idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment gateway does not answer")]
pub struct GatewayDown;

/// What the gateway holds under one of our keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Our key.
    pub key: BookingId,
    /// What was asked for.
    pub amount: Money,
    /// What became of it.
    pub state: ChargeState,
    /// Why it was declined, when it was.
    pub decline_code: Option<String>,
    /// Given back or on its way back, in minor units of the charge's currency.
    pub refunded: i64,
    /// When it was authorised or declined.
    pub at: Timestamp,
}

/// What became of a charge at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeState {
    /// The money is promised.
    Authorised,
    /// Refused; no money moves.
    Declined,
    /// The money is taken.
    Captured,
    /// The promise was given up; no money moved.
    Voided,
}

/// Where a refund stands at the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// Accepted; the money is on its way.
    Pending,
    /// The money is back.
    Succeeded,
    /// Refused; the same refund may be asked for again.
    Failed {
        /// Why, in the gateway's words.
        reason: String,
    },
}

impl Gateway {
    /// Whether `payment_token` is one that [`Gateway::authorise`] could charge. Ask before claiming seats.
    #[must_use]
    pub fn knows_token(&self, payment_token: &str) -> bool {
        let Gateway::Sandbox(sandbox) = self;
        sandbox.knows_token(payment_token)
    }

    /// Asks for the promise of `amount`. An amount of 0 needs no gateway: do not bring it here.
    ///
    /// # Errors
    /// [`AuthoriseError`]; after [`AuthoriseError::NoAnswer`] the charge may exist.
    pub async fn authorise(
        &self,
        key: BookingId,
        amount: Money,
        payment_token: &str,
    ) -> Result<Authorised, AuthoriseError> {
        let Gateway::Sandbox(sandbox) = self;
        let call = sandbox.authorise(key, amount, payment_token);
        let answer = within("authorise", sandbox.settings().authorise_timeout, call).await;
        let answer = answer.unwrap_or(Err(AuthoriseError::NoAnswer));
        meters::authorisation(answer.as_ref().err().map_or("authorised", AuthoriseError::word));
        answer
    }

    /// Takes the promised money. Answers with what the charge is afterwards (captured, or what prevented it); `None`
    /// when there is no such charge.
    ///
    /// # Errors
    /// [`GatewayDown`].
    pub async fn capture(&self, key: BookingId) -> Result<Option<ChargeState>, GatewayDown> {
        let Gateway::Sandbox(sandbox) = self;
        within("capture", CALL_TIMEOUT, sandbox.capture(key)).await.unwrap_or(Err(GatewayDown))
    }

    /// Gives the promise up. Answers with what the charge is afterwards: captured when it was too late for that; `None`
    /// when there is no such charge.
    ///
    /// # Errors
    /// [`GatewayDown`].
    pub async fn void(&self, key: BookingId) -> Result<Option<ChargeState>, GatewayDown> {
        let Gateway::Sandbox(sandbox) = self;
        within("void", CALL_TIMEOUT, sandbox.void(key)).await.unwrap_or(Err(GatewayDown))
    }

    /// Gives `amount` of a captured charge back. The same `refund_id` again answers where that refund stands and gives
    /// nothing twice; one that failed is tried anew.
    ///
    /// # Errors
    /// [`GatewayDown`].
    pub async fn refund(
        &self,
        key: BookingId,
        refund_id: RefundId,
        amount: Money,
    ) -> Result<RefundAnswer, GatewayDown> {
        let Gateway::Sandbox(sandbox) = self;
        within("refund", CALL_TIMEOUT, sandbox.refund(key, refund_id, amount)).await.unwrap_or(Err(GatewayDown))
    }

    /// Where a refund stands; `None` when the gateway never accepted one of that id.
    ///
    /// # Errors
    /// [`GatewayDown`].
    pub async fn refund_status(&self, refund_id: RefundId) -> Result<Option<RefundAnswer>, GatewayDown> {
        let Gateway::Sandbox(sandbox) = self;
        within("refund_status", CALL_TIMEOUT, sandbox.refund_status(refund_id)).await.unwrap_or(Err(GatewayDown))
    }

    /// Looks a charge up by our key; `None` when the request never arrived.
    ///
    /// # Errors
    /// [`GatewayDown`].
    pub async fn find(&self, key: BookingId) -> Result<Option<Charge>, GatewayDown> {
        let Gateway::Sandbox(sandbox) = self;
        within("find", CALL_TIMEOUT, sandbox.find(key)).await.unwrap_or(Err(GatewayDown))
    }
}

async fn within<T>(operation: &'static str, limit: Duration, call: impl Future<Output = T>) -> Option<T> {
    let started = Instant::now();
    let answer = tokio::time::timeout(limit, call).await.ok();
    meters::called(operation, started.elapsed());
    answer
}
