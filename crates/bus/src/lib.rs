//! The journal and its delivery.
//!
//! Every state change appends an [`Event`] to the journal in the transaction that makes the change. One append-only table is
//! both the outbox, which consumers read in order and at least once, and the audit trail: who did what when, each entry
//! sealing the one before it with a hash. See `docs/adr/0002-one-journal.md`.

mod browse;
mod delivery;
mod follow;
mod journal;
mod store;

pub use browse::Browse;
pub use delivery::{Bus, Delivered};
pub use journal::{Actor, Event, Journal};
pub use store::verify;
