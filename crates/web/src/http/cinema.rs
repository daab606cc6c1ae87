//! `GET /cinemas/{cinema_id}`: the page of a cinema.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use marquee_catalog::{Error, Fresh, ShowFilter};
use marquee_kernel::CinemaId;

use super::{App, Named};
use crate::head::Head;
use crate::schema;

pub(super) async fn cinema(State(app): State<App>, Named(id): Named<CinemaId>, headers: HeaderMap) -> Response {
    app.page(&headers, about(&app, id).await)
}

async fn about(app: &App, id: Option<CinemaId>) -> Result<Head, Error> {
    let cinema_id = id.ok_or(Error::CinemaNotFound)?;
    let cinema = app.catalog.find_cinema(Fresh::Lately, cinema_id).await?;
    let shows = app.shows(ShowFilter { cinema_id: Some(cinema_id), ..ShowFilter::default() }).await?;
    let (name, city) = (&cinema.details.name, &cinema.details.city);
    let description = format!("What is on at {name} in {city}: films, times, live seat maps, tickets.");
    Ok(Head::about(&format!("{name}, {city}"), &description, schema::cinema(&app.catalog, &cinema, &shows)))
}
