//! Ids in paths: what is not an id names nothing, so it is a 404 like any other.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use marquee_kernel::{BookingId, CinemaId, Code, HoldId, MovieId, ScreenId, ShowId, UserId};
use uuid::Uuid;

use crate::Problem;

/// The one id in a path.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

fn parse(params: &RawPathParams) -> Option<Uuid> {
    let (_, text) = params.iter().next()?;
    Uuid::parse_str(text).ok()
}

macro_rules! path_ids {
    ($($id:ident => $code:ident),+ $(,)?) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for Id<$id> {
            type Rejection = Problem;
            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let params = RawPathParams::from_request_parts(parts, state).await;
                let uuid = params.ok().as_ref().and_then(parse);
                let absent = || Problem::new(Code::$code, "Nothing has that id.");
                uuid.map(|uuid| Id($id::from(uuid))).ok_or_else(absent)
            }
        }
    )+};
}

path_ids! {
    MovieId => MovieNotFound,
    CinemaId => CinemaNotFound,
    ScreenId => ScreenNotFound,
    ShowId => ShowNotFound,
    HoldId => LockNotFound,
    BookingId => BookingNotFound,
    UserId => UserNotFound,
}
