//! Answers that are the same for everyone: their bytes are kept until the catalogue changes.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use marquee_http::Problem;
use serde::Serialize;

use crate::Catalog;
use crate::caches::PageKey;

/// A 200 of JSON that is serialised already.
pub(super) struct Page(pub(super) Bytes);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.0).into_response()
    }
}

/// The answer kept under `key`, or what `read` finds.
pub(super) async fn page<T: Serialize>(
    catalog: &Catalog,
    key: PageKey,
    read: impl AsyncFnOnce() -> Result<T, Problem>,
) -> Result<Page, Problem> {
    if let Some(bytes) = catalog.caches().page(&key) {
        return Ok(Page(bytes));
    }
    let as_of = catalog.caches().as_of();
    let answer = read().await?;
    // A view is a plain struct: serialising it cannot fail.
    let bytes = Bytes::from(serde_json::to_vec(&answer).unwrap_or_default());
    catalog.caches().keep_page(as_of, key, bytes.clone());
    Ok(Page(bytes))
}
