//! From the request to typed values, strictly: nothing unknown is ignored.
//!
//! The contract checks that a thing exists (404) before it looks at what was sent (422). So bodies and queries are taken in
//! first and read when the handler says `parse`.

mod body;
mod form;
mod id;
mod message;
mod query;

pub use body::{Body, Created};
pub use form::{Form, FormError};
pub use id::Id;
pub use query::{NoQuery, Query, page_request};
