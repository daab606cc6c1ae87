//! What clients see of movies, cinemas, screens and shows.

use std::sync::Arc;

use jiff::civil::Date;
use marquee_kernel::{CinemaId, Money, MovieId, ScreenId, ShowId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Catalog;
use crate::model::{Cinema, CinemaDetails, FactsVersion, Location, Movie, MovieDetails, Screen, Show, ShowStatus};

/// What reviewers think.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rating {
    /// Stars of an average review, 1 to 5; `null` while there is none.
    #[schema(required, minimum = 1, maximum = 5)]
    average: Option<f64>,
    /// Published reviews.
    #[schema(minimum = 0)]
    count: i64,
}

/// A movie in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MovieCard {
    movie_id: MovieId,
    title: String,
    genres: Vec<String>,
    languages: Vec<String>,
    #[schema(minimum = 1, maximum = 1000)]
    duration_minutes: u32,
    /// The censor's mark, such as `UA` or `PG-13`.
    #[schema(required)]
    certificate: Option<String>,
    #[schema(required, value_type = Option<String>, format = "date")]
    release_date: Option<Date>,
    rating: Rating,
}

/// A movie with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MovieView {
    #[serde(flatten)]
    card: MovieCard,
    #[schema(required)]
    synopsis: Option<String>,
    /// In the order of billing.
    cast: Vec<String>,
    #[schema(required)]
    director: Option<String>,
    /// Another one when what its editors write is another: sent back with a change, it makes sure that nobody else's is undone.
    facts_version: FactsVersion,
}

impl From<Movie> for MovieView {
    fn from(movie: Movie) -> Self {
        let rating = Rating { average: movie.rating_average(), count: movie.rating_count };
        let facts_version = FactsVersion::of(&movie.details);
        let Movie { movie_id, details, .. } = movie;
        let MovieDetails { title, duration_minutes, genres, languages, certificate, release_date, .. } = details;
        let card =
            MovieCard { movie_id, title, genres, languages, duration_minutes, certificate, release_date, rating };
        Self { card, synopsis: details.synopsis, cast: details.cast, director: details.director, facts_version }
    }
}

impl From<Movie> for MovieCard {
    fn from(movie: Movie) -> Self {
        MovieView::from(movie).card
    }
}

/// A cinema and its screens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CinemaView {
    cinema_id: CinemaId,
    name: String,
    city: String,
    #[schema(required)]
    address: Option<String>,
    /// IANA name; `date` filters mean this zone's days.
    #[schema(example = "Asia/Kolkata")]
    timezone: String,
    #[schema(required)]
    location: Option<Location>,
    /// How long before a show its seats are no longer sold.
    sales_close_minutes_before_start: u32,
    /// How long before a show a booking can no longer be cancelled.
    cancellation_close_minutes_before_start: u32,
    /// By name.
    screens: Vec<ScreenCard>,
    /// Another one when what its editors write is another, its screens aside: sent back with a change, it makes sure that nobody
    /// else's is undone.
    facts_version: FactsVersion,
}

/// A screen, as its cinema lists it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScreenCard {
    screen_id: ScreenId,
    name: String,
    /// Seats of the newest layout.
    capacity: u32,
}

impl From<Cinema> for CinemaView {
    fn from(Cinema { cinema_id, details, screens }: Cinema) -> Self {
        let facts_version = FactsVersion::of(&details);
        let CinemaDetails { name, city, timezone, address, location, .. } = details;
        let card = |Screen { screen_id, name, capacity, .. }| ScreenCard { screen_id, name, capacity };
        Self {
            cinema_id,
            name,
            city,
            address,
            timezone,
            location,
            sales_close_minutes_before_start: details.sales_close_minutes_before_start,
            cancellation_close_minutes_before_start: details.cancellation_close_minutes_before_start,
            screens: screens.into_iter().map(card).collect(),
            facts_version,
        }
    }
}

/// A screen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScreenView {
    screen_id: ScreenId,
    cinema_id: CinemaId,
    name: String,
    /// Seats of the newest layout.
    capacity: u32,
    /// Counts the screen's layouts, from 1; new shows take the newest.
    layout_version: i64,
}

impl From<Screen> for ScreenView {
    fn from(Screen { screen_id, cinema_id, name, capacity, layout_version }: Screen) -> Self {
        Self { screen_id, cinema_id, name, capacity, layout_version }
    }
}

/// A show.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShowView {
    #[serde(flatten)]
    facts: ShowFacts,
    #[serde(flatten)]
    standing: ShowStanding,
}

/// What of a show neither a sale nor the clock changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShowFacts {
    show_id: ShowId,
    movie_id: MovieId,
    #[schema(value_type = String)]
    movie_title: Arc<str>,
    cinema_id: CinemaId,
    #[schema(value_type = String)]
    cinema_name: Arc<str>,
    screen_id: ScreenId,
    #[schema(value_type = String)]
    screen_name: Arc<str>,
    #[schema(value_type = String, format = "date-time")]
    start_time: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    end_time: Timestamp,
    #[schema(required, value_type = Option<String>)]
    language: Option<Arc<str>>,
    /// Such as `2D` or `IMAX`.
    #[schema(required, value_type = Option<String>)]
    format: Option<Arc<str>>,
    /// The lowest price of a seat.
    price_from: Money,
    seats_total: u32,
}

/// How a show stands right now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShowStanding {
    status: ShowStatus,
    /// Seats that are neither held nor booked nor blocked.
    seats_available: u32,
}

impl ShowView {
    /// The show as it stands at `now`.
    pub(super) fn of(show: &Show, catalog: &Catalog, now: Timestamp) -> Self {
        Self { facts: ShowFacts::of(show), standing: ShowStanding::of(show, catalog, now) }
    }
}

impl ShowFacts {
    pub(super) fn of(show: &Show) -> Self {
        Self {
            show_id: show.show_id,
            movie_id: show.movie_id,
            movie_title: show.movie_title.clone(),
            cinema_id: show.cinema_id,
            cinema_name: show.cinema_name.clone(),
            screen_id: show.screen_id,
            screen_name: show.screen_name.clone(),
            start_time: show.start_time,
            end_time: show.end_time,
            language: show.language.clone(),
            format: show.format.clone(),
            price_from: show.prices.from(),
            seats_total: show.layout.capacity(),
        }
    }
}

impl ShowStanding {
    /// How the show stands at `now`.
    pub(super) fn of(show: &Show, catalog: &Catalog, now: Timestamp) -> Self {
        let taken = catalog.availability().taken(show.show_id);
        Self { status: show.status(now), seats_available: show.layout.capacity().saturating_sub(taken) }
    }
}
