//! The wire: problem documents, extractors, who is calling, and the front that every request passes.

mod caller;
mod cookies;
pub mod encoding;
mod extract;
mod fields;
pub mod front;
mod problem;

pub use axum::Json;
pub use caller::{Admin, Authenticate, Caller, Grant, Manager, Role, Staff};
pub use cookies::{Kept, SessionCookies, Transport};
pub use extract::{Body, Created, Form, FormError, Id, NoQuery, Query, page_request};
pub use fields::Fields;
pub use front::{ClientAddress, network};
pub use problem::{FieldError, Problem, ProblemDoc};

/// The largest body a call may send, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
