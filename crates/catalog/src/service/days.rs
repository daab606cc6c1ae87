//! What a day had, for those who look back at it.

use jiff::civil::Date;
use marquee_db::Tx;
use marquee_http::Places;
use marquee_kernel::ShowId;

use super::Catalog;
use crate::{Error, store};

impl Catalog {
    /// Every show that those cinemas' walls have on that day, by start; also what is over or was cancelled.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn shows_of_day(&self, date: Date, places: Places) -> Result<Vec<ShowId>, Error> {
        self.inner.db.read(move |tx: &mut Tx<'_>| Ok(store::shows_of_day(tx, date, &places)?)).await
    }
}
