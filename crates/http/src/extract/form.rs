//! OAuth's form bodies, which ignore unknown parameters (RFC 6749, section 3.2) and refuse repeated ones.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use marquee_kernel::Code;
use serde::de::DeserializeOwned;

use super::body::collect;
use crate::Problem;

/// A form body that has arrived but is not read yet.
#[derive(Debug)]
pub struct Form<T> {
    arrived: Result<Bytes, Problem>,
    form: bool,
    wanted: PhantomData<fn() -> T>,
}

/// Why a form could not be read: a missing, repeated or unreadable parameter, or not a form at all.
#[derive(Clone, Debug)]
pub struct FormError(pub String);

impl<T: DeserializeOwned> Form<T> {
    /// The form as a `T`.
    ///
    /// # Errors
    /// [`FormError`], which the token endpoint answers as OAuth's `invalid_request`.
    pub fn parse(self) -> Result<T, FormError> {
        if !self.form {
            return Err(FormError("send the body as application/x-www-form-urlencoded".to_owned()));
        }
        let bytes = self.arrived.map_err(|problem| match problem.code() {
            Code::TooLarge => FormError("the body is too large".to_owned()),
            _ => FormError("the body did not arrive whole".to_owned()),
        })?;
        serde_urlencoded::from_bytes(&bytes).map_err(|error| FormError(error.to_string()))
    }
}

impl<S: Sync, T> FromRequest<S> for Form<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        Ok(Self { arrived: collect(request).await, form, wanted: PhantomData })
    }
}
