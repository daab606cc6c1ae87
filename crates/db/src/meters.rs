//! The metrics of batch writers, each named once.

use metrics::{Gauge, Histogram, Unit, describe_gauge, describe_histogram, gauge, histogram};

const ITEMS: &str = "marquee_batch_items";
const COMMIT_SECONDS: &str = "marquee_batch_commit_seconds";
const QUEUE_DEPTH: &str = "marquee_batch_queue_depth";

/// What is measured of one lane.
pub(crate) struct LaneMeters {
    pub(crate) items: Histogram,
    pub(crate) commit: Histogram,
    pub(crate) depth: Gauge,
}

impl LaneMeters {
    /// The meters of the lane of that name, with their help texts and units.
    pub(crate) fn of(lane: &'static str) -> Self {
        describe_histogram!(ITEMS, Unit::Count, "Items that one transaction of a batch writer took, by lane");
        describe_histogram!(
            COMMIT_SECONDS,
            Unit::Seconds,
            "Time a batch took from when it was taken to its commit, its wait for other writers included"
        );
        describe_gauge!(QUEUE_DEPTH, Unit::Count, "Items left waiting when a batch was taken, by lane");
        Self {
            items: histogram!(ITEMS, "lane" => lane),
            commit: histogram!(COMMIT_SECONDS, "lane" => lane),
            depth: gauge!(QUEUE_DEPTH, "lane" => lane),
        }
    }
}
