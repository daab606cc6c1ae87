//! The hold stores: what every one of them does, and what the one in memory does beside.

mod conformance;
mod memory;
