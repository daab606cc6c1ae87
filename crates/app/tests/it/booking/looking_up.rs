//! Who sees which bookings, and in which order.

use marquee_testkit::TestApp;
use serde_json::json;

use super::{history, id, show};

#[tokio::test]
async fn somebody_else_s_booking_does_not_exist() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let booking = bob.book(&show, &["A1"]).await;
    for path in ["", "/ticket.pdf", "/ticket.svg"] {
        ada.get(&format!("/booking/{}{path}", id(&booking))).await.problem("booking_not_found");
        app.get(&format!("/booking/{}{path}", id(&booking))).await.problem("unauthenticated");
    }
    ada.cancel(&booking).await.problem("booking_not_found");
    assert_eq!(bob.booking(&booking).await["status"], "confirmed");
}

#[tokio::test]
async fn staff_see_and_cancel_the_bookings_of_their_cinema_alone() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let elsewhere = app.a_cinema().create().await;
    let (first, second) = (ada.book(&show, &["A1"]).await, ada.book(&show, &["A2"]).await);
    let (clerk, stranger) = (app.box_office(&show.cinema_id).await, app.box_office(&elsewhere).await);
    assert_eq!(clerk.booking(&first).await, first);
    assert_eq!(app.admin().await.booking(&first).await, first);
    stranger.get(&format!("/booking/{}", id(&first))).await.problem("booking_not_found");
    stranger.cancel(&first).await.problem("booking_not_found");
    assert_eq!(clerk.cancel(&first).await.ok()["status"], "cancelled");
    assert_eq!(app.admin().await.cancel(&second).await.ok()["status"], "cancelled");
    assert_eq!(ada.booking(&first).await["status"], "cancelled");
}

#[tokio::test]
async fn history_is_newest_first_and_paged_without_loss() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    assert_eq!(ada.get("/user/me/bookings").await.ok(), json!({ "items": [], "next_cursor": null }));
    let mut booked = Vec::new();
    for seat in ["A1", "A2", "A3", "A4", "A5"] {
        booked.push(ada.book(&show, &[seat]).await);
        let _ = bob.book(&show, &[&seat.replace('A', "B")]).await;
        app.pass_seconds(1);
    }
    booked.reverse();
    assert_eq!(history(&ada).await, booked);

    let (mut seen, mut next) = (Vec::new(), "/user/me/bookings?limit=2".to_owned());
    for seat in ["A6", "A7", "A8", "A9"] {
        let page = ada.get(&next).await.ok();
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/user/me/bookings?limit=2&cursor={cursor}");
        let _ = ada.book(&show, &[seat]).await;
        app.pass_seconds(1);
    }
    assert_eq!(seen, booked, "what is booked meanwhile does not move the pages");
    let by_id = ada.get(&format!("/user/{}/bookings?limit=100", ada.user_id)).await.ok();
    assert_eq!(by_id["items"].as_array().unwrap(), &history(&ada).await);
}

#[tokio::test]
async fn a_cursor_is_of_no_use_to_somebody_else() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    for seat in ["A1", "A2", "A3"] {
        let _ = ada.book(&show, &[seat]).await;
        app.pass_seconds(1);
    }
    let page = ada.get("/user/me/bookings?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    let stolen = bob.get(&format!("/user/me/bookings?limit=1&cursor={cursor}")).await;
    assert!(matches!(stolen.status(), 200 | 422), "{stolen}");
    assert!(!stolen.text().contains(&ada.user_id));
}
