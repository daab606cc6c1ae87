//! Who may change what belongs to a cinema.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use marquee_http::{Caller, Problem, Role};
use marquee_kernel::Code;

/// A caller who manages a cinema or administers all: 401 without a token, 403 without such a role. Which cinema it is about is
/// known only when what the call names was found; then [`Caller::require_manager_of`] decides.
#[derive(Clone, Debug)]
pub(super) struct Manager(pub(super) Caller);

impl<S: Sync> FromRequestParts<S> for Manager {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if manages_any(&caller) {
            return Ok(Self(caller));
        }
        Err(Problem::new(Code::Forbidden, "This call is for administrators and managers of the cinema."))
    }
}

/// Whether they administer all or manage a cinema.
pub(super) fn manages_any(caller: &Caller) -> bool {
    caller.grants.iter().any(|grant| matches!(grant.role, Role::Admin | Role::Manager))
}
