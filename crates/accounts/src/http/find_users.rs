//! `GET /admin/users` and `GET /admin/users/{user_id}`: people, for those who administer.

use axum::extract::State;
use axum::response::IntoResponse;
use marquee_http::{Fields, Id, Json, Manager, NoQuery, Problem, ProblemDoc, Query, Role, page_request};
use marquee_kernel::{Page, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::NO_STORE;
use super::get_user::UserView;
use crate::administration::Administration;
use crate::model::{PEOPLE_LIST, PeopleFilter};

/// The most characters that are looked for.
const TEXT_CHARS_MAX: usize = 100;

/// Who is looked for; everything that is given must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindUsers {
    /// A part of the name or of the e-mail address.
    #[param(required = false, value_type = String, max_length = 100)]
    q: Option<String>,
    /// Whoever has that role somewhere.
    #[param(required = false, value_type = Role)]
    role: Option<Role>,
    /// People of a page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// Finds people, the newest account first: administrators everybody; managers those who work in their cinemas, and whoever has
/// exactly the e-mail address in `q`.
#[utoipa::path(
    get,
    path = "/admin/users",
    tag = "administration",
    params(FindUsers),
    responses(
        (status = 200, description = "A page of accounts", body = Page<UserView>),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for managers and administrators", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn find_users(
    State(Administration { accounts, .. }): State<Administration>,
    Manager(caller): Manager,
    query: Query<FindUsers>,
) -> Result<impl IntoResponse, Problem> {
    let FindUsers { q, role, limit, cursor } = query.parse()?;
    let text = q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut fields = Fields::default();
    let short = text.as_ref().is_none_or(|text| text.chars().count() <= TEXT_CHARS_MAX);
    fields.check(short, "q", format!("must be at most {TEXT_CHARS_MAX} characters"));
    fields.check(role != Some(Role::Customer), "role", "everybody is a customer; leave it out");
    fields.finish()?;
    let page = page_request::<UserId>(PEOPLE_LIST, limit, cursor.as_deref())?;
    let found = accounts.people(&caller, PeopleFilter { text, role }, page).await?;
    Ok((NO_STORE, Json(found.map(UserView::from))))
}

/// Shows an account: administrators every one, managers those of who works in their cinemas.
#[utoipa::path(
    get,
    path = "/admin/users/{user_id}",
    tag = "administration",
    params(("user_id" = UserId, Path)),
    responses(
        (status = 200, description = "The account", body = UserView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for managers and administrators", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`user_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn show_user(
    State(Administration { accounts, .. }): State<Administration>,
    Manager(caller): Manager,
    Id(user_id): Id<UserId>,
    query: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let person = accounts.person(&caller, user_id).await?;
    query.check()?;
    Ok((NO_STORE, Json(UserView::from(person))))
}
