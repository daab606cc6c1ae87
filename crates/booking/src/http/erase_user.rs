//! `DELETE /user/{user_id}`: erases the caller's account.

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use marquee_accounts::Password;
use marquee_http::{Body, Caller, ClientAddress, NoQuery, Problem, ProblemDoc};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::service::Booking;

/// Proof that it is the owner who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseUser {
    /// The account's password, once more.
    #[schema(format = "password")]
    password: String,
}

/// Erases the caller's account.
///
/// Name, address, telephone number, password and roles go, and every session ends. Bookings stay for the books, of nobody. What
/// is booked of shows to come has to be cancelled first.
#[utoipa::path(
    delete,
    path = "/user/{user_id}",
    tag = "accounts",
    params(("user_id" = String, Path, description = "The caller's own id, or `me`", example = "me")),
    request_body = EraseUser,
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`, also for everybody else's id", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 409, description = "`bookings_open`, naming them in `bookings`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, also for a wrong password", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn erase_user(
    State(booking): State<Booking>,
    caller: Caller,
    segment: Result<Path<String>, PathRejection>,
    client: Option<Extension<ClientAddress>>,
    query: NoQuery,
    body: Body<EraseUser>,
) -> Result<StatusCode, Problem> {
    let user = segment.as_ref().map_or("", |Path(segment)| segment.as_str());
    let user_id = booking.accounts().resolve_user(&caller, user)?;
    query.check()?;
    let password = Password::offered(body.parse()?.password);
    let from = client.map(|Extension(ClientAddress(address))| address);
    booking.accounts().confirm_password(user_id, password, from).await?;
    booking.erase(user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
