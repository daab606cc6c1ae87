//! What a day has brought, for those who manage.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use marquee_db::Tx;
use marquee_http::Places;
use marquee_kernel::{BookingId, CinemaId, Timestamp};
use marquee_payments::{Refund, RefundStatus, ledger};
use marquee_seating::taken_of;

use super::Booking;
use crate::dashboard_view::{DashboardView, FunnelView, HourView, OccupancyView, RefundsView, SalesView};
use crate::error::Result;
use crate::model::Status;
use crate::model::takings::{Purse, Sold, Taking, by_hour, day_in};
use crate::store::takings;

/// A cinema's day: when it begins and ends there.
struct Day {
    zone: TimeZone,
    begins: Timestamp,
    ends: Timestamp,
}

/// The same date in each of some cinemas.
struct Days(HashMap<CinemaId, Day>);

impl Days {
    /// That cinema's zone, when `at` is within its day.
    fn zone_at(&self, cinema_id: CinemaId, at: Timestamp) -> Option<&TimeZone> {
        let day = self.0.get(&cinema_id)?;
        (day.begins <= at && at < day.ends).then_some(&day.zone)
    }

    /// From the beginning of the first to the end of the last.
    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let begins = self.0.values().map(|day| day.begins).min()?;
        Some((begins, self.0.values().map(|day| day.ends).max()?))
    }
}

impl Booking {
    /// What a day has brought in those cinemas, over all shards.
    ///
    /// # Errors
    /// What the databases say.
    pub(crate) async fn dashboard(&self, places: Places, date: Date) -> Result<DashboardView> {
        let days = self.days(&places, date).await?;
        let (takings, refunds) = match days.span() {
            Some(span) => self.taken_between(span).await?,
            None => Default::default(),
        };
        let of_day: Vec<_> = takings
            .iter()
            .filter_map(|taking| Some((taking, days.zone_at(taking.cinema_id, taking.begins_at())?)))
            .collect();
        let sold = || of_day.iter().copied().filter(|(taking, _)| taking.is_sold());
        let mut total = Sold::default();
        sold().for_each(|(taking, _)| total.add(taking));
        let hours = by_hour(sold()).into_iter().map(|(hour, sold)| HourView::of(hour, sold)).collect();
        Ok(DashboardView {
            date: date.to_string(),
            as_of: self.now(),
            sales: SalesView::of(total, hours),
            shows: self.occupancy(date, places).await?,
            funnel: self.funnel(&days, of_day.iter().map(|(taking, _)| *taking)).await?,
            refunds: refunds_of_day(&days, refunds),
        })
    }

    /// Refuses a cinema that is not there.
    ///
    /// # Errors
    /// `cinema_not_found`.
    pub(crate) async fn has_cinema(&self, cinema_id: CinemaId) -> Result<()> {
        let found = self.inner.parts.seating.catalog().cinema(cinema_id).await;
        Ok(found.map(drop).map_err(marquee_seating::Error::from)?)
    }

    async fn days(&self, places: &Places, date: Date) -> Result<Days> {
        let catalog = self.inner.parts.seating.catalog();
        let zones = catalog.zones(places.clone()).await.map_err(marquee_seating::Error::from)?;
        let days = zones.into_iter().map(|(cinema_id, zone)| {
            let (begins, ends) = day_in(&zone, date);
            (cinema_id, Day { zone, begins, ends })
        });
        Ok(Days(days.collect()))
    }

    /// What was booked, and what was ordered back and of where.
    async fn taken_between(
        &self,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<(Vec<Taking>, Vec<(CinemaId, Refund)>)> {
        let read = move |tx: &mut Tx<'_>| {
            let taken = takings::between(tx, from, until)?;
            let refunds = ledger::refunds_between(tx, from, until)?;
            let bookings: Vec<BookingId> = refunds.iter().map(|refund| refund.booking_id).collect();
            let places = takings::places_of_sold(tx, &bookings)?;
            let refunds = places.into_iter().zip(refunds).filter_map(|(place, refund)| Some((place?, refund)));
            Ok((taken, refunds.collect::<Vec<_>>()))
        };
        let (mut takings, mut refunds) = (Vec::new(), Vec::new());
        for (some, given_back) in self.everywhere(read).await? {
            takings.extend(some);
            refunds.extend(given_back);
        }
        Ok((takings, refunds))
    }

    async fn occupancy(&self, date: Date, places: Places) -> Result<Vec<OccupancyView>> {
        let seating = &self.inner.parts.seating;
        let shows = seating.catalog().shows_of_day(date, places).await.map_err(marquee_seating::Error::from)?;
        let asked = shows.clone();
        let taken = self.everywhere(move |tx: &mut Tx<'_>| taken_of(tx, &asked)).await?;
        let taken: HashMap<_, _> = taken.into_iter().flatten().collect();
        let mut occupancy = Vec::with_capacity(shows.len());
        for show_id in shows {
            let show = seating.show(show_id).await?;
            occupancy.push(OccupancyView::of(&show, taken.get(&show_id).copied().unwrap_or_default()));
        }
        Ok(occupancy)
    }

    async fn funnel(&self, days: &Days, takings: impl Iterator<Item = &Taking>) -> Result<FunnelView> {
        let spans: Vec<_> = days.0.iter().map(|(cinema_id, day)| (*cinema_id, day.begins, day.ends)).collect();
        let mut funnel =
            FunnelView { holds: self.inner.parts.seating.holds_placed(&spans).await?, ..Default::default() };
        for taking in takings {
            funnel.payments += taking.bookings;
            match taking.status {
                Status::Confirmed | Status::Cancelled => funnel.confirmed += taking.bookings,
                Status::Pending => funnel.pending += taking.bookings,
                Status::Failed => funnel.failed += taking.bookings,
            }
        }
        Ok(funnel)
    }
}

fn refunds_of_day(days: &Days, refunds: Vec<(CinemaId, Refund)>) -> RefundsView {
    let (mut bookings, mut sums) = (0, [Purse::default(), Purse::default(), Purse::default()]);
    let [pending, succeeded, failed] = &mut sums;
    let of_day = refunds.into_iter().filter(|(place, refund)| days.zone_at(*place, refund.created_at).is_some());
    for (_, refund) in of_day {
        bookings += 1;
        match refund.status {
            RefundStatus::Pending => pending.add(refund.amount),
            RefundStatus::Succeeded => succeeded.add(refund.amount),
            RefundStatus::Failed => failed.add(refund.amount),
        }
    }
    let [pending, succeeded, failed] = sums.map(Purse::into_vec);
    RefundsView { bookings, pending, succeeded, failed }
}
