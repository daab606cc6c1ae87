//! The journal and its delivery.
//!
//! Every state change appends an [`Event`] to the journal in the transaction that makes the change. One append-only table is
//! both the outbox, which consumers read in order and at least once, and the audit trail: who did what when, each entry
//! sealing the one before it with a hash. See `docs/adr/0002-one-journal.md`.

mod browse;
mod cloud_event;
mod consumer;
mod delivery;
mod follow;
mod journal;
pub mod kafka;
mod meters;
mod store;

pub use browse::Browse;
pub use consumer::{Consumer, Delivery, TRIES_MAX, Unhandled};
pub use delivery::{Bus, Delivered, Reader};
pub use journal::{Actor, Event, Journal, Pen};
pub use store::{Story, Told, story, verify};
