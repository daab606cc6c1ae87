//! Sold at a till: by staff of the cinema, and nobody else.

use marquee_testkit::{Client, Person, Show, TestApp};
use serde_json::{Value, json};

use super::{NOBODY, id, payment, show};

/// Staff of every kind, of the show's cinema and of another.
async fn staff(app: &TestApp, show: &Show) -> [(&'static str, Person, bool); 6] {
    let elsewhere = app.a_cinema().create().await;
    [
        ("customer", app.customer("Ada").await, false),
        ("box office elsewhere", app.box_office(&elsewhere).await, false),
        ("manager elsewhere", app.manager(&elsewhere).await, false),
        ("box office", app.box_office(&show.cinema_id).await, true),
        ("manager", app.manager(&show.cinema_id).await, true),
        ("admin", app.admin().await, true),
    ]
}

fn payout(booking: &Value) -> String {
    format!("/booking/{}/payout", id(booking))
}

async fn till(client: &Client, show: &Show) -> marquee_testkit::Answer {
    client.get(&format!("/box-office/till?cinema_id={}&date=2026-11-22", show.cinema_id)).await
}

#[tokio::test]
async fn staff_of_the_cinema_take_money_and_nobody_else() {
    let app = TestApp::start().await;
    let show = show(&app).await;
    let paid = app.box_office(&show.cinema_id).await;
    let paid = paid.pay(&paid.hold(&show, &["B1"]).await, "pm_till_cash").await.created();
    app.post_nothing(&payout(&paid)).await.problem("unauthenticated");
    for (seat, (who, person, serves)) in ["A1", "A2", "A3", "A4", "A5", "A6"].into_iter().zip(staff(&app, &show).await)
    {
        let lock = person.hold(&show, &[seat]).await;
        let sold = person.pay(&lock, "pm_till_terminal").await;
        if serves {
            assert_eq!(sold.created()["paid_at_till"], "terminal", "{who}");
            person.post_nothing(&payout(&paid)).await.problem("nothing_to_pay_out");
            assert!(till(&person, &show).await.ok()["lines"].is_array());
        } else {
            sold.problem("forbidden");
            let _ = person.pay(&lock, "pm_card_visa").await.created();
            let refused = if who == "customer" { "forbidden" } else { "booking_not_found" };
            person.post_nothing(&payout(&paid)).await.problem(refused);
            till(&person, &show).await.problem("forbidden");
        }
    }
    // Who may not is told so before what is not there.
    let ada = app.customer("Eve").await;
    ada.post("/booking", payment(&json!({ "lock_id": NOBODY }), "pm_till_cash")).await.problem("forbidden");
    ada.post_nothing(&format!("/booking/{NOBODY}/payout")).await.problem("forbidden");
}

#[tokio::test]
async fn cash_is_sold_for_somebody_else_given_back_by_hand_and_counted() {
    let app = TestApp::start().await;
    let (show, ada) = (show(&app).await, app.customer("Ada").await);
    let clerk = app.box_office(&show.cinema_id).await;
    let found = clerk.get(&format!("/box-office/customers?email={}", ada.email.to_uppercase())).await.ok();
    assert_eq!((&found["user_id"], &found["name"]), (&json!(ada.user_id), &json!("Ada")));
    clerk.get("/box-office/customers?email=nobody@example.test").await.problem("user_not_found");
    clerk.get("/box-office/customers").await.problem("invalid_request");
    ada.get(&format!("/box-office/customers?email={}", ada.email)).await.problem("forbidden");

    let seats = json!({ "seats": show.seats(&["A1", "A2"]), "user_id": ada.user_id });
    let lock = clerk.post(&show.path("/reserve"), seats).await.created();
    let order = json!({ "lock_id": lock["lock_id"], "payment_token": "pm_till_cash", "user_id": ada.user_id, "idempotency_key": "k" });
    let sold = clerk.post("/booking", order.clone()).await.created();
    let again = clerk.post("/booking", order).await;
    assert!(again.is_replay() && again.json() == sold);
    assert_eq!((&ada.booking(&sold).await, app.ledger().charges().len()), (&sold, 0));

    assert_eq!(ada.cancel(&sold).await.ok()["refund"]["status"], "pending");
    app.pass_seconds(3_600);
    let clerk = app.again(&clerk).await;
    let paid_out = clerk.post_nothing(&payout(&sold)).await.ok();
    assert_eq!(paid_out["refund"]["status"], "succeeded");
    assert_eq!(clerk.post_nothing(&payout(&sold)).await.ok(), paid_out);

    let day = paid_out["created_at"].as_str().unwrap().get(..10).unwrap().to_owned();
    let path = format!("/box-office/till?cinema_id={}&date=", show.cinema_id);
    let lines = clerk.get(&format!("{path}{day}")).await.ok()["lines"].clone();
    let line = &lines[0];
    assert_eq!(
        (lines.as_array().unwrap().len(), &line["clerk_name"], &line["method"]),
        (1, &json!("Clerk"), &json!("cash"))
    );
    assert_eq!((&line["sales"], &line["payouts"]), (&json!(1), &json!(1)));
    assert_eq!((&line["taken"], &line["paid_out"]), (&sold["total_price"], &sold["total_price"]));
    clerk.get(&format!("{path}22-11-2026")).await.blames("date");
}
