//! The numbers that operators watch.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const CLAIMS: &str = "marquee_claims_total";
const BOOKINGS: &str = "marquee_bookings_total";
const PENDING: &str = "marquee_bookings_pending";

pub(super) fn describe() {
    describe_counter!(
        CLAIMS,
        "Claims of held seats by outcome: claimed, refused (sold, blocked or closed meanwhile), repeated, failed."
    );
    describe_counter!(
        BOOKINGS,
        "Bookings by what became of them: confirmed, declined, failed, pending (not settled within the call), cancelled."
    );
    describe_gauge!(PENDING, "Bookings whose payment is not settled.");
}

pub(super) fn claim(outcome: &'static str) {
    counter!(CLAIMS, "outcome" => outcome).increment(1);
}

pub(super) fn bookings(outcome: &'static str, count: usize) {
    counter!(BOOKINGS, "outcome" => outcome).increment(count as u64);
}

pub(super) fn pending(count: u32) {
    gauge!(PENDING).set(count);
}
