//! Bookings as staff looks for them.

use jiff::SignedDuration;
use jiff::civil::Date;
use marquee_db::Tx;
use marquee_http::{Caller, Places};
use marquee_kernel::{BookingId, CinemaId, Page, PageRequest, ShowId, Timestamp, UserId};
use marquee_tickets::reference;
use uuid::Uuid;

use super::Booking;
use super::history::newest_first;
use crate::desk_view::DeskView;
use crate::error::{Error, Result};
use crate::model::{DESK_LIST, Sale, Status};
use crate::store::{self, desk};

/// Where nothing else narrows the look, it goes so far back, in days.
const LOOK_BACK_DAYS: i64 = 31;
/// People of whom a text is the name that are looked up, at most.
const GUESTS_MAX: u32 = 200;
/// Bookings that a reference is compared with at a time: a reader of the database is free in between.
const COMPARE_ROWS: u32 = 20_000;

/// Which bookings staff looks for; everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    /// A reference or an id, or a part of the guest's name or address.
    pub(crate) text: Option<String>,
    /// In that cinema.
    pub(crate) cinema_id: Option<CinemaId>,
    /// Of that show.
    pub(crate) show_id: Option<ShowId>,
    /// Of the shows of that day, as the cinema's wall says.
    pub(crate) date: Option<Date>,
    /// Which stand so.
    pub(crate) status: Option<Status>,
}

impl Booking {
    /// Bookings of the cinemas that the caller serves, the newest first. Without a text, a show or a day those of the last month.
    ///
    /// # Errors
    /// What the databases say.
    pub(crate) async fn look_up(
        &self,
        caller: &Caller,
        look: Look,
        page: PageRequest<BookingId>,
    ) -> Result<Page<DeskView>> {
        let places = match look.cinema_id {
            Some(cinema_id) => Places::These(vec![cinema_id]),
            None => caller.served(),
        };
        let shows = self.shows_looked_at(&look, &places).await?;
        let mut wanted =
            desk::Wanted { places, guests: None, shows, status: look.status, since: None, before: page.after };
        let mut sales = match &look.text {
            None => Vec::new(),
            Some(text) => {
                wanted.guests = Some(self.accounts().called(text.clone(), GUESTS_MAX).await?);
                self.named_by(text, &wanted).await?
            }
        };
        if look.text.is_none() && wanted.shows.is_none() {
            let back = SignedDuration::from_hours(24 * LOOK_BACK_DAYS);
            wanted.since = Some(BookingId::earliest_at(self.now().checked_sub(back).unwrap_or(Timestamp::MIN)));
        }
        let limit = page.limit;
        let read = move |tx: &mut Tx<'_>| {
            let ids = desk::find_ids(tx, &wanted, limit + 1)?;
            store::find(tx, &ids)
        };
        sales.extend(self.everywhere(read).await?.into_iter().flatten());
        newest_first(&mut sales);
        let page = Page::cut(sales, limit, DESK_LIST, |sale| sale.booking_id);
        let items = self.desk_views(page.items).await?;
        Ok(Page { items, next_cursor: page.next_cursor })
    }

    /// A booking of a cinema that the caller serves.
    ///
    /// # Errors
    /// [`Error::BookingNotFound`], also when it is of another cinema.
    pub(crate) async fn at_desk(&self, caller: &Caller, booking_id: BookingId) -> Result<DeskView> {
        let sale = self.served_sale(caller, booking_id).await?;
        self.desk_views(vec![sale]).await?.pop().ok_or(Error::BookingNotFound)
    }

    pub(super) async fn served_sale(&self, caller: &Caller, booking_id: BookingId) -> Result<Sale> {
        let sale = self.sale(booking_id).await?;
        sale.filter(|sale| caller.serves(sale.cinema_id)).ok_or(Error::BookingNotFound)
    }

    /// The shows that the look is about, if it is about shows.
    async fn shows_looked_at(&self, look: &Look, places: &Places) -> Result<Option<Vec<ShowId>>> {
        let Some(date) = look.date else { return Ok(look.show_id.map(|show_id| vec![show_id])) };
        let catalog = self.inner.parts.seating.catalog();
        let of_day = catalog.shows_of_day(date, places.clone()).await.map_err(marquee_seating::Error::from)?;
        Ok(Some(match look.show_id {
            Some(show_id) => of_day.into_iter().filter(|one| *one == show_id).collect(),
            None => of_day,
        }))
    }

    /// Bookings of which `text` is the reference or the id, as far as they are wanted.
    async fn named_by(&self, text: &str, wanted: &desk::Wanted) -> Result<Vec<Sale>> {
        let named = match (text.parse::<BookingId>(), reference::parse(text)) {
            (Ok(booking_id), _) => vec![booking_id],
            (_, Ok(reference)) => self.referred_to(reference, wanted.shows.clone()).await?,
            (Err(_), Err(_)) => return Ok(Vec::new()),
        };
        let wanted = desk::Wanted { guests: None, ..wanted.clone() };
        let read = move |tx: &mut Tx<'_>| store::find(tx, &named);
        let found = self.everywhere(read).await?.into_iter().flatten();
        let fits = |sale: &Sale| {
            let in_place = match &wanted.places {
                Places::All => true,
                Places::These(places) => places.contains(&sale.cinema_id),
            };
            in_place
                && wanted.shows.as_ref().is_none_or(|shows| shows.contains(&sale.show_id))
                && wanted.status.is_none_or(|status| sale.status == status)
                && wanted.before.is_none_or(|before| sale.booking_id < before)
        };
        Ok(found.filter(fits).collect())
    }

    /// Bookings of that reference. It follows from the id and stands nowhere: it is compared with that of every booking, of these
    /// shows or of all, which no sale has to pay for.
    async fn referred_to(&self, reference: String, shows: Option<Vec<ShowId>>) -> Result<Vec<BookingId>> {
        if let Some(shows) = shows {
            let read = move |tx: &mut Tx<'_>| desk::of_shows(tx, &shows);
            let found = self.everywhere(read).await?.into_iter().flatten();
            return Ok(found.filter(|id| reference::reference_of(*id) == reference).collect());
        }
        let mut found = Vec::new();
        for shard in self.shards().all() {
            let mut after = (UserId::from(Uuid::nil()), BookingId::from(Uuid::nil()));
            loop {
                let wanted = reference.clone();
                let read = move |tx: &mut Tx<'_>| {
                    let some = desk::after_guest(tx, after, COMPARE_ROWS)?;
                    let last = some.last().copied();
                    let named = some.into_iter().map(|(_, id)| id).filter(|id| reference::reference_of(*id) == wanted);
                    Ok::<_, marquee_db::Error>((named.collect::<Vec<_>>(), last))
                };
                let (named, last) = shard.db()?.read(read).await?;
                found.extend(named);
                let Some(last) = last else { break };
                after = last;
            }
        }
        Ok(found)
    }

    async fn desk_views(&self, sales: Vec<Sale>) -> Result<Vec<DeskView>> {
        let mut people: Vec<UserId> = sales.iter().flat_map(|sale| [sale.user_id, sale.booked_by]).collect();
        people.sort_unstable();
        people.dedup();
        let names = self.accounts().names(people).await?;
        let mut views = Vec::with_capacity(sales.len());
        for sale in sales {
            let show = self.inner.parts.seating.show(sale.show_id).await?;
            views.push(DeskView::of(&sale, &show, &names));
        }
        Ok(views)
    }
}
