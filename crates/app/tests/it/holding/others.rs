//! Other people: for whom one may hold, and whose holds are none of one's business.

use marquee_testkit::TestApp;
use serde_json::{Value, json};

use super::{HOLD_S, NOBODY, lock_path, show};

#[tokio::test]
async fn holding_for_somebody_else_is_for_staff() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let for_bob = json!({ "seats": show.seats(&["A1"]), "user_id": bob.user_id });
    app.post(&show.path("/reserve"), for_bob.clone()).await.problem("unauthenticated");
    ada.post(&show.path("/reserve"), for_bob.clone()).await.problem("forbidden");
    let for_herself = json!({ "seats": show.seats(&["A2"]), "user_id": ada.user_id });
    let _ = ada.post(&show.path("/reserve"), for_herself).await.created();

    // Somebody else, whoever that may be.
    let for_no_id = json!({ "seats": show.seats(&["A1"]), "user_id": "zzz" });
    ada.post(&show.path("/reserve"), for_no_id.clone()).await.problem("forbidden");

    let clerk = app.box_office(&show.cinema_id).await;
    clerk.post(&show.path("/reserve"), for_no_id).await.problem("user_not_found");
    let lock = clerk.post(&show.path("/reserve"), for_bob).await.created();
    assert_eq!(lock["user_id"], json!(bob.user_id));
    assert_eq!(bob.get(&lock_path(&lock)).await.ok(), lock);
    let for_bob = json!({ "seats": show.seats(&["A3"]), "user_id": bob.user_id });
    let _ = app.admin().await.post(&show.path("/reserve"), for_bob).await.created();
}

#[tokio::test]
async fn nobody_can_hold_seats_for_somebody_who_does_not_exist() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let (clerk, admin) = (app.box_office(&show.cinema_id).await, app.admin().await);
    let (taken, reserve) = (ada.hold(&show, &["A2"]).await, show.path("/reserve"));
    let for_nobody = |seats: Value| json!({ "seats": seats, "user_id": NOBODY });
    app.post(&reserve, for_nobody(json!(["Z-99"]))).await.problem("unauthenticated");
    ada.post(&reserve, for_nobody(json!(["Z-99"]))).await.problem("forbidden");
    for staff in [&clerk, &admin] {
        // Free seats, a taken one, one that is not there, none.
        for seats in [show.seats(&["A1"]).into(), show.seats(&["A2"]).into(), json!(["Z-99"]), json!([])] {
            staff.post(&reserve, for_nobody(seats)).await.problem("user_not_found");
        }
    }
    admin.post(&format!("/shows/{NOBODY}/reserve"), for_nobody(json!([]))).await.problem("show_not_found");
    assert_eq!(app.seat_map(&show).await.available(), 19);
    assert_eq!(ada.get(&lock_path(&taken)).await.ok(), taken);
}

#[tokio::test]
async fn releasing_what_is_not_one_s_own_hold_leaves_it_alone() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let bobs = bob.hold(&show, &["A1"]).await;
    let booked = ada.hold(&show, &["A2"]).await;
    let booking = ada.pay(&booked, "pm_card_visa").await.created();
    let before = app.seat_map(&show).await;
    for path in [lock_path(&bobs), lock_path(&booked), format!("/locks/{NOBODY}"), "/locks/nonsense".to_owned()] {
        ada.delete(&path).await.no_content();
    }
    app.delete(&lock_path(&bobs)).await.problem("unauthenticated");
    assert_eq!(app.seat_map(&show).await.json, before.json);
    assert_eq!(bob.get(&lock_path(&bobs)).await.ok(), bobs);
    assert_eq!(ada.booking(&booking).await["status"], "confirmed");
}

#[tokio::test]
async fn somebody_else_s_hold_does_not_exist() {
    let app = TestApp::start().await;
    let (show, ada, bob) = (show(&app).await, app.customer("Ada").await, app.customer("Bob").await);
    let lock = bob.hold(&show, &["A1"]).await;
    ada.get(&lock_path(&lock)).await.problem("lock_not_found");
    ada.post_nothing(&format!("{}/extend", lock_path(&lock))).await.problem("lock_not_found");
    ada.pay(&lock, "pm_card_visa").await.problem("lock_not_found");
    app.pass_seconds(HOLD_S);
    ada.get(&lock_path(&lock)).await.problem("lock_not_found");
}
