//! Payments: the gateway, the sandbox that stands in for one, and the books of what was paid and given back.
//!
//! A payment is claimed before any money moves and confirmed with its booking: [`ledger`] holds the functions that
//! booking calls inside those transactions. [`Gateway`] is called in between, with the booking's id as its idempotency
//! key. Captures and refunds are the work of [`Payments::run_jobs`]: repeated until the gateway and the books agree. What is paid
//! at a [`till`] is between a clerk and a guest: the books have it, the gateway never does.

mod audit;
mod error;
mod gateway;
mod jobs;
pub mod ledger;
mod meters;
mod model;
mod sandbox;
mod service;
mod store;
#[cfg(test)]
mod tests;
pub mod till;

pub use audit::{check, check_charges};
pub use error::Error;
pub use gateway::{AuthoriseError, Authorised, Charge, ChargeState, Gateway, GatewayDown, RefundAnswer};
pub use model::{NewPayment, PaymentState, Refund, RefundReason, RefundRequest, RefundStatus};
pub use sandbox::{LEDGER_FILE, Sandbox, SandboxControls, Settings};
pub use service::Payments;
pub use store::{PORTIONS, shows_after};
