//! The journal's ways to its consumers: one suite for all of them, and what is Kafka's alone, on a real broker.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken expectation here fails the test that holds it")]

mod delivery;
mod kafka;
mod shop;
