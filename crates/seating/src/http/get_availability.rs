//! `GET /shows/{show_id}/availability`: the changing part of the seat map.

use axum::extract::State;
use axum::response::Response;
use marquee_http::{Id, Problem, ProblemDoc};
use marquee_kernel::ShowId;

use super::conditions::Conditions;
use super::view::AvailabilityDoc;
use crate::Seating;
use crate::seat_map::View;

/// Which seats of a show are not free.
#[utoipa::path(
    get,
    path = "/shows/{show_id}/availability",
    tag = "browsing",
    params(
        ("show_id" = ShowId, Path, description = "The show"),
        ("If-None-Match" = Option<String>, Header, description = "Tags of answers that you have"),
    ),
    responses(
        (status = 200, description = "What is not available", body = AvailabilityDoc,
         headers(("ETag" = String, description = "Strong, one per version and encoding"))),
        (status = 304, description = "You have it"),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_availability(
    State(seating): State<Seating>,
    Id(show_id): Id<ShowId>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    conditions.answer(&seating, show_id, View::Availability).await
}
