//! The app over HTTP, with a catalogue of its own.

use std::collections::BTreeMap;
use std::io::Read as _;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::{
    Catalog, CinemaDetails, LayoutPlan, MovieDetails, NewShow, RowPlan, Settings, Show, ShowDetails,
};
use marquee_db::Db;
use marquee_kernel::{Clock, ManualClock, Money, Rng};
use serde_json::Value;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{Site, router};

const PAGE: &str = "<!doctype html><head><!--head--></head><body><!--view--><script>boot()</script></body>";
const PAGES: &str =
    r#"{ "/": { "scripts": ["home.js"], "styles": [] }, "/films/[id]": { "scripts": ["film.js"], "styles": [] } }"#;
const VIEWS: &str = r#"{
    "/": "<h1>{city}</h1>", "/films/[id]": "<h1>{title}</h1><p>{synopsis}</p>",
    "/cinemas/[id]": "<h1>{name}</h1><p>{city} {address}</p>", "/shows/[id]": "<h1>{film}</h1><p>{starts}: {place}</p>"
}"#;
const NOBODY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";

struct Cinema {
    router: Router,
    catalog: Catalog,
    _dir: tempfile::TempDir,
}

fn built() -> Vec<(String, String, Bytes)> {
    let file = |name: &str, media_type: &str, text: &'static str| {
        (name.to_owned(), media_type.to_owned(), Bytes::from_static(text.as_bytes()))
    };
    vec![
        file("index.html", "text/html", PAGE),
        file("index.html.br", "application/octet-stream", "coded page without a head"),
        file("_app/immutable/start.a1.js", "text/javascript", "plain"),
        file("_app/immutable/start.a1.js.br", "application/octet-stream", "brotli"),
        file("_app/immutable/start.a1.js.gz", "application/gzip", "gzip"),
        file("favicon.svg", "image/svg+xml", "<svg/>"),
        file("service-worker.js", "text/javascript", "worker"),
        file("_app/pages.json", "application/json", PAGES),
        file("_app/views.json", "application/json", VIEWS),
    ]
}

impl Cinema {
    fn with(site: Site) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let clock = Clock::Manual(ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap()));
        let rng = Rng::seeded(7);
        let (journal, bus) = (Journal::new(clock.clone(), rng.clone()), Bus::new(db.clone()));
        let catalog = Catalog::new(db, journal, bus, clock.clone(), rng, Settings::default());
        let (api, _) = OpenApiRouter::new().nest("/api/v1", marquee_catalog::router(catalog.clone())).split_for_parts();
        let router = marquee_http_front(api.clone().merge(router(site, catalog.clone(), clock, api)));
        Self { router, catalog, _dir: dir }
    }

    fn open() -> Self {
        Self::with(Site::of(built()))
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, &[]).await
    }

    async fn a_show(&self, title: &str) -> std::sync::Arc<Show> {
        let movie = MovieDetails {
            title: title.to_owned(),
            duration_minutes: 204,
            synopsis: Some("Two friends & a bandit.".to_owned()),
            ..MovieDetails::default()
        };
        let movie_id = self.catalog.add_movie(Actor::System, movie).await.unwrap().movie_id;
        let cinema = CinemaDetails {
            name: "Regal".to_owned(),
            city: "Mumbai".to_owned(),
            timezone: "Asia/Kolkata".to_owned(),
            ..CinemaDetails::default()
        };
        let cinema_id = self.catalog.add_cinema(Actor::System, cinema).await.unwrap().cinema_id;
        let row = RowPlan { row: "A".to_owned(), category: "gold".to_owned(), seats: "12345".to_owned() };
        let plan = LayoutPlan { rows: vec![row] };
        let screen = self.catalog.add_screen(Actor::System, cinema_id, "1".to_owned(), plan).await.unwrap();
        let details = ShowDetails {
            start_time: "2026-11-23T13:00:00Z".parse().unwrap(),
            language: None,
            format: None,
            prices: BTreeMap::from([("gold".to_owned(), Money::new(25_050, "INR".parse().unwrap()))]),
        };
        let show = NewShow { movie_id, screen_id: screen.screen_id, details };
        self.catalog.schedule_show(Actor::System, show).await.unwrap()
    }
}

/// What the front does to a router's ways out.
fn marquee_http_front(router: Router) -> Router {
    router.method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(answer: Response) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The calls whose answers a page holds, and the answers.
fn answers(page: &str) -> BTreeMap<String, Value> {
    let elements = page.split("<script type=\"application/json\" data-call=\"").skip(1);
    let answer = |element: &str| {
        let (call, rest) = element.split_once("\">").unwrap();
        let json = rest.split_once("</script>").unwrap().0;
        (call.replace("&amp;", "&"), serde_json::from_str(json).unwrap())
    };
    elements.map(answer).collect()
}

fn data(page: &str) -> Value {
    let (_, data) = page.split_once("application/ld+json\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[tokio::test]
async fn a_file_comes_in_the_coding_that_the_client_takes_each_with_its_tag() {
    let cinema = Cinema::open();
    let mut tags = Vec::new();
    for (accepts, coding, body) in [("br, gzip", "br", "brotli"), ("gzip", "gzip", "gzip"), ("", "", "plain")] {
        let asks = [("accept-encoding", accepts)];
        let answer = cinema.ask(Method::GET, "/_app/immutable/start.a1.js", &asks).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-encoding"), coding);
        assert_eq!(header(&answer, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&answer, "vary"), "accept-encoding");
        tags.push(header(&answer, "etag").to_owned());
        assert_eq!(text(answer).await, body);
        let known = [asks[0], ("if-none-match", tags.last().unwrap().as_str())];
        let again = cinema.ask(Method::GET, "/_app/immutable/start.a1.js", &known).await;
        assert_eq!((again.status(), header(&again, "etag")), (StatusCode::NOT_MODIFIED, known[1].1));
        assert_eq!(text(again).await, "");
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
    assert!(tags.iter().all(|tag| tag.starts_with('"')), "strong: {tags:?}");
}

#[tokio::test]
async fn what_may_change_under_its_name_is_asked_for_again() {
    let cinema = Cinema::open();
    for path in ["/", "/favicon.svg", "/service-worker.js", "/films/x"] {
        assert_eq!(header(&cinema.get(path).await, "cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn every_view_of_the_app_is_its_page_and_nothing_else_is() {
    let cinema = Cinema::open();
    for path in ["/", "/search", "/bookings/1", "/checkout/x", "/index.html", "/sign-in?next=%2Fbookings"] {
        let answer = cinema.get(path).await;
        assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
        assert!(text(answer).await.contains("boot()"), "{path}");
    }
    for path in
        ["/api", "/api/", "/api/v1/nothing", "/nothing.js", "/index.html.br", "/.well-known/nothing", "/../a.txt"]
    {
        let answer = cinema.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json", "{path}");
    }
    assert_eq!(cinema.ask(Method::POST, "/api/v1/nothing", &[]).await.status(), 404);
    assert_eq!(cinema.ask(Method::POST, "/nothing", &[]).await.status(), 404);
    assert_eq!(cinema.ask(Method::POST, "/", &[]).await.status(), 405);
}

#[tokio::test]
async fn a_page_has_its_own_head_compressed_and_with_a_strict_policy() {
    let cinema = Cinema::open();
    let answer = cinema.ask(Method::GET, "/", &[("accept-encoding", "br")]).await;
    assert_eq!(header(&answer, "content-encoding"), "br");
    let policy = header(&answer, "content-security-policy").to_owned();
    assert!(policy.contains("script-src 'self' 'sha256-") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header(&answer, "referrer-policy"), "same-origin");
    assert!(header(&answer, "permissions-policy").contains("camera=(self)"));
    let coded = answer.into_body().collect().await.unwrap().to_bytes();
    let mut page = String::new();
    brotli::Decompressor::new(&*coded, 4096).read_to_string(&mut page).unwrap();
    assert!(page.contains("<title>Marquee</title>") && !page.contains("noindex"), "{page}");
    assert!(text(cinema.get("/search").await).await.contains("noindex"));
    // A worker obeys the policy of its own file: with the API's it could fetch nothing.
    assert_eq!(header(&cinema.get("/service-worker.js").await, "content-security-policy"), policy);
    assert_eq!(header(&cinema.get("/favicon.svg").await, "content-security-policy"), "", "the front's is enough");
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let cinema = Cinema::open();
    for path in ["/", "/favicon.svg", "/search"] {
        let (get, head) = (cinema.get(path).await, cinema.ask(Method::HEAD, path, &[]).await);
        assert_eq!((head.status(), header(&head, "etag")), (get.status(), header(&get, "etag")));
        assert_eq!(text(head).await, "");
    }
}

#[tokio::test]
async fn a_film_s_page_tells_what_it_is_and_when_it_is_shown() {
    let cinema = Cinema::open();
    let show = cinema.a_show("Sholay <&>").await;
    let page = text(cinema.get(&format!("/films/{}", show.movie_id)).await).await;
    assert!(page.contains("<title>Sholay &lt;&amp;&gt; · Marquee</title>"), "{page}");
    assert!(page.contains("content=\"Two friends &amp; a bandit.\""), "{page}");
    let data = data(&page);
    assert_eq!(data["@context"], "https://schema.org");
    let (film, event) = (&data["@graph"][0], &data["@graph"][1]);
    assert_eq!(
        (&film["@type"], &film["name"], &film["duration"]),
        (&"Movie".into(), &"Sholay <&>".into(), &"PT204M".into())
    );
    assert!(film.get("director").is_none(), "what is not known is not there: {film}");
    assert_eq!(event["@type"], "ScreeningEvent");
    assert_eq!(event["startDate"], "2026-11-23T18:30:00+05:30");
    assert_eq!(event["offers"]["price"], "250.50");
    assert_eq!(event["url"], format!("/shows/{}", show.show_id));
}

#[tokio::test]
async fn a_cinema_s_page_and_a_show_s_page_tell_theirs() {
    let cinema = Cinema::open();
    let show = cinema.a_show("Sholay").await;
    let page = text(cinema.get(&format!("/cinemas/{}", show.cinema_id)).await).await;
    assert!(page.contains("<title>Regal, Mumbai · Marquee</title>"), "{page}");
    assert_eq!(data(&page)["@graph"][0]["@type"], "MovieTheater");
    assert_eq!(data(&page)["@graph"][1]["name"], "Sholay");
    let page = text(cinema.get(&format!("/shows/{}", show.show_id)).await).await;
    assert!(page.contains("<title>Sholay, Regal, Mon 23 Nov 2026, 18:30 · Marquee</title>"), "{page}");
    assert_eq!(data(&page)["eventStatus"], "https://schema.org/EventScheduled");
    cinema.catalog.cancel_show(Actor::System, show.show_id).await.unwrap();
    let page = text(cinema.get(&format!("/shows/{}", show.show_id)).await).await;
    assert!(page.contains("was cancelled."), "{page}");
    assert_eq!(data(&page)["eventStatus"], "https://schema.org/EventCancelled");
}

#[tokio::test]
async fn the_page_of_nothing_is_a_404_that_people_can_read() {
    let cinema = Cinema::open();
    for path in ["/films", "/cinemas", "/shows"].map(|kind| format!("{kind}/{NOBODY}")) {
        let answer = cinema.get(&path).await;
        assert_eq!(
            (answer.status(), header(&answer, "content-type")),
            (StatusCode::NOT_FOUND, "text/html; charset=utf-8")
        );
        let page = text(answer).await;
        assert!(page.contains("boot()") && page.contains("noindex"), "{page}");
    }
    for path in ["/films/sholay", "/films/%FF", "/shows/%00"] {
        let answer = cinema.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(text(answer).await.contains("boot()"), "{path}");
    }
}

#[tokio::test]
async fn a_program_without_the_app_says_how_to_build_it() {
    let cinema = Cinema::with(Site::of([]));
    let answer = cinema.get("/").await;
    assert_eq!(answer.status(), 200);
    assert!(text(answer).await.contains("npm run build"));
    assert_eq!(cinema.get("/search").await.status(), 404);
    assert_eq!(cinema.get(&format!("/films/{NOBODY}")).await.status(), 404);
}

#[tokio::test]
async fn a_page_names_its_files_and_holds_the_answers_to_what_it_asks_first() {
    let cinema = Cinema::open();
    let show = cinema.a_show("Sholay </script>").await;
    let page = text(cinema.get("/").await).await;
    assert!(page.contains("<link rel=\"modulepreload\" href=\"/home.js\">") && !page.contains("film.js"), "{page}");
    let held = answers(&page);
    // It is 17:30 in Mumbai on the 22nd, when nothing is shown: then the app asks for the next day.
    let calls = [
        "/api/v1/cinemas?limit=100",
        "/api/v1/movies?city=Mumbai&limit=100",
        "/api/v1/shows?city=Mumbai&date=2026-11-22&limit=100",
        "/api/v1/shows?city=Mumbai&date=2026-11-23&limit=100",
    ];
    assert_eq!(held.keys().collect::<Vec<_>>(), calls);
    for (call, answer) in &held {
        let asked = text(cinema.get(call).await).await;
        assert_eq!(*answer, serde_json::from_str::<Value>(&asked).unwrap(), "{call}: what the API says");
    }
    let page = text(cinema.get("/?city=Mumbai&date=2026-11-23").await).await;
    assert_eq!(answers(&page).len(), 3, "that day was asked for");

    let page = text(cinema.get(&format!("/films/{}?city=Nowhere", show.movie_id)).await).await;
    assert!(page.contains("href=\"/film.js\""), "{page}");
    assert_eq!(answers(&page)[&format!("/api/v1/movies/{}", show.movie_id)]["title"], "Sholay </script>");
    let shows = format!("/api/v1/shows?movie_id={}&city=Mumbai&limit=100", show.movie_id);
    assert_eq!(answers(&page)[&shows]["items"][0]["show_id"], show.show_id.to_string());

    let page = text(cinema.get(&format!("/cinemas/{}", show.cinema_id)).await).await;
    assert_eq!(answers(&page).len(), 3, "{page}");
    let page = text(cinema.get(&format!("/shows/{}", show.show_id)).await).await;
    assert!(
        page.contains(&format!("as=\"fetch\" crossorigin=\"anonymous\" href=\"/api/v1/shows/{}/seats\"", show.show_id))
    );
}

#[tokio::test]
async fn a_page_begins_with_its_heading_before_any_script_is_there() {
    let cinema = Cinema::open();
    assert_eq!(text(cinema.get("/").await).await.matches("<h1").count(), 0, "there is no city yet");
    let show = cinema.a_show("Sholay <&>").await;
    for (path, begins) in [
        ("/".to_owned(), "<h1>Mumbai</h1>"),
        ("/?city=Atlantis".to_owned(), "<h1>Mumbai</h1>"),
        (format!("/films/{}", show.movie_id), "<h1>Sholay &lt;&amp;&gt;</h1><p>Two friends &amp; a bandit.</p>"),
        (format!("/cinemas/{}", show.cinema_id), "<h1>Regal</h1><p>Mumbai </p>"),
        (format!("/shows/{}", show.show_id), "<h1>Sholay &lt;&amp;&gt;</h1><p>Mon 23 Nov, 18:30: Regal, 1</p>"),
    ] {
        let page = text(cinema.get(&path).await).await;
        assert!(page.contains(&format!("<body>{begins}<script>boot()")), "{path}: {page}");
    }
    for path in ["/search", "/sign-in", "/index.html", "/films/sholay", &format!("/shows/{NOBODY}"), "/admin/films"] {
        let page = text(cinema.get(path).await).await;
        assert!(page.contains("<body><script>boot()"), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_city_that_was_chosen_before_is_shown_again() {
    let cinema = Cinema::open();
    cinema.a_show("Sholay").await;
    let details = CinemaDetails {
        name: "Lantern".to_owned(),
        city: "New York".to_owned(),
        timezone: "America/New_York".to_owned(),
        ..CinemaDetails::default()
    };
    cinema.catalog.add_cinema(Actor::System, details).await.unwrap();
    for (cookie, city) in [
        ("marquee_city=New%20York", "New%20York"),
        ("a=b; marquee_city=New%20York; c=d", "New%20York"),
        ("marquee_city=Atlantis", "Mumbai"),
        ("marquee_city=%FF", "Mumbai"),
        ("", "Mumbai"),
    ] {
        let page = text(cinema.ask(Method::GET, "/", &[("cookie", cookie)]).await).await;
        assert!(answers(&page).contains_key(&format!("/api/v1/movies?city={city}&limit=100")), "{cookie}");
    }
}

#[tokio::test]
async fn what_is_kept_for_when_there_is_no_network_holds_nothing_that_gets_old() {
    let cinema = Cinema::open();
    cinema.a_show("Sholay").await;
    assert_eq!(answers(&text(cinema.get("/index.html").await).await).len(), 0);
}
