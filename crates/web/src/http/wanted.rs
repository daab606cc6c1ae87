//! What somebody wants to see, as a request says.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::opening::Wanted;

/// Where the app keeps the city that was chosen: no secret, and not about anybody.
const CITY_COOKIE: &str = "marquee_city";

#[derive(Default, Deserialize)]
struct Asked {
    city: Option<String>,
    date: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Wanted {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let Asked { city, date } = Query::try_from_uri(&parts.uri).map(|Query(asked)| asked).unwrap_or_default();
        Ok(Self { city, date, kept_city: kept_city(parts) })
    }
}

fn kept_city(parts: &Parts) -> Option<String> {
    let lines = parts.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == CITY_COOKIE)?;
    percent_decode_str(value).decode_utf8().ok().map(|city| city.into_owned())
}
