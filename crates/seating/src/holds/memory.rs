//! The hold store in this process.
//!
//! Each show has a lock of its own, so that shows never wait for one another. Inside a show's lock the shared books (which
//! show a hold is of, what lapsed lately, when to look next) are brought up to date, so that nobody sees a hold in neither.
//! Those books never wait for a show's lock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use marquee_catalog::Show;
use marquee_kernel::{HoldId, ShowId, Timestamp, UserId};
use parking_lot::Mutex;

use super::lapsed::LapsedHolds;
use super::show_seats::{Guarded, ShowSeats};
use super::{Absent, EndedPayment, Record, TellTaken};
use crate::model::{Attempt, BeginPayment, Ended, Ending, Hold, House, Outcome, Refusal, Rules, Standing};
use crate::{Error, meters};

/// Shows looked at before the sweep lets others run.
const SWEEP_SHOWS: usize = 64;
/// Shows kept in memory before those that nobody asks for are let go.
const SHOWS_KEPT: usize = 20_000;

/// The holds of every show.
pub(crate) struct MemoryHolds {
    rules: Rules,
    shows: DashMap<ShowId, Arc<ShowSeats>>,
    holds: DashMap<HoldId, Arc<ShowSeats>>,
    lapsed: Mutex<LapsedHolds>,
    /// When to look at which show: never later than its next expiry, sometimes earlier.
    alarms: Mutex<BinaryHeap<Reverse<(Timestamp, ShowId)>>>,
    /// The highest version of any show let go: one that comes back goes on above it.
    version_floor: AtomicU64,
    tell_taken: TellTaken,
}

impl fmt::Debug for MemoryHolds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHolds").field("shows", &self.shows.len()).field("holds", &self.holds.len()).finish()
    }
}

impl MemoryHolds {
    /// An empty store. Versions start above `version_floor`; `tell_taken` hears how many seats of a show are not free
    /// whenever that changes.
    pub(crate) fn new(rules: Rules, version_floor: u64, tell_taken: TellTaken) -> Self {
        Self {
            rules,
            shows: DashMap::new(),
            holds: DashMap::new(),
            lapsed: Mutex::default(),
            alarms: Mutex::default(),
            version_floor: AtomicU64::new(version_floor),
            tell_taken,
        }
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The seats of a show, if they are in memory.
    pub(crate) fn get(&self, show_id: ShowId) -> Option<Arc<ShowSeats>> {
        self.shows.get(&show_id).map(|seats| seats.clone())
    }

    /// The seats of a show; not yet read from the durable record when nobody asked for them before.
    pub(crate) fn get_or_new(&self, show: &Arc<Show>) -> Arc<ShowSeats> {
        // The floor is read under the map's lock, as it is raised: a show never comes back below where it was.
        let new = || Arc::new(ShowSeats::new(show.clone(), self.version_floor.load(Ordering::Acquire) + 1));
        self.shows.entry(show.show_id).or_insert_with(new).clone()
    }

    /// Shows in memory.
    pub(crate) fn shows(&self) -> Vec<Arc<ShowSeats>> {
        self.shows.iter().map(|entry| entry.value().clone()).collect()
    }

    /// Shows and live holds.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.shows.len(), self.holds.len())
    }

    /// Does something with a show's house as of `now`: what has lapsed by then is free already.
    pub(crate) fn enter<T>(&self, seats: &ShowSeats, now: Timestamp, act: impl FnOnce(&mut House) -> T) -> T {
        let mut guarded = seats.lock();
        guarded.house.lapse(now);
        let answer = act(&mut guarded.house);
        self.settle(seats, &mut guarded);
        answer
    }

    /// Seats of which the durable record has been read, as of `now` and of `show`.
    pub(crate) fn bring_up_to_date(&self, seats: &ShowSeats, show: &Arc<Show>, now: Timestamp) {
        self.refresh(seats, now);
        if seats.revision() < show.revision {
            self.renew(seats, show, now);
        }
        seats.note_asked_for();
    }

    /// Reads a show's rows into its house.
    pub(crate) async fn read(&self, record: &Record, seats: &ShowSeats, now: Timestamp) -> Result<(), Error> {
        let reading = self.enter(seats, now, House::begin_reading);
        let rows = record.rows(&seats.show()).await?;
        self.enter(seats, now, |house| house.end_reading(reading, &rows));
        Ok(())
    }

    /// Lapses what is due, if anything is: the next look at the seats sees it.
    pub(crate) fn refresh(&self, seats: &ShowSeats, now: Timestamp) {
        if seats.is_due(now) {
            self.enter(seats, now, |_| ());
        }
    }

    /// Takes notice that the show itself changed; the holds of one that was cancelled end.
    pub(crate) fn renew(&self, seats: &ShowSeats, show: &Arc<Show>, now: Timestamp) {
        // Under the show's lock: whoever finds the newer show there finds the holds as it leaves them.
        self.enter(seats, now, |house| {
            if !seats.renew(show) {
                return;
            }
            house.mark_changed();
            if show.cancelled {
                house.cancel_show(now);
            }
        });
    }

    /// Places a hold on all of its seats, or none.
    pub(crate) fn place(&self, seats: &Arc<ShowSeats>, standing: Standing, now: Timestamp) -> Result<(), Refusal> {
        let hold_id = standing.hold.hold_id;
        let placed = self.enter(seats, now, |house| {
            house.place(standing, now, &self.rules)?;
            self.holds.insert(hold_id, seats.clone());
            Ok(())
        });
        meters::hold(if placed.is_ok() { "placed" } else { "refused" });
        placed
    }

    /// Takes up a hold that was written down, if its seats are still free for it.
    pub(crate) fn take_up(&self, seats: &Arc<ShowSeats>, standing: Standing, now: Timestamp) {
        let hold_id = standing.hold.hold_id;
        self.enter(seats, now, |house| {
            if standing.paying.is_none() && !house.taken_of(&standing.places).is_empty() {
                return;
            }
            self.holds.insert(hold_id, seats.clone());
            house.take_up(standing, now);
            house.lapse(now);
        });
    }

    /// The live hold of `user_id`.
    pub(crate) fn hold(&self, hold_id: HoldId, user_id: UserId, now: Timestamp) -> Result<Hold, Absent> {
        let find = |house: &mut House| house.hold(hold_id, user_id).map(|standing| standing.hold.clone());
        self.enter_by_hold(hold_id, now, find).flatten().ok_or_else(|| self.absence(hold_id, user_id))
    }

    /// Moves a hold's expiry on.
    pub(crate) fn extend(&self, hold_id: HoldId, user_id: UserId, now: Timestamp) -> Result<Hold, Absent> {
        let extend = |house: &mut House| {
            house.hold(hold_id, user_id)?;
            Some(house.extend(hold_id, now, &self.rules).ok_or(Absent::Lapsed))
        };
        let absent = || Err(self.absence(hold_id, user_id));
        let extended = self.enter_by_hold(hold_id, now, extend).flatten().unwrap_or_else(absent)?;
        meters::hold("extended");
        Ok(extended)
    }

    /// Releases a live hold of `user_id` that nobody is paying for; anything else is left alone.
    pub(crate) fn release(&self, hold_id: HoldId, user_id: UserId, now: Timestamp) {
        self.enter_by_hold(hold_id, now, |house| house.release(hold_id, user_id, now));
    }

    /// Which show a live hold is of.
    pub(crate) fn show_of(&self, hold_id: HoldId) -> Option<ShowId> {
        self.holds.get(&hold_id).map(|seats| seats.show_id())
    }

    /// Stops a hold's clock for a payment, if its show is `on_sale`.
    pub(crate) fn begin_payment(
        &self,
        (hold_id, user_id): (HoldId, UserId),
        attempt: Attempt,
        now: Timestamp,
        on_sale: bool,
    ) -> Result<Hold, BeginPayment> {
        let seats = self.holds.get(&hold_id).map(|seats| seats.clone());
        let begun = seats.and_then(|seats| {
            self.enter(&seats, now, |house| {
                let standing = house.hold(hold_id, user_id)?;
                if standing.paying.is_none() && !on_sale {
                    return Some(Err(BeginPayment::NotOnSale));
                }
                Some(house.begin_payment(hold_id, user_id, attempt))
            })
        });
        begun.unwrap_or_else(|| Err(self.absence(hold_id, user_id).into()))
    }

    /// Ends a payment. Whether the show's seats must be read again.
    pub(crate) fn end_payment(&self, ended: EndedPayment, now: Timestamp) -> bool {
        let EndedPayment { hold_id, booking_id, outcome, .. } = ended;
        let Some(seats) = self.holds.get(&hold_id).map(|seats| seats.clone()) else { return false };
        let ended = self.enter(&seats, now, |house| house.end_payment(hold_id, booking_id, outcome, now));
        ended && outcome != Outcome::Booked
    }

    /// Every live hold, with its show.
    pub(crate) fn standings(&self, now: Timestamp) -> Vec<Standing> {
        let of_show = |seats: &Arc<ShowSeats>| self.enter(seats, now, |house| house.standings().cloned().collect());
        self.shows().iter().flat_map(|seats| -> Vec<Standing> { of_show(seats) }).collect()
    }

    /// Lapses what is due, a bounded slice of shows. Whether more is due.
    pub(crate) fn sweep(&self, now: Timestamp) -> bool {
        for _ in 0..SWEEP_SHOWS {
            let Some(show_id) = self.next_due(now) else { return false };
            if let Some(seats) = self.get(show_id) {
                let mut guarded = seats.lock();
                guarded.alarm = None;
                guarded.house.lapse(now);
                self.settle(&seats, &mut guarded);
            }
        }
        true
    }

    fn next_due(&self, now: Timestamp) -> Option<ShowId> {
        let mut alarms = self.alarms.lock();
        let Reverse((at, show_id)) = *alarms.peek()?;
        (at <= now).then(|| {
            alarms.pop();
            show_id
        })
    }

    /// Forgets what nobody needs: patrons with nothing left to remember, and, when there are very many, shows that nobody
    /// asked for since the last time, holds in and nobody watches.
    pub(crate) fn forget_idle(&self, now: Timestamp) {
        let crowded = self.shows.len() > SHOWS_KEPT;
        for seats in self.shows() {
            seats.lock().house.forget_patrons(now, &self.rules);
            let (show_id, idle) = (seats.show_id(), !seats.take_asked_for());
            drop(seats);
            if crowded && idle {
                self.let_go(show_id);
            }
        }
    }

    pub(super) fn let_go(&self, show_id: ShowId) {
        // Whoever uses the seats, and every hold, has a handle of them: with the map's alone, nobody can miss them.
        self.shows.remove_if(&show_id, |_, seats| {
            let unused = Arc::strong_count(seats) == 1;
            if unused {
                self.version_floor.fetch_max(seats.version(), Ordering::AcqRel);
            }
            unused
        });
    }

    fn enter_by_hold<T>(&self, hold_id: HoldId, now: Timestamp, act: impl FnOnce(&mut House) -> T) -> Option<T> {
        let seats = self.holds.get(&hold_id).map(|seats| seats.clone())?;
        Some(self.enter(&seats, now, act))
    }

    /// Why a hold that is not there for `user_id` is not.
    pub(crate) fn absence(&self, hold_id: HoldId, user_id: UserId) -> Absent {
        self.lapsed.lock().why(hold_id, user_id).unwrap_or(Absent::Unknown)
    }

    /// Brings everything that follows from a house up to date with it, before anybody else can look at the house.
    fn settle(&self, seats: &ShowSeats, guarded: &mut Guarded) {
        for ended in guarded.house.take_ended() {
            self.note_end(&ended);
        }
        if guarded.house.seal() {
            (self.tell_taken)(seats.show_id(), guarded.house.taken());
        }
        let deadline = guarded.house.next_deadline();
        seats.publish(guarded.house.version(), deadline);
        if let Some(deadline) = deadline
            && guarded.alarm.is_none_or(|alarm| deadline < alarm)
        {
            guarded.alarm = Some(deadline);
            self.alarms.lock().push(Reverse((deadline, seats.show_id())));
        }
    }

    fn note_end(&self, ended: &Ended) {
        let (outcome, remembered) = match ended.ending {
            Ending::Lapsed => ("expired", Some(Absent::Lapsed)),
            Ending::ShowCancelled => ("show_cancelled", Some(Absent::ShowCancelled)),
            Ending::Released => ("released", None),
            Ending::Failed => ("failed", None),
            Ending::Booked => ("booked", None),
        };
        if let Some(why) = remembered {
            self.lapsed.lock().remember(ended, why);
        }
        self.holds.remove(&ended.hold_id);
        meters::hold(outcome);
    }
}
