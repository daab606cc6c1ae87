//! `GET /shows/{show_id}/seats`: the seat map.

use axum::extract::State;
use axum::response::Response;
use marquee_http::{Id, Problem, ProblemDoc};
use marquee_kernel::ShowId;

use super::conditions::Conditions;
use super::view::SeatMapDoc;
use crate::Seating;
use crate::seat_map::View;

/// The seats of a show: where they are, what they cost, and which are free.
#[utoipa::path(
    get,
    path = "/shows/{show_id}/seats",
    tag = "browsing",
    params(
        ("show_id" = ShowId, Path, description = "The show"),
        ("If-None-Match" = Option<String>, Header, description = "Tags of maps that you have"),
    ),
    responses(
        (status = 200, description = "The seat map", body = SeatMapDoc,
         headers(("ETag" = String, description = "Strong, one per version and encoding"))),
        (status = 304, description = "You have it"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_seats(
    State(seating): State<Seating>,
    Id(show_id): Id<ShowId>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    conditions.answer(&seating, show_id, View::Map).await
}
