//! The metrics of this module, each named once.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::model::RefundStatus;

const CALL_SECONDS: &str = "marquee_payment_seconds";
const PAYMENTS: &str = "marquee_payments_total";
const REFUNDS: &str = "marquee_refunds_total";
const REFUNDS_OPEN: &str = "marquee_refunds_open";
const CAPTURES_REFUSED: &str = "marquee_captures_refused_total";

/// Registers help texts and units.
pub(crate) fn describe() {
    describe_histogram!(CALL_SECONDS, Unit::Seconds, "Time a call of the payment gateway took, by operation");
    describe_counter!(PAYMENTS, Unit::Count, "Authorisations asked of the gateway, by outcome");
    describe_counter!(REFUNDS, Unit::Count, "Refunds that reached a status");
    describe_gauge!(REFUNDS_OPEN, Unit::Count, "Refunds not settled yet, by status; failed ones are retried hourly");
    describe_counter!(CAPTURES_REFUSED, Unit::Count, "Captures of authorised payments that the gateway refused");
}

pub(crate) fn called(operation: &'static str, took: Duration) {
    histogram!(CALL_SECONDS, "operation" => operation).record(took.as_secs_f64());
}

pub(crate) fn authorisation(outcome: &'static str) {
    counter!(PAYMENTS, "outcome" => outcome).increment(1);
}

pub(crate) fn refund(status: RefundStatus) {
    counter!(REFUNDS, "status" => status.word()).increment(1);
}

pub(crate) fn refunds_open(status: RefundStatus, count: i64) {
    gauge!(REFUNDS_OPEN, "status" => status.word()).set(count as f64);
}

pub(crate) fn captures_refused(count: usize) {
    counter!(CAPTURES_REFUSED).increment(count as u64);
}
