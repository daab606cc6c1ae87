//! The durable record of who has which seat, as the hold stores read it.

use marquee_catalog::Show;
use marquee_cluster::Shards;
use marquee_kernel::{BookingId, ShowId};

use crate::model::Sold;
use crate::{Error, store};

/// The tables of seating.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    shards: Shards,
}

impl Record {
    pub(crate) fn new(shards: Shards) -> Self {
        Self { shards }
    }

    /// The seats of a show that are not free.
    pub(crate) async fn rows(&self, show: &Show) -> Result<Vec<(u16, Sold)>, Error> {
        let show_id = show.show_id;
        let rows = self.shards.read(show_id, move |tx| store::seats_of_show(tx, show_id)).await?;
        let place = |(seat_id, sold): &(marquee_kernel::SeatId, Sold)| {
            let (place, _) = show.layout.seat(seat_id.as_str())?;
            Some((place, *sold))
        };
        Ok(rows.iter().filter_map(place).collect())
    }

    /// A number above all that there have been, for versions to start from.
    pub(crate) async fn next_generation(&self) -> Result<u64, Error> {
        Ok(self.shards.home().db()?.write(store::count_start).await?)
    }

    /// How a booking has its seats of a show, if it has any.
    pub(crate) async fn standing_of(&self, show_id: ShowId, booking_id: BookingId) -> Result<Option<Sold>, Error> {
        Ok(self.shards.read(show_id, move |tx| store::standing_of(tx, show_id, booking_id)).await?)
    }
}
