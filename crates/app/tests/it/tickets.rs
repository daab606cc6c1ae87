//! Tickets as they are carried to the door: a code per ticket, holding its token.

use marquee_testkit::{Client, TestApp, id_of};
use serde_json::Value;

/// Pixels of a module in the picture that is decoded.
const MODULE_PIXELS: usize = 4;

async fn ticket(client: &Client, booking: &Value, form: &str) -> marquee_testkit::Answer {
    client.get(&format!("/booking/{}/ticket.{form}", id_of(booking, "booking_id"))).await
}

/// The tokens of the QR codes that an SVG document draws, as a scanner reads them.
fn scanned(svg: &str) -> Vec<String> {
    let paths = svg.split(" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    paths.filter(|path| path.contains("v1h-")).map(scan).collect()
}

/// Reads the code whose dark runs a path draws: `M{x} {y}h{length}v1h-{length}z` for each.
fn scan(path: &str) -> String {
    let runs: Vec<(usize, usize, usize)> = path
        .split('M')
        .filter(|run| !run.is_empty())
        .map(|run| {
            let (place, rest) = run.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            (x.parse().unwrap(), y.parse().unwrap(), rest.split_once('v').unwrap().0.parse().unwrap())
        })
        .collect();
    let side = runs.iter().map(|(x, y, length)| (x + length).max(*y)).max().unwrap() + 8;
    let dark =
        |x: usize, y: usize| runs.iter().any(|(from, row, length)| *row == y && (*from..from + length).contains(&x));
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(side * MODULE_PIXELS, side * MODULE_PIXELS, |x, y| {
            if dark(x / MODULE_PIXELS, y / MODULE_PIXELS) { 0 } else { 255 }
        });
    let found = picture.detect_grids();
    assert_eq!(found.len(), 1, "one code in a path");
    found[0].decode().unwrap().1
}

fn tokens(booking: &Value) -> Vec<String> {
    let tickets = booking["tickets"].as_array().unwrap();
    tickets.iter().map(|ticket| ticket["token"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_svg_holds_a_code_per_ticket_with_its_token() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1", "A2", "B3"]).await;
    let answer = ticket(&ada, &booking, "svg").await;
    assert_eq!(answer.status(), 200, "{answer}");
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert_eq!(scanned(&answer.text()), tokens(&booking));
}

#[tokio::test]
async fn the_pdf_has_a_page_per_ticket() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1", "A2", "B3"]).await;
    let answer = ticket(&ada, &booking, "pdf").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), "application/pdf");
    let text = answer.text();
    assert!(text.starts_with("%PDF-"));
    assert!(text.trim_end().ends_with("%%EOF"));
    assert!(text.contains("/Count 3"), "three pages");
}

#[tokio::test]
async fn the_ticket_of_a_confirmed_booking_stays_the_same() {
    let mut app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1"]).await;
    app.restart().await;
    let ada = ada.at(&app);
    assert_eq!(tokens(&ada.booking(&booking).await), tokens(&booking));
    assert_eq!(scanned(&ticket(&ada, &booking, "svg").await.text()), tokens(&booking));
}

#[tokio::test]
async fn markup_in_names_is_only_text() {
    let app = TestApp::start().await;
    let nasty = r#"<script>alert("1")</script>&]]>"#;
    let movie_id = app.a_movie().title(nasty).create().await;
    let show = app.a_show().of(&movie_id).create().await;
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1"]).await;
    let svg = ticket(&ada, &booking, "svg").await.text();
    assert!(!svg.contains("<script"), "{svg}");
    assert!(svg.contains("&lt;script"), "the title is still there");
}
