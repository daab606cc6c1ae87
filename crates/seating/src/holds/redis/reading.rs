//! Reading: a show's seats from Redis, and what the durable record says of them into it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use marquee_catalog::Show;
use marquee_kernel::{Clock, ShowId};
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Answer, Down, RedisHolds};
use crate::Error;
use crate::holds::ShowSeats;
use crate::model::Sold;

/// How long a change may be on its way before all is read instead.
const GAP_MAX: Duration = Duration::from_millis(100);
/// The pause while another node rebuilds a show, and how often it is made before this node gives up for the moment.
const REBUILD_PAUSE: Duration = Duration::from_millis(20);
const REBUILD_TRIES_MAX: usize = 150;
/// Readings of the durable record in a row that a rebuild may overtake.
const READ_TRIES_MAX: usize = 5;
/// Shows swept at a time.
const SWEEP_SHOWS: usize = 64;

impl RedisHolds {
    /// Calls a function for a show; `seen` is the version that is known here.
    pub(super) async fn call(
        self: &Arc<Self>,
        function: &str,
        (show_id, seen): (ShowId, u64),
        arguments: &[&str],
    ) -> Result<Answer, Down> {
        let clock = match &self.clock {
            Clock::System | Clock::Following(_) => "0".to_owned(),
            // A clock that a test moves is everybody's.
            Clock::Manual(_) => self.clock.now().as_microsecond().to_string(),
        };
        let mut command = redis::cmd("FCALL");
        command.arg(format!("marquee_v1_{function}")).arg(1).arg(format!("{}marquee:{{{show_id}}}", self.prefix));
        command.arg(&self.channel).arg(clock).arg(seen).arg(&self.rules_text).arg(arguments);
        let answer: Answer = self.link.call(&command).await?;
        self.note(show_id, &answer);
        Ok(answer)
    }

    /// As [`RedisHolds::call`], for a show in memory; what it changed is seen here before this returns.
    pub(super) async fn call_seeing(
        self: &Arc<Self>,
        function: &str,
        seats: &Arc<ShowSeats>,
        arguments: &[&str],
    ) -> Result<Answer, Down> {
        let answer = self.call(function, (seats.show_id(), seats.version()), arguments).await?;
        if !answer.is_lost() && seats.mirror.is_known() {
            self.see(seats, &answer).await;
        }
        Ok(answer)
    }

    /// Waits until the seats in memory are as an answer left them.
    async fn see(self: &Arc<Self>, seats: &Arc<ShowSeats>, answer: &Answer) {
        seats.follow(&answer.change);
        let seen = || seats.version() >= answer.change.after;
        if !seen() && !follows(seats, &seen).await {
            drop(self.snapshot(seats).await);
        }
    }

    /// Reads all again soon, unless what is missing comes before.
    pub(super) fn mend_soon(self: &Arc<Self>, seats: &Arc<ShowSeats>) {
        if seats.mirror.mending.swap(true, Ordering::AcqRel) {
            return;
        }
        let (holds, seats) = (self.clone(), seats.clone());
        tokio::spawn(async move {
            tokio::time::sleep(GAP_MAX).await;
            seats.mirror.mending.store(false, Ordering::Release);
            // What cannot be read now, the next reader reads.
            if holds.snapshot(&seats).await.is_err() {
                seats.mirror.read_in.fetch_min(1, Ordering::AcqRel);
            }
        });
    }

    /// Whether seats in memory are as of now, as far as it is known without asking.
    pub(crate) fn is_at_hand(&self, seats: &ShowSeats, show: &Show) -> bool {
        let read_in = seats.mirror.read_in.load(Ordering::Acquire);
        let fresh = match self.link.epoch() {
            Some(epoch) => read_in == epoch && !seats.is_due(self.now()) && seats.revision() >= show.revision,
            // Nothing newer is to be had.
            None => read_in > 0 && !self.link.is_up(),
        };
        if fresh {
            seats.note_asked_for();
        }
        fresh
    }

    /// The seats of a show as of now; when Redis does not answer, as they were last known.
    pub(crate) async fn seats(self: &Arc<Self>, show: &Arc<Show>) -> Result<Arc<ShowSeats>, Error> {
        let seats = self.get_or_new(show);
        seats.note_asked_for();
        match self.bring_up_to_date(&seats, show).await {
            Err(Error::HoldStoreDown) if seats.mirror.is_known() => Ok(seats),
            read => read.map(|()| seats),
        }
    }

    async fn bring_up_to_date(self: &Arc<Self>, seats: &Arc<ShowSeats>, show: &Arc<Show>) -> Result<(), Error> {
        self.read_in_this_epoch(seats).await?;
        if seats.is_due(self.now()) && self.call_seeing("lapse", seats, &[]).await?.is_lost() {
            self.read_anew(seats).await?;
        }
        if seats.revision() < show.revision {
            let (revision, cancelled) = (show.revision.to_string(), u8::from(show.cancelled).to_string());
            if self.call_seeing("renew", seats, &[&revision, &cancelled]).await?.is_lost() {
                self.read_anew(seats).await?;
            }
            seats.renew(show);
        }
        Ok(())
    }

    /// Has all of a show read since the link was last lost: before that, nothing may be held.
    pub(super) async fn read_in_this_epoch(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<(), Error> {
        let is_read = || self.link.epoch().is_some_and(|epoch| seats.mirror.read_in.load(Ordering::Acquire) == epoch);
        if is_read() {
            return Ok(());
        }
        let _reading = seats.mirror.reading.lock().await;
        if is_read() { Ok(()) } else { self.read_all(seats).await }
    }

    /// As [`RedisHolds::read_in_this_epoch`], when Redis has just said that it lost the show.
    pub(super) async fn read_anew(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<(), Error> {
        let before = seats.version();
        let _reading = seats.mirror.reading.lock().await;
        if seats.version() > before { Ok(()) } else { self.read_all(seats).await }
    }

    async fn read_all(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<(), Error> {
        let epoch = self.link.epoch();
        self.tell_record(seats).await?;
        if self.snapshot(seats).await?.is_lost() {
            return Err(Error::HoldStoreDown);
        }
        // Without an epoch nothing is heard, and the next reader reads again.
        seats.mirror.read_in.store(epoch.unwrap_or(1).max(1), Ordering::Release);
        Ok(())
    }

    async fn snapshot(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<Answer, Down> {
        let answer = self.call("snapshot", (seats.show_id(), seats.version()), &[]).await?;
        if !answer.is_lost() && !seats.take_over(&answer.change) {
            self.mend_soon(seats);
        }
        Ok(answer)
    }

    /// Reads a show's rows of the durable record again.
    pub(crate) async fn read(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<(), Error> {
        self.tell_record(seats).await
    }

    /// Tells Redis what the durable record says of a show, rebuilding it if it was lost.
    async fn tell_record(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<(), Error> {
        for _ in 0..READ_TRIES_MAX {
            let begun = self.call_seeing("begin_reading", seats, &[]).await?;
            if begun.is_lost() {
                if self.rebuild(seats).await? {
                    return Ok(());
                }
                continue;
            }
            let rows = self.record.rows(&seats.show()).await?;
            let arguments = [begun.said(0), begun.said(1), &text_of(&rows)];
            if !self.call_seeing("end_reading", seats, &arguments).await?.is_lost() {
                return Ok(());
            }
        }
        Err(Error::HoldStoreDown)
    }

    /// Rebuilds a show that Redis lost, or never had, from the durable record. Whether it was this node that did.
    async fn rebuild(self: &Arc<Self>, seats: &Arc<ShowSeats>) -> Result<bool, Error> {
        let show = seats.show();
        let (show_id, seen) = (show.show_id, seats.version());
        for _ in 0..REBUILD_TRIES_MAX {
            let answer = self.call("lapse", (show_id, seen), &[]).await?;
            if !answer.is_lost() {
                return Ok(false);
            }
            if answer.word == "rebuilding" {
                tokio::time::sleep(REBUILD_PAUSE).await;
                continue;
            }
            let generation = self.record.next_generation().await?.to_string();
            if self.call("begin_rebuild", (show_id, seen), &[&generation]).await?.word != "ok" {
                tokio::time::sleep(REBUILD_PAUSE).await;
                continue;
            }
            let rows = self.record.rows(&show).await?;
            let (revision, cancelled) = (show.revision.to_string(), u8::from(show.cancelled).to_string());
            let arguments = [generation.as_str(), &revision, &cancelled, &text_of(&rows)];
            if !self.call("rebuild", (show_id, seen), &arguments).await?.is_lost() {
                info!(%show_id, seats = rows.len(), "show rebuilt in the hold store");
                return Ok(true);
            }
        }
        Err(Error::HoldStoreDown)
    }

    /// Lapses what is due, and tells Redis what it could not be told before. Shows whose record must be read again.
    pub(crate) async fn sweep(self: &Arc<Self>) -> Vec<ShowId> {
        if !self.link.is_up() {
            return Vec::new();
        }
        let owed = std::mem::take(&mut *self.owed.lock());
        for ended in owed {
            if self.end_payment(ended).await {
                self.to_read.lock().insert(ended.show_id);
            }
        }
        // Whatever is due still when this is done, the next sweep sees to.
        let due = self.alarms.lock().take_due(self.now());
        for some in due.chunks(SWEEP_SHOWS) {
            join_all(some.iter().map(|show_id| self.sweep_show(*show_id))).await;
        }
        self.to_read.lock().drain().collect()
    }

    async fn sweep_show(self: &Arc<Self>, show_id: ShowId) {
        let known = self.get(show_id).filter(|seats| seats.mirror.is_known());
        let swept = match &known {
            Some(seats) => self.call_seeing("lapse", seats, &[]).await,
            None => self.call("lapse", (show_id, 0), &[]).await,
        };
        match (swept, known) {
            (Err(Down), _) => self.alarms.lock().set(show_id, self.now()),
            (Ok(answer), Some(seats)) if answer.is_lost() => {
                if let Err(error) = self.read_anew(&seats).await {
                    warn!(%show_id, %error, "show not rebuilt yet, will be when it is asked for");
                    seats.mirror.read_in.fetch_min(1, Ordering::AcqRel);
                }
            }
            (Ok(_), _) => {}
        }
    }
}

/// Whether it comes to be `seen` while others' changes arrive.
async fn follows(seats: &ShowSeats, seen: &impl Fn() -> bool) -> bool {
    let follow = async {
        loop {
            let followed = seats.mirror.followed.notified();
            if seen() {
                return;
            }
            followed.await;
        }
    };
    timeout(GAP_MAX, follow).await.is_ok()
}

pub(super) fn text_of(rows: &[(u16, Sold)]) -> String {
    let word = |(place, sold): &(u16, Sold)| {
        let letter = match sold {
            Sold::Claimed => 'c',
            Sold::Booked => 'b',
            Sold::Blocked => 'x',
        };
        format!("{place}{letter}")
    };
    rows.iter().map(word).collect::<Vec<_>>().join(",")
}
