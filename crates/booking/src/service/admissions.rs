//! What a gate takes along for when it has no network.

use std::sync::Arc;

use marquee_catalog::Show;
use marquee_db::{Error as DbError, Tx};
use marquee_kernel::ShowId;

use super::Booking;
use crate::error::Result;
use crate::store::{self, admissions};
use crate::view::DoorList;

impl Booking {
    /// The show.
    ///
    /// # Errors
    /// What seating says: there is no such show, or its database does not answer.
    pub(crate) async fn show(&self, show_id: ShowId) -> Result<Arc<Show>> {
        Ok(self.inner.parts.seating.show(show_id).await?)
    }

    /// Every ticket of a show, and who is in, as of one moment.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn door_list(&self, show: &Show) -> Result<DoorList> {
        let show_id = show.show_id;
        // Before the look: what is sold after it is younger, and may be missing.
        let as_of = self.now();
        let read = move |tx: &mut Tx<'_>| -> Result<_, DbError> {
            let bookings = admissions::at_the_door(tx, show_id)?;
            let sales = store::find(tx, &bookings)?;
            let entered = admissions::of_show(tx, show_id)?;
            Ok((sales, entered, admissions::contested_of_show(tx, show_id)?))
        };
        let (sales, entered, contested) = self.shards().read(show_id, read).await?;
        Ok(DoorList::of(show, as_of, &sales, entered, contested))
    }
}
