//! A role and where it holds, over the wire.

use marquee_http::{Grant, Role};
use marquee_kernel::CinemaId;
use serde::Serialize;
use utoipa::ToSchema;

/// A role that somebody was given.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantView {
    role: Role,
    /// Where; `null` is every cinema.
    #[schema(required)]
    cinema_id: Option<CinemaId>,
}

impl From<Grant> for GrantView {
    fn from(Grant { role, cinema_id }: Grant) -> Self {
        Self { role, cinema_id }
    }
}
