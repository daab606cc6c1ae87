//! Answers that are the same for everyone: their bytes are kept until the catalogue changes.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use marquee_http::{Caller, Problem};
use serde::Serialize;

use crate::Catalog;
use crate::caches::PageKey;
use crate::service::Fresh;

/// A 200 of JSON that is serialised already.
pub(super) struct Page(pub(super) Bytes);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.0).into_response()
    }
}

/// Who reads a page: whoever may have just changed the catalogue sees it as it is, at every node.
pub(super) struct Reader(pub(super) Fresh);

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        // Anybody may read: a token that is not good is as none.
        let editor = Caller::from_request_parts(parts, state).await.is_ok_and(|caller: Caller| caller.is_manager());
        Ok(Self(if editor { Fresh::Now } else { Fresh::Lately }))
    }
}

/// The answer kept under `key`, or what `read` finds.
pub(super) async fn page<T: Serialize>(
    catalog: &Catalog,
    fresh: Fresh,
    key: PageKey,
    read: impl AsyncFnOnce() -> Result<T, Problem>,
) -> Result<Page, Problem> {
    if let Some(bytes) = catalog.caches().page(&key).filter(|_| fresh == Fresh::Lately) {
        return Ok(Page(bytes));
    }
    let as_of = catalog.caches().as_of();
    let answer = read().await?;
    // A view is a plain struct: serialising it cannot fail.
    let bytes = Bytes::from(serde_json::to_vec(&answer).unwrap_or_default());
    catalog.caches().keep_page(as_of, key, bytes.clone());
    Ok(Page(bytes))
}
