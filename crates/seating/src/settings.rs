//! What an operator can set.

/// Seating's settings, checked by whoever reads them: holds of at least a second, `hold_max_s` no less than `hold_s`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a hold lasts, in seconds.
    pub hold_s: u32,
    /// The longest a hold lasts however often it is extended, in seconds.
    pub hold_max_s: u32,
    /// The most seats of one hold.
    pub seats_per_hold_max: u32,
    /// The most seats one user may hold of one show; 0 for no limit.
    pub held_seats_per_show_max: u32,
    /// Whether hold-time budgets and their cool-down apply.
    pub budgets: bool,
    /// What a test breaks on purpose.
    #[cfg(debug_assertions)]
    pub faults: Faults,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hold_s: 480,
            hold_max_s: 900,
            seats_per_hold_max: 10,
            held_seats_per_show_max: 20,
            budgets: true,
            #[cfg(debug_assertions)]
            faults: Faults::default(),
        }
    }
}

/// Guards that a test switches off to see that it would notice. A release build has no such switch.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Seats are held though they are taken, and claimed under keys that cannot meet.
    pub skip_seat_guard: bool,
}
