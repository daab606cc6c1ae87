//! How full the shows are, for lists.

use dashmap::DashMap;
use marquee_kernel::ShowId;

/// How many seats of each show are not free right now. Seating keeps it; a show that it does not know has all seats free.
#[derive(Debug, Default)]
pub struct Availability {
    taken: DashMap<ShowId, u32>,
}

impl Availability {
    /// Says that `seats` seats of the show are held, booked or blocked.
    pub fn set_taken(&self, show_id: ShowId, seats: u32) {
        if seats == 0 {
            self.taken.remove(&show_id);
        } else {
            self.taken.insert(show_id, seats);
        }
    }

    /// How many seats of the show are not free.
    #[must_use]
    pub fn taken(&self, show_id: ShowId) -> u32 {
        self.taken.get(&show_id).map_or(0, |seats| *seats)
    }
}
