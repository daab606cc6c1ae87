//! Adding, changing and removing cinemas.

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::CinemaId;
use serde_json::json;

use super::{Catalog, changes, event, refuse_unseen};
use crate::Error;
use crate::caches::Touched;
use crate::model::{Checked, Cinema, CinemaDetails, FactsVersion, zone};
use crate::store::{self, User};

impl Catalog {
    /// Adds a cinema, still without screens.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Db`].
    pub async fn add_cinema(&self, actor: Actor, cinema: CinemaDetails) -> Result<Cinema, Error> {
        let cinema = cinema.check()?;
        self.write(Touched::NoShow, move |catalog, tx| {
            let cinema_id = catalog.insert_cinema(tx, actor, &cinema)?;
            Ok(Cinema { cinema_id, details: cinema.into_inner(), screens: Vec::new() })
        })
        .await
    }

    /// Changes a cinema. Its shows start at the same instants; the days they are listed on follow its zone. `seen` is what the change
    /// was made from, when it must not undo what somebody else changed since.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Invalid`], [`Error::FactsChanged`], [`Error::Db`].
    pub async fn change_cinema(
        &self,
        actor: Actor,
        cinema_id: CinemaId,
        seen: Option<FactsVersion>,
        change: impl FnOnce(&mut CinemaDetails) + Send + 'static,
    ) -> Result<Cinema, Error> {
        self.write(Touched::EveryShow, move |catalog, tx| {
            if !store::lock_cinema(tx, cinema_id)? {
                return Err(Error::CinemaNotFound);
            }
            let mut cinema = store::find_cinema(tx, cinema_id)?.ok_or(Error::CinemaNotFound)?;
            cinema.screens = store::screens_of(tx, std::iter::once(cinema_id))?.pop().unwrap_or_default();
            let mut details = cinema.details.clone();
            change(&mut details);
            let details = details.check()?;
            if cinema.details == *details {
                return Ok(cinema);
            }
            refuse_unseen(&cinema.details, seen)?;
            // Nobody may schedule by the old zone or city meanwhile.
            store::lock_screens_of(tx, cinema_id)?;
            store::update_cinema(tx, cinema_id, &details)?;
            if cinema.details.city != details.city {
                store::move_shows(tx, cinema_id, &details.city)?;
            }
            if cinema.details.timezone != details.timezone
                && let Some(zone) = zone(&details.timezone)
            {
                store::redate_shows(tx, cinema_id, &zone)?;
            }
            catalog.record(tx, event("CinemaChanged", actor, cinema_id, changes(&cinema.details, &*details)))?;
            cinema.details = details.into_inner();
            Ok(cinema)
        })
        .await
    }

    /// Removes a cinema and its screens, when no coming show uses them.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::InUse`], [`Error::Db`].
    pub async fn remove_cinema(&self, actor: Actor, cinema_id: CinemaId) -> Result<(), Error> {
        self.write(Touched::NoShow, move |catalog, tx| {
            let now = catalog.now();
            if !store::lock_cinema(tx, cinema_id)? {
                return Err(Error::CinemaNotFound);
            }
            store::lock_screens_of(tx, cinema_id)?;
            if let Some(show_id) = store::coming_show_of(tx, User::Cinema(cinema_id), now)? {
                return Err(Error::InUse(show_id));
            }
            store::delete_screens_of(tx, cinema_id, now)?;
            store::delete_cinema(tx, cinema_id, now)?;
            catalog.record(tx, event("CinemaRemoved", actor, cinema_id, json!({})))
        })
        .await
    }

    pub(super) fn insert_cinema(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        cinema: &Checked<CinemaDetails>,
    ) -> Result<CinemaId, Error> {
        let cinema_id = CinemaId::mint(&self.inner.clock, &self.inner.rng);
        store::insert_cinema(tx, cinema_id, cinema, self.now())?;
        self.record(tx, event("CinemaAdded", actor, cinema_id, json!(**cinema)))?;
        Ok(cinema_id)
    }
}
