//! Looking bookings up.

use std::collections::HashMap;

use marquee_http::Caller;
use marquee_kernel::{BookingId, Page, PageRequest, PaymentId, UserId};
use marquee_payments::{Refund, ledger};

use super::Booking;
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
        let read = move |tx: &mut marquee_db::Tx<'_>| -> Result<_, marquee_db::Error> {
            let sales = store::find(tx, &[booking_id])?;
            let refunds = refunds(tx, &sales)?;
            Ok((sales, refunds))
        };
        let (sales, refunds) = self.inner.parts.db.read(read).await?;
        let sale = sales.into_iter().next().filter(|sale| may_see(caller, sale)).ok_or(Error::BookingNotFound)?;
        Ok(self.view(&sale, &refunds))
    }

    /// A user's bookings, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn of_user(&self, user_id: UserId, page: PageRequest<BookingId>) -> Result<Page<BookingView>> {
        let (limit, before) = (page.limit, page.after);
        let read = move |tx: &mut marquee_db::Tx<'_>| -> Result<_, marquee_db::Error> {
            let ids = Page::cut(store::of_user(tx, user_id, before, limit + 1)?, limit, BOOKING_LIST, |id| *id);
            let sales = store::find(tx, &ids.items)?;
            let refunds = refunds(tx, &sales)?;
            Ok((sales, refunds, ids.next_cursor))
        };
        let (sales, refunds, next_cursor) = self.inner.parts.db.read(read).await?;
        Ok(Page { items: sales.iter().map(|sale| self.view(sale, &refunds)).collect(), next_cursor })
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

fn may_see(caller: &Caller, sale: &Sale) -> bool {
    caller.user_id == sale.user_id || caller.serves(sale.cinema_id)
}

/// What a guest calls a refund: only a cancelled booking has one. What a booking that was never sold gets back was never
/// theirs to lose.
fn refunds(tx: &mut marquee_db::Tx<'_>, sales: &[Sale]) -> Result<HashMap<PaymentId, Refund>, marquee_db::Error> {
    let cancelled = sales.iter().filter(|sale| sale.status == Status::Cancelled).map(|sale| sale.payment_id);
    let cancelled: Vec<PaymentId> = cancelled.collect();
    if cancelled.is_empty() { Ok(HashMap::new()) } else { ledger::refunds_of(tx, &cancelled) }
}
