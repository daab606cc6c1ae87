//! What a test of Marquee needs: a server of its own, people who use it, shows to sell, and patience.
//!
//! Everything here acts over HTTP, as a user would; nothing looks into a module. [`TestApp`] runs the server inside the
//! test with a clock that the test moves; [`Process`] runs the built binary, which a test may kill. Both are a [`Site`].
#![expect(clippy::expect_used, clippy::panic, reason = "a broken expectation here fails the test that holds it")]

mod answer;
mod app;
mod client;
mod engine;
mod events;
mod fixtures;
mod ledger;
mod patience;
mod process;
mod proxy;
mod seat_map;
mod site;

pub use answer::Answer;
pub use app::TestApp;
pub use client::{Client, Request, id_of};
pub use engine::holds_outlive_a_process;
pub use events::{Event, Events};
pub use fixtures::{ACinema, AMovie, AScreen, AShow, Show};
pub use ledger::{Charge, Ledger};
pub use patience::{PATIENCE, eventually, eventually_within};
pub use process::{Ended, Launch, Process};
pub use proxy::{Conditions, Proxy};
pub use seat_map::SeatMap;
pub use site::{Person, Site};
