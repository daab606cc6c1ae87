//! Who has which seat: seat maps, live updates, holds and claims.
//!
//! A *hold* is advisory and lives in this process, or in Redis: it keeps buyers apart while they pay. A *claim* is durable and lives in
//! `show_seats`: a seat is sold only by it, and its primary key makes a double sale impossible whatever any layer above
//! believes. What a show's seats are is the two laid over one another.

mod error;
#[cfg(test)]
mod fixtures;
mod holds;
mod http;
mod jobs;
mod live;
mod meters;
mod model;
mod seat_map;
mod service;
mod settings;
mod store;

pub use error::Error;
pub use http::router;
pub use model::{Attempt, BeginPayment, BlockReason, HeldSeat, Hold, Outcome, SeatStatus, Why};
pub use service::QUARTER_S;
pub use service::{Holds, Parts, Party, Seating};
#[cfg(debug_assertions)]
pub use settings::Faults;
pub use settings::Settings;
pub use store::{PORTIONS, Taken, check, claims, shows_after, taken_of};

/// The list of blocked seats, as its cursors name it.
pub(crate) const BLOCKED_LIST: &str = "blocked_seats";
