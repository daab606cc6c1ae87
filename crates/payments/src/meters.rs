//! The metrics of this module, each named once. Every series is there from the start, at zero.

use std::time::Duration;

use marquee_cluster::ShardDb;
use marquee_kernel::Shard;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::model::RefundStatus;

const CALL_SECONDS: &str = "marquee_payment_seconds";
const OPERATIONS: [&str; 6] = ["authorise", "capture", "void", "refund", "refund_status", "find"];
const PAYMENTS: &str = "marquee_payments_total";
const OUTCOMES: [&str; 6] = ["authorised", "declined", "unknown_token", "key_reused", "no_answer", "unreachable"];
const REFUNDS: &str = "marquee_refunds_total";
const REFUNDS_OPEN: &str = "marquee_refunds_open";
const CAPTURES_REFUSED: &str = "marquee_captures_refused_total";

/// Registers help texts and units, and every series.
pub(crate) fn describe(shards: &[ShardDb]) {
    describe_histogram!(CALL_SECONDS, Unit::Seconds, "Time a call of the payment gateway took, by operation");
    describe_counter!(
        PAYMENTS,
        Unit::Count,
        "Authorisations asked of the gateway, by outcome: authorised, declined, unknown_token, key_reused, no_answer, \
        unreachable"
    );
    describe_counter!(REFUNDS, Unit::Count, "Refunds that reached a status: pending, succeeded, failed");
    describe_gauge!(
        REFUNDS_OPEN,
        Unit::Count,
        "Refunds not settled yet, by shard and status; failed ones are retried hourly"
    );
    describe_counter!(CAPTURES_REFUSED, Unit::Count, "Captures of authorised payments that the gateway refused");
    for operation in OPERATIONS {
        let _registered = histogram!(CALL_SECONDS, "operation" => operation);
    }
    OUTCOMES.into_iter().for_each(|outcome| counter!(PAYMENTS, "outcome" => outcome).increment(0));
    for status in RefundStatus::ALL {
        counter!(REFUNDS, "status" => status.word()).increment(0);
    }
    for one in shards {
        [RefundStatus::Pending, RefundStatus::Failed]
            .into_iter()
            .for_each(|status| refunds_open(one.shard(), status, 0));
    }
    captures_refused(0);
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

pub(crate) fn refunds_open(shard: Shard, status: RefundStatus, count: i64) {
    gauge!(REFUNDS_OPEN, "shard" => shard.to_string(), "status" => status.word()).set(count as f64);
}

pub(crate) fn captures_refused(count: usize) {
    counter!(CAPTURES_REFUSED).increment(count as u64);
}
