//! `POST /locks/{lock_id}/extend`: a hold's expiry moves on.

use axum::extract::State;
use marquee_http::{Body, Caller, Id, Json, NoQuery, Problem, ProblemDoc};
use marquee_kernel::HoldId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::HoldView;
use crate::{Error, Seating};

/// Nothing to say: no body, or `{}`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendHold {}

/// Holds the seats for longer, never past the longest hold.
#[utoipa::path(
    post,
    path = "/locks/{lock_id}/extend",
    tag = "holding seats",
    security(("bearer" = [])),
    params(("lock_id" = HoldId, Path, description = "The hold")),
    request_body = Option<ExtendHold>,
    responses(
        (status = 200, description = "The hold with its new expiry", body = HoldView),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`lock_not_found`: unknown, ended, or somebody else's",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`show_not_on_sale`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 410, description = "`lock_expired`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`",
         body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn extend_hold(
    State(seating): State<Seating>,
    caller: Caller,
    Id(hold_id): Id<HoldId>,
    query: NoQuery,
    body: Body<ExtendHold>,
) -> Result<Json<HoldView>, Problem> {
    if let Err(unknown @ Error::HoldNotFound) = seating.hold(hold_id, caller.user_id).await {
        return Err(unknown.into());
    }
    query.check()?;
    body.parse_or_default()?;
    Ok(Json(seating.extend_hold(hold_id, caller.user_id).await?.into()))
}
