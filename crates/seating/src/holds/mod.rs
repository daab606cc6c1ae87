//! The hold store: who holds which seats. A hold is advisory; a seat is sold only by a claim.
//!
//! It is in this process, where one node sells, or in Redis, where several do. Behind one face: the seats of a show are in
//! memory for whoever reads them, and only what changes a hold asks the store. See `docs/adr/0006-holds-in-redis.md`.

mod lapsed;
mod memory;
mod record;
mod redis;
mod show_seats;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use marquee_catalog::Show;
use marquee_kernel::{BookingId, HoldId, ShowId, Timestamp, UserId};

use crate::Error;
use crate::model::{Attempt, BeginPayment, Hold, Outcome, Refusal, Rules, Standing};
pub(crate) use memory::MemoryHolds;
pub(crate) use record::Record;
pub(crate) use redis::{Lock, RedisHolds};
pub(crate) use show_seats::{Glance, ShowSeats};

/// What became of a hold that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Unknown, ended, or somebody else's.
    Unknown,
    /// It lapsed not long ago.
    Lapsed,
    /// It ended not long ago, when its show was cancelled.
    ShowCancelled,
}

impl From<Absent> for BeginPayment {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Unknown => BeginPayment::NotFound,
            Absent::Lapsed => BeginPayment::Expired,
            Absent::ShowCancelled => BeginPayment::NotOnSale,
        }
    }
}

/// Hears how many seats of a show are not free, whenever that changes.
pub(crate) type TellTaken = Box<dyn Fn(ShowId, u32) + Send + Sync>;

/// A hold that is somewhere: of which show, and what its store needs to find it again.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) show_id: ShowId,
    lock: Option<Lock>,
}

/// The holds of every show.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one, and reading the holds of this process follows no pointer")]
pub(crate) enum HoldStore {
    Memory(MemoryHolds),
    Redis(Arc<RedisHolds>),
}

impl HoldStore {
    pub(crate) fn rules(&self) -> &Rules {
        match self {
            HoldStore::Memory(holds) => holds.rules(),
            HoldStore::Redis(holds) => holds.rules(),
        }
    }

    /// The seats of a show, if they are in memory.
    pub(crate) fn get(&self, show_id: ShowId) -> Option<Arc<ShowSeats>> {
        match self {
            HoldStore::Memory(holds) => holds.get(show_id),
            HoldStore::Redis(holds) => holds.get(show_id),
        }
    }

    /// Shows in memory.
    pub(crate) fn shows(&self) -> Vec<Arc<ShowSeats>> {
        match self {
            HoldStore::Memory(holds) => holds.shows(),
            HoldStore::Redis(holds) => holds.shows(),
        }
    }

    /// Shows in memory, and live holds of this process; those in Redis are not counted.
    pub(crate) fn counts(&self) -> (usize, usize) {
        match self {
            HoldStore::Memory(holds) => holds.counts(),
            HoldStore::Redis(holds) => (holds.shows().len(), 0),
        }
    }

    /// Brings seats in memory up to date as far as that needs no waiting. Whether they are then.
    pub(crate) fn is_at_hand(&self, seats: &ShowSeats, show: &Arc<Show>, now: Timestamp) -> bool {
        match self {
            HoldStore::Memory(holds) => {
                let loaded = seats.loaded.initialized();
                if loaded {
                    holds.bring_up_to_date(seats, show, now);
                }
                loaded
            }
            HoldStore::Redis(holds) => holds.is_at_hand(seats, show),
        }
    }

    /// The seats of a show, as of now. When Redis does not answer, as they were last known.
    pub(crate) async fn seats(
        &self,
        record: &Record,
        show: &Arc<Show>,
        now: Timestamp,
    ) -> Result<Arc<ShowSeats>, Error> {
        match self {
            HoldStore::Memory(holds) => {
                let seats = holds.get_or_new(show);
                seats.loaded.get_or_try_init(|| holds.read(record, &seats, now)).await?;
                holds.bring_up_to_date(&seats, show, now);
                Ok(seats)
            }
            HoldStore::Redis(holds) => holds.seats(show).await,
        }
    }

    /// Reads a show's rows of the durable record again.
    pub(crate) async fn read(&self, record: &Record, seats: &Arc<ShowSeats>, now: Timestamp) -> Result<(), Error> {
        match self {
            HoldStore::Memory(holds) => holds.read(record, seats, now).await,
            HoldStore::Redis(holds) => holds.read(seats).await,
        }
    }

    /// Places a hold on all of its seats, or none.
    pub(crate) async fn place(
        &self,
        seats: &Arc<ShowSeats>,
        standing: Standing,
        now: Timestamp,
    ) -> Result<Result<Hold, Refusal>, Error> {
        match self {
            HoldStore::Memory(holds) => {
                let hold = standing.hold.clone();
                Ok(holds.place(seats, standing, now).map(|()| hold))
            }
            HoldStore::Redis(holds) => holds.place(seats, standing).await,
        }
    }

    /// Where a hold is that `user_id` may use, or was until it lapsed.
    pub(crate) async fn locate(&self, hold_id: HoldId, user_id: UserId) -> Result<Result<Located, Absent>, Error> {
        match self {
            HoldStore::Memory(holds) => {
                let located = holds.show_of(hold_id).map(|show_id| Located { show_id, lock: None });
                Ok(located.ok_or_else(|| holds.absence(hold_id, user_id)))
            }
            HoldStore::Redis(holds) => Ok(holds.locate(hold_id, user_id).await?),
        }
    }

    /// The live hold of `user_id`.
    pub(crate) async fn hold(
        &self,
        located: &Located,
        (hold_id, user_id): (HoldId, UserId),
        now: Timestamp,
    ) -> Result<Result<Hold, Absent>, Error> {
        match (self, &located.lock) {
            (HoldStore::Memory(holds), _) => Ok(holds.hold(hold_id, user_id, now)),
            (HoldStore::Redis(holds), Some(lock)) => Ok(holds.hold(lock, user_id).await?),
            (HoldStore::Redis(_), None) => Ok(Err(Absent::Unknown)),
        }
    }

    /// Moves a hold's expiry on.
    pub(crate) async fn extend(
        &self,
        located: &Located,
        (hold_id, user_id): (HoldId, UserId),
        now: Timestamp,
    ) -> Result<Result<Hold, Absent>, Error> {
        match (self, &located.lock) {
            (HoldStore::Memory(holds), _) => Ok(holds.extend(hold_id, user_id, now)),
            (HoldStore::Redis(holds), Some(lock)) => Ok(holds.extend(lock, user_id).await?),
            (HoldStore::Redis(_), None) => Ok(Err(Absent::Unknown)),
        }
    }

    /// Releases a live hold of `user_id` that nobody is paying for; anything else is left alone.
    pub(crate) async fn release(&self, hold_id: HoldId, user_id: UserId, now: Timestamp) -> Result<(), Error> {
        match self {
            HoldStore::Memory(holds) => holds.release(hold_id, user_id, now),
            HoldStore::Redis(holds) => holds.release(hold_id, user_id).await?,
        }
        Ok(())
    }

    /// Stops a hold's clock for a payment, if its show is `on_sale`.
    pub(crate) async fn begin_payment(
        &self,
        located: &Located,
        (hold_id, user_id): (HoldId, UserId),
        attempt: Attempt,
        (now, on_sale): (Timestamp, bool),
    ) -> Result<Result<Hold, BeginPayment>, Error> {
        match (self, &located.lock) {
            (HoldStore::Memory(holds), _) => Ok(holds.begin_payment((hold_id, user_id), attempt, now, on_sale)),
            (HoldStore::Redis(holds), Some(lock)) => Ok(holds.begin_payment(lock, user_id, attempt, on_sale).await?),
            (HoldStore::Redis(_), None) => Ok(Err(BeginPayment::NotFound)),
        }
    }

    /// Ends a payment. Whether the show's seats must be read again. When Redis does not answer, it is told later.
    pub(crate) async fn end_payment(&self, ended: EndedPayment, now: Timestamp) -> bool {
        match self {
            HoldStore::Memory(holds) => holds.end_payment(ended, now),
            HoldStore::Redis(holds) => holds.end_payment(ended).await,
        }
    }

    /// As [`HoldStore::end_payment`], without waiting.
    pub(crate) fn end_payment_soon(&self, ended: EndedPayment, now: Timestamp) -> bool {
        match self {
            HoldStore::Memory(holds) => holds.end_payment(ended, now),
            HoldStore::Redis(holds) => {
                holds.end_payment_later(ended);
                false
            }
        }
    }

    /// Lapses what is due. Shows whose seats must be read again.
    pub(crate) async fn sweep(&self, now: impl Fn() -> Timestamp) -> Vec<ShowId> {
        match self {
            HoldStore::Memory(holds) => {
                // In slices, so that a burst does not hold up those who are buying.
                while holds.sweep(now()) {
                    tokio::task::yield_now().await;
                }
                Vec::new()
            }
            HoldStore::Redis(holds) => holds.sweep().await,
        }
    }

    /// Forgets what nobody needs.
    pub(crate) fn forget_idle(&self, now: Timestamp) {
        match self {
            HoldStore::Memory(holds) => holds.forget_idle(now),
            HoldStore::Redis(holds) => holds.forget_idle(),
        }
    }
}

/// A payment that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedPayment {
    pub(crate) show_id: ShowId,
    pub(crate) hold_id: HoldId,
    pub(crate) booking_id: BookingId,
    pub(crate) outcome: Outcome,
}
