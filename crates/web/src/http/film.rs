//! `GET /films/{movie_id}`: the page of a film.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use marquee_catalog::{Error, Fresh, ShowFilter};
use marquee_kernel::MovieId;

use super::answer::Asked;
use super::{App, Named};
use crate::head::Head;
use crate::opening::Wanted;
use crate::page::Subject;
use crate::schema;
use crate::view::View;

pub(super) async fn film(
    State(app): State<App>,
    Named(id): Named<MovieId>,
    wanted: Wanted,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    app.page(Asked { path: uri.path(), headers: &headers }, about(&app, id, &wanted).await)
}

async fn about(app: &App, id: Option<MovieId>, wanted: &Wanted) -> Result<Subject, Error> {
    let movie_id = id.ok_or(Error::MovieNotFound)?;
    let movie = app.catalog.find_movie(Fresh::Lately, movie_id).await?;
    let shows = app.shows(ShowFilter { movie_id: Some(movie_id), ..ShowFilter::default() }).await?;
    let title = &movie.details.title;
    let description = match &movie.details.synopsis {
        Some(synopsis) => synopsis.clone(),
        None => format!("{title}: where and when it is shown, live seat maps, tickets."),
    };
    let head = Head::about(title, &description, schema::film(&app.catalog, &movie, &shows));
    let view = View::Film { title: title.clone(), synopsis: movie.details.synopsis.clone().unwrap_or_default() };
    Ok(Subject { head, view, opening: app.api.film(&movie_id.to_string(), wanted).await })
}
