//! The catalogue's calls, one file a verb.

mod add_cinema;
mod add_movie;
mod add_screen;
mod cancel_show;
mod change_cinema;
mod change_movie;
mod change_screen;
mod change_show;
mod copy_shows;
mod day;
mod get_cinema;
mod get_movie;
mod get_scheduling;
mod get_screen;
mod get_show;
mod import_movies;
mod import_view;
mod list_cinemas;
mod list_movies;
mod list_shows;
mod list_timetable;
mod page;
mod refusals;
mod remove_cinema;
mod remove_movie;
mod remove_screen;
mod schedule_show;
mod views;

pub use list_shows::read_date;

use serde::{Deserialize, Deserializer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Catalog;

/// Browsing, which needs no token, and administration.
pub fn router(catalog: Catalog) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_movies::list_movies))
        .routes(routes!(get_movie::get_movie))
        .routes(routes!(list_cinemas::list_cinemas))
        .routes(routes!(get_cinema::get_cinema))
        .routes(routes!(list_shows::list_shows))
        .routes(routes!(get_show::get_show))
        .routes(routes!(add_movie::add_movie))
        .routes(routes!(import_movies::import_movies))
        .routes(routes!(change_movie::change_movie, remove_movie::remove_movie))
        .routes(routes!(add_cinema::add_cinema))
        .routes(routes!(change_cinema::change_cinema, remove_cinema::remove_cinema))
        .routes(routes!(add_screen::add_screen))
        .routes(routes!(get_screen::get_screen, change_screen::change_screen, remove_screen::remove_screen))
        .routes(routes!(schedule_show::schedule_show, list_timetable::list_timetable))
        .routes(routes!(get_scheduling::get_scheduling))
        .routes(routes!(copy_shows::copy_shows))
        .routes(routes!(change_show::change_show, cancel_show::cancel_show))
        .with_state(catalog)
}

/// Tells a field that is `null` (`Some(None)`) from one that is not there (`None`).
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A field that may be left out but not be `null`.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
