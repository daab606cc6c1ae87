//! The hold store in Redis 7 or Valkey, so that any node serves any request.
//!
//! One key per show, one function per operation, and Redis's clock decides. Each node follows every show that somebody asked
//! it for: by the answers to its own calls, so that a client reads its own writes, and by what the others publish.

mod answer;
mod mirror;
mod operations;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dashmap::DashMap;
use jiff::SignedDuration;
use marquee_catalog::Show;
use marquee_kernel::{Clock, ShowId, Timestamp};
use marquee_kv::{Address, Heard, Link, Purpose};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{EndedPayment, Record, ShowSeats, TellTaken};
use crate::meters;
use crate::model::{Rules, later};
use answer::{Answer, Change, Whole, heard};
pub(super) use mirror::Mirror;
pub(crate) use operations::Lock;

/// The link that holds go over.
const PURPOSE: Purpose = Purpose { name: "holds", library: include_str!("library.lua"), channel: "marquee:changes" };
/// How long a payment may take before somebody looks what the durable record says of it, in seconds: longer than any call that
/// books, so that who crashed is told from who is still at it.
const PAYMENT_LOOK_S: i64 = 15;
/// Shows kept in memory before those that nobody asks for are let go.
const SHOWS_KEPT: usize = 20_000;
/// Ended payments that Redis has still to be told of; those past it are found out by looking.
const OWED_MAX: usize = 10_000;

/// The holds of every show, in Redis.
pub(crate) struct RedisHolds {
    rules: Rules,
    rules_text: String,
    link: Link,
    prefix: String,
    clock: Clock,
    /// Redis's clock less ours, in microseconds.
    ahead_us: AtomicI64,
    record: Record,
    shows: DashMap<ShowId, Arc<ShowSeats>>,
    alarms: Mutex<Alarms>,
    owed: Mutex<Vec<EndedPayment>>,
    /// Shows whose durable record somebody has to read again.
    to_read: Mutex<HashSet<ShowId>>,
    tell_taken: TellTaken,
}

impl fmt::Debug for RedisHolds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisHolds").field("shows", &self.shows.len()).field("up", &self.link.is_up()).finish()
    }
}

/// When to look at which show.
#[derive(Debug, Default)]
struct Alarms {
    in_order: BTreeSet<(Timestamp, ShowId)>,
    by_show: HashMap<ShowId, Timestamp>,
}

impl Alarms {
    /// Looks at the show then, if not before.
    fn set(&mut self, show_id: ShowId, at: Timestamp) {
        let before = self.by_show.get(&show_id).copied();
        if before.is_none_or(|before| at < before) {
            if let Some(before) = before {
                self.in_order.remove(&(before, show_id));
            }
            self.in_order.insert((at, show_id));
            self.by_show.insert(show_id, at);
        }
    }

    /// The shows whose time has come; their alarms are off.
    fn take_due(&mut self, now: Timestamp) -> Vec<ShowId> {
        let mut due = Vec::new();
        while let Some(&(at, show_id)) = self.in_order.first()
            && at <= now
        {
            self.in_order.remove(&(at, show_id));
            self.by_show.remove(&show_id);
            due.push(show_id);
        }
        due
    }
}

impl RedisHolds {
    /// The store at `address`. It connects, and reconnects, by itself until `stop`; while it cannot, nothing is promised.
    pub(crate) async fn open(
        address: &Address,
        rules: Rules,
        (clock, record): (Clock, Record),
        tell_taken: TellTaken,
        stop: CancellationToken,
    ) -> Result<Arc<Self>, redis::RedisError> {
        let holds = Arc::new(Self {
            rules_text: text_of(&rules),
            rules,
            link: Link::new(address, PURPOSE)?,
            prefix: address.prefix().to_owned(),
            clock,
            ahead_us: AtomicI64::new(0),
            record,
            shows: DashMap::new(),
            alarms: Mutex::default(),
            owed: Mutex::default(),
            to_read: Mutex::default(),
            tell_taken,
        });
        if let Err(error) = holds.link.connect().await {
            warn!(%error, "hold store not reached at the start; nothing is held until it is");
        }
        let (keeper, listener, stop_listening) = (holds.clone(), holds.clone(), stop.clone());
        tokio::spawn(async move { stop.run_until_cancelled(keeper.link.keep(|time| keeper.note_clock(time))).await });
        tokio::spawn(async move {
            let listen = listener.link.listen(|heard| match heard {
                // The link's epoch says so, and every mirror is read again.
                Heard::Begins => {}
                Heard::Says(text) => listener.hear(text),
            });
            stop_listening.run_until_cancelled(listen).await
        });
        Ok(holds)
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn get(&self, show_id: ShowId) -> Option<Arc<ShowSeats>> {
        self.shows.get(&show_id).map(|seats| seats.clone())
    }

    pub(crate) fn shows(&self) -> Vec<Arc<ShowSeats>> {
        self.shows.iter().map(|entry| entry.value().clone()).collect()
    }

    fn get_or_new(&self, show: &Arc<Show>) -> Arc<ShowSeats> {
        let new = || Arc::new(ShowSeats::new(show.clone(), 0));
        self.shows.entry(show.show_id).or_insert_with(new).clone()
    }

    /// Lets go of shows that nobody asked for since the last time, when there are very many: Redis has them.
    pub(crate) fn forget_idle(&self) {
        if self.shows.len() > SHOWS_KEPT {
            self.shows.retain(|_, seats| seats.take_asked_for() || Arc::strong_count(seats) > 1);
        }
    }

    /// Redis's clock, as far as it is known here.
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_micros(self.ahead_us.load(Ordering::Relaxed));
        later(self.clock.now(), ahead)
    }

    /// Learns what Redis's clock says: again and again, so that ours may jump.
    fn note_clock(&self, theirs: Timestamp) {
        if let Clock::Manual(_) = self.clock {
            return;
        }
        let ahead = theirs.duration_since(self.clock.now()).as_micros();
        self.ahead_us.store(i64::try_from(ahead).unwrap_or(0), Ordering::Relaxed);
    }

    /// Takes notice of what an answer says, other than a show's seats.
    fn note(self: &Arc<Self>, show_id: ShowId, answer: &Answer) {
        if answer.change.after == 0 {
            return;
        }
        self.note_clock(answer.now);
        (0..answer.lapsed).for_each(|_| meters::hold("expired"));
        self.note_change(show_id, &answer.change);
        for (hold_id, booking_id) in answer.overdue.iter().copied() {
            let holds = self.clone();
            tokio::spawn(async move { holds.look_at_payment(show_id, hold_id, booking_id).await });
        }
    }

    fn note_change(&self, show_id: ShowId, change: &Change) {
        if let Some(due) = change.due {
            self.alarms.lock().set(show_id, due);
        }
        (self.tell_taken)(show_id, change.taken);
    }

    /// Takes in what another node, or this one, made public.
    fn hear(self: &Arc<Self>, text: &str) {
        let Some((show_id, now, change, whole)) = heard(text) else {
            return warn!("message of the hold store not understood");
        };
        self.note_clock(now);
        self.note_change(show_id, &change);
        let Some(seats) = self.get(show_id) else { return };
        // Also while it is read for the first time: what is heard meanwhile may be newer than what is read.
        let follows = seats.follow(&change);
        if seats.mirror.is_known() && (whole == Whole::MayDiffer || !follows) {
            self.mend_soon(&seats);
        }
    }
}

/// The rules as the functions read them: durations in microseconds, 0 for none.
fn text_of(rules: &Rules) -> String {
    let us = |duration: SignedDuration| duration.as_micros().to_string();
    let [held, seat_s, rest] = match &rules.budget {
        Some(budget) => budget.parts(),
        None => [0, 0, 0],
    };
    [
        us(rules.hold),
        us(rules.hold_max),
        rules.held_seats_max.unwrap_or(0).to_string(),
        u8::from(rules.guards_seats()).to_string(),
        held.to_string(),
        seat_s.to_string(),
        rest.to_string(),
        us(SignedDuration::from_secs(PAYMENT_LOOK_S)),
    ]
    .join(",")
}
