//! The numbers that operators watch, each named once. Every series is there from the start, at zero.

use marquee_cluster::ShardDb;
use marquee_kernel::Shard;
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const CLAIMS: &str = "marquee_claims_total";
const CLAIM_OUTCOMES: [&str; 4] = ["claimed", "refused", "repeated", "failed"];
const BOOKINGS: &str = "marquee_bookings_total";
const BOOKING_OUTCOMES: [&str; 5] = ["confirmed", "declined", "failed", "pending", "cancelled"];
const ADMISSIONS: &str = "marquee_admissions_total";
const ADMISSION_OUTCOMES: [&str; 4] = ["admitted", "repeated", "refused", "contested"];
const BATCHES: &str = "marquee_booking_batches_total";
const BATCH_WAYS: [&str; 2] = ["at_once", "one_by_one"];
const PENDING: &str = "marquee_bookings_pending";

/// Registers help texts and units, and every series.
pub(super) fn describe(shards: &[ShardDb]) {
    describe_counter!(
        CLAIMS,
        Unit::Count,
        "Claims of held seats by outcome: claimed, refused (sold, blocked or closed meanwhile), repeated, failed"
    );
    describe_counter!(
        BOOKINGS,
        Unit::Count,
        "Bookings by what became of them: confirmed, declined, failed, pending (not settled within the call), cancelled"
    );
    describe_counter!(
        ADMISSIONS,
        Unit::Count,
        "Tickets scanned at gates by what became of them: admitted, repeated, refused, contested (let in without a network)"
    );
    describe_counter!(
        BATCHES,
        Unit::Count,
        "Batches of sales by the way they went: at_once, or one_by_one: two met, a show had gone or was closed, or a job's right had to be seen"
    );
    describe_gauge!(PENDING, Unit::Count, "Bookings whose payment is not settled, by shard");
    CLAIM_OUTCOMES.into_iter().for_each(|outcome| counter!(CLAIMS, "outcome" => outcome).increment(0));
    ADMISSION_OUTCOMES.into_iter().for_each(|outcome| counter!(ADMISSIONS, "outcome" => outcome).increment(0));
    BATCH_WAYS.into_iter().for_each(|way| counter!(BATCHES, "way" => way).increment(0));
    BOOKING_OUTCOMES.into_iter().for_each(|outcome| bookings(outcome, 0));
    shards.iter().for_each(|one| pending(one.shard(), 0));
}

pub(super) fn claim(outcome: &'static str) {
    counter!(CLAIMS, "outcome" => outcome).increment(1);
}

pub(super) fn bookings(outcome: &'static str, count: usize) {
    counter!(BOOKINGS, "outcome" => outcome).increment(count as u64);
}

pub(super) fn batch(way: &'static str) {
    counter!(BATCHES, "way" => way).increment(1);
}

pub(super) fn admission(outcome: &'static str) {
    counter!(ADMISSIONS, "outcome" => outcome).increment(1);
}

pub(super) fn pending(shard: Shard, count: u32) {
    gauge!(PENDING, "shard" => shard.to_string()).set(count);
}
