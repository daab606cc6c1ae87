//! What those who manage see of a day.

use std::sync::Arc;

use marquee_catalog::Show;
use marquee_kernel::{CinemaId, Money, ShowId, Timestamp};
use marquee_seating::Taken;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::takings::Sold;

/// What a day has brought.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DashboardView {
    /// The day, as each cinema's wall says.
    #[schema(value_type = String, format = "date", example = "2026-11-26")]
    pub(crate) date: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) as_of: Timestamp,
    /// What was sold on that day, whenever the shows are; also what was given back since.
    pub(crate) sales: SalesView,
    /// The shows of that day, by start.
    pub(crate) shows: Vec<OccupancyView>,
    pub(crate) funnel: FunnelView,
    pub(crate) refunds: RefundsView,
}

/// What was sold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SalesView {
    bookings: i64,
    seats: i64,
    /// A sum for each currency.
    amounts: Vec<Money>,
    /// The hours in which anything was sold, in order.
    hours: Vec<HourView>,
}

/// What was sold in an hour.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HourView {
    /// From 0 to 23, by the cinema's clock.
    #[schema(minimum = 0, maximum = 23)]
    hour: i8,
    bookings: i64,
    seats: i64,
    /// A sum for each currency.
    amounts: Vec<Money>,
}

/// How full a show is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OccupancyView {
    show_id: ShowId,
    cinema_id: CinemaId,
    #[schema(value_type = String)]
    cinema_name: Arc<str>,
    #[schema(value_type = String)]
    screen_name: Arc<str>,
    #[schema(value_type = String)]
    movie_title: Arc<str>,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    /// The cinema's time zone, by its IANA name.
    #[schema(value_type = String, example = "Asia/Kolkata")]
    timezone: Arc<str>,
    cancelled: bool,
    seats_total: u32,
    seats_sold: u32,
    seats_blocked: u32,
}

/// How many holds of that day became bookings.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct FunnelView {
    /// Holds placed; counted with a delay of seconds.
    pub(crate) holds: i64,
    /// Payments begun.
    pub(crate) payments: i64,
    /// Of these: paid, also if given back since.
    pub(crate) confirmed: i64,
    /// Of these: not settled yet.
    pub(crate) pending: i64,
    /// Of these: not paid.
    pub(crate) failed: i64,
}

/// What was ordered back on that day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RefundsView {
    /// Bookings cancelled.
    pub(crate) bookings: i64,
    /// On its way, a sum for each currency.
    pub(crate) pending: Vec<Money>,
    /// Given back, a sum for each currency.
    pub(crate) succeeded: Vec<Money>,
    /// Refused so far, a sum for each currency.
    pub(crate) failed: Vec<Money>,
}

impl SalesView {
    pub(crate) fn of(Sold { bookings, seats, money }: Sold, hours: Vec<HourView>) -> Self {
        Self { bookings, seats, amounts: money.into_vec(), hours }
    }
}

impl HourView {
    pub(crate) fn of(hour: i8, Sold { bookings, seats, money }: Sold) -> Self {
        Self { hour, bookings, seats, amounts: money.into_vec() }
    }
}

impl OccupancyView {
    pub(crate) fn of(show: &Show, taken: Taken) -> Self {
        Self {
            show_id: show.show_id,
            cinema_id: show.cinema_id,
            cinema_name: show.cinema_name.clone(),
            screen_name: show.screen_name.clone(),
            movie_title: show.movie_title.clone(),
            start_time: show.start_time,
            timezone: show.timezone.clone(),
            cancelled: show.cancelled,
            seats_total: u32::try_from(show.layout.seats.len()).unwrap_or(u32::MAX),
            seats_sold: taken.sold,
            seats_blocked: taken.blocked,
        }
    }
}
