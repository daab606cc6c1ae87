//! Query strings and paging.

use std::collections::HashSet;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use marquee_kernel::{Code, LIMIT_DEFAULT, LIMIT_MAX, PageRequest, decode_cursor};
use serde::de::DeserializeOwned;

use crate::{Fields, Problem};

/// A query string that is not read yet.
#[derive(Debug)]
pub struct Query<T> {
    text: String,
    wanted: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Query<T> {
    /// The query as a `T`: flat, `deny_unknown_fields`.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter: unknown, repeated, or not of its type.
    pub fn parse(self) -> Result<T, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&self.text).map_err(|_| unreadable())?;
        let mut seen = HashSet::new();
        for (name, value) in &pairs {
            if !seen.insert(name.as_str()) {
                return Err(invalid(name, "given more than once"));
            }
            if value.contains('\0') {
                return Err(invalid(name, "must not contain the character U+0000"));
            }
        }
        let parser = serde_urlencoded::Deserializer::new(form_urlencoded::parse(self.text.as_bytes()));
        serde_path_to_error::deserialize(parser).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let named = message.split('`').nth(1).filter(|_| message.contains(" field `"));
            invalid(named.unwrap_or(path.trim_matches('.')), &message)
        })
    }
}

fn unreadable() -> Problem {
    Problem::new(Code::InvalidRequest, "The query string cannot be read.")
}

fn invalid(name: &str, message: &str) -> Problem {
    Problem::new(Code::InvalidRequest, "Some parameters are not valid.").field(name, message)
}

impl<S: Sync, T> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { text: parts.uri.query().unwrap_or_default().to_owned(), wanted: PhantomData })
    }
}

/// Checks `limit` and `cursor` of a listing call.
///
/// # Errors
/// `invalid_request` naming the parameter.
pub fn page_request<C: DeserializeOwned>(limit: Option<u32>, cursor: Option<&str>) -> Result<PageRequest<C>, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    let mut fields = Fields::default();
    fields.check((1..=LIMIT_MAX).contains(&limit), "limit", format!("must be from 1 to {LIMIT_MAX}"));
    let after = cursor.map(decode_cursor).and_then(|cursor| fields.take("cursor", cursor));
    fields.finish()?;
    Ok(PageRequest { limit, after })
}
