//! From a hold to tickets.

use marquee_tickets::SigningKeys;

use super::*;
use crate::error::Error;

/// Duplicates of one call.
const DUPLICATES: usize = 64;

#[tokio::test]
async fn a_held_seat_is_sold_with_a_ticket_that_proves_it() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-2", "A-1", "B-1"]).await;
    let reply = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((reply.answer.status, reply.replayed), (201, false));
    let sold = body(&reply);
    assert_eq!((sold["status"].as_str(), sold["refund"].is_null()), (Some("confirmed"), true));
    assert_eq!(sold["total_price"], serde_json::json!({ "amount": 65_000, "currency": "INR" }));
    let labels: Vec<_> = sold["seats"].as_array().unwrap().iter().map(|seat| seat["seat_id"].clone()).collect();
    assert_eq!(labels, ["A-2", "A-1", "B-1"], "in the order they were picked");
    let keys: SigningKeys = stage.booking.inner.keys.clone();
    for ticket in sold["tickets"].as_array().unwrap() {
        let claims = keys.verify(ticket["token"].as_str().unwrap()).unwrap();
        assert_eq!(claims.booking_id, booking_id(&reply));
        assert_eq!(claims.show_id, stage.show.show_id);
        assert_eq!(claims.ticket_id.to_string(), ticket["ticket_id"]);
    }
    let shown = stage.booking.get(&guest(hold.user_id), booking_id(&reply)).await.unwrap();
    assert_eq!(shown.body(), reply.answer.body, "what is looked up is what was answered");
    assert!(!stage.is_free("A-1").await);
    stage.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_many_parallel_calls_one_effect_and_the_same_reply() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1", "A-2"]).await;
    let calls = (0..DUPLICATES).map(|_| {
        let (booking, order) = (stage.booking.clone(), order(&hold, VISA, Some("one")));
        tokio::spawn(async move { booking.book(order).await.unwrap() })
    });
    let mut replies = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        replies.push(call.await.unwrap());
    }
    assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1);
    assert!(replies.iter().all(|reply| reply.answer == replies[0].answer && reply.answer.status == 201));
    assert_eq!((stage.charges(), stage.count("SELECT COUNT(*) AS n FROM bookings").await), (1, 1));
    stage.audit().await;
}

#[tokio::test]
async fn a_replay_survives_a_crash_and_never_forgives_another_payload() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let first = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    let stage = stage.crash().await;
    let again = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((again.replayed, &again.answer), (true, &first.answer));
    let other = stage.booking.book(order(&hold, NO_FUNDS, Some("k"))).await;
    assert!(matches!(other, Err(Error::KeyReused)));
    // Another user's key of the same name is another key.
    let stranger = Order { booked_by: stage.user(), ..order(&hold, VISA, Some("k")) };
    assert!(matches!(stage.booking.book(stranger).await, Err(Error::LockNotFound)));
}

#[tokio::test]
async fn after_a_decline_another_card_pays_for_the_same_hold() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let declined = stage.booking.book(order(&hold, NO_FUNDS, Some("first"))).await.unwrap();
    assert_eq!(declined.answer.status, 402);
    assert_eq!(body(&declined)["decline_code"], "insufficient_funds");
    assert!(!stage.is_free("A-1").await, "the hold stays");
    let replayed = stage.booking.book(order(&hold, NO_FUNDS, Some("first"))).await.unwrap();
    assert_eq!((replayed.replayed, replayed.answer), (true, declined.answer));
    let paid = stage.booking.book(order(&hold, VISA, Some("second"))).await.unwrap();
    assert_eq!(paid.answer.status, 201);
    stage.audit().await;
}

#[tokio::test]
async fn what_the_shop_does_not_know_is_refused_before_anything_is_claimed() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let unknown_token = stage.booking.book(order(&hold, "pm_nobody", Some("k"))).await;
    assert!(matches!(unknown_token, Err(Error::UnknownPaymentToken)));
    let voucher = Order { voucher_codes: vec!["SUMMER".to_owned()], ..order(&hold, VISA, Some("k")) };
    assert!(matches!(stage.booking.book(voucher).await, Err(Error::UnknownVoucher(0))));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM bookings").await, 0);
    // Neither was remembered: the key is still good.
    assert_eq!(stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap().answer.status, 201);
}

#[tokio::test]
async fn a_hold_that_lapsed_or_is_unknown_sells_nothing() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let unknown = Order { hold_id: HoldId::from(Uuid::from_u128(1)), ..order(&hold, VISA, None) };
    assert!(matches!(stage.booking.book(unknown).await, Err(Error::LockNotFound)));
    let other = Order { holder: stage.user(), ..order(&hold, VISA, None) };
    assert!(matches!(stage.booking.book(other).await, Err(Error::LockNotFound)));
    stage.hands.advance(SignedDuration::from_hours(1));
    assert!(matches!(stage.booking.book(order(&hold, VISA, None)).await, Err(Error::LockExpired)));
    assert_eq!(stage.charges(), 0);
}

#[tokio::test]
async fn a_seat_blocked_while_it_was_held_is_not_charged_and_the_refusal_is_remembered() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1", "A-2"]).await;
    stage
        .seating
        .block_seats(stage.show.show_id, &[SeatId::from("A-2")], marquee_seating::Why::default(), stage.user())
        .await
        .unwrap();
    let refused = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!(refused.answer.status, 409);
    assert_eq!(
        (&body(&refused)["code"], &body(&refused)["seats"]),
        (&"seats_unavailable".into(), &serde_json::json!(["A-2"]))
    );
    let again = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((again.replayed, again.answer), (true, refused.answer));
    assert_eq!(stage.charges(), 0);
    stage.audit().await;
}

#[tokio::test]
async fn a_show_that_was_cancelled_while_its_seats_were_held_is_not_charged_and_the_refusal_is_remembered() {
    // Nothing consumes the journal here: that the show is cancelled is known from the catalogue alone.
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    stage.catalog.cancel_show(Actor::System, stage.show.show_id).await.unwrap();
    let refused = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((refused.answer.status, &body(&refused)["code"]), (409, &"show_not_on_sale".into()));
    let again = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((again.replayed, again.answer), (true, refused.answer));
    assert_eq!(stage.charges(), 0);
    stage.audit().await;
}

#[tokio::test]
async fn a_free_booking_needs_no_gateway() {
    let mut stage = Stage::set().await;
    stage.show = schedule(&stage.catalog, 0).await;
    stage.controls.go_down();
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let reply = stage.booking.book(order(&hold, VISA, None)).await.unwrap();
    assert_eq!(reply.answer.status, 201);
    assert!(body(&reply)["payment_id"].is_string());
    stage.audit().await;
}

#[tokio::test]
async fn an_unreachable_gateway_leaves_the_hold_and_the_key_as_they_were() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    stage.controls.go_down();
    let refused = stage.booking.book(order(&hold, VISA, Some("k"))).await;
    assert!(matches!(refused, Err(Error::GatewayUnreachable)));
    stage.controls.come_back();
    let paid = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((paid.answer.status, paid.replayed), (201, false));
    stage.audit().await;
}

#[tokio::test]
async fn while_one_payment_is_open_another_for_the_same_hold_is_refused() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    assert_eq!(stage.booking.book(order(&hold, SILENT, Some("k"))).await.unwrap().answer.status, 202);
    for key in [Some("other"), None] {
        let refused = stage.booking.book(order(&hold, VISA, key)).await.unwrap();
        assert_eq!((refused.answer.status, &body(&refused)["code"]), (409, &"payment_in_progress".into()));
    }
    let remembered = stage.booking.book(order(&hold, VISA, Some("other"))).await.unwrap();
    assert_eq!((remembered.answer.status, remembered.replayed), (409, true));
    assert_eq!(stage.charges(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_break_the_booking_off() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    stage.controls.set_latency(GATEWAY_PATIENCE / 4);
    {
        let mut call = Box::pin(stage.booking.book(order(&hold, VISA, Some("k"))));
        // Far enough to have begun: the payment begins before the first wait.
        assert!(futures_util::poll!(&mut call).is_pending());
    }
    stage.booking.drain().await;
    let replayed = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((replayed.answer.status, replayed.replayed), (201, true));
    stage.audit().await;
}

#[tokio::test]
async fn a_guests_bookings_are_theirs_and_their_cinemas_staffs() {
    let stage = Stage::set().await;
    let user = stage.user();
    let mut made = Vec::new();
    for seat in ["A-1", "A-2", "A-3"] {
        let hold = stage.hold(user, &[seat]).await;
        made.push(booking_id(&stage.booking.book(order(&hold, VISA, None)).await.unwrap()));
        stage.hands.advance(SignedDuration::from_millis(1));
    }
    made.reverse();
    let page = |limit, after| marquee_kernel::PageRequest { limit, after };
    let first = stage.booking.of_user(user, page(2, None)).await.unwrap();
    let ids: Vec<_> = first.items.iter().map(|booking| booking.booking_id).collect();
    assert_eq!((ids.as_slice(), first.next_cursor.is_some()), (&made[..2], true), "newest first");
    let rest = stage.booking.of_user(user, page(2, Some(made[1]))).await.unwrap();
    assert_eq!((rest.items[0].booking_id, rest.next_cursor), (made[2], None));

    let clerks = stage.user();
    assert!(stage.booking.get(&clerk(clerks, stage.show.cinema_id), made[0]).await.is_ok());
    for nobody in [guest(clerks), clerk(clerks, CinemaId::from(Uuid::from_u128(1)))] {
        assert!(matches!(stage.booking.get(&nobody, made[0]).await, Err(Error::BookingNotFound)));
        let cancelled = stage.booking.cancel(&nobody, made[0], None).await;
        assert!(matches!(cancelled, Err(Error::BookingNotFound)));
    }
}

#[tokio::test]
async fn tickets_are_drawn_only_while_they_admit() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1", "A-2"]).await;
    let (caller, sold) = (guest(hold.user_id), stage.booking.book(order(&hold, VISA, None)).await.unwrap());
    let svg = stage.booking.tickets_svg(&caller, booking_id(&sold)).await.unwrap();
    assert!(String::from_utf8(svg.bytes).unwrap().contains("<svg"));
    let pdf = stage.booking.tickets_pdf(&caller, booking_id(&sold)).await.unwrap();
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    assert_eq!(body(&sold)["reference"], pdf.name.as_str());
    stage.booking.cancel(&caller, booking_id(&sold), None).await.unwrap();
    let after = stage.booking.tickets_pdf(&caller, booking_id(&sold)).await;
    assert!(matches!(after, Err(Error::BookingNotFound)));
    let hold = stage.hold(hold.user_id, &["A-3"]).await;
    let pending = stage.booking.book(order(&hold, SILENT, None)).await.unwrap();
    assert!(matches!(stage.booking.tickets_svg(&caller, booking_id(&pending)).await, Err(Error::BookingPending)));
}
