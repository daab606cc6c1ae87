//! The catalogue's use cases; each owns its transaction.

mod browse;
mod cinemas;
mod copying;
mod days;
mod importing;
mod movies;
mod screens;
mod showings;
mod shows;
mod timetable;

pub use browse::Fresh;
pub(crate) use importing::Foreseen;
pub use importing::{Added, Fate};
pub use screens::NextLayout;
pub use showings::Showing;

use std::sync::Arc;

use jiff::SignedDuration;
use marquee_bus::{Actor, Browse, Bus, Event, Journal};
use marquee_db::{Db, Tx};
use marquee_kernel::{CinemaId, Clock, Rng, ShowId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::caches::{Caches, Touched};
use crate::model::{Availability, FactsVersion, Layout, Show};
use crate::{Error, store};

/// The longest cleaning gap that can be set, in minutes.
pub const CLEANING_GAP_MINUTES_MAX: u32 = 240;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a screen stands empty between two shows, in minutes, at most [`CLEANING_GAP_MINUTES_MAX`].
    pub cleaning_gap_minutes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cleaning_gap_minutes: 15 }
    }
}

/// What is on: movies, cinemas, screens and shows. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    browse: Browse,
    journal: Journal,
    bus: Bus,
    clock: Clock,
    rng: Rng,
    cleaning: SignedDuration,
    caches: Caches,
    availability: Availability,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
    }
}

impl Catalog {
    /// The catalogue kept in `db`, and browsed there.
    #[must_use]
    pub fn new(db: Db, journal: Journal, bus: Bus, clock: Clock, rng: Rng, settings: Settings) -> Self {
        let browse = Browse::new(db.clone(), Vec::new());
        Self::browsed(db, browse, journal, bus, clock, rng, settings)
    }

    /// The catalogue kept in `db`, and browsed where `browse` says.
    #[must_use]
    pub fn browsed(
        db: Db,
        browse: Browse,
        journal: Journal,
        bus: Bus,
        clock: Clock,
        rng: Rng,
        settings: Settings,
    ) -> Self {
        let minutes = settings.cleaning_gap_minutes.min(CLEANING_GAP_MINUTES_MAX);
        let cleaning = SignedDuration::from_mins(i64::from(minutes));
        let (caches, availability) = (Caches::new(), Availability::default());
        Self { inner: Arc::new(Inner { db, browse, journal, bus, clock, rng, cleaning, caches, availability }) }
    }

    /// The show, also one that is cancelled or over; from memory when it is there.
    ///
    /// # Errors
    /// [`Error::ShowNotFound`], [`Error::Db`].
    pub async fn show(&self, show_id: ShowId) -> Result<Arc<Show>, Error> {
        if let Some(show) = self.cached_show(show_id) {
            return Ok(show);
        }
        let (catalog, as_of) = (self.clone(), self.inner.caches.as_of());
        let show = self.inner.db.read(move |tx| catalog.read_show(tx, show_id)).await?;
        self.inner.caches.keep_show(as_of, &show);
        Ok(show)
    }

    /// The show, as it is.
    pub(crate) async fn show_now(&self, show_id: ShowId) -> Result<Arc<Show>, Error> {
        let catalog = self.clone();
        self.inner.db.read(move |tx| catalog.read_show(tx, show_id)).await
    }

    /// The show, if it is in memory.
    #[must_use]
    pub fn cached_show(&self, show_id: ShowId) -> Option<Arc<Show>> {
        self.inner.caches.show(show_id)
    }

    /// How full the shows are: seating tells, lists ask.
    #[must_use]
    pub fn availability(&self) -> &Availability {
        &self.inner.availability
    }

    /// Every invariant of the catalogue's tables that does not hold, in words; empty when all is well.
    ///
    /// # Errors
    /// What the database says.
    pub fn check(tx: &mut Tx<'_>) -> marquee_db::Result<Vec<String>> {
        store::audit(tx)
    }

    /// Whether there is or was a cinema of that id, for checks of what refers to it.
    ///
    /// # Errors
    /// What the database says.
    pub fn has_had_cinema(tx: &mut Tx<'_>, cinema_id: CinemaId) -> marquee_db::Result<bool> {
        store::has_had_cinema(tx, cinema_id)
    }

    /// Whether there is or was a show of that id.
    ///
    /// # Errors
    /// What the database says.
    pub fn has_had_show(tx: &mut Tx<'_>, show_id: ShowId) -> marquee_db::Result<bool> {
        store::has_had_show(tx, show_id)
    }

    /// Every show there is or was, in the order of their ids, after `after`; at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub fn shows_after(tx: &mut Tx<'_>, after: ShowId, limit: u32) -> marquee_db::Result<Vec<ShowId>> {
        store::shows_after(tx, after, limit)
    }

    /// What is kept in memory, by name with its number of entries, for the metrics page.
    #[must_use]
    pub fn cache_entries(&self) -> [(&'static str, u64); 4] {
        self.inner.caches.entries()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn browse(&self) -> &Browse {
        &self.inner.browse
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.inner.bus
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.inner.caches
    }

    fn read_show(&self, tx: &mut Tx<'_>, show_id: ShowId) -> Result<Arc<Show>, Error> {
        let record = store::find_show(tx, show_id)?.ok_or(Error::ShowNotFound)?;
        Ok(self.seat(tx, &record)?)
    }

    /// The record's show on its layout, which is read at most once while it is in memory.
    fn seat(&self, tx: &mut Tx<'_>, record: &store::Record) -> marquee_db::Result<Arc<Show>> {
        let key = record.layout_key()?;
        let layout = self.inner.caches.layout(key, || store::find_layout(tx, key.0, key.1))?;
        record.on(layout).map(Arc::new)
    }

    fn layout(&self, tx: &mut Tx<'_>, venue: &store::Venue) -> marquee_db::Result<Arc<Layout>> {
        let key = (venue.screen_id, venue.layout_version);
        self.inner.caches.layout(key, || store::find_layout(tx, key.0, key.1))
    }

    /// Runs a write, then drops from memory what it may have changed.
    async fn write<T, E>(
        &self,
        touched: Touched,
        work: impl FnOnce(&Catalog, &mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<marquee_db::Error> + Send + 'static,
    {
        let catalog = self.clone();
        // A task of its own: when the caller goes away the commit may still happen, and memory must hear of it.
        let task = tokio::spawn(async move {
            let inside = catalog.clone();
            let done = catalog.inner.db.write(move |tx| {
                let done = work(&inside, tx)?;
                // Before anybody can read a page anew: this node's clients see what was written here.
                inside.inner.browse.need_all(tx)?;
                Ok(done)
            });
            let done = done.await;
            // Whatever the answer: a commit whose outcome is unknown may have taken effect.
            catalog.inner.caches.written(touched);
            catalog.inner.bus.announce();
            done
        });
        task.await.unwrap_or(Err(marquee_db::Error::Closed.into()))
    }

    fn record(&self, tx: &mut Tx<'_>, event: Event) -> Result<(), Error> {
        Ok(self.inner.journal.append(tx, &[event])?)
    }
}

fn event(kind: &'static str, actor: Actor, subject: impl std::fmt::Display, payload: Value) -> Event {
    Event { kind, actor, show_id: None, subject: subject.to_string(), payload }
}

/// A change that was made from other facts than there are now would undo somebody else's.
fn refuse_unseen(facts: &impl Serialize, seen: Option<FactsVersion>) -> Result<(), Error> {
    let current = FactsVersion::of(facts);
    if seen.is_some_and(|seen| seen != current) {
        return Err(Error::FactsChanged(current));
    }
    Ok(())
}

/// The fields that differ, each with its old and its new value.
fn changes(before: &impl Serialize, after: &impl Serialize) -> Value {
    let fields = |value: Value| if let Value::Object(fields) = value { fields } else { Map::new() };
    // Details are plain structs: serialising them cannot fail.
    let before = fields(serde_json::to_value(before).unwrap_or_default());
    let after = fields(serde_json::to_value(after).unwrap_or_default());
    let mut changed = Map::new();
    for (field, new) in after {
        let old = before.get(&field).cloned().unwrap_or_default();
        if old != new {
            changed.insert(field, serde_json::json!({ "old": old, "new": new }));
        }
    }
    Value::Object(changed)
}
