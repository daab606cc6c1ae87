//! Scheduling, changing and cancelling shows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use marquee_bus::{Actor, Event};
use marquee_db::Tx;
use marquee_kernel::{MovieId, ScreenId, ShowId};
use serde_json::{Value, json};
use tracing::info;

use super::{Catalog, changes};
use crate::Error;
use crate::caches::Touched;
use crate::model::{Layout, NewShow, Show, ShowDetails, Slot, local_date};
use crate::store::{self, Scheduled, Venue};

/// Shows scheduled in one transaction: enough that its commit costs nothing, few enough that a sale does not wait for it.
const BATCH_SHOWS: usize = 500;

const STARTED: &str = "The show has started: it can be neither changed nor cancelled.";
const CANCELLED: &str = "The show was cancelled: it cannot be changed.";

/// The movies and screens of a batch of new shows, each taken until the end of the transaction.
pub(super) struct Programme {
    movies: HashMap<MovieId, u32>,
    screens: HashMap<ScreenId, (Venue, Arc<Layout>)>,
}

impl Catalog {
    /// Schedules a show on the newest layout of its screen.
    ///
    /// # Errors
    /// [`Error::MovieNotFound`], [`Error::ScreenNotFound`], [`Error::Invalid`], [`Error::ScreenOccupied`], [`Error::Db`].
    pub async fn schedule_show(&self, actor: Actor, show: NewShow) -> Result<Arc<Show>, Error> {
        self.write(Touched::NoShow, move |catalog, tx| {
            let programme = catalog.programme(tx, std::slice::from_ref(&show))?;
            let (show_id, scheduled) = catalog.schedule(tx, actor, &programme, show)?;
            catalog.record(tx, scheduled)?;
            catalog.read_show(tx, show_id)
        })
        .await
    }

    /// Schedules many shows, some hundred to a transaction. For each its id, or why it was refused alone.
    ///
    /// # Errors
    /// [`Error::Db`]; the batches before it stay.
    pub async fn schedule_shows(&self, actor: Actor, shows: Vec<NewShow>) -> Result<Vec<Result<ShowId, Error>>, Error> {
        let mut outcomes = Vec::with_capacity(shows.len());
        let mut shows = shows.into_iter().peekable();
        while shows.peek().is_some() {
            let batch: Vec<_> = shows.by_ref().take(BATCH_SHOWS).collect();
            let schedule = move |catalog: &Catalog, tx: &mut Tx<'_>| catalog.schedule_batch(tx, actor, batch);
            outcomes.extend(self.write(Touched::NoShow, schedule).await?);
        }
        info!(shows = outcomes.len(), "shows scheduled");
        Ok(outcomes)
    }

    /// Changes a show that has not started. It keeps its layout, so its prices must still fit that one.
    ///
    /// # Errors
    /// [`Error::ShowNotFound`], [`Error::ShowFixed`], [`Error::Invalid`], [`Error::ScreenOccupied`], [`Error::Db`].
    pub async fn change_show(
        &self,
        actor: Actor,
        show_id: ShowId,
        change: impl FnOnce(&mut ShowDetails) + Send + 'static,
    ) -> Result<Arc<Show>, Error> {
        self.write(Touched::Show(show_id), move |catalog, tx| {
            // Both are taken before the show is looked at, in the order in which scheduling takes them.
            let Show { movie_id, screen_id, .. } = *catalog.read_show(tx, show_id)?;
            let minutes = store::lock_movie(tx, movie_id)?;
            let venue = store::lock_screen(tx, screen_id)?;
            let (show, now) = (catalog.read_show(tx, show_id)?, catalog.now());
            refuse_unless_to_come(&show, now)?;
            // What a coming show uses cannot have been removed.
            let (minutes, venue) = (minutes.ok_or(Error::MovieNotFound)?, venue.ok_or(Error::ScreenNotFound)?);
            let before = details(&show);
            let mut after = before.clone();
            change(&mut after);
            if before == after {
                return Ok(show);
            }
            let changed = changes(&before, &after);
            let moved = before.start_time != after.start_time;
            let terms = after.check(&show.layout, now)?.into_inner();
            let mut slot = Slot { start: show.start_time, end: show.end_time };
            if moved {
                slot = Slot::new(terms.start_time, minutes);
                catalog.refuse_if_occupied(tx, screen_id, slot, show_id)?;
            }
            let row = Scheduled {
                show_id,
                movie_id,
                cinema_id: show.cinema_id,
                screen_id,
                layout_version: show.layout.version,
                local_date: local_date(slot.start, &venue.zone),
                city_fold: venue.city_fold,
                slot,
                language: terms.language,
                format: terms.format,
                prices: terms.prices,
            };
            store::update_show(tx, &row)?;
            catalog.record(tx, about("ShowChanged", actor, show_id, changed))?;
            catalog.read_show(tx, show_id)
        })
        .await
    }

    /// Cancels a show that has not started; once more is the same as once. Who reacts to `ShowCancelled` refunds what was
    /// sold.
    ///
    /// # Errors
    /// [`Error::ShowNotFound`], [`Error::ShowFixed`], [`Error::Db`].
    pub async fn cancel_show(&self, actor: Actor, show_id: ShowId) -> Result<Arc<Show>, Error> {
        self.write(Touched::Show(show_id), move |catalog, tx| {
            let show = catalog.read_show(tx, show_id)?;
            if show.cancelled {
                return Ok(show);
            }
            if show.start_time <= catalog.now() {
                return Err(Error::ShowFixed(STARTED));
            }
            if store::cancel_show(tx, show_id)? {
                let payload = json!({ "movie_id": show.movie_id, "screen_id": show.screen_id });
                catalog.record(tx, about("ShowCancelled", actor, show_id, payload))?;
            }
            catalog.read_show(tx, show_id)
        })
        .await
    }

    /// Takes the movies and screens of the shows, always in the same order, so that two batches never wait for each other.
    /// Those that do not exist are left out.
    pub(super) fn programme(&self, tx: &mut Tx<'_>, shows: &[NewShow]) -> Result<Programme, Error> {
        let mut programme = Programme { movies: HashMap::new(), screens: HashMap::new() };
        for movie_id in shows.iter().map(|show| show.movie_id).collect::<BTreeSet<_>>() {
            if let Some(minutes) = store::lock_movie(tx, movie_id)? {
                programme.movies.insert(movie_id, minutes);
            }
        }
        for screen_id in shows.iter().map(|show| show.screen_id).collect::<BTreeSet<_>>() {
            if let Some(venue) = store::lock_screen(tx, screen_id)? {
                let layout = self.layout(tx, &venue)?;
                programme.screens.insert(screen_id, (venue, layout));
            }
        }
        Ok(programme)
    }

    fn schedule_batch(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        batch: Vec<NewShow>,
    ) -> Result<Vec<Result<ShowId, Error>>, Error> {
        let programme = self.programme(tx, &batch)?;
        let (mut outcomes, mut events) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for show in batch {
            outcomes.push(match self.schedule(tx, actor, &programme, show) {
                Ok((show_id, scheduled)) => {
                    events.push(scheduled);
                    Ok(show_id)
                }
                Err(Error::Db(error)) => return Err(Error::Db(error)),
                Err(refused) => Err(refused),
            });
        }
        self.inner.journal.append(tx, &events)?;
        Ok(outcomes)
    }

    /// Writes the show's row; the event is still to be recorded. A show that is refused leaves nothing.
    pub(super) fn schedule(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        programme: &Programme,
        show: NewShow,
    ) -> Result<(ShowId, Event), Error> {
        let minutes = *programme.movies.get(&show.movie_id).ok_or(Error::MovieNotFound)?;
        let (venue, layout) = programme.screens.get(&show.screen_id).ok_or(Error::ScreenNotFound)?;
        let terms = show.details.check(layout, self.now())?.into_inner();
        let slot = Slot::new(terms.start_time, minutes);
        let show_id = ShowId::mint(&self.inner.clock, &self.inner.rng);
        self.refuse_if_occupied(tx, show.screen_id, slot, show_id)?;
        let row = Scheduled {
            show_id,
            movie_id: show.movie_id,
            cinema_id: venue.cinema_id,
            screen_id: show.screen_id,
            layout_version: venue.layout_version,
            city_fold: venue.city_fold.clone(),
            local_date: local_date(slot.start, &venue.zone),
            slot,
            language: terms.language,
            format: terms.format,
            prices: terms.prices,
        };
        store::insert_show(tx, &row, self.now())?;
        let payload = json!({
            "movie_id": row.movie_id,
            "screen_id": row.screen_id,
            "layout_version": row.layout_version,
            "start_time": slot.start,
            "end_time": slot.end,
            "prices": row.prices,
        });
        Ok((show_id, about("ShowScheduled", actor, show_id, payload)))
    }

    fn refuse_if_occupied(
        &self,
        tx: &mut Tx<'_>,
        screen_id: ScreenId,
        slot: Slot,
        apart_from: ShowId,
    ) -> Result<(), Error> {
        match store::occupier(tx, screen_id, slot, self.inner.cleaning, apart_from)? {
            Some(show_id) => Err(Error::ScreenOccupied(show_id)),
            None => Ok(()),
        }
    }
}

fn refuse_unless_to_come(show: &Show, now: marquee_kernel::Timestamp) -> Result<(), Error> {
    if show.cancelled {
        return Err(Error::ShowFixed(CANCELLED));
    }
    if show.start_time <= now {
        return Err(Error::ShowFixed(STARTED));
    }
    Ok(())
}

fn details(show: &Show) -> ShowDetails {
    ShowDetails {
        start_time: show.start_time,
        language: show.language.as_deref().map(str::to_owned),
        format: show.format.as_deref().map(str::to_owned),
        prices: show.prices.iter().map(|(category, price)| (category.to_string(), price)).collect(),
    }
}

fn about(kind: &'static str, actor: Actor, show_id: ShowId, payload: Value) -> Event {
    Event { kind, actor, show_id: Some(show_id), subject: show_id.to_string(), payload }
}
