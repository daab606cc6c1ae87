//! What breaks off is settled: booked or undone, charged at most once.

use marquee_db::params;
use marquee_seating::Attempt;

use super::*;
use crate::error::Error;
use crate::service::under_way::Call;
use crate::service::work::{Claim, PaymentEnd};

impl Stage {
    /// A process that dies between the claim and the gateway's answer: seats claimed and the key written, and no more.
    pub(super) async fn claim_and_no_more(&self, hold: &Hold, order: &Order) -> Sale {
        let booking_id = BookingId::mint(&Clock::Manual(self.hands.clone()), &self.rng);
        let seats = self.seating.claim_of(hold, booking_id);
        let sale = Arc::new(self.booking.sale_of(order, hold.clone(), &self.show, booking_id));
        let claim = Claim { sale: sale.clone(), seats, request_hash: order.fingerprint() };
        self.booking.claim(&claim).await.unwrap();
        Sale::clone(&sale)
    }

    /// From now on a duplicate waits for next to no time.
    fn lose_patience(&mut self) {
        let settings = Settings { duplicate_wait: Duration::from_millis(1), ..Settings::default() };
        self.booking = Booking::new(self.booking.inner.parts.clone(), self.dir.path(), settings).unwrap();
    }

    /// A call that is made again and has to wait for the first.
    async fn call_again(&self, order: &Order) -> tokio::task::JoinHandle<Result<Reply>> {
        let (booking, order) = (self.booking.clone(), order.clone());
        let mut waiting = tokio::spawn(async move { booking.book(order).await });
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err(), "it waits");
        waiting
    }

    async fn status(&self, sale: &Sale) -> Status {
        self.booking.sale(sale.booking_id).await.unwrap().unwrap().status
    }
}

#[tokio::test]
async fn a_charge_that_was_never_heard_of_is_found_and_the_seats_are_sold() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let pending = stage.booking.book(order(&hold, SILENT, Some("k"))).await.unwrap();
    assert_eq!((pending.answer.status, &body(&pending)["status"]), (202, &"pending".into()));
    assert_eq!(body(&pending)["tickets"], serde_json::json!([]));
    stage.hands.advance(SignedDuration::from_hours(1));
    assert!(!stage.is_free("A-1").await, "held past its expiry while the outcome is open");
    assert_eq!(stage.booking.reconcile().await.unwrap().confirmed, 1);
    let caller = guest(hold.user_id);
    let sold = stage.booking.get(&caller, booking_id(&pending)).await.unwrap();
    assert_eq!((sold.status, sold.tickets.len()), (Status::Confirmed, 1));
    let replay = stage.booking.book(order(&hold, SILENT, Some("k"))).await.unwrap();
    assert_eq!((replay.replayed, replay.answer), (true, pending.answer), "the replay of a 202 stays the 202");
    assert_eq!(stage.charges(), 1);
    stage.audit().await;
}

#[tokio::test]
async fn a_crash_before_the_charge_frees_the_seats_and_the_key() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let order = order(&hold, VISA, Some("k"));
    let sale = stage.claim_and_no_more(&hold, &order).await;
    let stage = stage.crash().await;
    assert!(!stage.is_free("A-1").await, "claimed, whoever forgot the hold");
    assert_eq!(stage.booking.reconcile().await.unwrap().failed, 1);
    assert_eq!((stage.status(&sale).await, stage.is_free("A-1").await), (Status::Failed, true));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM idempotency_keys").await, 0, "the call may be made again");
    stage.audit().await;
}

#[tokio::test]
async fn a_call_that_waited_for_one_that_is_given_up_is_a_new_one() {
    for hold_is_kept in [true, false] {
        let stage = Stage::set().await;
        let hold = stage.hold(stage.user(), &["A-1"]).await;
        let order = order(&hold, VISA, Some("k"));
        let sale = stage.claim_and_no_more(&hold, &order).await;
        let attempt = Attempt { booking_id: sale.booking_id, key: None, request_hash: order.fingerprint() };
        stage.seating.begin_payment(hold.hold_id, hold.user_id, attempt).await.unwrap().unwrap();
        if hold_is_kept {
            stage.seating.keep_holds().await.unwrap();
        }
        let stage = stage.crash().await;
        let waiting = stage.call_again(&order).await;
        assert_eq!(stage.booking.reconcile().await.unwrap().failed, 1);
        let reply = waiting.await.unwrap();
        if hold_is_kept {
            let reply = reply.unwrap();
            assert_eq!((reply.answer.status, reply.replayed, stage.charges()), (201, false, 1));
        } else {
            assert!(matches!(reply, Err(Error::LockNotFound)), "{reply:?}");
        }
        stage.audit().await;
    }
}

#[tokio::test]
async fn what_a_call_hears_after_its_wait_stays_the_answer_of_its_key() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let order = order(&hold, VISA, Some("k"));
    let sale = stage.claim_and_no_more(&hold, &order).await;
    stage.booking.inner.parts.payments.gateway().authorise(sale.booking_id, sale.total, VISA).await.unwrap();
    let mut stage = stage.crash().await;
    stage.lose_patience();
    let heard = stage.booking.book(order.clone()).await.unwrap();
    assert_eq!((heard.answer.status, booking_id(&heard)), (202, sale.booking_id));
    assert_eq!(stage.booking.reconcile().await.unwrap().confirmed, 1);
    let again = stage.booking.book(order).await.unwrap();
    assert_eq!((again.replayed, again.answer), (true, heard.answer));
    assert_eq!((stage.status(&sale).await, stage.charges()), (Status::Confirmed, 1));
    stage.audit().await;
}

#[tokio::test]
async fn a_duplicate_whose_patience_ends_while_the_first_goes_on_takes_nothing_from_it() {
    let mut stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let order = order(&hold, VISA, Some("k"));
    let sale = Arc::new(stage.claim_and_no_more(&hold, &order).await);
    stage.lose_patience();
    let call = Call {
        booked_by: order.booked_by,
        key: order.key.clone(),
        request_hash: order.fingerprint(),
        shard: marquee_kernel::Shard::default(),
    };
    let going_on = stage.booking.inner.under_way.enter(sale.booking_id, call);
    let other = Attempt { booking_id: sale.booking_id, key: None, request_hash: order.fingerprint() };
    stage.seating.begin_payment(hold.hold_id, hold.user_id, other).await.unwrap().unwrap();
    assert!(matches!(stage.booking.book(order.clone()).await, Err(Error::Unanswered)));
    stage.booking.inner.parts.payments.gateway().authorise(sale.booking_id, sale.total, VISA).await.unwrap();
    stage.booking.confirm(&sale, By::caller(&sale)).await;
    drop(going_on);
    let again = stage.booking.book(order).await.unwrap();
    assert_eq!((again.answer.status, again.replayed), (201, true));
    stage.audit().await;
}

#[tokio::test]
async fn a_crash_after_the_charge_sells_the_seats_and_answers_the_call_that_comes_again() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1", "A-2"]).await;
    let order = order(&hold, VISA, Some("k"));
    let sale = stage.claim_and_no_more(&hold, &order).await;
    let gateway = stage.booking.inner.parts.payments.gateway().clone();
    gateway.authorise(sale.booking_id, sale.total, VISA).await.unwrap();
    let stage = stage.crash().await;
    // The client asks again at once; the reconciler comes a moment later.
    let (booking, again) = (stage.booking.clone(), order.clone());
    let waiting = tokio::spawn(async move { booking.book(again).await.unwrap() });
    assert_eq!(stage.booking.reconcile().await.unwrap().confirmed, 1);
    let reply = waiting.await.unwrap();
    assert_eq!((reply.answer.status, reply.replayed, booking_id(&reply)), (201, true, sale.booking_id));
    assert_eq!(body(&reply)["tickets"].as_array().unwrap().len(), 2);
    assert_eq!(stage.charges(), 1);
    stage.audit().await;
}

#[tokio::test]
async fn a_crash_after_a_decline_answers_402_to_the_call_that_comes_again() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let order = order(&hold, NO_FUNDS, Some("k"));
    let sale = stage.claim_and_no_more(&hold, &order).await;
    let gateway = stage.booking.inner.parts.payments.gateway().clone();
    gateway.authorise(sale.booking_id, sale.total, NO_FUNDS).await.unwrap_err();
    let stage = stage.crash().await;
    assert_eq!(stage.booking.reconcile().await.unwrap().failed, 1);
    let reply = stage.booking.book(order).await.unwrap();
    assert_eq!((reply.answer.status, reply.replayed), (402, true));
    assert!(stage.is_free("A-1").await);
    stage.audit().await;
}

#[tokio::test]
async fn a_promise_of_another_amount_buys_nothing_and_goes_back() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let sale = stage.claim_and_no_more(&hold, &order(&hold, VISA, None)).await;
    let less = Money { amount: sale.total.amount - 1, ..sale.total };
    stage.booking.inner.parts.payments.gateway().authorise(sale.booking_id, less, VISA).await.unwrap();
    let stage = stage.crash().await;
    assert_eq!(stage.booking.reconcile().await.unwrap().failed, 1);
    assert_eq!((stage.status(&sale).await, stage.is_free("A-1").await), (Status::Failed, true));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM refunds").await, 1);
}

#[tokio::test]
async fn a_booking_whose_call_is_under_way_is_left_to_it() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let order = order(&hold, VISA, None);
    let sale = stage.claim_and_no_more(&hold, &order).await;
    let call = Call {
        booked_by: order.booked_by,
        key: None,
        request_hash: order.fingerprint(),
        shard: marquee_kernel::Shard::default(),
    };
    let place = stage.booking.inner.under_way.enter(sale.booking_id, call);
    assert_eq!(stage.booking.reconcile().await.unwrap(), super::super::Report::default());
    drop(place);
    assert_eq!(stage.booking.reconcile().await.unwrap().failed, 1);
    stage.audit().await;
}

#[tokio::test]
async fn a_gateway_that_is_down_keeps_bookings_pending_until_it_comes_back() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let sale = stage.claim_and_no_more(&hold, &order(&hold, VISA, None)).await;
    stage.controls.go_down();
    assert_eq!(stage.booking.reconcile().await.unwrap().open, 1);
    assert_eq!(stage.status(&sale).await, Status::Pending);
    stage.controls.come_back();
    assert_eq!(stage.booking.reconcile().await.unwrap().failed, 1);
    stage.audit().await;
}

#[tokio::test]
async fn whoever_settles_second_changes_nothing() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let sale = Arc::new(stage.claim_and_no_more(&hold, &order(&hold, VISA, Some("k"))).await);
    stage.booking.inner.parts.payments.gateway().authorise(sale.booking_id, sale.total, VISA).await.unwrap();
    let first = stage.booking.confirm(&sale, by_system()).await;
    let second = stage.booking.confirm(&sale, By::caller(&sale)).await;
    assert_eq!(first, second, "the same answer");
    let undone = stage.booking.undo(&sale, PaymentEnd::NeverCharged, None, by_system()).await;
    assert_eq!(undone, first, "a sold booking is not undone");
    let confirmed = "SELECT COUNT(*) AS n FROM journal WHERE kind = 'BookingConfirmed'";
    assert_eq!(stage.count(confirmed).await, 1);
    stage.audit().await;
}

#[tokio::test]
async fn a_check_finds_what_is_pending_for_good_and_what_is_over_and_still_to_be_settled() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let booking_id = stage.claim_and_no_more(&hold, &order(&hold, VISA, None)).await.booking_id;
    stage.audit().await;
    let faults_with = async |outcome: &'static str| {
        let work = move |tx: &mut Tx<'_>| {
            tx.execute("UPDATE bookings SET outcome = $1", &params![outcome])?;
            super::super::check(tx)
        };
        stage.db.write(work).await.unwrap()
    };
    let over = faults_with("failed").await;
    assert!(over.contains(&format!("booking {booking_id}: to be settled, and is over or does not exist")), "{over:?}");
    let odd = faults_with("pending").await;
    assert!(odd.contains(&format!("booking {booking_id}: pending for good, which none is")), "{odd:?}");
}

#[tokio::test]
async fn a_day_old_key_is_forgotten_and_a_younger_one_is_not() {
    let stage = Stage::set().await;
    let user = stage.user();
    for (seat, key) in [("A-1", "old"), ("A-2", "young")] {
        let hold = stage.hold(user, &[seat]).await;
        stage.booking.book(order(&hold, NO_FUNDS, Some(key))).await.unwrap();
        stage.hands.advance(SignedDuration::from_mins(1));
    }
    stage.hands.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(90));
    assert_eq!(stage.booking.purge_keys(stage.booking.shards().home(), &Lead::Sole).await.unwrap(), 1);
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM idempotency_keys WHERE key = 'young'").await, 1);
}
