//! The payment methods the sandbox knows.

use serde::{Deserialize, Serialize};

use crate::gateway::ChargeState;

/// A test payment method, named as clients name it: three of Stripe's (docs.stripe.com/testing) and two of the
/// sandbox's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    #[serde(rename = "pm_card_visa")]
    Visa,
    #[serde(rename = "pm_card_visa_chargeDeclined")]
    Declined,
    #[serde(rename = "pm_card_chargeDeclinedInsufficientFunds")]
    InsufficientFunds,
    #[serde(rename = "pm_sandbox_slow")]
    Slow,
    #[serde(rename = "pm_sandbox_timeout")]
    Timeout,
}

impl Method {
    pub(crate) fn of_token(token: &str) -> Option<Self> {
        match token {
            "pm_card_visa" => Some(Method::Visa),
            "pm_card_visa_chargeDeclined" => Some(Method::Declined),
            "pm_card_chargeDeclinedInsufficientFunds" => Some(Method::InsufficientFunds),
            "pm_sandbox_slow" => Some(Method::Slow),
            "pm_sandbox_timeout" => Some(Method::Timeout),
            _ => None,
        }
    }

    pub(crate) fn decline_code(self) -> Option<&'static str> {
        match self {
            Method::Declined => Some("generic_decline"),
            Method::InsufficientFunds => Some("insufficient_funds"),
            Method::Visa | Method::Slow | Method::Timeout => None,
        }
    }

    pub(crate) fn outcome(self) -> ChargeState {
        if self.decline_code().is_some() { ChargeState::Declined } else { ChargeState::Authorised }
    }
}
