//! `POST /shows/{show_id}/reserve`: takes all of the seats or none.

use axum::extract::State;
use marquee_http::{Body, Caller, Created, Id, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{Code, SeatId, ShowId, Timestamp, UserId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::HoldView;
use crate::Seating;
use crate::service::Party;

/// Which seats to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceHold {
    /// Seats of this show, each once, at most the configured number.
    #[schema(min_items = 1)]
    seats: Vec<SeatId>,
    /// On whose behalf; staff only. Defaults to the caller.
    #[schema(format = "uuid", example = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c")]
    user_id: Option<String>,
}

/// Takes seats for a while: all of them, or none.
#[utoipa::path(
    post,
    path = "/shows/{show_id}/reserve",
    tag = "holding seats",
    security(("bearer" = [])),
    params(("show_id" = ShowId, Path, description = "The show")),
    request_body = PlaceHold,
    responses(
        (status = 201, description = "The hold", body = HoldView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: `user_id` is somebody else and you are not staff",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`show_not_found` or `user_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`seats_unavailable`, `show_not_on_sale` or `hold_limit_reached`",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`: no seats, a seat twice, an unknown seat, too many",
         body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn place_hold(
    State(seating): State<Seating>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    query: NoQuery,
    body: Body<PlaceHold>,
) -> Result<Created<HoldView>, Problem> {
    let request = body.parse();
    // Whether the caller may comes before whether the show and the holder exist, and that before what is wrong with the body.
    let named = request.as_ref().ok().and_then(|request| request.user_id.as_deref());
    let holder = caller.acting_for(named.map(person))?;
    let show = seating.show(show_id).await?;
    if holder != caller.user_id && !caller.serves(show.cinema_id) {
        return Err(Problem::new(Code::Forbidden, "You are not staff of that show's cinema."));
    }
    if holder != caller.user_id && !seating.inner.parts.accounts.exists(holder).await? {
        return Err(Problem::new(Code::UserNotFound, "Nobody has that id."));
    }
    query.check()?;
    let party = Party { holder, placed_by: caller.user_id };
    let hold = seating.place_hold(show_id, party, &request?.seats).await?;
    Ok(Created(HoldView::from(hold)))
}

/// Whose id that is; what is not an id is nobody's.
fn person(user_id: &str) -> UserId {
    user_id.parse().unwrap_or_else(|_| UserId::earliest_at(Timestamp::MIN))
}
