//! The catalogue's types and rules: pure, no I/O.

mod availability;
mod cinema;
mod copying;
mod facts;
mod faults;
mod layout;
mod movie;
mod show;
mod zone;

pub use availability::Availability;
pub(crate) use cinema::screen_name;
pub use cinema::{CUT_OFF_MINUTES_MAX, Cinema, CinemaDetails, Location, SCREENS_PER_CINEMA_MAX, Screen};
pub(crate) use copying::{Copied, Copy, CopyMode, CopyOrder, SchedulableScreen, in_days};
pub use facts::FactsVersion;
pub(crate) use faults::fold;
pub use faults::{Checked, Fault, Faults};
#[cfg(test)]
pub(crate) use layout::tests::plan;
pub use layout::{
    Layout, LayoutPlan, LayoutSeat, ROW_NAME_CHARS_MAX, ROW_PLACES_MAX, ROWS_MAX, RowPlan, SEATS_MAX, SeatType,
};
pub use movie::{DURATION_MINUTES_MAX, Movie, MovieDetails, NewMovie};
pub use show::{AHEAD_DAYS_MAX, NewShow, Show, ShowDetails, ShowFilter, ShowStatus};
pub(crate) use show::{Slot, longest_show};
pub(crate) use zone::{local_date, start_window, zone};

/// The list of movies, as its cursors name it.
pub const MOVIE_LIST: &str = "movies";
/// The list of cinemas, as its cursors name it.
pub const CINEMA_LIST: &str = "cinemas";
/// The timetable of a cinema, as its cursors name it.
pub const TIMETABLE_LIST: &str = "timetable";
/// The list of shows, as its cursors name it.
pub const SHOW_LIST: &str = "shows";
