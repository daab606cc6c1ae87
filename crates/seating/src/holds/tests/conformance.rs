//! The suite of the hold store: what every one of them does, in memory, in a Redis and in a cluster.

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use marquee_bus::Actor;
use marquee_kernel::{Money, SeatId};
use marquee_kv::testing::until;

use crate::fixtures::{Place, Shop, attempt, booking, conforms, seconds, user};
use crate::model::{BeginPayment, Outcome, Why};
use crate::store::claims::{Verdict, claim};
use crate::{Error, Party, Settings};

conforms!(
    a_hold_is_seen_by_all_lapses_by_itself_and_is_then_gone,
    a_hold_is_extended_up_to_the_longest_and_never_shortened,
    one_rule_says_when_a_show_sells_in_hold_extend_and_payment,
    a_cancelled_show_sells_nothing_from_the_moment_its_cancellation_is_answered,
    a_released_hold_frees_its_seats_and_is_not_found,
    staff_who_hold_for_a_customer_may_use_the_hold_and_so_may_the_customer,
    a_booking_ends_the_hold_and_a_reload_finds_the_same,
    a_declined_payment_leaves_nothing_of_its_claim_in_the_map,
    a_closed_show_is_claimed_no_more,
    a_seat_blocked_under_a_hold_is_lost_to_it,
    a_changed_price_reaches_the_map_and_leaves_the_hold_at_its_own,
    a_claim_outlives_a_crash_and_shows_as_held_until_it_is_settled,
    jobs_sweep_lapses_and_close_cancelled_shows,
    a_hundred_buyers_get_each_seat_once,
    with_the_guard_switched_off_the_last_seat_is_held_more_than_once,
);

fn seat_ids(seats: &[&str]) -> Vec<SeatId> {
    seats.iter().map(|seat| SeatId::from(*seat)).collect()
}

async fn a_hold_is_seen_by_all_lapses_by_itself_and_is_then_gone(place: Place) {
    let (shop, holder) = (place.open().await, user());
    let hold = shop.hold(holder, &["A-1", "B-2"]).await.unwrap();
    assert_eq!((hold.total.amount, hold.seats.len()), (60_000, 2));
    assert_eq!(shop.status("A-1").await, "held");
    assert_eq!(shop.catalog.availability().taken(shop.show.show_id), 2);
    let second_device = shop.hold(holder, &["A-1", "A-2"]).await;
    assert!(matches!(second_device, Err(Error::SeatsUnavailable(seats)) if seats == seat_ids(&["A-1"])));
    shop.hands.set(hold.expiry);
    assert_eq!(shop.status("A-1").await, "available");
    assert_eq!(shop.catalog.availability().taken(shop.show.show_id), 0);
    assert!(matches!(shop.seating.hold(hold.hold_id, holder).await, Err(Error::HoldExpired)));
    assert!(matches!(shop.seating.hold(hold.hold_id, user()).await, Err(Error::HoldNotFound)));
}

async fn a_hold_is_extended_up_to_the_longest_and_never_shortened(place: Place) {
    let (shop, holder) = (place.open().await, user());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.hands.advance(seconds(300));
    let extended = shop.seating.extend_hold(hold.hold_id, holder).await.unwrap();
    assert_eq!(extended.expiry, hold.expiry + seconds(300));
    shop.hands.advance(seconds(400));
    let extended = shop.seating.extend_hold(hold.hold_id, holder).await.unwrap();
    assert_eq!(extended.expiry, hold.expiry + seconds(900 - 480));
    shop.hands.set(extended.expiry);
    assert!(matches!(shop.seating.extend_hold(hold.hold_id, holder).await, Err(Error::HoldExpired)));
}

async fn one_rule_says_when_a_show_sells_in_hold_extend_and_payment(place: Place) {
    let (shop, holder) = (place.open().await, user());
    shop.hands.set(shop.show.sales_close_at - seconds(1));
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.hands.set(shop.show.sales_close_at);
    assert!(matches!(shop.hold(holder, &["A-2"]).await, Err(Error::NotOnSale)));
    assert!(matches!(shop.seating.extend_hold(hold.hold_id, holder).await, Err(Error::NotOnSale)));
    let begun = shop.seating.begin_payment(hold.hold_id, holder, attempt(booking())).await.unwrap();
    assert_eq!(begun, Err(BeginPayment::NotOnSale));
    assert!(shop.seating.hold(hold.hold_id, holder).await.is_ok(), "the refusals changed nothing");
}

async fn a_cancelled_show_sells_nothing_from_the_moment_its_cancellation_is_answered(place: Place) {
    // No job runs: whoever hears of a cancellation by its event hears nothing here.
    let (shop, holder) = (place.open().await, user());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.catalog.cancel_show(Actor::System, shop.show.show_id).await.unwrap();
    let sells_nothing = async || {
        let begun = shop.seating.begin_payment(hold.hold_id, holder, attempt(booking())).await.unwrap();
        assert_eq!(begun, Err(BeginPayment::NotOnSale));
        assert!(matches!(shop.seating.extend_hold(hold.hold_id, holder).await, Err(Error::NotOnSale)));
    };
    // The same before its seats in memory have heard of it and after.
    sells_nothing().await;
    assert!(matches!(shop.seating.hold_by_now(hold.hold_id, holder).await, Err(Error::HoldExpired)));
    assert!(matches!(shop.seating.hold_by_now(hold.hold_id, user()).await, Err(Error::HoldNotFound)));
    assert_eq!(shop.status("A-1").await, "available");
    sells_nothing().await;
    assert!(matches!(shop.hold(holder, &["A-2"]).await, Err(Error::NotOnSale)));
}

async fn a_released_hold_frees_its_seats_and_is_not_found(place: Place) {
    let (shop, holder) = (place.open().await, user());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.seating.release_hold(hold.hold_id, user()).await.unwrap();
    assert_eq!(shop.status("A-1").await, "held", "somebody else's release");
    shop.seating.release_hold(hold.hold_id, holder).await.unwrap();
    shop.seating.release_hold(hold.hold_id, holder).await.unwrap();
    assert_eq!(shop.status("A-1").await, "available");
    assert!(matches!(shop.seating.hold(hold.hold_id, holder).await, Err(Error::HoldNotFound)));
}

async fn staff_who_hold_for_a_customer_may_use_the_hold_and_so_may_the_customer(place: Place) {
    let (shop, staff, customer) = (place.open().await, user(), user());
    let party = Party { holder: customer, placed_by: staff };
    let hold = shop.seating.place_hold(shop.show.show_id, party, &seat_ids(&["A-1"])).await.unwrap();
    assert_eq!(hold.user_id, customer);
    assert!(shop.seating.hold(hold.hold_id, customer).await.is_ok());
    assert!(shop.seating.begin_payment(hold.hold_id, staff, attempt(booking())).await.unwrap().is_ok());
}

async fn a_booking_ends_the_hold_and_a_reload_finds_the_same(place: Place) {
    let (shop, holder, booking_id) = (place.open().await, user(), booking());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.seating.begin_payment(hold.hold_id, holder, attempt(booking_id)).await.unwrap().unwrap();
    let (show_id, wanted) = (shop.show.show_id, shop.seating.claim_of(&hold, booking_id));
    shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    shop.seating.reload(show_id).await.unwrap();
    assert_eq!(shop.status("A-1").await, "held");
    shop.confirm(&hold, booking_id).await;
    shop.seating.end_payment(show_id, hold.hold_id, booking_id, Outcome::Booked).await;
    assert_eq!(shop.status("A-1").await, "booked");
    shop.seating.reload(show_id).await.unwrap();
    assert_eq!(shop.status("A-1").await, "booked");
    assert!(matches!(shop.seating.hold(hold.hold_id, holder).await, Err(Error::HoldNotFound)));
}

async fn a_declined_payment_leaves_nothing_of_its_claim_in_the_map(place: Place) {
    let (shop, holder, booking_id) = (place.open().await, user(), booking());
    let jobs = shop.seating.spawn_jobs(&shop.stop);
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.seating.begin_payment(hold.hold_id, holder, attempt(booking_id)).await.unwrap().unwrap();
    let (show_id, wanted) = (shop.show.show_id, shop.seating.claim_of(&hold, booking_id));
    shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    shop.seating.reload(show_id).await.unwrap();
    shop.free(&hold, booking_id).await;
    shop.seating.end_payment(show_id, hold.hold_id, booking_id, Outcome::Declined).await;
    assert!(shop.seating.hold(hold.hold_id, holder).await.is_ok(), "another card may be tried");
    shop.hands.set(hold.expiry);
    until("the seat is free again", async || shop.status("A-1").await == "available").await;
    shop.stop.cancel();
    for job in jobs {
        job.await.unwrap();
    }
}

async fn a_closed_show_is_claimed_no_more(place: Place) {
    let shop = place.open().await;
    let hold = shop.hold(user(), &["A-1"]).await.unwrap();
    shop.seating.close_show(shop.show.show_id).await.unwrap();
    shop.seating.close_show(shop.show.show_id).await.unwrap();
    let wanted = shop.seating.claim_of(&hold, booking());
    let verdicts = shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    assert_eq!(verdicts, [Verdict::Closed]);
}

async fn a_seat_blocked_under_a_hold_is_lost_to_it(place: Place) {
    let (shop, holder) = (place.open().await, user());
    let hold = shop.hold(holder, &["A-1", "A-2"]).await.unwrap();
    shop.seating.block_seats(shop.show.show_id, &seat_ids(&["A-1"]), Why::default(), user()).await.unwrap();
    assert_eq!(shop.status("A-1").await, "blocked");
    let wanted = shop.seating.claim_of(&hold, booking());
    let verdicts = shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    assert_eq!(verdicts, [Verdict::Taken(seat_ids(&["A-1"]))]);
    shop.seating.unblock_seats(shop.show.show_id, &seat_ids(&["A-1"]), user()).await.unwrap();
    assert_eq!(shop.status("A-1").await, "held");
}

async fn a_changed_price_reaches_the_map_and_leaves_the_hold_at_its_own(place: Place) {
    let (shop, holder) = (place.open().await, user());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    let before = shop.version().await;
    let dearer = Money::new(99_000, "INR".parse().unwrap());
    let change = move |details: &mut marquee_catalog::ShowDetails| {
        details.prices.insert("gold".to_owned(), dearer);
    };
    shop.catalog.change_show(Actor::System, shop.show.show_id, change).await.unwrap();
    assert!(shop.version().await > before);
    assert_eq!(shop.hold(holder, &["A-2"]).await.unwrap().total, dearer);
    assert_eq!(shop.seating.hold(hold.hold_id, holder).await.unwrap().total, hold.total);
}

async fn a_claim_outlives_a_crash_and_shows_as_held_until_it_is_settled(place: Place) {
    let (shop, holder, booking_id) = (place.open().await, user(), booking());
    let hold = shop.hold(holder, &["A-1"]).await.unwrap();
    shop.seating.begin_payment(hold.hold_id, holder, attempt(booking_id)).await.unwrap().unwrap();
    let (show_id, wanted) = (shop.show.show_id, shop.seating.claim_of(&hold, booking_id));
    shop.db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    let shop = shop.reopen().await;
    assert_eq!(shop.catalog.availability().taken(show_id), 1);
    assert_eq!(shop.status("A-1").await, "held");
    shop.confirm(&hold, booking_id).await;
    shop.seating.reload(show_id).await.unwrap();
    assert_eq!(shop.status("A-1").await, "booked");
}

async fn jobs_sweep_lapses_and_close_cancelled_shows(place: Place) {
    let shop = place.open().await;
    let jobs = shop.seating.spawn_jobs(&shop.stop);
    let hold = shop.hold(user(), &["A-1"]).await.unwrap();
    let watcher = shop.seating.watch(shop.show.show_id, None).await.unwrap();
    let mut events = Box::pin(crate::live::stream(watcher));
    events.next().await.unwrap().unwrap();
    shop.hands.set(hold.expiry);
    // Told without anybody asking.
    let told = events.next().await.unwrap().unwrap();
    assert!(String::from_utf8(told.to_vec()).unwrap().contains(r#"{"seat_id":"A-1","status":"available"}"#));
    shop.catalog.cancel_show(Actor::System, shop.show.show_id).await.unwrap();
    let closed = async {
        let find = "SELECT COUNT(*) AS shows FROM closed_shows";
        let count = |tx: &mut marquee_db::Tx<'_>| tx.query_opt(find, &[])?.map(|row| row.get("shows")).transpose();
        while shop.db.read(count).await.unwrap() != Some(1_i64) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), closed).await.unwrap();
    assert!(matches!(shop.hold(user(), &["A-2"]).await, Err(Error::NotOnSale)));
    shop.stop.cancel();
    for job in jobs {
        job.await.unwrap();
    }
}

async fn a_hundred_buyers_get_each_seat_once(place: Place) {
    let one = Shop::open_with(Settings::default(), place.holds()).await;
    // A store that nodes share is asked at two of them.
    let two = match place {
        Place::Memory => None,
        Place::Redis | Place::Cluster => Some(one.another().await),
    };
    let two = two.as_ref().unwrap_or(&one);
    let seats = ["A-1", "A-2", "A-3", "A-4", "A-5", "B-1", "B-2", "B-3", "B-4", "B-5"];
    let buy = async |n: usize| {
        let shop = if n.is_multiple_of(2) { &one } else { two };
        // Pairs that overlap their neighbours, in both orders.
        let (first, second) = (seats[n * 7 % 10], seats[(n * 7 + 1) % 10]);
        match shop.hold(user(), &[first, second]).await {
            Ok(hold) => hold.seats.into_iter().map(|seat| seat.seat_id).collect(),
            Err(Error::SeatsUnavailable(taken)) => {
                assert!(!taken.is_empty());
                Vec::new()
            }
            Err(other) => panic!("{other}"),
        }
    };
    let mut got: Vec<SeatId> = join_all((0..100).map(buy)).await.into_iter().flatten().collect();
    let count = got.len();
    got.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    got.dedup();
    assert_eq!(got.len(), count, "a seat was held twice");
    assert!(count >= 6, "pairs of neighbours leave at most every third seat: {count}");
    until("both show the same", async || one.version().await == two.version().await).await;
    let statuses = async |shop: &Shop| shop.seating.seats(shop.show.show_id).await.unwrap().glance().statuses;
    assert_eq!(statuses(&one).await, statuses(two).await);
}

async fn with_the_guard_switched_off_the_last_seat_is_held_more_than_once(place: Place) {
    let settings = Settings { faults: crate::Faults { skip_seat_guard: true }, ..Settings::default() };
    let shop = Shop::open_with(settings, place.holds()).await;
    let held = join_all((0..20).map(|_| shop.hold(user(), &["A-1"]))).await;
    assert!(held.iter().filter(|held| held.is_ok()).count() > 1, "the race test would not notice a broken guard");
}
