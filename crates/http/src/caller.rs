//! Who is calling, and what they may do.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::{header, request::Parts};
use marquee_kernel::{CinemaId, Code, SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::cookies::{access_token, check_origin};

/// What a person is to Marquee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the trade's words")]
pub enum Role {
    Customer,
    BoxOffice,
    Manager,
    Admin,
}

/// A role, in one cinema or in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// What they may do there.
    pub role: Role,
    /// Where; `None` is every cinema.
    pub cinema_id: Option<CinemaId>,
}

/// The holder of a good access token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Their account.
    pub user_id: UserId,
    /// The sign-in that the token came from.
    pub session_id: SessionId,
    /// What they may do beyond what every customer may.
    pub grants: Arc<[Grant]>,
}

/// Tells who holds a bearer token, or why it is not good. The composition root puts one into every request.
pub type Authenticate = Arc<dyn Fn(&str) -> Result<Caller, Problem> + Send + Sync>;

impl Caller {
    /// Whether they administer the whole of Marquee.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.grants.iter().any(|grant| grant.role == Role::Admin)
    }

    /// Whether they are `admin` or `box_office` anywhere.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.grants.iter().any(|grant| matches!(grant.role, Role::Admin | Role::BoxOffice))
    }

    /// Whether they are staff of that cinema.
    #[must_use]
    pub fn serves(&self, cinema_id: CinemaId) -> bool {
        self.grants.iter().any(|grant| match grant.role {
            Role::Admin => true,
            Role::BoxOffice => grant.cinema_id.is_none_or(|served| served == cinema_id),
            Role::Manager | Role::Customer => false,
        })
    }

    /// For whom the call acts: the caller, or with staff's rights somebody else.
    ///
    /// # Errors
    /// `forbidden` when it is somebody else and the caller is not staff.
    pub fn acting_for(&self, user_id: Option<UserId>) -> Result<UserId, Problem> {
        match user_id {
            Some(other) if other != self.user_id && !self.is_staff() => {
                Err(Problem::new(Code::Forbidden, "Only staff may act for another person; leave user_id out."))
            }
            other => Ok(other.unwrap_or(self.user_id)),
        }
    }

    /// Refuses everyone but administrators.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_admin(&self) -> Result<(), Problem> {
        if self.is_admin() {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "This call is for administrators."))
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

/// The caller of a request, found once and kept with it: the front's limits ask too.
pub(crate) fn identify(parts: &mut Parts) -> Result<Caller, Problem> {
    if let Some(known) = parts.extensions.get::<Result<Caller, Problem>>() {
        return known.clone();
    }
    let authenticate = |token: &str| match parts.extensions.get::<Authenticate>() {
        Some(authenticate) => authenticate(token),
        None => Err(unauthenticated("Nobody can be signed in here.")),
    };
    // A bearer token is deliberate, a cookie comes by itself.
    let found = match (parts.headers.get(header::AUTHORIZATION), access_token(parts)) {
        (Some(value), _) => match bearer(value) {
            Some(token) => authenticate(token),
            None => Err(unauthenticated("The Authorization header must be 'Bearer' and an access token.")),
        },
        (None, Some(token)) => authenticate(token).and_then(|caller| check_origin(parts).map(|()| caller)),
        (None, None) => Err(unauthenticated("Send an access token as 'Authorization: Bearer …'.")),
    };
    parts.extensions.insert(found.clone());
    found
}

fn bearer(value: &axum::http::HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        identify(parts)
    }
}

/// A call that needs no token, but whose token, when there is one, must be good. A cookie, which comes unasked, need not.
impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        match parts.headers.contains_key(header::AUTHORIZATION) {
            true => identify(parts).map(Some),
            false => Ok(identify(parts).ok()),
        }
    }
}

/// A caller who is an administrator: 401 without a token, 403 without the role.
#[derive(Clone, Debug)]
pub struct Admin(pub Caller);

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = identify(parts)?;
        caller.require_admin()?;
        Ok(Admin(caller))
    }
}
