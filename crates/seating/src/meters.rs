//! The metrics of this module, each named once. Every series is there from the start, at zero.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const HOLDS: &str = "marquee_holds_total";
const HOLD_OUTCOMES: [&str; 8] =
    ["placed", "refused", "extended", "expired", "released", "booked", "failed", "show_cancelled"];
const HOLDS_LIVE: &str = "marquee_holds_live";
const SHOWS_IN_MEMORY: &str = "marquee_shows_in_memory";
const SEAT_MAP_BYTES: &str = "marquee_seat_map_bytes";
const SEAT_EVENT_CLIENTS: &str = "marquee_seat_event_clients";

/// Sizes as of one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) holds: usize,
    pub(crate) shows: usize,
    pub(crate) seat_map_bytes: usize,
    pub(crate) seat_event_clients: usize,
}

/// Registers help texts and units, and every series.
pub(crate) fn describe() {
    describe_counter!(
        HOLDS,
        Unit::Count,
        "Holds by what became of them: placed, refused, extended, expired, released, booked, failed (not paid), \
        show_cancelled"
    );
    describe_gauge!(HOLDS_LIVE, Unit::Count, "Holds that are alive");
    describe_gauge!(SHOWS_IN_MEMORY, Unit::Count, "Shows whose seats are in memory");
    describe_gauge!(SEAT_MAP_BYTES, Unit::Bytes, "Seat maps built and kept");
    describe_gauge!(SEAT_EVENT_CLIENTS, Unit::Count, "Open streams of seat events");
    HOLD_OUTCOMES.into_iter().for_each(|outcome| counter!(HOLDS, "outcome" => outcome).increment(0));
    figures(Figures { holds: 0, shows: 0, seat_map_bytes: 0, seat_event_clients: 0 });
}

pub(crate) fn hold(outcome: &'static str) {
    counter!(HOLDS, "outcome" => outcome).increment(1);
}

pub(crate) fn figures(now: Figures) {
    gauge!(HOLDS_LIVE).set(now.holds as f64);
    gauge!(SHOWS_IN_MEMORY).set(now.shows as f64);
    gauge!(SEAT_MAP_BYTES).set(now.seat_map_bytes as f64);
    gauge!(SEAT_EVENT_CLIENTS).set(now.seat_event_clients as f64);
}
