//! Browsing without a token: movies, cinemas, shows, seat maps and their events.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use jiff::{SignedDuration, Timestamp};
use marquee_testkit::{Answer, Client, Event, TestApp, eventually, id_of};
use reqwest::Method;
use serde_json::{Value, json};

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap().clone()
}

/// The values of one member over a list's items.
async fn listed(client: &Client, path: &str, member: &str) -> Vec<String> {
    items(&client.get(path).await.ok()).iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

/// Reads a list page by page, calling `between` after each.
async fn all_pages(client: &Client, path: &str, mut between: impl AsyncFnMut()) -> Vec<Value> {
    let (mut seen, mut next) = (Vec::new(), path.to_owned());
    let and = if path.contains('?') { '&' } else { '?' };
    for _ in 0..1_000 {
        let page = client.get(&next).await.ok();
        seen.extend(items(&page));
        between().await;
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}{and}cursor={cursor}"),
            None => {
                assert!(page["next_cursor"].is_null());
                return seen;
            }
        }
    }
    panic!("the list never ends");
}

/// Asserts that a document has all of these members.
#[track_caller]
fn has_members(document: &Value, expected: &[&str]) {
    for member in expected {
        assert!(document.get(member).is_some(), "no {member} in {document}");
    }
}

const MOVIE: [&str; 8] =
    ["movie_id", "title", "genres", "languages", "duration_minutes", "certificate", "release_date", "rating"];

#[tokio::test]
async fn a_movie_is_listed_and_shown_in_full() {
    let app = TestApp::start().await;
    let movie_id = app
        .a_movie()
        .title("Sholay")
        .minutes(204)
        .with("genres", json!(["action", "drama"]))
        .with("languages", json!(["hi"]))
        .with("certificate", json!("U"))
        .with("synopsis", json!("Two men are hired to catch a bandit."))
        .with("release_date", json!("1975-08-15"))
        .with("director", json!("Ramesh Sippy"))
        .with("cast", json!(["Dharmendra", "Amitabh Bachchan"]))
        .create()
        .await;
    let listed = items(&app.get("/movies").await.ok()).remove(0);
    has_members(&listed, &MOVIE);
    assert_eq!(listed["movie_id"], json!(movie_id));
    assert_eq!((&listed["title"], &listed["duration_minutes"]), (&json!("Sholay"), &json!(204)));
    assert_eq!((&listed["genres"], &listed["languages"]), (&json!(["action", "drama"]), &json!(["hi"])));
    assert_eq!((&listed["certificate"], &listed["release_date"]), (&json!("U"), &json!("1975-08-15")));
    assert_eq!(listed["rating"]["count"], 0);
    has_members(&listed["rating"], &["average", "count"]);

    let movie = app.get(&format!("/movies/{movie_id}")).await.ok();
    has_members(&movie, &[&MOVIE[..], &["synopsis", "cast", "director"]].concat());
    for member in MOVIE {
        assert_eq!(movie[member], listed[member]);
    }
    assert_eq!(movie["cast"], json!(["Dharmendra", "Amitabh Bachchan"]));
    assert_eq!(movie["director"], "Ramesh Sippy");
}

#[tokio::test]
async fn movies_are_found_by_title_genre_language_and_city() {
    let app = TestApp::start().await;
    let movie = |title: &'static str, genre: &'static str, language: &'static str| {
        app.a_movie().title(title).with("genres", json!([genre])).with("languages", json!([language])).create()
    };
    let sholay = movie("Sholay", "action", "hi").await;
    let _ = movie("100% Wolf", "animation", "en").await;
    let nayakan = movie("Nayakan", "action", "ta").await;
    let (mumbai, chennai) = (app.a_cinema().create().await, app.a_cinema().city("Chennai").create().await);
    let _ = app.a_show().of(&sholay).at(&mumbai).create().await;
    let _ = app.a_show().of(&nayakan).at(&chennai).create().await;

    let titles = async |query: &str| listed(&app, &format!("/movies?{query}"), "title").await;
    assert_eq!(titles("q=shol").await, ["Sholay"]);
    assert_eq!(titles("q=SHOLAY").await, ["Sholay"]);
    assert_eq!(titles("q=100%25").await, ["100% Wolf"]);
    assert_eq!(titles("q=%25").await, ["100% Wolf"], "a wildcard is only a character");
    assert_eq!(titles("q=S_olay").await, [""; 0]);
    assert_eq!(titles("genre=animation").await, ["100% Wolf"]);
    assert_eq!(titles("language=ta").await, ["Nayakan"]);
    assert_eq!(titles("city=Chennai").await, ["Nayakan"]);
    assert_eq!(titles("genre=action&city=Mumbai").await, ["Sholay"]);
    assert_eq!(titles("genre=action&language=en").await, [""; 0]);
    assert_eq!(titles("city=Nowhere").await, [""; 0]);
}

#[tokio::test]
async fn a_cinema_is_listed_with_its_screens() {
    let app = TestApp::start().await;
    let cinema_id = app
        .a_cinema()
        .with("name", json!("Regal"))
        .with("address", json!("Colaba Causeway"))
        .with("location", json!({ "lat": 18.9243, "lon": 72.8327 }))
        .create()
        .await;
    let screen_id = app.a_screen().of(&cinema_id).name("Screen 1").row("A", "gold", "12w_c3").create().await;
    let _ = app.a_cinema().city("Chennai").create().await;

    let cinema = app.get(&format!("/cinemas/{cinema_id}")).await.ok();
    has_members(&cinema, &["cinema_id", "name", "city", "address", "timezone", "location", "screens"]);
    assert_eq!((&cinema["name"], &cinema["city"]), (&json!("Regal"), &json!("Mumbai")));
    assert_eq!((&cinema["address"], &cinema["timezone"]), (&json!("Colaba Causeway"), &json!("Asia/Kolkata")));
    assert_eq!(cinema["location"], json!({ "lat": 18.9243, "lon": 72.8327 }));
    assert_eq!(cinema["screens"], json!([{ "screen_id": screen_id, "name": "Screen 1", "capacity": 5 }]));
    assert_eq!(items(&app.get("/cinemas?city=Mumbai").await.ok()), [cinema]);
    assert_eq!(items(&app.get("/cinemas").await.ok()).len(), 2);
    assert_eq!(items(&app.get("/cinemas?city=Pune").await.ok()).len(), 0);
}

#[tokio::test]
async fn a_page_has_twenty_items_unless_asked_and_the_last_one_says_so() {
    let app = TestApp::start().await;
    for _ in 0..21 {
        let _ = app.a_movie().create().await;
    }
    let page = app.get("/movies").await.ok();
    assert_eq!(items(&page).len(), 20);
    let rest = app.get(&format!("/movies?cursor={}", page["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!((items(&rest).len(), &rest["next_cursor"]), (1, &Value::Null));
    let exactly = app.get("/movies?limit=21").await.ok();
    assert_eq!((items(&exactly).len(), &exactly["next_cursor"]), (21, &Value::Null));
}

#[tokio::test]
async fn paging_shows_everything_once_while_others_are_added() {
    let app = TestApp::start().await;
    let titles = ["M", "B", "Z", "A", "Q", "C", "Y", "B", "b", "Ä", "a", "1"];
    let mut there = BTreeSet::new();
    for title in titles {
        there.insert(app.a_movie().title(title).create().await);
    }
    let mut added = 0;
    let seen = all_pages(&app, "/movies?limit=3", async || {
        // One at the front, one at the back.
        for title in ["0", "zz"] {
            let _ = app.a_movie().title(title).create().await;
        }
        added += 2;
        assert!(added < 40, "the list runs away");
    })
    .await;
    let ids: Vec<_> = seen.iter().map(|movie| id_of(movie, "movie_id").to_owned()).collect();
    let distinct: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(distinct.len(), ids.len(), "nothing is shown twice");
    assert!(there.is_subset(&distinct), "nothing that was there is passed over");
}

#[tokio::test]
async fn shows_of_one_instant_are_paged_without_loss() {
    let app = TestApp::start().await;
    let (movie_id, cinema_id) = (app.a_movie().create().await, app.a_cinema().create().await);
    let mut there = BTreeSet::new();
    for _ in 0..7 {
        there.insert(app.a_show().of(&movie_id).at(&cinema_id).create().await.show_id);
    }
    let seen = all_pages(&app, &format!("/shows?movie_id={movie_id}&limit=2"), async || {}).await;
    let ids: Vec<_> = seen.iter().map(|show| id_of(show, "show_id").to_owned()).collect();
    assert_eq!(ids.len(), 7);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), there);
}

#[tokio::test]
async fn a_show_is_listed_with_what_a_customer_chooses_by() {
    let app = TestApp::start().await;
    let movie_id = app.a_movie().title("Sholay").minutes(204).create().await;
    let cinema_id = app.a_cinema().with("name", json!("Regal")).create().await;
    let screen_id = app.a_screen().of(&cinema_id).name("Screen 1").create().await;
    let show = app
        .a_show()
        .of(&movie_id)
        .on(&screen_id)
        .with("language", json!("hi"))
        .with("format", json!("IMAX"))
        .create()
        .await;
    let listed = app.get(&show.path("")).await.ok();
    has_members(
        &listed,
        &[
            "show_id",
            "movie_id",
            "movie_title",
            "cinema_id",
            "cinema_name",
            "screen_id",
            "screen_name",
            "start_time",
            "end_time",
            "language",
            "format",
            "status",
            "price_from",
            "seats_total",
            "seats_available",
        ],
    );
    let expected = [
        ("movie_title", json!("Sholay")),
        ("cinema_name", json!("Regal")),
        ("screen_name", json!("Screen 1")),
        ("language", json!("hi")),
        ("format", json!("IMAX")),
        ("status", json!("on_sale")),
        ("price_from", json!({ "amount": 15_000, "currency": "INR" })),
        ("seats_total", json!(20)),
        ("seats_available", json!(20)),
    ];
    for (member, value) in expected {
        assert_eq!(listed[member], value, "{member}");
    }
    let end_time: Timestamp = listed["end_time"].as_str().unwrap().parse().unwrap();
    assert!(end_time >= show.start_time + SignedDuration::from_mins(204));
    assert_eq!(items(&app.get("/shows").await.ok()), [listed]);
}

#[tokio::test]
async fn shows_are_found_by_movie_cinema_city_and_in_order() {
    let app = TestApp::start().await;
    let (sholay, nayakan) = (app.a_movie().create().await, app.a_movie().create().await);
    let (mumbai, chennai) = (app.a_cinema().create().await, app.a_cinema().city("Chennai").create().await);
    let at = |hours: i64| SignedDuration::from_hours(hours);
    let late = app.a_show().of(&sholay).at(&mumbai).starts_in(at(30)).create().await.show_id;
    let early = app.a_show().of(&sholay).at(&mumbai).starts_in(at(2)).create().await.show_id;
    let south = app.a_show().of(&nayakan).at(&chennai).starts_in(at(10)).create().await.show_id;
    let found = async |query: &str| listed(&app, &format!("/shows?{query}"), "show_id").await;
    assert_eq!(found("").await, [early.clone(), south.clone(), late.clone()]);
    assert_eq!(found(&format!("movie_id={sholay}")).await, [early.clone(), late.clone()]);
    assert_eq!(found(&format!("cinema_id={chennai}")).await, std::slice::from_ref(&south));
    assert_eq!(found("city=Chennai").await, std::slice::from_ref(&south));
    assert_eq!(found(&format!("movie_id={nayakan}&cinema_id={mumbai}")).await, [""; 0]);
    assert_eq!(found(&format!("movie_id={sholay}&date=2026-10-20&city=Mumbai")).await, [early]);
}

#[tokio::test]
async fn the_date_filter_is_the_cinema_s_day() {
    let app = TestApp::start().await;
    let mumbai = app.a_cinema().create().await;
    // 23:30, 00:30 and 23:45 in India are 18:00, 19:00 and 18:15 UTC.
    let mut shows = Vec::new();
    for start in ["2026-10-21T18:00:00Z", "2026-10-21T19:00:00Z", "2026-10-22T18:15:00Z", "2026-10-22T18:30:00Z"] {
        shows.push(app.a_show().at(&mumbai).starts_at(start).create().await.show_id);
    }
    let on = async |date: &str| listed(&app, &format!("/shows?date={date}"), "show_id").await;
    assert_eq!(on("2026-10-21").await, shows[..1]);
    assert_eq!(on("2026-10-22").await, shows[1..3]);
    assert_eq!(on("2026-10-23").await, shows[3..]);
    for bad in ["2026-13-01", "2026-02-30", "22-10-2026", "2026-10-22T00:00:00Z", "today", ""] {
        app.get(&format!("/shows?date={bad}")).await.blames("date");
    }
}

#[tokio::test]
async fn a_day_of_twenty_five_hours_has_all_its_shows() {
    let app = TestApp::start().await;
    let berlin = app.a_cinema().city("Berlin").timezone("Europe/Berlin").create().await;
    // The clocks go back on the 25th: it begins at 22:00 UTC of the 24th and ends at 23:00 UTC of the 25th.
    let starts = [
        "2026-10-24T21:30:00Z",
        "2026-10-24T22:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T22:30:00Z",
        "2026-10-25T23:30:00Z",
    ];
    let mut shows = Vec::new();
    for start in starts {
        shows.push(app.a_show().at(&berlin).starts_at(start).create().await.show_id);
    }
    let on = async |date: &str| listed(&app, &format!("/shows?city=Berlin&date={date}"), "show_id").await;
    assert_eq!(on("2026-10-24").await, shows[..1]);
    assert_eq!(on("2026-10-25").await, shows[1..4]);
    assert_eq!(on("2026-10-26").await, shows[4..]);
    let across = app.get(&format!("/shows/{}", shows[2])).await.ok();
    let end: Timestamp = across["end_time"].as_str().unwrap().parse().unwrap();
    assert_eq!(end, starts[2].parse::<Timestamp>().unwrap() + SignedDuration::from_hours(2));
}

#[tokio::test]
async fn one_date_may_be_different_days_in_different_cities() {
    let app = TestApp::start().await;
    let tokyo = app.a_cinema().city("Tokyo").timezone("Asia/Tokyo").create().await;
    let lima = app.a_cinema().city("Lima").timezone("America/Lima").create().await;
    let in_tokyo = app.a_show().at(&tokyo).starts_at("2026-10-21T16:00:00Z").create().await.show_id;
    let in_lima = app.a_show().at(&lima).starts_at("2026-10-22T02:00:00Z").create().await.show_id;
    let on = async |date: &str| listed(&app, &format!("/shows?date={date}"), "show_id").await;
    assert_eq!(on("2026-10-22").await, [in_tokyo]);
    assert_eq!(on("2026-10-21").await, [in_lima]);
}

#[tokio::test]
async fn a_show_s_status_follows_the_clock_and_an_ended_one_leaves_the_list() {
    let app = TestApp::start().await;
    let movie_id = app.a_movie().minutes(90).create().await;
    let show = app.a_show().of(&movie_id).starts_in(SignedDuration::from_mins(10)).create().await;
    let cancelled = app.a_show().of(&movie_id).starts_in(SignedDuration::from_mins(20)).create().await;
    let _ = app.admin().await.delete(&cancelled.admin_path()).await.ok();
    let status = async |show_id: &str| app.get(&format!("/shows/{show_id}")).await.ok()["status"].clone();
    assert_eq!(status(&show.show_id).await, "on_sale");
    assert_eq!(status(&cancelled.show_id).await, "cancelled");
    app.pass_seconds(600);
    assert_eq!(status(&show.show_id).await, "started");
    let found = async || listed(&app, &format!("/shows?movie_id={movie_id}"), "show_id").await;
    assert_eq!(found().await, [show.show_id.clone(), cancelled.show_id.clone()]);
    app.pass(SignedDuration::from_mins(89));
    assert!(found().await.contains(&show.show_id));
    app.pass(SignedDuration::from_hours(4));
    assert_eq!(found().await, [""; 0]);
    let _ = app.get(&show.path("/seats")).await.ok();
}

#[tokio::test]
async fn a_seat_map_draws_the_layout() {
    let app = TestApp::start().await;
    let show = app.a_show().row("A", "gold", "12_w").row("B", "silver", "_c1__2").create().await;
    let map = app.seat_map(&show).await;
    has_members(&map.json, &["show_id", "version", "seats_total", "seats_available", "categories", "seats"]);
    assert_eq!(map.json["show_id"], json!(show.show_id));
    assert_eq!((&map.json["seats_total"], &map.json["seats_available"]), (&json!(6), &json!(6)));
    let categories = map.json["categories"].as_array().unwrap();
    for (category, word, amount) in [(&categories[0], "gold", 25_000), (&categories[1], "silver", 15_000)] {
        has_members(category, &["category", "name", "price"]);
        assert_eq!(category["category"], word);
        assert_eq!(category["price"], json!({ "amount": amount, "currency": "INR" }));
    }
    assert_eq!(categories.len(), 2);
    let expected = [
        ("A1", "A", 1, 0, 0, "gold", "standard", 25_000),
        ("A2", "A", 2, 1, 0, "gold", "standard", 25_000),
        ("A3", "A", 3, 3, 0, "gold", "wheelchair", 25_000),
        ("B1", "B", 1, 1, 1, "silver", "companion", 15_000),
        ("B2", "B", 2, 2, 1, "silver", "standard", 15_000),
        ("B3", "B", 3, 5, 1, "silver", "standard", 15_000),
    ];
    assert_eq!(map.seats().len(), expected.len());
    for (name, row, number, x, y, category, seat_type, amount) in expected {
        let seat = map.seat(name);
        has_members(seat, &["seat_id", "label", "row", "number", "x", "y", "category", "seat_type", "status", "price"]);
        assert_eq!(
            (&seat["row"], &seat["number"], &seat["x"], &seat["y"]),
            (&json!(row), &json!(number), &json!(x), &json!(y)),
            "{name}"
        );
        assert_eq!((&seat["category"], &seat["seat_type"]), (&json!(category), &json!(seat_type)), "{name}");
        assert_eq!(seat["price"], json!({ "amount": amount, "currency": "INR" }));
        assert_eq!(seat["status"], "available");
    }
    let ids: BTreeSet<_> = map.seats().iter().map(|seat| id_of(seat, "seat_id")).collect();
    assert_eq!(ids.len(), 6, "a seat_id is unique within its screen");
}

#[tokio::test]
async fn the_version_rises_with_every_change_and_both_views_tell_it() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let mut last = app.seat_map(&show).await.version();
    let mut rises = async |change: &str| {
        let (map, availability) = (app.seat_map(&show).await, app.get(&show.path("/availability")).await.ok());
        assert!(map.version() > last, "{change}: {} after {last}", map.version());
        last = map.version();
        has_members(&availability, &["show_id", "version", "seats_available", "unavailable"]);
        assert_eq!(availability["version"], map.json["version"], "{change}");
        assert_eq!(availability["seats_available"], map.json["seats_available"], "{change}");
        assert_eq!(availability["unavailable"], json!(map.unavailable()), "{change}");
    };
    let first = ada.hold(&show, &["A1", "A2"]).await;
    rises("a hold").await;
    ada.delete(&format!("/locks/{}", id_of(&first, "lock_id"))).await.no_content();
    rises("a release").await;
    let second = ada.hold(&show, &["A1", "A2"]).await;
    rises("another hold").await;
    let booking = ada.pay(&second, "pm_card_visa").await.created();
    rises("a booking").await;
    let _ = ada.cancel(&booking).await.ok();
    rises("a cancellation").await;
    let _ = ada.hold(&show, &["B1"]).await;
    rises("a third hold").await;
    app.pass_seconds(480);
    rises("a lapse").await;
}

#[tokio::test]
async fn looking_changes_nothing() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let (first, second) = (app.get(&show.path("/seats")).await, app.get(&show.path("/seats")).await);
    assert_eq!(first.bytes(), second.bytes());
    assert_eq!(first.header("etag"), second.header("etag"));
}

async fn seats_in(client: &Client, path: &str, encoding: &str) -> Answer {
    client.request(Method::GET, path).header("accept-encoding", encoding).send().await
}

fn decoded(answer: &Answer) -> Value {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        "gzip" => drop(flate2::read::GzDecoder::new(answer.bytes().as_ref()).read_to_end(&mut plain).unwrap()),
        "br" => drop(brotli::Decompressor::new(answer.bytes().as_ref(), 4_096).read_to_end(&mut plain).unwrap()),
        "" | "identity" => plain.extend_from_slice(answer.bytes()),
        other => panic!("{other} was not asked for"),
    }
    serde_json::from_slice(&plain).unwrap()
}

#[tokio::test]
async fn every_encoding_says_the_same() {
    let app = TestApp::start().await;
    let show = app.a_show().seats(300).create().await;
    let ada = app.customer("Ada").await;
    let _ = ada.hold(&show, &["A7", "A8"]).await;
    for path in [show.path("/seats"), show.path("/availability")] {
        let plain = seats_in(&app, &path, "identity").await;
        assert!(matches!(plain.header("content-encoding"), "" | "identity"), "{plain}");
        for encoding in ["gzip", "br"] {
            let encoded = seats_in(&app, &path, encoding).await;
            // A body of a few bytes may come as it is.
            let sent = encoded.header("content-encoding");
            assert!(sent == encoding || sent.is_empty() && plain.bytes().len() < 1_000, "{path}: {sent}");
            assert_eq!(decoded(&encoded), plain.ok(), "{path} in {encoding}");
            assert!(encoded.header("content-type").starts_with("application/json"));
        }
    }
    let map = show.path("/seats");
    assert!(seats_in(&app, &map, "br").await.bytes().len() * 4 < seats_in(&app, &map, "identity").await.bytes().len());
}

#[tokio::test]
async fn an_encoding_that_is_not_wanted_is_not_sent() {
    let app = TestApp::start().await;
    let show = app.a_show().seats(300).create().await;
    let path = show.path("/seats");
    for (wanted, sent) in [
        ("gzip;q=0", ""),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0, br;q=1.0", "br"),
        ("zstd", ""),
        ("nonsense;;;q=", ""),
        ("deflate, gzip;q=1.0, *;q=0", "gzip"),
    ] {
        let answer = seats_in(&app, &path, wanted).await;
        let encoding = answer.header("content-encoding").replace("identity", "");
        assert_eq!((answer.status(), encoding.as_str()), (200, sent), "{wanted}");
        let _ = decoded(&answer);
    }
}

#[tokio::test]
async fn a_seat_map_that_the_client_has_is_not_sent_again() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    for path in [show.path("/seats"), show.path("/availability")] {
        let mut tags = BTreeSet::new();
        for encoding in ["identity", "gzip", "br"] {
            let fresh = seats_in(&app, &path, encoding).await;
            let tag = fresh.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "a strong tag: {tag}");
            assert!(fresh.header("vary").to_ascii_lowercase().contains("accept-encoding"), "{fresh}");
            tags.insert((tag.clone(), fresh.header("content-encoding").to_owned()));
            let ask = async |tag: &str| {
                let request = app.request(Method::GET, &path).header("accept-encoding", encoding);
                request.header("if-none-match", tag).send().await
            };
            // RFC 9110, section 13.1.2: compared weakly, in a list, or any at all.
            for matching in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
                let answer = ask(&matching).await;
                assert_eq!(answer.status(), 304, "{matching}\n{answer}");
                assert!(answer.bytes().is_empty());
                assert_eq!(answer.header("etag"), tag);
                assert!(answer.header("vary").to_ascii_lowercase().contains("accept-encoding"), "{answer}");
            }
            for other in ["\"other\"", "nonsense", "", &tag.replace('"', "")] {
                assert_eq!(ask(other).await.status(), 200, "{other}");
            }
        }
        let (by_tag, by_encoding): (BTreeSet<_>, BTreeSet<_>) = tags.into_iter().unzip();
        assert_eq!(by_tag.len(), by_encoding.len(), "a tag per encoding");
    }

    let tag = app.get(&show.path("/seats")).await.header("etag").to_owned();
    let _ = ada.hold(&show, &["A1"]).await;
    let changed = app.request(Method::GET, &show.path("/seats")).header("if-none-match", &tag).send().await;
    assert_eq!(changed.status(), 200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn a_lapse_changes_the_tag_without_anybody_touching_the_show() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let _ = app.customer("Ada").await.hold(&show, &["A1"]).await;
    let tag = app.get(&show.path("/seats")).await.header("etag").to_owned();
    app.pass_seconds(480);
    let later = app.request(Method::GET, &show.path("/seats")).header("if-none-match", &tag).send().await;
    assert_eq!(later.ok()["seats_available"], 20);
}

#[tokio::test]
async fn a_cancelled_show_s_seat_map_stays_readable() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let _ = app.admin().await.delete(&show.admin_path()).await.ok();
    assert_eq!(app.seat_map(&show).await.seats().len(), 20);
    let _ = app.get(&show.path("/availability")).await.ok();
}

/// What a client that follows the stream believes to be unavailable.
fn follow(belief: &mut BTreeMap<String, String>, event: &Event) -> u64 {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match event.event.as_str() {
        "snapshot" => {
            has_members(&event.data, &["version", "unavailable"]);
            let whole = event.data["unavailable"].as_object().unwrap();
            *belief = whole.iter().map(|(seat, status)| (seat.clone(), text(status))).collect();
        }
        "seats" => {
            has_members(&event.data, &["version", "changes"]);
            for change in event.data["changes"].as_array().unwrap() {
                match text(&change["status"]).as_str() {
                    "available" => drop(belief.remove(&text(&change["seat_id"]))),
                    status => drop(belief.insert(text(&change["seat_id"]), status.to_owned())),
                }
            }
        }
        other => panic!("an event of type {other}"),
    }
    let version = event.data["version"].as_u64().unwrap();
    assert_eq!(event.id, version.to_string(), "the event id is the version");
    version
}

#[tokio::test]
async fn the_stream_begins_with_a_snapshot_and_goes_on_with_changes() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let _ = ada.hold(&show, &["A1"]).await;
    let mut events = app.events(&show).await;
    let (mut belief, first) = (BTreeMap::new(), events.next().await);
    assert_eq!(first.event, "snapshot");
    let mut version = follow(&mut belief, &first);
    let map = app.seat_map(&show).await;
    assert_eq!((version, &belief), (map.version(), &map.unavailable()));

    let lock = ada.hold(&show, &["A2", "A3"]).await;
    let booking = ada.pay(&lock, "pm_card_visa").await.created();
    let _ = ada.cancel(&booking).await.ok();
    app.pass_seconds(480);
    let end = app.seat_map(&show).await;
    while version < end.version() {
        let event = events.next().await;
        assert_eq!(event.event, "seats");
        let next = follow(&mut belief, &event);
        assert!(next > version, "versions only rise");
        version = next;
    }
    assert_eq!(belief, end.unavailable());
}

#[tokio::test]
async fn a_lapse_is_told_to_those_who_watch() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let _ = app.customer("Ada").await.hold(&show, &["A1"]).await;
    let mut events = app.events(&show).await;
    let mut belief = BTreeMap::new();
    let _ = follow(&mut belief, &events.next().await);
    assert_eq!(belief.len(), 1);
    app.pass_seconds(480);
    let _ = follow(&mut belief, &events.next().await);
    assert_eq!(belief.len(), 0);
}

#[tokio::test]
async fn a_stream_resumes_where_it_broke_off_or_starts_again() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let mut events = app.events(&show).await;
    let (mut belief, first) = (BTreeMap::new(), events.next().await);
    let _ = follow(&mut belief, &first);
    drop(events);

    let _ = ada.hold(&show, &["A1"]).await;
    let _ = ada.book(&show, &["A2"]).await;
    let map = app.seat_map(&show).await;
    for last_seen in [first.id.as_str(), "0", "18446744073709551615", "nonsense", "-1", ""] {
        let request = app.request(Method::GET, &show.path("/seats/events")).header("last-event-id", last_seen);
        let mut events = request.stream().await;
        let mut belief = if last_seen == first.id { belief.clone() } else { BTreeMap::new() };
        let mut version = 0;
        while version != map.version() {
            version = follow(&mut belief, &events.next().await);
        }
        assert_eq!(belief, map.unavailable(), "resumed after {last_seen:?}");
    }
}

#[tokio::test]
async fn a_stream_of_the_present_says_so_when_resumed() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let now = app.events(&show).await.next().await;
    let request = app.request(Method::GET, &show.path("/seats/events")).header("last-event-id", &now.id);
    let mut events = request.stream().await;
    let _ = ada.hold(&show, &["A1"]).await;
    let map = app.seat_map(&show).await;
    let (mut belief, mut version) = (BTreeMap::new(), 0);
    while version < map.version() {
        version = follow(&mut belief, &events.next().await);
    }
    assert_eq!(belief, map.unavailable());
}

#[tokio::test]
async fn a_price_for_everybody_is_seen_at_once_after_it_changed() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let before = app.get(&show.path("/seats")).await;
    let prices = json!({
        "gold": { "amount": 30_000, "currency": "INR" },
        "silver": { "amount": 10_000, "currency": "INR" },
    });
    let _ = app.admin().await.patch(&show.admin_path(), json!({ "prices": prices })).await.ok();
    eventually("the new price is shown", async || {
        let map = app.seat_map(&show).await;
        (map.seat("A1")["price"]["amount"] == 30_000).then_some(())
    })
    .await;
    let request = app.request(Method::GET, &show.path("/seats")).header("if-none-match", before.header("etag"));
    assert_eq!(request.send().await.status(), 200, "the old bytes are not current any more");
    assert_eq!(app.get(&show.path("")).await.ok()["price_from"]["amount"], 10_000);
}
