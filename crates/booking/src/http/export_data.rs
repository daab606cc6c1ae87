//! `GET /user/{user_id}/export`: all that is kept of the caller.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use marquee_http::{Caller, Json, NoQuery, Problem, ProblemDoc};

use super::PRIVATE;
use crate::service::Booking;
use crate::view::ExportView;

const ATTACHED: (HeaderName, HeaderValue) =
    (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"marquee.json\""));

/// Gives the caller all that is kept of them: the account, its sessions, and every booking.
#[utoipa::path(
    get,
    path = "/user/{user_id}/export",
    tag = "accounts",
    params(("user_id" = String, Path, description = "The caller's own id, or `me`", example = "me")),
    responses(
        (status = 200, description = "All of it", body = ExportView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`, also for everybody else's id", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn export_data(
    State(booking): State<Booking>,
    caller: Caller,
    segment: Result<Path<String>, PathRejection>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let user = segment.as_ref().map_or("", |Path(segment)| segment.as_str());
    let user_id = booking.accounts().resolve_user(&caller, user)?;
    query.check()?;
    let export = booking.export(user_id).await?;
    Ok(([PRIVATE, ATTACHED], Json(export)))
}
