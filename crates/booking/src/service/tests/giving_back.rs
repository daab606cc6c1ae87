//! Cancelling: by the guest, by staff, by the show.

use marquee_payments::RefundStatus;

use super::*;
use crate::error::Error;

/// Devices that cancel at once.
const DEVICES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_devices_cancel_at_once_one_refund_and_the_same_answer() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1", "A-2"]).await;
    let sold = booking_id(&stage.booking.book(order(&hold, VISA, None)).await.unwrap());
    let devices = (0..DEVICES).map(|_| {
        let (booking, caller) = (stage.booking.clone(), guest(hold.user_id));
        tokio::spawn(async move { booking.cancel(&caller, sold, Some("ill".to_owned())).await.unwrap() })
    });
    for device in devices.collect::<Vec<_>>() {
        let view = device.await.unwrap();
        let refund = view.refund.unwrap();
        assert_eq!((view.status, view.tickets.len()), (Status::Cancelled, 0));
        assert_eq!((refund.status, refund.amount), (RefundStatus::Pending, view.total_price));
    }
    assert!(stage.is_free("A-1").await, "free at once");
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM refunds").await, 1);
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM journal WHERE kind = 'BookingCancelled'").await, 1);
    stage.audit().await;
}

#[tokio::test]
async fn cancelling_closes_at_the_cut_off_and_not_before() {
    let stage = Stage::set().await;
    let user = stage.user();
    let mut sold = Vec::new();
    for seat in ["A-1", "A-2"] {
        let hold = stage.hold(user, &[seat]).await;
        sold.push(booking_id(&stage.booking.book(order(&hold, VISA, None)).await.unwrap()));
    }
    let caller = guest(user);
    stage.hands.set(stage.show.cancel_close_at - SignedDuration::from_micros(1));
    let in_time = stage.booking.cancel(&caller, sold[0], None).await.unwrap();
    stage.hands.set(stage.show.cancel_close_at);
    assert!(matches!(stage.booking.cancel(&caller, sold[1], None).await, Err(Error::CancellationClosed)));
    let again = stage.booking.cancel(&caller, sold[0], None).await.unwrap();
    assert_eq!(again.body(), in_time.body(), "what is cancelled stays cancelled");
}

#[tokio::test]
async fn what_was_not_sold_cannot_be_cancelled() {
    let stage = Stage::set().await;
    let user = stage.user();
    let caller = guest(user);
    let hold = stage.hold(user, &["A-1"]).await;
    let pending = booking_id(&stage.booking.book(order(&hold, SILENT, None)).await.unwrap());
    assert!(matches!(stage.booking.cancel(&caller, pending, None).await, Err(Error::BookingPending)));
    let hold = stage.hold(user, &["A-2"]).await;
    stage.booking.book(order(&hold, NO_FUNDS, None)).await.unwrap();
    let failed = stage.booking.of_user(user, marquee_kernel::PageRequest { limit: 10, after: None }).await.unwrap();
    let failed = failed.items.iter().find(|booking| booking.status == Status::Failed).unwrap().booking_id;
    assert!(matches!(stage.booking.cancel(&caller, failed, None).await, Err(Error::CancellationClosed)));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM refunds").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_show_gives_every_booking_back_exactly_once() {
    let stage = Stage::set().await;
    let mut guests = Vec::new();
    for seat in 1..=20 {
        let hold = stage.hold(stage.user(), &[&format!("A-{seat}")]).await;
        let token = if seat == 20 { SILENT } else { VISA };
        guests.push((guest(hold.user_id), booking_id(&stage.booking.book(order(&hold, token, None)).await.unwrap())));
    }
    let late = stage.hold(stage.user(), &["B-1"]).await;
    let told = stage.booking.show_cancellation(stage.show.show_id).await.unwrap();
    assert_eq!((told.bookings, told.pending, told.refunds.len()), (19, 1, 1));
    // One of them cancels by hand at the same moment.
    let (first, booking) = (guests[0].clone(), stage.booking.clone());
    let by_hand = tokio::spawn(async move { booking.cancel(&first.0, first.1, None).await });
    stage.catalog.cancel_show(Actor::System, stage.show.show_id).await.unwrap();
    let (booking, show_id) = (stage.booking.clone(), stage.show.show_id);
    let by_show = tokio::spawn(async move { booking.cancel_show(show_id).await });
    stage.booking.reconcile().await.unwrap();
    by_show.await.unwrap().unwrap();
    by_hand.await.unwrap().unwrap();
    stage.booking.cancel_show(show_id).await.unwrap();
    let mut given_back = 0;
    for (caller, booking_id) in guests {
        let view = stage.booking.get(&caller, booking_id).await.unwrap();
        assert_eq!((view.status, view.refund.unwrap().amount), (Status::Cancelled, view.total_price));
        given_back += view.total_price.amount;
    }
    assert_eq!(given_back, told.refunds[0].amount, "as it was told before");
    let left = stage.booking.show_cancellation(show_id).await.unwrap();
    assert_eq!((left.bookings, left.pending, left.refunds.len()), (0, 0, 0));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM refunds").await, 20);
    // A hold of before the cancellation buys nothing any more.
    let refused = stage.booking.book(order(&late, VISA, Some("k"))).await.unwrap();
    assert_eq!((refused.answer.status, &body(&refused)["code"]), (409, &"show_not_on_sale".into()));
    assert_eq!(stage.charges(), 20);
    stage.audit().await;
}

#[tokio::test]
async fn a_claim_that_comes_after_the_show_was_closed_is_refused_uncharged() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    // Seating has closed it; the catalogue's news has not reached the hold yet.
    stage.seating.close_show(stage.show.show_id).await.unwrap();
    let refused = stage.booking.book(order(&hold, VISA, Some("k"))).await.unwrap();
    assert_eq!((refused.answer.status, &body(&refused)["code"]), (409, &"show_not_on_sale".into()));
    assert_eq!(stage.charges(), 0);
    stage.audit().await;
}

#[tokio::test]
async fn the_jobs_hear_of_a_cancelled_show_settle_what_is_open_and_stop_when_told() {
    let stage = Stage::set().await;
    for (seat, token) in [("A-1", VISA), ("A-2", SILENT)] {
        let hold = stage.hold(stage.user(), &[seat]).await;
        stage.booking.book(order(&hold, token, None)).await.unwrap();
    }
    let (booking, stop) = (stage.booking.clone(), CancellationToken::new());
    let jobs = tokio::spawn({
        let stop = stop.clone();
        async move {
            let settling = stop.run_until_cancelled(booking.run_jobs(booking.shards().home(), Lead::Sole));
            tokio::join!(booking.heed_cancelled_shows(booking.shards().home(), stop.clone()), settling)
        }
    });
    // A consumer that never ran before begins with what comes next.
    stage.until(1, "SELECT COUNT(*) AS n FROM journal_offsets WHERE consumer = 'booking'").await;
    stage.catalog.cancel_show(Actor::System, stage.show.show_id).await.unwrap();
    stage.until(2, "SELECT COUNT(*) AS n FROM bookings_now WHERE status = 'cancelled'").await;
    stop.cancel();
    jobs.await.unwrap();
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM refunds").await, 2);
    stage.audit().await;
}
