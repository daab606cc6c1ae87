//! `GET /films/{movie_id}`: the page of a film.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use marquee_catalog::{Error, Fresh, ShowFilter};
use marquee_kernel::MovieId;

use super::{App, Named};
use crate::head::Head;
use crate::schema;

pub(super) async fn film(State(app): State<App>, Named(id): Named<MovieId>, headers: HeaderMap) -> Response {
    app.page(&headers, about(&app, id).await)
}

async fn about(app: &App, id: Option<MovieId>) -> Result<Head, Error> {
    let movie_id = id.ok_or(Error::MovieNotFound)?;
    let movie = app.catalog.find_movie(Fresh::Lately, movie_id).await?;
    let shows = app.shows(ShowFilter { movie_id: Some(movie_id), ..ShowFilter::default() }).await?;
    let title = &movie.details.title;
    let description = match &movie.details.synopsis {
        Some(synopsis) => synopsis.clone(),
        None => format!("{title}: where and when it is shown, live seat maps, tickets."),
    };
    Ok(Head::about(title, &description, schema::film(&app.catalog, &movie, &shows)))
}
