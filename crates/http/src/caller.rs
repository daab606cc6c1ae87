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

impl Grant {
    /// Whether it holds in that cinema.
    #[must_use]
    pub fn is_for(&self, cinema_id: CinemaId) -> bool {
        self.cinema_id.is_none_or(|place| place == cinema_id)
    }
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

    /// Whether they are `admin`, `manager` or `box_office` anywhere.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.grants.iter().any(|grant| grant.role != Role::Customer)
    }

    /// Whether they are staff of that cinema.
    #[must_use]
    pub fn serves(&self, cinema_id: CinemaId) -> bool {
        self.grants.iter().any(|grant| match grant.role {
            Role::Admin => true,
            Role::BoxOffice | Role::Manager => grant.is_for(cinema_id),
            Role::Customer => false,
        })
    }

    /// Whether they are `admin` or `manager` anywhere.
    #[must_use]
    pub fn is_manager(&self) -> bool {
        self.grants.iter().any(|grant| matches!(grant.role, Role::Admin | Role::Manager))
    }

    /// Whether they decide what that cinema shows, and who works there: administrators do everywhere, managers in theirs.
    #[must_use]
    pub fn manages(&self, cinema_id: CinemaId) -> bool {
        self.grants.iter().any(|grant| match grant.role {
            Role::Admin => true,
            Role::Manager => grant.is_for(cinema_id),
            Role::BoxOffice | Role::Customer => false,
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

    /// Refuses everyone but that cinema's managers and administrators.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_manager_of(&self, cinema_id: CinemaId) -> Result<(), Problem> {
        if self.manages(cinema_id) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "This call is for managers of that cinema and for administrators."))
    }

    /// Refuses everyone but that cinema's staff.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_staff_of(&self, cinema_id: CinemaId) -> Result<(), Problem> {
        if self.serves(cinema_id) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "This call is for the staff of that cinema."))
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

/// A caller who manages some cinema or all: 401 without a token, 403 without the role. Which cinema it is about is asked
/// once that is known: [`Caller::require_manager_of`].
#[derive(Clone, Debug)]
pub struct Manager(pub Caller);

impl<S: Sync> FromRequestParts<S> for Manager {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = identify(parts)?;
        match caller.is_manager() {
            true => Ok(Manager(caller)),
            false => Err(Problem::new(Code::Forbidden, "This call is for managers and administrators.")),
        }
    }
}

/// A caller who works in some cinema: 401 without a token, 403 without the role. Which cinema it is about is asked once
/// that is known: [`Caller::require_staff_of`].
#[derive(Clone, Debug)]
pub struct Staff(pub Caller);

impl<S: Sync> FromRequestParts<S> for Staff {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = identify(parts)?;
        match caller.is_staff() {
            true => Ok(Staff(caller)),
            false => Err(Problem::new(Code::Forbidden, "This call is for staff.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn cinema(number: u128) -> CinemaId {
        Uuid::from_u128(number).into()
    }

    fn caller(grants: &[(Role, Option<CinemaId>)]) -> Caller {
        let grants = grants.iter().map(|&(role, cinema_id)| Grant { role, cinema_id }).collect();
        Caller { user_id: Uuid::from_u128(1).into(), session_id: Uuid::from_u128(2).into(), grants }
    }

    /// Each role, and what it may do in its cinema and in another: to work there, and to manage.
    #[test]
    fn a_role_is_worth_what_it_says_where_it_was_given() {
        let (here, there) = (cinema(7), cinema(8));
        for (grants, works, manages) in [
            (vec![], [false, false], [false, false]),
            (vec![(Role::BoxOffice, Some(here))], [true, false], [false, false]),
            (vec![(Role::BoxOffice, None)], [true, true], [false, false]),
            (vec![(Role::Manager, Some(here))], [true, false], [true, false]),
            (vec![(Role::Manager, Some(here)), (Role::BoxOffice, Some(there))], [true, true], [true, false]),
            (vec![(Role::Admin, None)], [true, true], [true, true]),
        ] {
            let caller = caller(&grants);
            assert_eq!([here, there].map(|it| caller.serves(it)), works, "{grants:?}");
            assert_eq!([here, there].map(|it| caller.manages(it)), manages, "{grants:?}");
            assert_eq!([here, there].map(|it| caller.require_staff_of(it).is_ok()), works, "{grants:?}");
            assert_eq!([here, there].map(|it| caller.require_manager_of(it).is_ok()), manages, "{grants:?}");
            assert_eq!((caller.is_staff(), caller.is_manager()), (works[0], manages[0]), "{grants:?}");
        }
    }

    #[test]
    fn a_refusal_is_forbidden() {
        let refused = caller(&[]).require_manager_of(cinema(7)).unwrap_err();
        assert_eq!(refused.code(), Code::Forbidden);
    }
}
