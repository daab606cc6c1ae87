//! Seating's calls, one file each.

mod best_seats;
mod block_seats;
mod conditions;
mod extend_hold;
mod get_availability;
mod get_hold;
mod get_seats;
mod list_blocked;
mod place_hold;
mod release_blocked;
mod release_hold;
mod seat_events;
#[cfg(test)]
mod tests;
mod unblock_seat;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Seating;

/// Seating's calls, without the prefix of the API.
pub fn router(seating: Seating) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(get_seats::get_seats))
        .routes(routes!(get_availability::get_availability))
        .routes(routes!(seat_events::seat_events))
        .routes(routes!(best_seats::best_seats))
        .routes(routes!(place_hold::place_hold))
        .routes(routes!(get_hold::get_hold, release_hold::release_hold))
        .routes(routes!(extend_hold::extend_hold))
        .routes(routes!(block_seats::block_seats, list_blocked::list_blocked))
        .routes(routes!(release_blocked::release_blocked))
        .routes(routes!(unblock_seat::unblock_seat))
        .with_state(seating)
}
