//! Looking bookings up.

use std::cmp::Reverse;
use std::collections::HashMap;

use futures_util::future::try_join_all;
use marquee_db::{Error as DbError, Tx};
use marquee_http::Caller;
use marquee_kernel::{BookingId, Page, PageRequest, PaymentId, UserId};
use marquee_payments::{Refund, ledger};

use super::{Booking, MOVE_LOOKS_MAX};
use crate::error::{Error, Result};
use crate::model::{BOOKING_LIST, Sale, Status};
use crate::store;
use crate::view::{BookingView, RefundView};

impl Booking {
    /// A booking, for its guest or staff of its cinema.
    ///
    /// # Errors
    /// [`Error::BookingNotFound`], also when it is somebody else's.
    pub async fn get(&self, caller: &Caller, booking_id: BookingId) -> Result<BookingView> {
        let look = move |tx: &mut Tx<'_>| {
            let sales = store::find(tx, &[booking_id])?;
            let refunds = refunds(tx, &sales)?;
            Ok(sales.into_iter().next().map(|sale| (sale, refunds)))
        };
        let found = self.shards().find(booking_id.shard(), look).await?;
        let (sale, refunds) = found.filter(|(sale, _)| may_see(caller, sale)).ok_or(Error::BookingNotFound)?;
        Ok(self.view(&sale, &refunds))
    }

    /// A user's bookings on every shard, newest first: ids of bookings sort by their birth, wherever that was.
    ///
    /// # Errors
    /// What a database says: without one of them it is not known which bookings there are.
    pub async fn of_user(&self, user_id: UserId, page: PageRequest<BookingId>) -> Result<Page<BookingView>> {
        let (limit, before) = (page.limit, page.after);
        let read = move |tx: &mut Tx<'_>| -> Result<_, DbError> {
            let ids = store::of_user(tx, user_id, before, limit + 1)?;
            let sales = store::find(tx, &ids)?;
            let refunds = refunds(tx, &sales)?;
            Ok((sales, refunds))
        };
        let (mut sales, mut refunds) = (Vec::new(), HashMap::new());
        for (some, their_refunds) in self.everywhere(read).await? {
            sales.extend(some);
            refunds.extend(their_refunds);
        }
        newest_first(&mut sales);
        let page = Page::cut(sales, limit, BOOKING_LIST, |sale| sale.booking_id);
        Ok(page.map(|sale| self.view(&sale, &refunds)))
    }

    /// What `read` finds on each shard, while no show is on its way from one to another.
    ///
    /// # Errors
    /// What a database says: without one of them it is not known what there is.
    pub(super) async fn everywhere<T: Send + 'static>(
        &self,
        read: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Clone + Send + 'static,
    ) -> Result<Vec<T>> {
        for _ in 0..MOVE_LOOKS_MAX {
            let reads = self.shards().all().iter().map(|shard| {
                let read = read.clone();
                async move { shard.db()?.read(move |tx| read(tx)).await }
            });
            let found = try_join_all(reads).await?;
            // What was on its way meanwhile may be missing, and what arrived meanwhile there twice.
            if self.shards().all().len() > 1 && self.shards().cargo().await? > 0 {
                self.shards().wait_for_move().await?;
                continue;
            }
            self.shards().has_all()?;
            return Ok(found);
        }
        Err(DbError::Unreachable("a show is being moved".to_owned()).into())
    }

    /// The booking's record, for its guest or staff of its cinema.
    pub(crate) async fn find_for(&self, caller: &Caller, booking_id: BookingId) -> Result<Sale> {
        let sale = self.sale(booking_id).await?;
        sale.filter(|sale| may_see(caller, sale)).ok_or(Error::BookingNotFound)
    }

    fn view(&self, sale: &Sale, refunds: &HashMap<PaymentId, Refund>) -> BookingView {
        BookingView::at(sale, sale.status, &self.inner.keys, refunds.get(&sale.payment_id).map(RefundView::from))
    }
}

/// Each once, whatever shard it was found on.
pub(super) fn newest_first(sales: &mut Vec<Sale>) {
    sales.sort_unstable_by_key(|sale| Reverse(sale.booking_id));
    sales.dedup_by_key(|sale| sale.booking_id);
}

fn may_see(caller: &Caller, sale: &Sale) -> bool {
    caller.user_id == sale.user_id || caller.serves(sale.cinema_id)
}

/// What a guest calls a refund: only a cancelled booking has one. What a booking that was never sold gets back was never
/// theirs to lose.
fn refunds(tx: &mut Tx<'_>, sales: &[Sale]) -> Result<HashMap<PaymentId, Refund>, DbError> {
    let cancelled = sales.iter().filter(|sale| sale.status == Status::Cancelled).map(|sale| sale.payment_id);
    let cancelled: Vec<PaymentId> = cancelled.collect();
    if cancelled.is_empty() { Ok(HashMap::new()) } else { ledger::refunds_of(tx, &cancelled) }
}
