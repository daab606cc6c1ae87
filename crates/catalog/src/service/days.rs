//! What a day had, for those who look back at it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use marquee_db::Tx;
use marquee_http::Places;
use marquee_kernel::{CinemaId, ShowId};

use super::Catalog;
use crate::model::zone;
use crate::{Error, store};

impl Catalog {
    /// Every show that those cinemas' walls have on that day, by start; also what is over or was cancelled.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn shows_of_day(&self, date: Date, places: Places) -> Result<Vec<ShowId>, Error> {
        self.inner.db.read(move |tx: &mut Tx<'_>| Ok(store::shows_of_day(tx, date, &places)?)).await
    }

    /// The zones that the clocks of those cinemas go by, also of those that were removed.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn zones(&self, places: Places) -> Result<Vec<(CinemaId, TimeZone)>, Error> {
        let zones = self.inner.db.read(|tx: &mut Tx<'_>| Ok::<_, Error>(store::zones(tx)?)).await?;
        let wanted = |cinema_id: &CinemaId| match &places {
            Places::All => true,
            Places::These(ids) => ids.contains(cinema_id),
        };
        // A cinema is only kept with a zone there is.
        let known = |(cinema_id, name): (CinemaId, String)| Some((cinema_id, zone(&name)?));
        Ok(zones.into_iter().filter(|(cinema_id, _)| wanted(cinema_id)).filter_map(known).collect())
    }
}
