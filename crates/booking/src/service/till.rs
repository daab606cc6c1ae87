//! What is sold and given back at a till.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use marquee_db::{Error as DbError, Tx};
use marquee_http::Caller;
use marquee_kernel::{BookingId, CinemaId, ShowId, Timestamp, UserId};
use marquee_payments::till::{self, Totals};

use super::Booking;
use crate::error::{Error, Result};
use crate::model::Order;
use crate::view::BookingView;

/// A day of a cinema's tills.
#[derive(Clone, Debug)]
pub struct TillDay {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// Who took and paid out what.
    pub totals: Totals,
    /// What the clerks are called.
    pub names: HashMap<UserId, String>,
}

impl Booking {
    /// Money at a till is taken by staff of the show's cinema alone.
    pub(super) async fn check_till(&self, order: &Order, show_id: ShowId) -> Result<()> {
        let Some(at) = &order.till else { return Ok(()) };
        let show = self.inner.parts.seating.show(show_id).await?;
        if at.clerk.serves(show.cinema_id) { Ok(()) } else { Err(Error::NotTheirTill) }
    }

    /// Records that the clerk who calls gave a cancelled booking's money back by hand. Done again, it stays as it is.
    ///
    /// # Errors
    /// [`Error::BookingNotFound`], also for a cinema that the caller does not serve; [`Error::NothingToPayOut`].
    pub async fn pay_out(&self, caller: &Caller, booking_id: BookingId) -> Result<BookingView> {
        let sale = self.find_served(caller, booking_id).await?;
        let (journal, at, clerk) = (self.inner.parts.journal.clone(), self.now(), caller.user_id);
        let payment_id = sale.payment_id;
        let write = move |tx: &mut Tx<'_>| till::pay_out(tx, &journal, payment_id, clerk, at);
        // Unknown or not: whoever asks again hears how it stands.
        let refund = self.shards().write(sale.show_id, write).await?;
        refund.ok_or(Error::NothingToPayOut)?;
        self.wake(sale.show_id).await;
        self.get(caller, booking_id).await
    }

    /// The record of a booking of a cinema that the caller serves.
    pub(crate) async fn find_served(&self, caller: &Caller, booking_id: BookingId) -> Result<crate::model::Sale> {
        let sale = self.sale(booking_id).await?;
        sale.filter(|sale| caller.serves(sale.cinema_id)).ok_or(Error::BookingNotFound)
    }

    /// What the clerks of a cinema took and paid out on a day of its wall, with their names.
    ///
    /// # Errors
    /// [`marquee_catalog::Error::CinemaNotFound`]; what a database says.
    pub async fn till_day(&self, cinema_id: CinemaId, date: Date) -> Result<TillDay> {
        let cinema = self.inner.parts.catalog.cinema(cinema_id).await?;
        let (from, until) = cinema.day(date);
        let totals = self.till_totals(cinema_id, from, until).await?;
        let mut names = HashMap::new();
        let clerks: HashSet<UserId> = totals.taken.iter().chain(&totals.paid_out).map(|total| total.clerk).collect();
        for clerk in clerks {
            names.insert(clerk, self.accounts().profile(clerk).await?.name);
        }
        Ok(TillDay { from, until, totals, names })
    }

    /// What the clerks of a cinema took and paid out from `from` until before `until`, on every shard.
    ///
    /// # Errors
    /// What a database says: without one of them it is not known.
    pub async fn till_totals(&self, cinema_id: CinemaId, from: Timestamp, until: Timestamp) -> Result<Totals> {
        let mut all = Totals::default();
        for shard in self.shards().all() {
            let read = move |tx: &mut Tx<'_>| -> Result<_, DbError> { till::totals(tx, cinema_id, from, until) };
            let Totals { taken, paid_out } = shard.db()?.read(read).await?;
            all.taken.extend(taken);
            all.paid_out.extend(paid_out);
        }
        Ok(all)
    }
}
