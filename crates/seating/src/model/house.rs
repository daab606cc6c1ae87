//! The house of one show: what every seat is as of now, and who holds which until when. No clock and no lock in here.

use std::collections::{BTreeSet, HashMap};

use marquee_kernel::{BookingId, HoldId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::budget::Spending;
use super::{Attempt, BeginPayment, Hold, Outcome, Rules, SeatStatus, Sold};

/// Patrons remembered before those with nothing left to remember are forgotten.
const PATRONS_SWEPT_FROM: usize = 1_024;

#[derive(Clone, Copy, Debug)]
struct Seat {
    sold: Option<Sold>,
    held: bool,
    /// It changed since the last live update.
    touched: bool,
    /// When `sold` was last learnt, in the house's own count.
    known_at: u64,
}

impl Seat {
    fn status(self) -> SeatStatus {
        match self.sold {
            Some(Sold::Booked) => SeatStatus::Booked,
            Some(Sold::Blocked) => SeatStatus::Blocked,
            Some(Sold::Claimed) => SeatStatus::Held,
            None if self.held => SeatStatus::Held,
            None => SeatStatus::Available,
        }
    }
}

/// A hold and what only the house knows of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) hold: Hold,
    /// Who asked for it: staff may hold for others, and then may also pay, extend and release.
    pub(crate) placed_by: UserId,
    pub(crate) placed_at: Timestamp,
    /// Places in the layout's order.
    #[serde(skip)]
    pub(crate) places: Box<[u16]>,
    pub(crate) paying: Option<Attempt>,
}

impl Standing {
    pub(crate) fn is_usable_by(&self, user_id: UserId) -> bool {
        self.hold.user_id == user_id || self.placed_by == user_id
    }
}

#[derive(Debug)]
struct Patron {
    held: u32,
    spending: Spending,
}

/// Why a hold was not placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The user holds this many already.
    HoldLimit { held: u32 },
    /// Too much hold-time without buying.
    OverBudget { retry_after_s: u64 },
    /// These places are not free.
    Taken(Vec<u16>),
    /// The show was cancelled.
    ShowCancelled,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Lapsed,
    /// Its show was cancelled.
    ShowCancelled,
    Released,
    Failed,
    Booked,
}

/// A hold that ended; the house no longer knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) hold_id: HoldId,
    pub(crate) user_id: UserId,
    pub(crate) placed_by: UserId,
    pub(crate) ending: Ending,
}

/// When a reading of the durable record began, in the house's own count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading(u64);

/// The seats of one show.
#[derive(Debug)]
pub(crate) struct House {
    seats: Vec<Seat>,
    holds: HashMap<HoldId, Standing>,
    patrons: HashMap<UserId, Patron>,
    /// Expiries of the holds that nobody is paying for.
    deadlines: BTreeSet<(Timestamp, HoldId)>,
    taken: u32,
    version: u64,
    changed: bool,
    touched: Vec<u16>,
    count: u64,
    ended: Vec<Ended>,
    /// The show will not take place: nobody holds a seat of it any more, but while a payment is under way.
    cancelled: bool,
}

impl House {
    /// A house in which every seat is free; of a show that is `cancelled`, it stays so.
    pub(crate) fn empty(seats: usize, version: u64, cancelled: bool) -> Self {
        let seat = Seat { sold: None, held: false, touched: false, known_at: 0 };
        Self {
            seats: vec![seat; seats],
            holds: HashMap::new(),
            patrons: HashMap::new(),
            deadlines: BTreeSet::new(),
            taken: 0,
            version,
            changed: false,
            touched: Vec::new(),
            count: 0,
            ended: Vec::new(),
            cancelled,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Seats that are not available.
    pub(crate) fn taken(&self) -> u32 {
        self.taken
    }

    pub(crate) fn statuses(&self) -> impl Iterator<Item = SeatStatus> {
        self.seats.iter().map(|seat| seat.status())
    }

    pub(crate) fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.holds.values()
    }

    /// When the next hold lapses.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Seats that changed since this was last asked, as they are now.
    pub(crate) fn take_touched(&mut self) -> Vec<(u16, SeatStatus)> {
        let touched = std::mem::take(&mut self.touched);
        let mut now = Vec::with_capacity(touched.len());
        for place in touched {
            if let Some(seat) = self.seats.get_mut(usize::from(place)) {
                seat.touched = false;
                now.push((place, seat.status()));
            }
        }
        now
    }

    /// Holds that ended since this was last asked.
    pub(crate) fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    /// The next version, whatever changed: prices are no seat's status but are in the map.
    pub(crate) fn mark_changed(&mut self) {
        self.changed = true;
    }

    /// Gives what changed since the last seal a version of its own. Whether anything did.
    pub(crate) fn seal(&mut self) -> bool {
        let changed = std::mem::take(&mut self.changed);
        self.version += u64::from(changed);
        changed
    }

    /// Ends every hold that nobody is paying for and whose expiry is `now` or before; of a cancelled show, every one.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        while let Some(&(at, hold_id)) = self.deadlines.first()
            && (at <= now || self.cancelled)
        {
            let ending = if at <= now { Ending::Lapsed } else { Ending::ShowCancelled };
            self.end(hold_id, ending, now);
        }
    }

    /// The show was cancelled, once and for all: its holds end, one that is being paid for when its payment does.
    pub(crate) fn cancel_show(&mut self, now: Timestamp) {
        self.cancelled = true;
        self.lapse(now);
    }

    #[cfg(test)]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Places a hold on all of its seats, or on none and nothing changes.
    pub(crate) fn place(&mut self, standing: Standing, now: Timestamp, rules: &Rules) -> Result<(), Refusal> {
        if self.cancelled {
            return Err(Refusal::ShowCancelled);
        }
        let wanted = u32::try_from(standing.places.len()).unwrap_or(u32::MAX);
        self.admit(standing.hold.user_id, wanted, now, rules)?;
        let taken = self.taken_of(&standing.places);
        if !taken.is_empty() && rules.guards_seats() {
            return Err(Refusal::Taken(taken));
        }
        self.take_up(standing, now);
        Ok(())
    }

    /// Those of `places` that are not free.
    pub(crate) fn taken_of(&self, places: &[u16]) -> Vec<u16> {
        let status = |place: u16| self.seats.get(usize::from(place)).map(|seat| seat.status());
        places.iter().copied().filter(|place| status(*place) != Some(SeatStatus::Available)).collect()
    }

    /// Whether the user may hold `wanted` seats more.
    fn admit(&mut self, user_id: UserId, wanted: u32, now: Timestamp, rules: &Rules) -> Result<(), Refusal> {
        let Some(patron) = self.patrons.get_mut(&user_id) else {
            let within = rules.held_seats_max.is_none_or(|max| wanted <= max);
            return if within { Ok(()) } else { Err(Refusal::HoldLimit { held: 0 }) };
        };
        if rules.held_seats_max.is_some_and(|max| patron.held.saturating_add(wanted) > max) {
            return Err(Refusal::HoldLimit { held: patron.held });
        }
        let budget = rules.budget.as_ref();
        match budget.and_then(|budget| budget.cool_down_s(&mut patron.spending, now)) {
            Some(retry_after_s) => Err(Refusal::OverBudget { retry_after_s }),
            None => Ok(()),
        }
    }

    /// Takes a hold in as it stands: one just placed, or one that a start found written down.
    pub(crate) fn take_up(&mut self, standing: Standing, now: Timestamp) {
        for &place in &standing.places {
            self.change(place, |seat| seat.held = true);
        }
        let wanted = u32::try_from(standing.places.len()).unwrap_or(u32::MAX);
        let fresh = || Patron { held: 0, spending: Spending::from(now) };
        let patron = self.patrons.entry(standing.hold.user_id).or_insert_with(fresh);
        patron.held = patron.held.saturating_add(wanted);
        patron.spending.hold(standing.placed_at);
        if standing.paying.is_none() {
            self.deadlines.insert((standing.hold.expiry, standing.hold.hold_id));
        }
        self.holds.insert(standing.hold.hold_id, standing);
    }

    /// The hold, if it is alive and `user_id` may use it.
    pub(crate) fn hold(&self, hold_id: HoldId, user_id: UserId) -> Option<&Standing> {
        self.holds.get(&hold_id).filter(|standing| standing.is_usable_by(user_id))
    }

    /// Moves the expiry of a live hold on, never back and never past the longest hold. `None` when its expiry has passed
    /// and only a payment keeps it alive.
    pub(crate) fn extend(&mut self, hold_id: HoldId, now: Timestamp, rules: &Rules) -> Option<Hold> {
        let standing = self.holds.get_mut(&hold_id).filter(|standing| now < standing.hold.expiry)?;
        let before = standing.hold.expiry;
        standing.hold.expiry = before.max(rules.expiry(standing.placed_at, now));
        if self.deadlines.remove(&(before, hold_id)) {
            self.deadlines.insert((standing.hold.expiry, hold_id));
        }
        Some(standing.hold.clone())
    }

    /// Ends a hold of `user_id`, unless it is being paid for.
    pub(crate) fn release(&mut self, hold_id: HoldId, user_id: UserId, now: Timestamp) {
        if self.hold(hold_id, user_id).is_some_and(|standing| standing.paying.is_none()) {
            self.end(hold_id, Ending::Released, now);
        }
    }

    /// Stops the hold's clock for `attempt`.
    pub(crate) fn begin_payment(
        &mut self,
        hold_id: HoldId,
        user_id: UserId,
        attempt: Attempt,
    ) -> Result<Hold, BeginPayment> {
        let standing = self.holds.get_mut(&hold_id).filter(|standing| standing.is_usable_by(user_id));
        let standing = standing.ok_or(BeginPayment::NotFound)?;
        if let Some(under_way) = &standing.paying {
            return Err(BeginPayment::Paying(under_way.clone()));
        }
        standing.paying = Some(attempt);
        self.deadlines.remove(&(standing.hold.expiry, hold_id));
        Ok(standing.hold.clone())
    }

    /// Ends the payment of `booking_id`; any other attempt's end is none of this hold's business. Whether it was the one.
    ///
    /// Of one that was not booked nothing is learnt of its seats: a reading in between may have seen its claim, which is gone, or
    /// the sale of an earlier attempt, which is not. The record says which: read it again.
    pub(crate) fn end_payment(
        &mut self,
        hold_id: HoldId,
        booking_id: BookingId,
        outcome: Outcome,
        now: Timestamp,
    ) -> bool {
        let is_it = |attempt: &Attempt| attempt.booking_id == booking_id;
        let Some(standing) = self.holds.get_mut(&hold_id).filter(|hold| hold.paying.as_ref().is_some_and(is_it)) else {
            return false;
        };
        let places = standing.places.clone();
        match outcome {
            Outcome::Booked => {
                self.learn_booked(&places);
                self.end(hold_id, Ending::Booked, now);
            }
            Outcome::Failed => self.end(hold_id, Ending::Failed, now),
            Outcome::Declined | Outcome::Abandoned => {
                standing.paying = None;
                self.deadlines.insert((standing.hold.expiry, hold_id));
                self.lapse(now);
            }
        }
        true
    }

    fn learn_booked(&mut self, places: &[u16]) {
        self.count += 1;
        let known_at = self.count;
        for &place in places {
            self.change(place, |seat| (seat.sold, seat.known_at) = (Some(Sold::Booked), known_at));
        }
    }

    /// Begins a reading of the durable record. What is learnt in the meantime is newer than what it finds.
    pub(crate) fn begin_reading(&mut self) -> Reading {
        self.count += 1;
        Reading(self.count)
    }

    /// Takes in what a reading found: these places, and no others, have a row.
    pub(crate) fn end_reading(&mut self, reading: Reading, rows: &[(u16, Sold)]) {
        let rows: HashMap<u16, Sold> = rows.iter().copied().collect();
        for place in 0..u16::try_from(self.seats.len()).unwrap_or(u16::MAX) {
            let sold = rows.get(&place).copied();
            self.change(place, |seat| {
                // Whoever changed the record after this reading began has said so, or will read it again.
                if seat.known_at < reading.0 {
                    (seat.sold, seat.known_at) = (sold, reading.0);
                }
            });
        }
    }

    /// Takes over what another store says of these places, at its `version`.
    pub(crate) fn follow(&mut self, version: u64, places: impl IntoIterator<Item = (u16, SeatStatus)>) {
        for (place, status) in places {
            self.change(place, |seat| {
                (seat.sold, seat.held) = match status {
                    SeatStatus::Available => (None, false),
                    SeatStatus::Held => (None, true),
                    SeatStatus::Booked => (Some(Sold::Booked), false),
                    SeatStatus::Blocked => (Some(Sold::Blocked), false),
                };
            });
        }
        (self.version, self.changed) = (version, false);
    }

    fn change(&mut self, place: u16, change: impl FnOnce(&mut Seat)) {
        let Some(seat) = self.seats.get_mut(usize::from(place)) else { return };
        let before = seat.status();
        change(seat);
        let after = seat.status();
        if before == after {
            return;
        }
        self.taken += u32::from(before == SeatStatus::Available);
        self.taken -= u32::from(after == SeatStatus::Available);
        self.changed = true;
        if !seat.touched {
            seat.touched = true;
            self.touched.push(place);
        }
    }

    fn end(&mut self, hold_id: HoldId, ending: Ending, now: Timestamp) {
        let Some(standing) = self.holds.remove(&hold_id) else { return };
        let Standing { hold, placed_by, placed_at, places, .. } = standing;
        self.deadlines.remove(&(hold.expiry, hold_id));
        for &place in &places {
            self.change(place, |seat| seat.held = false);
        }
        self.ended.push(Ended { hold_id, user_id: hold.user_id, placed_by, ending });
        if let Some(patron) = self.patrons.get_mut(&hold.user_id) {
            patron.held = patron.held.saturating_sub(u32::try_from(places.len()).unwrap_or(u32::MAX));
            // A lapse may be looked at late.
            let ended_at = now.min(hold.expiry);
            match ending {
                Ending::Lapsed | Ending::ShowCancelled | Ending::Released => {
                    patron.spending.note(places.len(), ended_at.duration_since(placed_at));
                }
                Ending::Failed | Ending::Booked => patron.spending.forgive(now),
            }
            if patron.held == 0 {
                patron.spending.let_go(ended_at);
            }
        }
    }

    /// Forgets patrons who hold nothing and whose spending no longer matters. Worth its walk only now and then.
    pub(crate) fn forget_patrons(&mut self, now: Timestamp, rules: &Rules) {
        if self.patrons.len() < PATRONS_SWEPT_FROM {
            return;
        }
        self.patrons.retain(|_, patron| {
            let matters =
                |budget: &super::Budget| !patron.spending.is_nothing() && !budget.is_over(&patron.spending, now);
            patron.held > 0 || rules.budget.as_ref().is_some_and(matters)
        });
    }
}
