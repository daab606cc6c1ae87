use std::io::Read as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use marquee_http::encoding;
use serde_json::{Value, json};

use super::*;
use crate::Settings;
use crate::fixtures::{noon, seconds, show_on, standing, user};
use crate::holds::MemoryHolds;
use crate::model::Rules;

fn store() -> MemoryHolds {
    MemoryHolds::new(Rules::new(&Settings::default()), 7 << 32, Box::new(|_, _| ()))
}

fn hold(store: &MemoryHolds, seats: &Arc<ShowSeats>, place: u16) {
    store.place(seats, standing(user(), &[place], noon(), noon() + seconds(60)), noon()).unwrap();
}

fn parse(body: &Arc<Rendered>) -> Value {
    serde_json::from_slice(&body.bytes).unwrap()
}

#[tokio::test]
async fn a_map_is_what_the_contract_says() {
    let (store, renderer) = (store(), Renderer::default());
    let show = show_on(&[("A", "gold", "1_w"), ("B", "silver", "_c")]);
    let seats = store.get_or_new(&show);
    hold(&store, &seats, 1);
    let map = parse(&renderer.render(&seats, View::Map, Encoding::Identity).await);
    let (gold, silver) = (json!({"amount": 25_000, "currency": "INR"}), json!({"amount": 35_000, "currency": "INR"}));
    let expected = json!({
        "show_id": show.show_id,
        "version": (7_u64 << 32) + 2,
        "seats_total": 3,
        "seats_available": 2,
        "categories": [
            {"category": "gold", "name": "Gold", "price": gold},
            {"category": "silver", "name": "Silver", "price": silver},
        ],
        "seats": [
            {"seat_id": "A-1", "label": "A1", "row": "A", "number": 1, "x": 0, "y": 0, "category": "gold",
             "seat_type": "standard", "status": "available", "price": gold},
            {"seat_id": "A-2", "label": "A2", "row": "A", "number": 2, "x": 2, "y": 0, "category": "gold",
             "seat_type": "wheelchair", "status": "held", "price": gold},
            {"seat_id": "B-1", "label": "B1", "row": "B", "number": 1, "x": 1, "y": 1, "category": "silver",
             "seat_type": "companion", "status": "available", "price": silver},
        ],
    });
    assert_eq!(map, expected);
    let availability = parse(&renderer.render(&seats, View::Availability, Encoding::Identity).await);
    let expected = json!({
        "show_id": show.show_id, "version": (7_u64 << 32) + 2, "seats_available": 2, "unavailable": {"A-2": "held"},
    });
    assert_eq!(availability, expected);
}

#[tokio::test]
async fn a_body_is_built_once_per_version_and_encoding_and_decodes_to_the_plain_one() {
    let (store, renderer) = (store(), Renderer::default());
    let seats = store.get_or_new(&show_on(&[("A", "gold", &"x".repeat(100))]));
    let plain = renderer.render(&seats, View::Map, Encoding::Identity).await;
    for encoding in [Encoding::Gzip, Encoding::Brotli] {
        let coded = renderer.render(&seats, View::Map, encoding).await;
        let mut decoded = Vec::new();
        match encoding {
            Encoding::Brotli => brotli::BrotliDecompress(&mut &*coded.bytes, &mut decoded).unwrap(),
            _ => drop(flate2::read::GzDecoder::new(&*coded.bytes).read_to_end(&mut decoded).unwrap()),
        }
        assert_eq!(decoded, plain.bytes);
        assert!(coded.bytes.len() * 5 < plain.bytes.len());
        assert_ne!(coded.etag, plain.etag);
        let again = renderer.render(&seats, View::Map, encoding).await;
        assert!(Arc::ptr_eq(&again, &coded));
    }
    assert!(renderer.kept_bytes() > plain.bytes.len());
    hold(&store, &seats, 3);
    assert!(Renderer::ready(&seats, View::Map, Encoding::Gzip).is_none());
    let next = renderer.render(&seats, View::Map, Encoding::Identity).await;
    assert_ne!(next.etag, plain.etag);
    seats.maps.forget();
    drop((plain, next));
    assert_eq!(renderer.kept_bytes(), 0);
}

#[tokio::test]
async fn a_small_body_is_sent_as_it_is() {
    let (store, renderer) = (store(), Renderer::default());
    let seats = store.get_or_new(&show_on(&[("A", "gold", "1")]));
    let body = renderer.render(&seats, View::Availability, Encoding::Brotli).await;
    assert_eq!(body.encoding, Encoding::Identity);
    parse(&body);
}

#[tokio::test]
async fn new_prices_are_a_new_version() {
    let (store, renderer) = (store(), Renderer::default());
    let show = show_on(&[("A", "gold", "1")]);
    let seats = store.get_or_new(&show);
    let before = renderer.render(&seats, View::Map, Encoding::Identity).await;
    let mut dearer = (*show).clone();
    dearer.revision += 1;
    dearer.prices = serde_json::from_value(json!({"gold": {"amount": 1, "currency": "INR"}})).unwrap();
    store.renew(&seats, &Arc::new(dearer), noon());
    let after = renderer.render(&seats, View::Map, Encoding::Identity).await;
    assert_eq!(parse(&after)["seats"][0]["price"]["amount"], 1);
    assert!(parse(&after)["version"].as_u64() > parse(&before)["version"].as_u64());
    store.renew(&seats, &show, noon());
    assert_eq!(seats.revision(), 2, "an older revision changes nothing");
}

#[test]
fn the_client_gets_the_encoding_that_it_likes_best() {
    let accepted = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, text.parse().unwrap());
        encoding::accepted(&headers)
    };
    assert_eq!(encoding::accepted(&HeaderMap::new()), Encoding::Identity);
    for (text, encoding) in [
        ("", Encoding::Identity),
        ("gzip", Encoding::Gzip),
        ("x-gzip", Encoding::Gzip),
        ("gzip, deflate, br, zstd", Encoding::Brotli),
        ("br;q=0.5, gzip", Encoding::Gzip),
        ("BR ; Q=0.9 , gzip ; q=0.8", Encoding::Brotli),
        ("*", Encoding::Brotli),
        ("br;q=0, *", Encoding::Gzip),
        ("br;q=0, gzip;q=0", Encoding::Identity),
        ("*;q=0", Encoding::Identity),
        ("identity, gzip;q=0.5", Encoding::Identity),
        ("gzip;q=nonsense", Encoding::Identity),
        ("deflate, zstd", Encoding::Identity),
    ] {
        assert_eq!(accepted(text), encoding, "{text}");
    }
}
