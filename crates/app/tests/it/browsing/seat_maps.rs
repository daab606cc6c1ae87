//! Seat maps: what they draw, their versions, encodings and tags.

use std::collections::BTreeSet;
use std::io::Read as _;

use marquee_testkit::{Answer, Client, TestApp, eventually, id_of};
use reqwest::Method;
use serde_json::{Value, json};

use super::has_members;

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
