//! What several nodes and several databases agree on: in which database a show's sales are, how a show moves from one to another,
//! and which node does what one alone may do. See `docs/adr/0010-shards.md`.
//!
//! The first database, the home database, also has the accounts, the catalogue and the directory of shards. An embedded Marquee has
//! one database and one node, and none of this costs it anything.

mod administration;
mod auditing;
mod finding;
mod lease;
mod model;
mod moving;
mod opening;
mod returning;
mod service;
mod store;

pub use administration::{OnItsWay, Status};
pub use auditing::{Account, Whereabouts, has_rows};
pub use lease::{Lead, Term};
pub use moving::{Portion, Size, check};
pub use service::{Departures, ShardDb, Shards, Shows, departed};
