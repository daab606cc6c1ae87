//! The paths that are not the API's.

mod answer;
mod cinema;
mod file;
mod film;
mod show;
mod wanted;

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::routing::{any, get};
use jiff::Timestamp;
use marquee_catalog::{Catalog, Error, Fresh, Show, ShowFilter};
use marquee_http::front::no_such_path;
use marquee_kernel::{Clock, PageRequest};

use crate::Site;
use crate::opening::Api;

/// Shows that a page's data names.
const SHOWS_MAX: u32 = 50;

/// The app and what it tells of the catalogue, and of what `api` answers. It takes every path that no other route does.
pub fn router(site: Site, catalog: Catalog, clock: Clock, api: Router) -> Router {
    Router::new()
        .route("/", get(file::home))
        .route("/films/{movie_id}", get(film::film))
        .route("/cinemas/{cinema_id}", get(cinema::cinema))
        .route("/shows/{show_id}", get(show::show))
        // No route of the API is left over for the app to answer.
        .route("/api", any(async || no_such_path()))
        .route("/api/", any(async || no_such_path()))
        .route("/api/{*path}", any(async || no_such_path()))
        .route("/{*path}", get(file::file).fallback(async || no_such_path()))
        .with_state(App { site: Arc::new(site), catalog, clock, api: Api(api) })
}

/// The id in a page's path, if it is one.
struct Named<T>(Option<T>);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Named<T> {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let id = params.as_ref().and_then(|params| params.iter().next()).and_then(|(_, text)| text.parse().ok());
        Ok(Self(id))
    }
}

/// What a page needs.
#[derive(Clone, Debug)]
struct App {
    site: Arc<Site>,
    catalog: Catalog,
    clock: Clock,
    api: Api,
}

impl App {
    /// The next shows of such a list.
    async fn shows(&self, filter: ShowFilter) -> Result<Vec<Arc<Show>>, Error> {
        let page = PageRequest { limit: SHOWS_MAX, after: None };
        Ok(self.catalog.find_shows(Fresh::Lately, filter, page).await?.items)
    }
}

/// When a show starts, for people.
fn when(show: &Show, at: Timestamp) -> String {
    at.to_zoned(crate::schema::zone(show)).strftime("%a %-d %b %Y, %H:%M").to_string()
}
