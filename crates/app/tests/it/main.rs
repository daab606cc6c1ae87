//! The HTTP contract, proved from outside: one module per section of the contract, then what only races and crashes show.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken expectation fails the test that holds it")]

mod accounts;
mod administration;
mod booking;
mod browser;
mod browsing;
mod conventions;
mod crashes;
mod data_dir;
mod durability;
mod events;
mod failover;
mod gate;
mod holding;
mod importing;
mod kafka;
mod nodes;
mod openapi;
mod operating;
mod postgres;
mod proxy;
mod races;
mod redis;
mod sale;
mod stack;
mod starting;
mod tickets;

/// The binary of this build.
const MARQUEE: &str = env!("CARGO_BIN_EXE_marquee");
