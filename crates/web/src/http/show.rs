//! `GET /shows/{show_id}`: the page of a show, with its seats.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use marquee_catalog::Error;
use marquee_kernel::ShowId;

use super::answer::Asked;
use super::{App, Named, when};
use crate::head::Head;
use crate::opening::Opening;
use crate::schema;

pub(super) async fn show(State(app): State<App>, Named(id): Named<ShowId>, uri: Uri, headers: HeaderMap) -> Response {
    app.page(Asked { path: uri.path(), headers: &headers }, about(&app, id).await)
}

async fn about(app: &App, id: Option<ShowId>) -> Result<(Head, Opening), Error> {
    let show_id = id.ok_or(Error::ShowNotFound)?;
    let show = app.catalog.show(show_id).await?;
    let (film, cinema, starts) = (&show.movie_title, &show.cinema_name, when(&show, show.start_time));
    let description = match show.cancelled {
        true => format!("{film} at {cinema} on {starts} was cancelled."),
        false => format!("{film} at {cinema}, {}, {starts}. Pick your seats on a live map.", show.screen_name),
    };
    let head = Head::about(&format!("{film}, {cinema}, {starts}"), &description, schema::show(&app.catalog, &show));
    let [show_id, movie_id, cinema_id] =
        [show.show_id.to_string(), show.movie_id.to_string(), show.cinema_id.to_string()];
    Ok((head, app.api.show(&show_id, &movie_id, &cinema_id).await))
}
