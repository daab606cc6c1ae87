//! What survives `kill -9`: everything that was answered.

use marquee_testkit::{Launch, Process, Show, holds_outlive_a_process, id_of};
use serde_json::json;

use crate::MARQUEE;

/// Starts a process, and again after each `kill -9`.
async fn restarted(process: Process, launch: &Launch) -> Process {
    process.kill();
    launch.ready().await
}

#[tokio::test]
async fn what_was_answered_survives_kill_9() {
    let data_dir = tempfile::tempdir().unwrap();
    let launch = Launch::new(MARQUEE, data_dir.path());
    let marquee = launch.ready().await;
    let show = marquee.a_show().create().await;
    let (ada, bob) = (marquee.customer("Ada").await, marquee.customer("Bob").await);
    let signed_out = marquee.again(&bob).await;
    assert_eq!(marquee.post_form("/auth/revoke", &[("token", &signed_out.refresh_token)]).await.status(), 200);
    let (paid, declined) = (ada.hold(&show, &["A1"]).await, ada.hold(&show, &["A2"]).await);
    let first = ada.pay_once(&paid, "pm_card_visa", "order-1").await;
    let booking = first.created();
    let refusal = ada.pay_once(&declined, "pm_card_visa_chargeDeclined", "order-2").await;
    refusal.problem("payment_declined");
    let returned = bob.book(&show, &["B1"]).await;
    let _ = bob.cancel(&returned).await.ok();
    let movie_id = marquee.a_movie().title("The last thing that was added").create().await;

    let marquee = restarted(marquee, &launch).await;
    let (ada, bob) = (ada.at(&marquee), bob.at(&marquee));

    signed_out.at(&marquee).get("/user/me").await.problem("unauthenticated");
    assert_eq!(ada.booking(&booking).await, booking);
    for (lock, card, key, before) in
        [(&paid, "pm_card_visa", "order-1", &first), (&declined, "pm_card_visa_chargeDeclined", "order-2", &refusal)]
    {
        let replay = ada.pay_once(lock, card, key).await;
        assert!(replay.is_replay(), "{replay}");
        assert_eq!((replay.status(), replay.json()), (before.status(), before.json()));
    }
    assert_eq!(bob.booking(&returned).await["status"], "cancelled");
    let map = marquee.seat_map(&show).await;
    assert_eq!((map.status("A1"), map.status("B1")), ("booked", "available"));
    let _ = marquee.get(&format!("/movies/{movie_id}")).await.ok();
    let _ = marquee.refresh_grant(&ada.refresh_token).await.ok();
    assert_eq!(marquee.refresh_grant(&signed_out.refresh_token).await.status(), 400);
}

#[tokio::test]
async fn a_crash_loses_the_holds_of_the_process_and_nothing_else() {
    let data_dir = tempfile::tempdir().unwrap();
    let launch = Launch::new(MARQUEE, data_dir.path());
    let marquee = launch.ready().await;
    let show = marquee.a_show().create().await;
    let (ada, bob) = (marquee.customer("Ada").await, marquee.customer("Bob").await);
    let lost = ada.hold(&show, &["A1"]).await;
    let _ = ada.book(&show, &["A2"]).await;

    let marquee = restarted(marquee, &launch).await;
    let (ada, bob) = (ada.at(&marquee), bob.at(&marquee));

    bob.reserve(&show, &["A2"]).await.problem("seats_unavailable");
    if holds_outlive_a_process() {
        bob.reserve(&show, &["A1"]).await.problem("seats_unavailable");
        let _ = ada.pay(&lost, "pm_card_visa").await.created();
    } else {
        ada.pay(&lost, "pm_card_visa").await.problem("lock_not_found");
        let _ = bob.book(&show, &["A1"]).await;
    }
}

#[tokio::test]
async fn the_version_never_falls_not_even_over_crashes() {
    let data_dir = tempfile::tempdir().unwrap();
    let launch = Launch::new(MARQUEE, data_dir.path());
    let mut marquee = launch.ready().await;
    let (show, quiet) = (marquee.a_show().create().await, marquee.a_show().create().await);
    let mut ada = marquee.customer("Ada").await;
    let (mut last, mut tags) = ([0, 0], std::collections::BTreeMap::new());
    for _ in 0..4 {
        let mut look = async |show: &Show, last: &mut u64, marquee: &Process| {
            let answer = marquee.get(&show.path("/seats")).await;
            let map = marquee_testkit::SeatMap::new(answer.ok());
            assert!(map.version() >= *last, "{} after {last}", map.version());
            *last = map.version();
            // The same tag always means the same bytes.
            let known = tags.entry((show.show_id.clone(), answer.header("etag").to_owned()));
            assert_eq!(known.or_insert_with(|| answer.bytes().clone()), answer.bytes());
        };
        look(&show, &mut last[0], &marquee).await;
        look(&quiet, &mut last[1], &marquee).await;
        for _ in 0..3 {
            // Holds and releases alone: nothing of them is in the database.
            let lock = ada.hold(&show, &["A1"]).await;
            look(&show, &mut last[0], &marquee).await;
            ada.delete(&format!("/locks/{}", id_of(&lock, "lock_id"))).await.no_content();
            look(&show, &mut last[0], &marquee).await;
        }
        let left = ada.hold(&show, &["A2"]).await;
        look(&show, &mut last[0], &marquee).await;
        marquee = restarted(marquee, &launch).await;
        ada = ada.at(&marquee);
        // Whether it is still there or not.
        ada.delete(&format!("/locks/{}", id_of(&left, "lock_id"))).await.no_content();
    }
}

#[tokio::test]
async fn a_stream_is_resumed_rightly_after_a_crash() {
    let data_dir = tempfile::tempdir().unwrap();
    let launch = Launch::new(MARQUEE, data_dir.path());
    let marquee = launch.ready().await;
    let show = marquee.a_show().create().await;
    let ada = marquee.customer("Ada").await;
    let lock = ada.hold(&show, &["A1"]).await;
    let mut events = marquee.events(&show).await;
    let seen = events.next().await;
    let marquee = restarted(marquee, &launch).await;
    events.end().await;
    ada.at(&marquee).delete(&format!("/locks/{}", id_of(&lock, "lock_id"))).await.no_content();
    let request = marquee.request(reqwest::Method::GET, &show.path("/seats/events"));
    let first = request.header("last-event-id", &seen.id).stream().await.next().await;
    // The hold is gone: what the client knew is not true any more, and only a snapshot or a change says so.
    match first.event.as_str() {
        "snapshot" => assert_eq!(first.data["unavailable"], json!({})),
        _ => assert_eq!(first.data["changes"], json!([{ "seat_id": show.seat("A1"), "status": "available" }])),
    }
}
