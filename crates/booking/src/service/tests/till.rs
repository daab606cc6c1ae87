//! What is sold at a till: the clerk has the money, and the gateway never hears of it.

use marquee_payments::RefundStatus;
use marquee_payments::till::Method;

use super::*;
use crate::error::Error;
use crate::model::AtTill;

const TAKEN: &str = "SELECT COUNT(*) AS n FROM journal WHERE kind = 'PaymentTaken'";
const PAID_OUT: &str = "SELECT COUNT(*) AS n FROM journal WHERE kind = 'RefundPaidOut'";
const SETTLED: &str = "SELECT COUNT(*) AS n FROM journal WHERE kind = 'RefundSettled'";

impl Stage {
    fn clerk(&self) -> Caller {
        clerk(self.user(), self.show.cinema_id)
    }

    /// A hold for a guest at `clerk`'s till, and the order that pays it there.
    async fn at_till(&self, clerk: &Caller, seats: &[&str], method: Method, key: Option<&str>) -> Order {
        let seats: Vec<SeatId> = seats.iter().map(|seat| SeatId::from(*seat)).collect();
        let party = Party { holder: self.user(), placed_by: clerk.user_id };
        let hold = self.seating.place_hold(self.show.show_id, party, &seats).await.unwrap();
        let till = Some(AtTill { method, clerk: clerk.clone() });
        let token = format!("pm_till_{}", method.word());
        Order { booked_by: clerk.user_id, till, ..order(&hold, &token, key) }
    }
}

#[tokio::test]
async fn what_a_clerk_takes_is_sold_without_the_gateway() {
    let stage = Stage::set().await;
    let clerk = stage.clerk();
    for (seat, method) in [("A-1", Method::Cash), ("A-2", Method::Terminal)] {
        stage.controls.go_down();
        let order = stage.at_till(&clerk, &[seat], method, Some(seat)).await;
        let sold = stage.booking.book(order.clone()).await.unwrap();
        assert_eq!((sold.answer.status, &body(&sold)["paid_at_till"]), (201, &method.word().into()));
        let seen = stage.booking.get(&clerk, booking_id(&sold)).await.unwrap();
        assert_eq!(seen.body(), sold.answer.body, "it reads as it was answered");
        let again = stage.booking.book(order).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, sold.answer));
    }
    assert_eq!((stage.charges(), stage.count(TAKEN).await), (0, 2));
    stage.audit().await;
}

#[tokio::test]
async fn another_cinemas_clerk_sells_nothing_and_the_hold_stays() {
    let stage = Stage::set().await;
    let elsewhere = clerk(stage.user(), CinemaId::from(Uuid::from_u128(9)));
    let order = stage.at_till(&elsewhere, &["A-1"], Method::Cash, Some("k")).await;
    assert!(matches!(stage.booking.book(order.clone()).await, Err(Error::NotTheirTill)));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM bookings").await, 0);
    let card = Order { till: None, payment_token: VISA.to_owned(), ..order };
    assert_eq!(stage.booking.book(card).await.unwrap().answer.status, 201, "by card it may be anybody's");
    let refused = stage.booking.pay_out(&elsewhere, BookingId::from(Uuid::from_u128(3))).await;
    assert!(matches!(refused, Err(Error::BookingNotFound)));
    stage.audit().await;
}

#[tokio::test]
async fn a_crash_after_the_claim_leaves_a_sale_for_which_the_clerk_has_the_money() {
    let stage = Stage::set().await;
    let clerk = stage.clerk();
    let order = stage.at_till(&clerk, &["A-1"], Method::Cash, Some("k")).await;
    let hold = stage.seating.hold(order.hold_id, order.holder).await.unwrap();
    let sale = stage.claim_and_no_more(&hold, &order).await;
    let stage = stage.crash().await;
    assert_eq!(stage.booking.reconcile().await.unwrap().confirmed, 1);
    let replay = stage.booking.book(order).await.unwrap();
    assert_eq!((replay.replayed, booking_id(&replay)), (true, sale.booking_id));
    assert_eq!((stage.charges(), stage.count(TAKEN).await), (0, 1));
    stage.audit().await;
}

#[tokio::test]
async fn cash_goes_back_by_hand_once_and_no_job_touches_it() {
    let stage = Stage::set().await;
    let clerk = stage.clerk();
    let order = stage.at_till(&clerk, &["A-1", "A-2"], Method::Cash, None).await;
    let sold = booking_id(&stage.booking.book(order).await.unwrap());
    assert!(matches!(stage.booking.pay_out(&clerk, sold).await, Err(Error::NothingToPayOut)));
    let cancelled = stage.booking.cancel(&clerk, sold, None).await.unwrap();
    assert_eq!(cancelled.refund.unwrap().status, RefundStatus::Pending);
    stage.audit().await;
    stage.hands.advance(SignedDuration::from_hours(24));
    stage.audit().await;
    let first = stage.booking.pay_out(&clerk, sold).await.unwrap();
    let refund = first.refund.unwrap();
    assert_eq!((refund.status, refund.amount), (RefundStatus::Succeeded, first.total_price));
    let again = stage.booking.pay_out(&clerk, sold).await.unwrap();
    assert_eq!(again.body(), first.body());
    assert_eq!((stage.count(PAID_OUT).await, stage.count(SETTLED).await, stage.charges()), (1, 1, 0));
    stage.audit().await;
}

#[tokio::test]
async fn what_went_through_the_gateway_is_not_paid_out_by_hand() {
    let stage = Stage::set().await;
    let hold = stage.hold(stage.user(), &["A-1"]).await;
    let sold = booking_id(&stage.booking.book(order(&hold, VISA, None)).await.unwrap());
    let clerk = stage.clerk();
    stage.booking.cancel(&clerk, sold, None).await.unwrap();
    assert!(matches!(stage.booking.pay_out(&clerk, sold).await, Err(Error::NothingToPayOut)));
    assert_eq!(stage.count(PAID_OUT).await, 0);
    stage.audit().await;
}

#[tokio::test]
async fn the_till_counts_what_came_in_and_what_went_back() {
    let stage = Stage::set().await;
    let clerk = stage.clerk();
    let mut sold = Vec::new();
    for (seat, method) in [("A-1", Method::Cash), ("A-2", Method::Cash), ("B-1", Method::Terminal)] {
        let order = stage.at_till(&clerk, &[seat], method, None).await;
        sold.push(booking_id(&stage.booking.book(order).await.unwrap()));
    }
    stage.booking.cancel(&clerk, sold[0], None).await.unwrap();
    stage.booking.pay_out(&clerk, sold[0]).await.unwrap();
    let (from, cinema_id) = (beginning(), stage.show.cinema_id);
    let hours = |n| from + SignedDuration::from_hours(n);
    let totals = stage.booking.till_totals(cinema_id, from, hours(1)).await.unwrap();
    let told = |totals: &[marquee_payments::till::Total]| {
        let mut told: Vec<_> = totals.iter().map(|one| (one.method, one.payments, one.amount.amount)).collect();
        told.sort_unstable();
        told
    };
    assert_eq!(told(&totals.taken), [(Method::Cash, 2, 50_000), (Method::Terminal, 1, 15_000)]);
    assert_eq!(told(&totals.paid_out), [(Method::Cash, 1, 25_000)]);
    assert!(totals.taken.iter().all(|one| one.clerk == clerk.user_id));
    assert_eq!(stage.booking.till_totals(cinema_id, hours(1), hours(2)).await.unwrap(), Default::default());
}
