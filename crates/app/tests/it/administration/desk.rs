//! Bookings and people, for those at work.

use marquee_testkit::{TestApp, eventually, id_of};
use serde_json::{Value, json};

use super::super::conventions::NOBODY;

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| id_of(item, "booking_id")).collect()
}

#[tokio::test]
async fn bookings_are_found_by_the_staff_of_their_cinema_alone() {
    let app = TestApp::start().await;
    let (here, there) = (app.a_show().create().await, app.a_show().create().await);
    let (ada, grace) = (app.customer("Ada 100%").await, app.customer("Grace").await);
    let (of_ada, of_grace) = (ada.book(&here, &["A1"]).await, grace.book(&there, &["A1", "A2"]).await);
    let (one, other) = (id_of(&of_ada, "booking_id"), id_of(&of_grace, "booking_id"));
    let (clerk, manager) = (app.box_office(&here.cinema_id).await, app.manager(&here.cinema_id).await);
    let admin = app.admin().await;

    assert_eq!(ids(&admin.get("/admin/bookings").await.ok()), [other, one]);
    let first = admin.get("/admin/bookings?limit=1").await.ok();
    assert_eq!(ids(&first), [other]);
    let next = format!("/admin/bookings?limit=1&cursor={}", id_of(&first, "next_cursor"));
    assert_eq!(ids(&admin.get(&next).await.ok()), [one]);
    for staff in [&clerk, &manager] {
        assert_eq!(ids(&staff.get("/admin/bookings").await.ok()), [one]);
        staff.get(&format!("/admin/bookings?cinema_id={}", there.cinema_id)).await.problem("forbidden");
        for path in [format!("/admin/bookings/{other}"), format!("/admin/bookings/{other}/story")] {
            staff.get(&path).await.problem("booking_not_found");
        }
    }
    let reference = id_of(&of_ada, "reference").to_lowercase();
    let date = app.get(&here.path("")).await.ok()["start_time"].as_str().unwrap()[..10].to_owned();
    for (asked, found) in [
        (format!("q={one}"), vec![one]),
        (format!("q={}", reference.replace('-', "%20")), vec![one]),
        ("q=100%25".to_owned(), vec![one]),
        ("q=%25".to_owned(), vec![one]),
        ("q=_da".to_owned(), vec![]),
        (format!("q={}", grace.email.to_uppercase()), vec![other]),
        (format!("q={reference}&show_id={}", here.show_id), vec![one]),
        (format!("q={reference}&show_id={}", there.show_id), vec![]),
        (format!("show_id={}", there.show_id), vec![other]),
        (format!("cinema_id={}&status=confirmed", here.cinema_id), vec![one]),
        ("status=cancelled".to_owned(), vec![]),
        (format!("cinema_id={}&date={date}", here.cinema_id), vec![one]),
        (format!("cinema_id={}&date=2020-01-01", here.cinema_id), vec![]),
    ] {
        assert_eq!(ids(&admin.get(&format!("/admin/bookings?{asked}")).await.ok()), found, "{asked}");
    }
    for (field, asked) in [("date", "date=today"), ("status", "status=sold"), ("surprise", "surprise=1")] {
        admin.get(&format!("/admin/bookings?{asked}")).await.blames(field);
    }
}

#[tokio::test]
async fn the_story_of_a_booking_tells_who_did_what() {
    let app = TestApp::start().await;
    let show = app.a_show().create().await;
    let (ada, clerk) = (app.customer("Ada").await, app.box_office(&show.cinema_id).await);
    let booking = ada.book(&show, &["A1"]).await;
    let _ = ada.book(&show, &["A2"]).await;
    let path = format!("/admin/bookings/{}", id_of(&booking, "booking_id"));
    app.pass_seconds(3600);
    let clerk = app.again(&clerk).await;
    let cancel = format!("/booking/{}/cancel", id_of(&booking, "booking_id"));
    let _ = clerk.post(&cancel, json!({ "reason": "ill" })).await.ok();
    let story = clerk.get(&format!("{path}/story")).await.ok();
    let told: Vec<(&str, &Value)> = story["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["kind"].as_str().unwrap(), &event["by"]["name"]))
        .filter(|(kind, _)| kind.starts_with("Booking"))
        .collect();
    assert_eq!(story["complete"], true, "a quiet journal is read to its end");
    let (guest, staff) = (json!("Ada"), json!("Clerk"));
    assert_eq!(told[0], ("BookingClaimed", &guest), "{story}");
    assert_eq!(told.last().unwrap(), &("BookingCancelled", &staff), "{story}");
    assert!(told.iter().all(|(_, by)| by.is_null() || **by == guest || **by == staff), "{story}");
    assert_eq!(story["cancel_reason"], "ill");
    let found = clerk.get(&path).await.ok();
    assert_eq!((&found["name"], &found["status"], &found["seats"]), (&guest, &json!("cancelled"), &json!(["A1"])));
}

#[tokio::test]
async fn a_day_shows_what_was_sold_and_given_back_in_ones_own_cinemas() {
    let app = TestApp::start().await;
    let (here, there) = (app.a_show().create().await, app.a_show().create().await);
    let (ada, manager, admin) = (app.customer("Ada").await, app.manager(&here.cinema_id).await, app.admin().await);
    let kept = ada.book(&here, &["A1", "A2"]).await;
    let given_back = ada.book(&here, &["A3"]).await;
    let _ = ada.book(&there, &["A1"]).await;
    let _ = ada.hold(&here, &["A4"]).await;
    let declined = ada.pay(&ada.hold(&here, &["A5"]).await, "pm_card_visa_chargeDeclined").await;
    declined.problem("payment_declined");
    let _ = ada.cancel(&given_back).await;
    let bought = app.get(&here.path("")).await.ok();
    let clock: jiff::tz::TimeZone = {
        let cinema = app.get(&format!("/cinemas/{}", here.cinema_id)).await.ok();
        jiff::tz::TimeZone::get(cinema["timezone"].as_str().unwrap()).unwrap()
    };
    let now = clock.to_datetime(app.now());
    let path = format!("/admin/dashboard?date={}", now.date());
    let sum = |booking: &Value| booking["total_price"]["amount"].as_i64().unwrap();
    let both = sum(&kept) + sum(&given_back);

    let of_manager = manager.get(&path).await.ok();
    let sales = &of_manager["sales"];
    assert_eq!((&sales["bookings"], &sales["seats"]), (&json!(2), &json!(3)), "{of_manager}");
    assert_eq!(sales["amounts"], json!([{ "amount": both, "currency": kept["total_price"]["currency"] }]));
    assert_eq!(sales["hours"][0]["hour"], json!(now.hour()));
    assert_eq!(of_manager["refunds"]["bookings"], 1);
    let funnel = &of_manager["funnel"];
    assert_eq!((&funnel["payments"], &funnel["confirmed"], &funnel["failed"]), (&json!(3), &json!(2), &json!(1)));
    // Holds are written down every few seconds of real time.
    eventually("the holds are counted", async || (manager.get(&path).await.ok()["funnel"]["holds"] == 4).then_some(()))
        .await;
    assert_eq!(admin.get(&path).await.ok()["sales"]["bookings"], 3);
    assert_eq!(admin.get(&format!("{path}&cinema_id={}", there.cinema_id)).await.ok()["sales"]["bookings"], 1);
    manager.get(&format!("{path}&cinema_id={}", there.cinema_id)).await.problem("forbidden");
    admin.get(&format!("{path}&cinema_id={NOBODY}")).await.problem("cinema_not_found");
    admin.get("/admin/dashboard?date=today").await.blames("date");

    let starts: jiff::Timestamp = bought["start_time"].as_str().unwrap().parse().unwrap();
    let of_show = format!("/admin/dashboard?date={}", clock.to_datetime(starts).date());
    let shows = manager.get(&of_show).await.ok()["shows"].clone();
    let show = shows.as_array().unwrap().iter().find(|show| show["show_id"] == json!(here.show_id)).unwrap();
    assert_eq!((&show["seats_sold"], &show["seats_total"]), (&json!(2), &bought["seats_total"]));
}

#[tokio::test]
async fn roles_are_given_and_taken_by_those_whose_they_are_to_give() {
    let app = TestApp::start().await;
    let (here, there) = (app.a_cinema().create().await, app.a_cinema().create().await);
    let (manager, admin, ada) = (app.manager(&here).await, app.admin().await, app.customer("Ada").await);
    let (roles, list) = (format!("/admin/users/{}/roles", ada.user_id), "/admin/users");
    let give = |role: &str, cinema_id: Option<&str>| json!({ "role": role, "cinema_id": cinema_id });

    // Whom a manager sees: their own people, and whoever has exactly the address that they know.
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| id_of(item, "name").to_owned()).collect()
    };
    assert_eq!(names(&manager.get(list).await.ok()), ["Manager"]);
    assert_eq!(names(&manager.get(&format!("{list}?q=ada")).await.ok()), Vec::<String>::new());
    assert_eq!(names(&manager.get(&format!("{list}?q={}", ada.email.to_uppercase())).await.ok()), ["Ada"]);
    assert_eq!(names(&admin.get(&format!("{list}?q=aDa")).await.ok()), ["Ada"]);
    assert_eq!(names(&admin.get(&format!("{list}?role=manager")).await.ok()), ["Manager"]);
    manager.get(&format!("{list}/{}", ada.user_id)).await.problem("user_not_found");

    for (role, cinema_id) in
        [("admin", None), ("manager", Some(&*here)), ("box_office", None), ("box_office", Some(&*there))]
    {
        manager.post(&roles, give(role, cinema_id)).await.problem("forbidden");
    }
    let given = manager.post(&roles, give("box_office", Some(&here))).await.ok();
    assert_eq!(given["grants"], json!([{ "role": "box_office", "cinema_id": here }]));
    assert_eq!(manager.post(&roles, give("box_office", Some(&here))).await.ok(), given, "again changes nothing");
    let clerk = app.again(&ada).await;
    let _ = clerk.get("/admin/bookings").await.ok();
    for (role, cinema_id, code) in [
        ("customer", None, "invalid_request"),
        ("manager", None, "invalid_request"),
        ("manager", Some(NOBODY), "cinema_not_found"),
    ] {
        admin.post(&roles, give(role, cinema_id)).await.problem(code);
    }
    admin.post(&format!("/admin/users/{NOBODY}/roles"), give("admin", None)).await.problem("user_not_found");

    let taken = manager.delete(&format!("{roles}?role=box_office&cinema_id={here}")).await.ok();
    assert_eq!(taken["grants"], json!([]));
    clerk.get("/user/me").await.problem("unauthenticated");
    manager.delete(&format!("{roles}?role=box_office&cinema_id={here}")).await.problem("invalid_request");
    admin.delete(&format!("/admin/users/{}/roles?role=admin", admin.user_id)).await.problem("own_role");
}
