//! Redis servers of our own, so that a test may do anything to them: what several nodes make of it. Whatever else is true with
//! holds in Redis, the rest of the suite says when it runs there.

mod clocks;
mod failing;
mod limits;
mod link;
