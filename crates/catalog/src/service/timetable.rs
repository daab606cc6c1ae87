//! What a cinema's managers see of its shows, and what they need to know for the next one.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;
use marquee_kernel::{CinemaId, Page, PageRequest, ShowId, Timestamp};

use super::Catalog;
use crate::Error;
use crate::model::{SchedulableScreen, Show, TIMETABLE_LIST};
use crate::store;

impl Catalog {
    /// Every show of a cinema that starts in its days from `days.0` to `days.1`, also those that are over or cancelled, by
    /// start.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Db`].
    pub(crate) async fn timetable(
        &self,
        cinema_id: CinemaId,
        days: (Date, Date),
        page: PageRequest<(Timestamp, ShowId)>,
    ) -> Result<Page<Arc<Show>>, Error> {
        let (catalog, PageRequest { limit, after }) = (self.clone(), page);
        let shows = self.inner.db.read(move |tx| {
            store::find_cinema(tx, cinema_id)?.ok_or(Error::CinemaNotFound)?;
            let records = store::timetable(tx, cinema_id, days, after, limit + 1)?;
            let shows = records.iter().map(|record| catalog.seat(tx, record));
            shows.collect::<marquee_db::Result<Vec<_>>>().map_err(Error::from)
        });
        Ok(Page::cut(shows.await?, limit, TIMETABLE_LIST, |show| (show.start_time, show.show_id)))
    }

    /// The screens of a cinema, each with its categories and what its last show cost.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Db`].
    pub(crate) async fn schedulable_screens(&self, cinema_id: CinemaId) -> Result<Vec<SchedulableScreen>, Error> {
        let catalog = self.clone();
        let read = move |tx: &mut marquee_db::Tx<'_>| {
            store::find_cinema(tx, cinema_id)?.ok_or(Error::CinemaNotFound)?;
            let screens = store::screens_of(tx, std::iter::once(cinema_id))?.pop().unwrap_or_default();
            let prices = store::last_prices(tx, screens.iter().map(|screen| screen.screen_id))?;
            let screens = screens.into_iter().zip(prices).map(|(screen, last_prices)| {
                let key = (screen.screen_id, screen.layout_version);
                let layout = catalog.inner.caches.layout(key, || store::find_layout(tx, key.0, key.1))?;
                Ok(SchedulableScreen { screen, layout, last_prices })
            });
            screens.collect()
        };
        self.inner.db.read(read).await
    }

    /// How long a screen stands empty between two shows.
    pub(crate) fn cleaning_gap(&self) -> SignedDuration {
        self.inner.cleaning
    }
}
