//! Tickets as they are carried to the door: a code per ticket, holding its token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use marquee_testkit::{Client, Launch, TestApp, id_of};
use serde_json::{Value, json};

use crate::MARQUEE;

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

/// What a page says, its white space evened out.
fn text_of(pdf: &[u8], page: u32) -> String {
    let text = lopdf::Document::load_mem(pdf).unwrap().extract_text(&[page]).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_pdf_says_in_text_all_that_the_door_needs() {
    let app = TestApp::start().await;
    let movie_id = app.a_movie().title("The Grand Premiere").create().await;
    let cinema_id = app.a_cinema().with("name", json!("Odeon Kreuzberg")).timezone("Europe/Berlin").create().await;
    let show = app.a_show().of(&movie_id).at(&cinema_id).starts_at("2026-10-23T17:30:00Z").create().await;
    let ada = app.customer("Ada").await;
    let booking = ada.book(&show, &["A1", "B3"]).await;
    let pdf = ticket(&ada, &booking, "pdf").await;
    let name = pdf.header("content-disposition");
    let reference = name.split('"').nth(1).unwrap().trim_end_matches(".pdf").to_owned();
    for (page, seat, price) in [(1, "A1", "INR 250.00"), (2, "B3", "INR 150.00")] {
        let text = text_of(pdf.bytes(), page);
        let time = ["Fri 23 Oct 2026", "19:30", "CEST (UTC+02:00)"];
        for said in ["The Grand Premiere", "Odeon Kreuzberg", seat, price, &reference].into_iter().chain(time) {
            assert!(text.contains(said), "no {said:?} in {text:?}");
        }
    }
}

#[tokio::test]
async fn who_may_see_a_cancelled_booking_hears_that_it_has_no_tickets() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let (ada, bob) = (app.customer("Ada").await, app.customer("Bob").await);
    let booking = ada.book(&show, &["A1"]).await;
    let _ = ada.cancel(&booking).await.ok();
    for form in ["svg", "pdf"] {
        let hers = ticket(&ada, &booking, form).await.problem("booking_not_found");
        assert_eq!(hers["detail"], "The booking was cancelled: it has no tickets.");
        let clerk = app.box_office(&show.cinema_id).await;
        assert_eq!(ticket(&clerk, &booking, form).await.problem("booking_not_found")["detail"], hers["detail"]);
        let his = ticket(&bob, &booking, form).await.problem("booking_not_found");
        let unknown = json!({ "booking_id": "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c" });
        let nobodys = ticket(&bob, &unknown, form).await.problem("booking_not_found");
        assert_eq!(his["detail"], nobodys["detail"], "a stranger must not hear that it exists");
        assert_ne!(his["detail"], hers["detail"]);
    }
}

#[tokio::test]
async fn who_did_not_pay_hears_that_there_are_no_tickets() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let ada = app.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    ada.pay(&lock, "pm_card_visa_chargeDeclined").await.problem("payment_declined");
    let failed = ada.get("/user/me/bookings").await.ok()["items"][0].clone();
    assert_eq!(failed["status"], "failed");
    for form in ["svg", "pdf"] {
        let answer = ticket(&ada, &failed, form).await.problem("booking_not_found");
        assert_eq!(answer["detail"], "The booking was not paid: it has no tickets.");
    }
}

#[tokio::test]
async fn a_new_ticket_key_signs_after_a_restart_and_older_tickets_stay_good() {
    let data_dir = tempfile::tempdir().unwrap();
    let start = Launch::new(MARQUEE, data_dir.path());
    let marquee = start.ready().await;
    let show = marquee.a_show().create().await;
    let ada = marquee.customer("Ada").await;
    let first = ada.book(&show, &["A1"]).await;
    let before = ticket_keys(&marquee).await;

    let rotated = start.clone().arguments(&["keys", "rotate", "tickets"]).ended().await;
    assert_eq!(rotated.code, Some(0), "{}", rotated.errors);
    assert_eq!(ticket_keys(&marquee).await, before, "a running server goes on with the key it started with");
    assert_eq!(signed_by(&ada.book(&show, &["A2"]).await), before[0]);
    assert_eq!(marquee.stop().await.0, Some(0));

    let marquee = start.ready().await;
    let ada = ada.at(&marquee);
    let after = ticket_keys(&marquee).await;
    assert_eq!((after.len(), &after[1..]), (2, before.as_slice()), "the older key stays published");
    assert_eq!(signed_by(&ada.book(&show, &["A3"]).await), after[0]);
    assert_eq!(signed_by(&first), after[1]);
}

/// The ids of the keys that verify tickets, the one that signs first.
async fn ticket_keys(client: &Client) -> Vec<String> {
    let keys = client.get("/tickets/keys").await.ok();
    keys["keys"].as_array().unwrap().iter().map(|key| id_of(key, "kid").to_owned()).collect()
}

/// The id of the key that signed a booking's first ticket: bytes 1 to 4 of its token.
fn signed_by(booking: &Value) -> String {
    let token = &tokens(booking)[0];
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("mq2.").unwrap()).unwrap();
    bytes[1..5].iter().map(|byte| format!("{byte:02x}")).collect()
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
