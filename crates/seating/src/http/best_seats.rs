//! `GET /shows/{show_id}/best-seats`: the best seats that are free for a party.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use marquee_http::{Fields, Id, Json, Problem, ProblemDoc, Query};
use marquee_kernel::{SeatId, ShowId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Seating;
use crate::model::Wish;

/// Who comes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Party {
    /// How many they are: at most what one hold may have.
    #[param(minimum = 1, maximum = 10, example = 2)]
    count: usize,
    /// The price area they sit in; the best of all of them when it is left out.
    #[param(min_length = 1)]
    category: Option<String>,
    /// Whether one of them comes in a wheelchair, and the next one as companion.
    wheelchair: Option<bool>,
}

/// Seats to be held.
#[derive(Serialize, ToSchema)]
pub(crate) struct BestSeats {
    /// Which version of the seat map they are free in.
    pub(crate) version: u64,
    /// The seats, row by row, left to right.
    pub(crate) seats: Vec<SeatId>,
}

/// Finds the best free seats for a party.
///
/// Side by side, as near as can be to the middle two thirds of the way back, leaving no lone free seat where another way is
/// free; a party that fits nowhere as a whole gets the fewest groups, close to one another. They are not held by this call.
#[utoipa::path(
    get,
    path = "/shows/{show_id}/best-seats",
    tag = "browsing",
    params(("show_id" = ShowId, Path, description = "The show"), Party),
    responses(
        (status = 200, description = "The seats", body = BestSeats),
        (status = 404, description = "`show_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`seats_unavailable`: there are not that many; `show_not_on_sale`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn best_seats(
    State(seating): State<Seating>,
    Id(show_id): Id<ShowId>,
    query: Query<Party>,
) -> Result<impl IntoResponse, Problem> {
    let show = seating.show(show_id).await?;
    let Party { count, category, wheelchair } = query.parse()?;
    let most = seating.inner.parts.settings.seats_per_hold_max as usize;
    let known = |category: &String| show.layout.categories().iter().any(|known| **known == **category);
    let mut fields = Fields::default();
    fields.check((1..=most).contains(&count), "count", format!("must be from 1 to {most}"));
    fields.check(category.as_ref().is_none_or(known), "category", "is not a category of this show");
    fields.finish()?;
    let wish = Wish { count, category: category.as_deref(), wheelchair: wheelchair.unwrap_or_default() };
    let (version, seats) = seating.best_seats(show_id, wish).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(BestSeats { version, seats })))
}
