//! Every kind of event as it is really produced, beside what `docs/events.md` says of it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use marquee_http::Role;
use marquee_testkit::{TestApp, eventually_within, id_of};
use reqwest::Method;
use serde_json::{Map, Value, json};

const DOCUMENT: &str = include_str!("../../../../docs/events.md");
/// Produced by a consumer that gives an event up, of which this program has none: the bus's own tests look at it.
const ELSEWHERE: [&str; 1] = ["EventRefused"];

/// Objects whose members' names are data: each field that changed, each category.
const CHANGES: [&str; 4] = ["CinemaChanged", "MovieChanged", "ScreenChanged", "ShowChanged"];
const BY_CATEGORY: &str = "prices";

/// Attempts after which the gateway takes a refund: more than it takes to be shown as failed.
const REFUSALS: u32 = 1_000;
/// A show that has not begun however many minutes pass.
const FAR_AHEAD: SignedDuration = SignedDuration::from_hours(300 * 24);
/// How long a step of many may take.
const LONG: Duration = Duration::from_secs(60);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SEATS: usize = 40;

/// The form of a value: each member by its type. A list has the form of its elements; the name of what is not always there, or
/// null at times, ends in a question mark.
fn form(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => "boolean".into(),
        Value::Number(number) => if number.is_f64() { "number" } else { "integer" }.into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => items.iter().map(form).reduce(both).into_iter().collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), form_of(name, member))).collect(),
    }
}

fn form_of(name: &str, member: &Value) -> Value {
    match member {
        Value::Object(members) if name == BY_CATEGORY => json!({ "*": members.values().map(form).reduce(both) }),
        _ => form(member),
    }
}

/// The form of what changed: every field has its old and its new value, of whatever form.
fn form_of_changes(payload: &Value) -> Value {
    for change in payload.as_object().unwrap().values() {
        let names: Vec<&String> = change.as_object().unwrap().keys().collect();
        assert_eq!(names, ["old", "new"], "{payload}");
    }
    json!({ "*": { "old": "any", "new": "any" } })
}

/// What fits both forms.
fn both(one: Value, other: Value) -> Value {
    match (one, other) {
        (one, other) if one == other => one,
        (Value::Object(one), Value::Object(other)) => members_of_both(&one, &other).into(),
        (Value::Array(one), Value::Array(other)) => one.into_iter().chain(other).reduce(both).into_iter().collect(),
        (one, other) => panic!("one member, two types: {one} and {other}"),
    }
}

fn members_of_both(one: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let name = |member: &String| member.trim_end_matches('?').to_owned();
    let mut members = Map::new();
    for name in one.keys().chain(other.keys()).map(name) {
        let always = [one, other].map(|form| form.get(&name).cloned());
        let at_times = [one, other].map(|form| form.get(&format!("{name}?")).cloned());
        let forms = || always.iter().chain(&at_times).flatten().filter(|form| !form.is_null()).cloned();
        let is_always = always.iter().all(|form| form.as_ref().is_some_and(|form| !form.is_null()));
        let member = if is_always || forms().next().is_none() { name } else { format!("{name}?") };
        members.insert(member, forms().reduce(both).unwrap_or_default());
    }
    members
}

/// The forms that the document tells of: the first block of each heading that is a kind.
fn documented() -> BTreeMap<String, Value> {
    let sections = DOCUMENT.split("\n### ").skip(1);
    let forms = sections.map(|section| {
        let (kind, text) = section.split_once('\n').unwrap();
        let block = text.split("```json\n").nth(1).unwrap_or_else(|| panic!("{kind} has no form"));
        let block = block.split("```").next().unwrap();
        (kind.to_owned(), serde_json::from_str(block).unwrap_or_else(|error| panic!("{kind}: {error}")))
    });
    forms.collect()
}

/// The forms of what is in the journal.
async fn produced(app: &TestApp) -> BTreeMap<String, Value> {
    let sql = "SELECT kind, payload FROM journal ORDER BY seq";
    let rows = app.running().services.db.read(|tx| tx.query(sql, &[])).await.unwrap();
    let mut forms = BTreeMap::<String, Value>::new();
    for row in rows {
        let payload: Value = serde_json::from_str(&row.get::<String>("payload").unwrap()).unwrap();
        let kind: String = row.get("kind").unwrap();
        let form = if CHANGES.contains(&kind.as_str()) { form_of_changes(&payload) } else { form(&payload) };
        let form = match forms.remove(&kind) {
            Some(before) => both(before, form),
            None => form,
        };
        forms.insert(kind, form);
    }
    forms
}

/// Films, places and shows: made, changed, removed.
async fn run_the_house(app: &TestApp) {
    let (admin, show) = (app.admin().await, app.a_show().create().await);
    let location = json!({ "lat": 18.9, "lon": 72.8 });
    let _ = app.a_cinema().with("address", "Colaba".into()).with("location", location).create().await;
    let film = app
        .a_movie()
        .with("genres", json!(["Drama"]))
        .with("languages", json!(["hi"]))
        .with("cast", json!(["Amjad Khan"]));
    let film = film.with("certificate", "UA".into()).with("synopsis", "A train arrives.".into());
    let _ = film.with("release_date", "1975-08-15".into()).with("director", "Ramesh Sippy".into()).create().await;
    let layout = json!({ "rows": [{ "row": "A", "category": "gold", "seats": "123" }] });
    let screen = format!("/admin/screens/{}", show.screen_id);
    let (movie, cinema) = (format!("/admin/movies/{}", show.movie_id), format!("/admin/cinemas/{}", show.cinema_id));
    for (path, change) in [
        (&movie, json!({ "title": "Another title" })),
        (&cinema, json!({ "name": "Another name" })),
        (&screen, json!({ "name": "Another screen" })),
        (&screen, json!({ "layout": layout })),
        (&show.admin_path(), json!({ "language": "hi" })),
    ] {
        let _ = admin.patch(path, change).await.ok();
    }
    let blocked = format!("{}/blocked-seats", show.admin_path());
    let _ = admin.post(&blocked, json!({ "seats": show.seats(&["A1", "A2"]) })).await.ok();
    let broken = json!({ "seats": show.seats(&["A2"]), "reason": "broken", "note": "A spring came out" });
    let _ = admin.post(&blocked, broken).await.ok();
    admin.delete(&format!("{blocked}/{}", show.seat("A1"))).await.no_content();
    for path in [show.admin_path(), screen, cinema, movie] {
        let answer = admin.delete(&path).await;
        assert!(matches!(answer.status(), 200 | 204), "{answer}");
    }
}

/// Accounts: made, given roles and a new password, signed in and out, erased.
async fn run_the_accounts(app: &TestApp) {
    let ada = app.customer("Ada").await;
    let again = app.again(&ada).await;
    assert_eq!(app.post_form("/auth/revoke", &[("token", again.token())]).await.status(), 200);
    let cinema_id = app.a_cinema().create().await;
    let accounts = &app.running().services.accounts;
    for cinemas in [vec![], vec![cinema_id.parse().unwrap()]] {
        accounts.grant_role(&ada.email, Role::BoxOffice, &cinemas).await.unwrap();
        accounts.take_role(&ada.email, Role::BoxOffice, &cinemas).await.unwrap();
    }
    accounts.change_password(&ada.email, "another long password").await.unwrap();
    let eve = app.customer("Eve").await;
    let erased = eve.request(Method::DELETE, "/user/me").json(&json!({ "password": eve.password })).send().await;
    erased.no_content();
}

/// Bookings: paid, declined, given back in every way.
async fn sell(app: &TestApp) {
    let show = app.a_show().seats(SEATS).starts_in(FAR_AHEAD).create().await;
    let buyer = app.customer("Bob").await;
    // Time passes, and with it every token.
    let bob = async || app.again(&buyer).await;
    let mut seats = show.names();
    let mut next = || seats.next().unwrap();
    let lock = bob().await.hold(&show, &[next()]).await;
    bob().await.pay(&lock, "pm_card_visa_chargeDeclined").await.problem("payment_declined");
    at_the_gate(app).await;
    // Given back before the money was taken: whether that is in time is the capture's affair.
    eventually_within(LONG, "a payment is voided", async || {
        let (booking, person) = (bob().await.book(&show, &[next()]).await, bob().await);
        app.sandbox().go_down();
        let _ = person.cancel(&booking).await.ok();
        app.sandbox().come_back();
        told_of(app, "RefundSettled", &booking).await;
        produced(app).await.contains_key("PaymentVoided").then_some(())
    })
    .await;
    // At a till, and given back there.
    let clerk = app.box_office(&show.cinema_id).await;
    let lock = clerk.hold(&show, &[next()]).await;
    let at_till = clerk.pay(&lock, "pm_till_cash").await.created();
    let _ = clerk.cancel(&at_till).await.ok();
    let _ = clerk.post_nothing(&format!("/booking/{}/payout", id_of(&at_till, "booking_id"))).await.ok();
    let booking = bob().await.book(&show, &[next()]).await;
    told_of(app, "PaymentCaptured", &booking).await;
    app.sandbox().fail_next_refunds(REFUSALS);
    let _ = bob().await.cancel(&booking).await.ok();
    told_of(app, "RefundFailed", &booking).await;
    app.sandbox().fail_next_refunds(0);
    told_of(app, "RefundSettled", &booking).await;
}

/// A ticket is scanned at two gates, of which one had no network.
async fn at_the_gate(app: &TestApp) {
    let show = app.a_show().starts_in(MINUTE * 30).create().await;
    let booking = app.customer("Cem").await.book(&show, &["A1"]).await;
    let scan = |gate: &str| {
        json!({
            "token": booking["tickets"][0]["token"], "gate": gate, "scanned_at": app.from_now(SignedDuration::ZERO),
            "nonce": gate, "let_in": true,
        })
    };
    let guard = app.box_office(&show.cinema_id).await;
    let _ = guard.post("/admissions", scan("North")).await.created();
    guard.post("/admissions", scan("Side")).await.problem("already_admitted");
}

/// Waits, in minutes of the server, until the journal tells of that booking.
async fn told_of(app: &TestApp, kind: &'static str, booking: &Value) {
    let sql = "SELECT payload FROM journal WHERE kind = $1";
    let wanted = id_of(booking, "booking_id");
    eventually_within(LONG, kind, async || {
        app.pass(MINUTE);
        let rows = app.running().services.db.read(move |tx| tx.query(sql, &marquee_db::params![kind])).await.unwrap();
        rows.iter().any(|row| row.get::<String>("payload").unwrap().contains(wanted)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn each_kind_has_the_form_that_the_document_says() {
    let app = TestApp::start().await;
    run_the_house(&app).await;
    run_the_accounts(&app).await;
    sell(&app).await;
    let (produced, mut documented) = (produced(&app).await, documented());
    ELSEWHERE.iter().for_each(|kind| drop(documented.remove(*kind)));
    let mut untold = Map::new();
    for (kind, form) in produced {
        if documented.remove(&kind).as_ref() != Some(&form) {
            untold.insert(kind, form);
        }
    }
    assert!(untold.is_empty(), "docs/events.md must say: {:#}", Value::from(untold));
    assert!(documented.is_empty(), "not produced: {documented:?}");
}
