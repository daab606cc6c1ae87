//! What is on: movies, cinemas, screens with versioned layouts, and shows.
//!
//! A layout is never edited: a change makes the screen's next version, and a show keeps the version that it was scheduled
//! with. No two shows overlap on a screen, cleaning included, even when they are created at once: every write that schedules
//! first takes the screen's row.

mod caches;
mod error;
mod http;
pub mod import;
mod jobs;
mod model;
mod service;
mod store;

pub use error::Error;
pub use http::{read_date, router};
pub use model::*;
pub use service::{Added, CLEANING_GAP_MINUTES_MAX, Catalog, Fate, Fresh, NextLayout, Settings, Showing};

#[cfg(test)]
mod tests;
