//! `GET /shows/{show_id}`: the page of a show, with its seats.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use marquee_catalog::Error;
use marquee_kernel::ShowId;

use super::answer::Asked;
use super::{App, Named, when};
use crate::head::Head;
use crate::page::Subject;
use crate::schema;
use crate::view::View;

pub(super) async fn show(State(app): State<App>, Named(id): Named<ShowId>, uri: Uri, headers: HeaderMap) -> Response {
    app.page(Asked { path: uri.path(), headers: &headers }, about(&app, id).await)
}

async fn about(app: &App, id: Option<ShowId>) -> Result<Subject, Error> {
    let show_id = id.ok_or(Error::ShowNotFound)?;
    let show = app.catalog.show(show_id).await?;
    let (film, cinema, starts) = (&show.movie_title, &show.cinema_name, when(&show, show.start_time));
    let description = match show.cancelled {
        true => format!("{film} at {cinema} on {starts} was cancelled."),
        false => format!("{film} at {cinema}, {}, {starts}. Pick your seats on a live map.", show.screen_name),
    };
    let head = Head::about(&format!("{film}, {cinema}, {starts}"), &description, schema::show(&app.catalog, &show));
    let format = show.format.as_ref().map(|format| format!(" · {format}")).unwrap_or_default();
    let view = View::Show {
        film: film.to_string(),
        starts: show.start_time.to_zoned(schema::zone(&show)).strftime("%a %-d %b, %H:%M").to_string(),
        place: format!("{cinema}, {}{format}", show.screen_name),
    };
    let [show_id, movie_id, cinema_id] =
        [show.show_id.to_string(), show.movie_id.to_string(), show.cinema_id.to_string()];
    Ok(Subject { head, view, opening: app.api.show(&show_id, &movie_id, &cinema_id).await })
}
