//! `GET /cinemas/{cinema_id}`: the page of a cinema.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use marquee_catalog::{Error, Fresh, ShowFilter};
use marquee_kernel::CinemaId;

use super::answer::Asked;
use super::{App, Named};
use crate::head::Head;
use crate::opening::Wanted;
use crate::page::Subject;
use crate::schema;
use crate::view::View;

pub(super) async fn cinema(
    State(app): State<App>,
    Named(id): Named<CinemaId>,
    wanted: Wanted,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    app.page(Asked { path: uri.path(), headers: &headers }, about(&app, id, &wanted).await)
}

async fn about(app: &App, id: Option<CinemaId>, wanted: &Wanted) -> Result<Subject, Error> {
    let cinema_id = id.ok_or(Error::CinemaNotFound)?;
    let cinema = app.catalog.find_cinema(Fresh::Lately, cinema_id).await?;
    let shows = app.shows(ShowFilter { cinema_id: Some(cinema_id), ..ShowFilter::default() }).await?;
    let (name, city) = (&cinema.details.name, &cinema.details.city);
    let description = format!("What is on at {name} in {city}: films, times, live seat maps, tickets.");
    let data = schema::cinema(&app.catalog, &cinema, &shows);
    let opening = app.api.cinema(&cinema_id.to_string(), wanted, app.clock.now()).await;
    let address = cinema.details.address.clone().unwrap_or_default();
    let view = View::Cinema { name: name.clone(), city: city.clone(), address };
    Ok(Subject { head: Head::about(&format!("{name}, {city}"), &description, data), view, opening })
}
