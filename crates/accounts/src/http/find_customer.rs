//! `GET /box-office/customers`: whose account an address is, for those who sell at a till.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Json, Problem, ProblemDoc, Query, Staff};
use marquee_kernel::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::NO_STORE;
use crate::Accounts;

/// Who.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindCustomer {
    /// The address, all of it: nobody looks through the accounts here.
    #[param(min_length = 3, max_length = 254, example = "ada@example.com")]
    email: String,
}

/// Somebody to sell to.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerView {
    user_id: UserId,
    #[schema(example = "Ada Lovelace")]
    name: String,
    #[schema(example = "ada@example.com")]
    email: String,
}

/// Tells staff whose account an e-mail address is, to sell to them.
#[utoipa::path(
    get,
    path = "/box-office/customers",
    tag = "box office",
    params(FindCustomer),
    responses(
        (status = 200, description = "The account", body = CustomerView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: the caller is not staff", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn find_customer(
    State(accounts): State<Accounts>,
    _staff: Staff,
    query: Query<FindCustomer>,
) -> Result<impl IntoResponse, Problem> {
    let FindCustomer { email } = query.parse()?;
    let profile = accounts.find_by_email(&email).await?;
    let view = CustomerView { user_id: profile.user_id, name: profile.name, email: profile.email };
    Ok((NO_STORE, Json(view)))
}
