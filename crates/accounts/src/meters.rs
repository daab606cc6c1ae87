//! The metrics of this module, each named once. Every series is there from the start, at zero.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

const SIGN_INS: &str = "marquee_sign_ins_total";
const SIGN_IN_OUTCOMES: [&str; 4] = ["granted", "refused", "slowed_down", "unavailable"];
const SIGNATURE_CHECKS: &str = "marquee_access_token_signature_checks_total";
const HASH_SECONDS: &str = "marquee_password_hash_seconds";

/// Registers help texts and units, and every series.
pub(crate) fn describe() {
    describe_counter!(
        SIGN_INS,
        Unit::Count,
        "Sign-ins with a password by outcome: granted, refused, slowed_down (too many guesses), unavailable"
    );
    describe_counter!(SIGNATURE_CHECKS, Unit::Count, "Access tokens whose signature was checked: those not remembered");
    describe_histogram!(HASH_SECONDS, Unit::Seconds, "Time that hashing or checking one password took");
    SIGN_IN_OUTCOMES.into_iter().for_each(|outcome| counter!(SIGN_INS, "outcome" => outcome).increment(0));
    counter!(SIGNATURE_CHECKS).increment(0);
    let _registered = histogram!(HASH_SECONDS);
}

pub(crate) fn sign_in(outcome: &'static str) {
    counter!(SIGN_INS, "outcome" => outcome).increment(1);
}

pub(crate) fn signature_check() {
    counter!(SIGNATURE_CHECKS).increment(1);
}

pub(crate) fn hashed(took: Duration) {
    histogram!(HASH_SECONDS).record(took.as_secs_f64());
}
