//! What became of a booking, read back from the journal.

use futures_util::future::try_join_all;
use jiff::SignedDuration;
use marquee_bus::{Actor, Story, Told, story};
use marquee_db::{Error as DbError, Tx};
use marquee_http::Caller;
use marquee_kernel::{BookingId, Timestamp};
use marquee_payments::ledger;

use super::Booking;
use crate::desk_view::{StoryEventView, StoryView};
use crate::error::Result;
use crate::model::Sale;
use crate::store::desk;

/// What happens to a booking at once, such as its payment, is over so long after what began it.
const STRETCH: SignedDuration = SignedDuration::from_mins(2);
/// Entries may be stamped a little before what they tell of was noted.
const SLACK: SignedDuration = SignedDuration::from_secs(5);
/// Guests come so early.
const DOORS: SignedDuration = SignedDuration::from_mins(60);

impl Booking {
    /// The story of a booking of a cinema that the caller serves.
    ///
    /// # Errors
    /// [`crate::Error::BookingNotFound`], also when it is of another cinema; what the databases say.
    pub(crate) async fn story(&self, caller: &Caller, booking_id: BookingId) -> Result<StoryView> {
        let sale = self.served_sale(caller, booking_id).await?;
        let show = self.inner.parts.seating.show(sale.show_id).await?;
        let payment_id = sale.payment_id;
        let beside = move |tx: &mut Tx<'_>| {
            let refund = ledger::refunds_of(tx, &[payment_id])?.remove(&payment_id);
            Ok::<_, DbError>((refund, desk::cancel_reason(tx, booking_id)?))
        };
        let (refund, cancel_reason) = self.shards().read(sale.show_id, beside).await?;
        let mut moments = vec![sale.created_at];
        moments.extend(sale.cancelled_at);
        moments.extend(refund.iter().flat_map(|refund| [Some(refund.created_at), refund.settled_at]).flatten());
        let mut stretches: Vec<_> = moments.into_iter().map(|at| (earlier(at, SLACK), later(at, STRETCH))).collect();
        if show.start_time < later(self.now(), DOORS) {
            stretches.push((earlier(show.start_time, DOORS), later(show.start_time, DOORS)));
        }
        let Story { told, complete } = self.told(&sale, stretches).await?;
        let people = told.iter().filter_map(|told| match told.actor {
            Actor::User(user_id) => Some(user_id),
            Actor::System => None,
        });
        let names = self.accounts().names(people.collect()).await?;
        let events = told.into_iter().map(|told| StoryEventView::of(told, &names)).collect();
        Ok(StoryView { events, complete, cancel_reason })
    }

    /// What the journals of all shards tell of the booking: the show may have moved meanwhile.
    async fn told(&self, sale: &Sale, stretches: Vec<(Timestamp, Timestamp)>) -> Result<Story> {
        let show_id = sale.show_id;
        let reads = self.shards().all().iter().map(|shard| {
            let stretches = stretches.clone();
            async move { shard.db()?.read(move |tx| story(tx, show_id, &stretches)).await }
        });
        let found = try_join_all(reads).await?;
        let complete = found.iter().all(|story| story.complete);
        let mut told: Vec<_> = found.into_iter().flat_map(|story| story.told).collect();
        told.retain(|told| concerns(told, sale));
        told.sort_by_key(|told| told.at);
        Ok(Story { told, complete })
    }
}

/// Whether an entry is of that booking or of its money.
fn concerns(told: &Told, sale: &Sale) -> bool {
    let booking_id = sale.booking_id.to_string();
    told.subject == booking_id
        || told.subject == sale.payment_id.to_string()
        || told.payload.get("booking_id").and_then(serde_json::Value::as_str) == Some(&booking_id)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
