//! Days of a timetable, scheduled once more.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;
use marquee_bus::Actor;
use marquee_db::Tx;

use super::Catalog;
use super::shows::details;
use crate::Error;
use crate::caches::Touched;
use crate::model::{Copied, Copy, CopyMode, CopyOrder, Faults, NewShow, Show, Slot, in_days, zone};
use crate::store;

/// Shows copied by one call, which is one transaction: a week of a large multiplex.
const COPIED_SHOWS_MAX: u32 = 500;

const TOO_FAR: &str = "is further away than the calendar goes";

/// Why a transaction that went well is not committed.
enum Undo {
    /// It was only to see what it would do, or it may not do that in part.
    Copies(Vec<Copy>),
    Failure(Error),
}

impl From<Error> for Undo {
    fn from(error: Error) -> Self {
        Undo::Failure(error)
    }
}

impl From<marquee_db::Error> for Undo {
    fn from(error: marquee_db::Error) -> Self {
        Undo::Failure(error.into())
    }
}

impl Catalog {
    /// Schedules the shows of some days of a cinema again, each at the same time by the wall and on the same terms, on the
    /// newest layouts and for as long as the movies take today. Cancelled shows are not copied. A rehearsal does the same
    /// and takes it back, so that what it says is what would be.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Invalid`] for more than [`COPIED_SHOWS_MAX`], [`Error::Db`].
    pub(crate) async fn copy_shows(&self, actor: Actor, order: CopyOrder) -> Result<Copied, Error> {
        let copied = self.write(Touched::NoShow, move |catalog, tx| {
            let originals = originals(catalog, tx, &order)?;
            let copies = catalog.copy_all(tx, actor, &order, originals)?;
            let whole = copies.iter().all(|copy| copy.outcome.is_ok());
            match order.mode {
                CopyMode::WhatFits => Ok(copies),
                CopyMode::AllOrNone if whole => Ok(copies),
                CopyMode::AllOrNone | CopyMode::Rehearse => Err(Undo::Copies(copies)),
            }
        });
        match copied.await {
            Ok(copies) => Ok(Copied::Done(copies)),
            Err(Undo::Copies(copies)) => Ok(Copied::Undone(copies)),
            Err(Undo::Failure(error)) => Err(error),
        }
    }

    fn copy_all(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        order: &CopyOrder,
        originals: Vec<Arc<Show>>,
    ) -> Result<Vec<Copy>, Error> {
        let ahead = i64::from((order.to - order.from).get_days());
        let wanted = originals.iter().map(|show| again(show, ahead)).collect::<Result<Vec<_>, _>>()?;
        let programme = self.programme(tx, &wanted)?;
        let (mut copies, mut events) = (Vec::with_capacity(wanted.len()), Vec::with_capacity(wanted.len()));
        for (original, show) in originals.into_iter().zip(wanted) {
            let length = original.end_time.duration_since(original.start_time);
            let minutes = programme.minutes(show.movie_id).or_else(|| u32::try_from(length.as_mins()).ok());
            let slot = Slot::new(show.details.start_time, minutes.unwrap_or_default());
            let outcome = match self.schedule(tx, actor, &programme, show) {
                Ok((show_id, scheduled)) => {
                    events.push(scheduled);
                    Ok(show_id)
                }
                Err(Error::Db(error)) => return Err(error.into()),
                Err(refused) => Err(refused),
            };
            copies.push(Copy { original, slot, outcome });
        }
        self.inner.journal.append(tx, &events)?;
        Ok(copies)
    }
}

/// The shows to copy, by start.
fn originals(catalog: &Catalog, tx: &mut Tx<'_>, order: &CopyOrder) -> Result<Vec<Arc<Show>>, Error> {
    store::find_cinema(tx, order.cinema_id)?.ok_or(Error::CinemaNotFound)?;
    let last = last_day(order.from, order.days).ok_or_else(|| Faults::one("from", TOO_FAR))?;
    // One more than may be, cancelled ones and other screens included: so many are to be copied in parts.
    let records = store::timetable(tx, order.cinema_id, (order.from, last), None, COPIED_SHOWS_MAX + 1)?;
    if records.len() > COPIED_SHOWS_MAX as usize {
        let message = format!("are more than {COPIED_SHOWS_MAX} shows; copy fewer days at once");
        return Err(Faults::one("days", message).into());
    }
    let shows = records.iter().map(|record| catalog.seat(tx, record)).collect::<marquee_db::Result<Vec<_>>>()?;
    let wanted = |show: &Arc<Show>| order.screens.as_ref().is_none_or(|screens| screens.contains(&show.screen_id));
    Ok(shows.into_iter().filter(|show| !show.cancelled && wanted(show)).collect())
}

fn last_day(first: Date, days: u32) -> Option<Date> {
    first.checked_add(Span::new().try_days(i64::from(days) - 1).ok()?).ok()
}

/// The show once more, so many days later.
fn again(show: &Show, days: i64) -> Result<NewShow, Error> {
    let zone = zone(&show.timezone).ok_or_else(|| Faults::one("to", "is in a time zone that is not known"))?;
    let start_time = in_days(show.start_time, days, &zone).ok_or_else(|| Faults::one("to", TOO_FAR))?;
    let mut details = details(show);
    details.start_time = start_time;
    Ok(NewShow { movie_id: show.movie_id, screen_id: show.screen_id, details })
}
