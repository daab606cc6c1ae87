//! Redis servers of our own, so that a test may do anything to them: what several nodes make of it. Whatever else is true with
//! holds in Redis, the rest of the suite says when it runs there.
//!
//! `MARQUEE_FAULT_ROUNDS` sets how often a test does to Redis what it does.

mod clocks;
mod failing;
mod limits;
mod link;

/// How often each test does to Redis what it does, unless `MARQUEE_FAULT_ROUNDS` says otherwise.
const ROUNDS: u64 = 2;

fn rounds() -> u64 {
    std::env::var("MARQUEE_FAULT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}
