//! Putting the showings of a file on sale, with the cinemas and screens they need, and telling beforehand what that would do.

use std::collections::BTreeMap;

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::{CinemaId, MovieId, ScreenId};
use tracing::info;

use super::Catalog;
use super::importing::Named;
use super::screens::FIRST_VERSION;
use crate::Error;
use crate::caches::Touched;
use crate::import::ScreeningRecord;
use crate::model::{Faults, Layout, LayoutPlan, NewMovie, NewShow, ROWS_MAX, RowPlan, ShowDetails, screen_name};
use crate::store;

/// Showings put on sale in one transaction: enough that its commit costs nothing, few enough that a sale does not wait for it.
const BATCH_SHOWINGS: usize = 100;
/// Seats across a screen whose file gives their number alone, and the price area of all of them.
const ROW_SEATS: u32 = 16;
const CATEGORY: &str = "standard";
/// The most of them: those of the most rows that a layout can have.
const HOUSE_SEATS_MAX: u32 = ROWS_MAX as u32 * ROW_SEATS;

/// What becomes of a showing of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// It is on sale, in a cinema that was there.
    Added,
    /// It is on sale, in a cinema that was added for it.
    AddedWithCinema,
    /// It was there; one that was cancelled stays so.
    Known,
}

type Verdicts = Vec<Result<Showing, Error>>;

/// Why a rehearsal is taken back: it is over, or it could not go on.
enum Curtain {
    Over(Verdicts),
    Fallen(Error),
}

impl From<marquee_db::Error> for Curtain {
    fn from(error: marquee_db::Error) -> Self {
        Curtain::Fallen(error.into())
    }
}

impl Catalog {
    /// Puts showings on sale whose films are in the catalogue by their source keys; cinemas and screens that are not there are
    /// added. For each what became of it, or why it was refused alone.
    ///
    /// # Errors
    /// [`Error::Db`]; the batches before it stay.
    pub async fn add_showings(&self, actor: Actor, showings: Vec<ScreeningRecord>) -> Result<Verdicts, Error> {
        let mut verdicts = Verdicts::with_capacity(showings.len());
        let mut showings = showings.into_iter().peekable();
        while showings.peek().is_some() {
            let batch: Vec<_> = showings.by_ref().take(BATCH_SHOWINGS).collect();
            let put = move |catalog: &Catalog, tx: &mut Tx<'_>| catalog.put_showings(tx, actor, &batch);
            verdicts.extend(self.write(Touched::NoShow, put).await?);
        }
        info!(showings = verdicts.len(), "showings added");
        Ok(verdicts)
    }

    /// What [`Catalog::add_showings`] would do now, once `films` are added: it is done, and taken back.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub(crate) async fn foresee_showings(
        &self,
        films: Vec<NewMovie>,
        showings: Vec<ScreeningRecord>,
    ) -> Result<Verdicts, Error> {
        let (catalog, films) = (self.clone(), films.into_iter().map(NewMovie::check).collect());
        let rehearse = move |tx: &mut Tx<'_>| -> Result<(), Curtain> {
            Err(catalog.rehearse(tx, films, &showings).map_or_else(Curtain::Fallen, Curtain::Over))
        };
        match self.inner.db.write(rehearse).await {
            Err(Curtain::Over(verdicts)) => Ok(verdicts),
            Err(Curtain::Fallen(error)) => Err(error),
            Ok(()) => Ok(Verdicts::new()),
        }
    }

    fn rehearse(&self, tx: &mut Tx<'_>, films: Vec<Named>, showings: &[ScreeningRecord]) -> Result<Verdicts, Error> {
        for (source_key, film) in films.into_iter().flatten() {
            self.put_movie(tx, Actor::System, source_key, &film)?;
        }
        self.put_showings(tx, Actor::System, showings)
    }

    fn put_showings(&self, tx: &mut Tx<'_>, actor: Actor, showings: &[ScreeningRecord]) -> Result<Verdicts, Error> {
        let mut verdicts = Verdicts::with_capacity(showings.len());
        for showing in showings {
            verdicts.push(match self.put_showing(tx, actor, showing) {
                Err(Error::Db(error)) => return Err(Error::Db(error)),
                verdict => verdict,
            });
        }
        Ok(verdicts)
    }

    /// One that is refused leaves nothing.
    fn put_showing(&self, tx: &mut Tx<'_>, actor: Actor, showing: &ScreeningRecord) -> Result<Showing, Error> {
        let film = store::find_by_source_key(tx, &showing.movie.movie.source_key)?;
        let movie_id = film.filter(|film| !film.deleted).ok_or(Error::MovieNotFound)?.movie.movie_id;
        let cinema_id = store::find_cinema_named(tx, &showing.cinema.city, &showing.cinema.name)?;
        if let Some(screen_id) = screen_of(tx, cinema_id, &showing.screen_name)? {
            if store::has_showing(tx, screen_id, showing.start_time, movie_id)? {
                return Ok(Showing::Known);
            }
            self.put_on(tx, actor, movie_id, screen_id, showing)?;
            return Ok(Showing::Added);
        }
        let screen_id = self.open_screen(tx, actor, cinema_id, showing)?;
        self.put_on(tx, actor, movie_id, screen_id, showing)?;
        Ok(if cinema_id.is_some() { Showing::Added } else { Showing::AddedWithCinema })
    }

    /// The screen that a showing needs, in its cinema or one that is added for it. Nothing is written before it is sure that
    /// the showing can be.
    fn open_screen(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        cinema_id: Option<CinemaId>,
        showing: &ScreeningRecord,
    ) -> Result<ScreenId, Error> {
        let (name, plan) = (screen_name(showing.screen_name.clone())?, plain_house(showing.capacity)?.check()?);
        terms(showing).check(&Layout::of(&plan, FIRST_VERSION), self.now())?;
        let cinema_id = match cinema_id {
            Some(cinema_id) => {
                store::lock_cinema(tx, cinema_id)?;
                cinema_id
            }
            None => self.insert_cinema(tx, actor, &showing.cinema.clone().check()?)?,
        };
        Ok(self.insert_screen(tx, actor, cinema_id, name, &plan)?.screen_id)
    }

    fn put_on(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        movie_id: MovieId,
        screen_id: ScreenId,
        showing: &ScreeningRecord,
    ) -> Result<(), Error> {
        let show = NewShow { movie_id, screen_id, details: terms(showing) };
        let programme = self.programme(tx, std::slice::from_ref(&show))?;
        let (_, scheduled) = self.schedule(tx, actor, &programme, show)?;
        self.record(tx, scheduled)
    }
}

/// The cinema's screen of that name, whatever its case.
fn screen_of(tx: &mut Tx<'_>, cinema_id: Option<CinemaId>, name: &str) -> Result<Option<ScreenId>, Error> {
    let Some(cinema_id) = cinema_id else { return Ok(None) };
    let screens = store::screens_of(tx, std::iter::once(cinema_id))?.pop().unwrap_or_default();
    Ok(screens.into_iter().find(|screen| screen.is_called(name)).map(|screen| screen.screen_id))
}

fn terms(showing: &ScreeningRecord) -> ShowDetails {
    ShowDetails {
        start_time: showing.start_time,
        language: showing.language.clone(),
        format: showing.format.clone(),
        prices: BTreeMap::from([(CATEGORY.to_owned(), showing.price)]),
    }
}

/// A house of rows of equal length, with what is left over in the last one.
fn plain_house(capacity: Option<u32>) -> Result<LayoutPlan, Faults> {
    let refused = |rule: String| Faults::one("the number of seats (maximumAttendeeCapacity)", rule);
    let missing = || refused("must be given: the cinema has no such screen yet".to_owned());
    let capacity = capacity.ok_or_else(missing)?;
    if capacity > HOUSE_SEATS_MAX {
        return Err(refused(format!("must be at most {HOUSE_SEATS_MAX}")));
    }
    let row = |at: u32| {
        let seats = ROW_SEATS.min(capacity - at * ROW_SEATS);
        RowPlan { row: (at + 1).to_string(), category: CATEGORY.to_owned(), seats: "s".repeat(seats as usize) }
    };
    Ok(LayoutPlan { rows: (0..capacity.div_ceil(ROW_SEATS)).map(row).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_house_has_every_seat() {
        for capacity in [1, 16, 17, 160, 1_000] {
            let seats: usize = plain_house(Some(capacity)).unwrap().rows.iter().map(|row| row.seats.len()).sum();
            assert_eq!(seats as u32, capacity);
        }
    }
}
