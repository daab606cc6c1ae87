//! `GET /` and every path that nothing else answers: a file of the app, or its page.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use marquee_http::encoding::accepted;
use marquee_http::front::no_such_path;

use super::App;
use super::answer::{Asked, Sent};
use crate::head::Head;
use crate::opening::Wanted;
use crate::page::Subject;
use crate::view::View;

/// What `/` says in a program without the app.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Marquee</title>\
    <h1>Marquee is running</h1>\
    <p>This program was built without the app in the browser. To have it, build both with <code>make run</code>, or \
    the app alone with <code>npm ci</code> and <code>npm run build</code> in <code>web/</code>, and then the program again.</p>\
    <p>The API is there: <a href=\"/api/docs/\">its documentation</a>.</p></html>";

/// The first page.
pub(super) async fn home(State(app): State<App>, wanted: Wanted, headers: HeaderMap) -> Response {
    match app.site.page {
        Some(_) => {
            let (city, opening) = app.api.home(&wanted, app.clock.now()).await;
            let view = city.map_or(View::None, |city| View::Home { city });
            let subject = Subject { head: Head::home(), view, opening };
            app.page_of(Asked { path: "/", headers: &headers }, StatusCode::OK, &subject)
        }
        None => Html(NOT_BUILT).into_response(),
    }
}

/// A file by its name; for a path without an ending, which is one of the app's own, the page.
pub(super) async fn file(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if let Some(file) = app.site.file(path) {
        let (encoding, body) = file.body(accepted(&headers));
        let (media_type, cache) = (file.media_type.clone(), file.cache.clone());
        return app.send(&headers, Sent { status: StatusCode::OK, media_type, cache, encoding, body });
    }
    let asked = Asked { path, headers: &headers };
    match path {
        // The service worker keeps it for when there is no network: nothing that gets old is in it.
        "/index.html" => app.page_of(asked, StatusCode::OK, &Subject::only(Head::home())),
        path if is_of_the_app(path) => app.page_of(asked, StatusCode::OK, &Subject::only(Head::unlisted())),
        _ => no_such_path().into_response(),
    }
}

/// Whether the app may have a view at that path: nothing that looks like a file, or like a well-known one.
fn is_of_the_app(path: &str) -> bool {
    !path.contains('.')
}
