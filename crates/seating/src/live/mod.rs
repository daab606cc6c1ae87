//! Live updates: what changed, told to everyone who watches a show, at most four times a second.
//!
//! A frame is written once per show and shared by its watchers. Every seat that changed since the last frame is in the next
//! one, even if it changed back: so a watcher who starts from any version in between ends with the right picture.

mod stream;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dashmap::DashMap;
use marquee_kernel::{ShowId, Timestamp};
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::holds::{Glance, ShowSeats};
use crate::model::later;
use crate::seat_map::write_unavailable;
pub(crate) use stream::stream;

/// How often changes are told.
pub(crate) const TICK: Duration = Duration::from_millis(250);
/// Watchers of all shows together; each costs a socket and a few kilobytes.
pub(crate) const CLIENTS_MAX: usize = 20_000;
/// Frames waiting for a watcher before it is too slow, and starts anew with a snapshot: four seconds' worth.
const CLIENT_FRAMES_MAX: usize = 16;
/// Frames kept for watchers who come back: a minute of changes.
const KEPT_FRAMES: usize = 240;
/// How long a show's frames are kept when nobody watches, in seconds.
const IDLE_S: i64 = 60;

/// An event as it goes over the wire, and the version that it leads to.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) version: u64,
    pub(crate) text: Bytes,
}

/// Every show that somebody watches.
#[derive(Debug)]
pub(crate) struct Live {
    channels: DashMap<ShowId, Arc<Channel>>,
    clients: Arc<AtomicUsize>,
    stop: CancellationToken,
}

/// One show that somebody watches, or did a moment ago.
#[derive(Debug)]
struct Channel {
    seats: Arc<ShowSeats>,
    frames: broadcast::Sender<Frame>,
    state: Mutex<ChannelState>,
    watchers: AtomicUsize,
}

#[derive(Debug)]
struct ChannelState {
    /// The version before the oldest frame kept: who has it, or a later one, can go on from here.
    base: u64,
    /// The version that the newest frame leads to.
    told: u64,
    kept: VecDeque<Frame>,
    snapshot: Option<Frame>,
    watched_at: Timestamp,
}

/// A watcher's place in the audience: frames to send first, then those to come.
#[derive(Debug)]
pub(crate) struct Watcher {
    channel: Arc<Channel>,
    clients: Arc<AtomicUsize>,
    stop: CancellationToken,
    first: VecDeque<Frame>,
    frames: broadcast::Receiver<Frame>,
    /// The version that the watcher has seen.
    seen: u64,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.channel.watchers.fetch_sub(1, Ordering::Relaxed);
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Live {
    /// Nobody watches yet. When `stop` is cancelled every stream ends.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { channels: DashMap::new(), clients: Arc::default(), stop }
    }

    /// A new watcher, who has seen `seen` if they watched before. `None` when there are too many.
    pub(crate) fn watch(&self, seats: &Arc<ShowSeats>, seen: Option<u64>, now: Timestamp) -> Option<Watcher> {
        if self.clients.fetch_add(1, Ordering::Relaxed) >= CLIENTS_MAX {
            self.clients.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let new = || Arc::new(Channel::new(seats.clone(), now));
        let channel = self.channels.entry(seats.show_id()).or_insert_with(new).clone();
        Some(channel.watch(self, seen, now))
    }

    /// Tells every audience what changed since the last time.
    pub(crate) fn tell(&self, now: Timestamp) {
        let channels: Vec<Arc<Channel>> = self.channels.iter().map(|channel| channel.clone()).collect();
        for channel in channels.iter().filter(|channel| channel.watchers.load(Ordering::Relaxed) > 0) {
            let mut state = channel.state.lock();
            state.watched_at = now;
            channel.tell(&mut state);
        }
    }

    /// Lets go of shows that nobody has watched for a while.
    pub(crate) fn forget_idle(&self, now: Timestamp) {
        // A watcher, and whoever is about to become one, has a handle of the channel.
        self.channels.retain(|_, channel| {
            let kept_until = later(channel.state.lock().watched_at, jiff::SignedDuration::from_secs(IDLE_S));
            Arc::strong_count(channel) > 1 || now < kept_until
        });
    }

    pub(crate) fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }
}

impl Channel {
    fn new(seats: Arc<ShowSeats>, now: Timestamp) -> Self {
        // What changed before anybody watched is in the snapshot.
        let (version, _) = seats.take_changes();
        let state =
            ChannelState { base: version, told: version, kept: VecDeque::new(), snapshot: None, watched_at: now };
        Self {
            seats,
            frames: broadcast::Sender::new(CLIENT_FRAMES_MAX),
            state: Mutex::new(state),
            watchers: AtomicUsize::new(0),
        }
    }

    fn watch(self: Arc<Self>, live: &Live, seen: Option<u64>, now: Timestamp) -> Watcher {
        let mut state = self.state.lock();
        state.watched_at = now;
        if self.watchers.fetch_add(1, Ordering::Relaxed) == 0 {
            // Nobody was told lately: a watcher who comes back hears at once what they missed.
            self.tell(&mut state);
        }
        let frames = self.frames.subscribe();
        let known = seen.filter(|seen| (state.base..=self.seats.version()).contains(seen));
        let first = match known {
            Some(seen) => state.kept.iter().filter(|frame| frame.version > seen).cloned().collect(),
            None => VecDeque::from([self.snapshot(&mut state)]),
        };
        drop(state);
        let (clients, stop) = (live.clients.clone(), live.stop.clone());
        Watcher { channel: self, clients, stop, first, frames, seen: known.unwrap_or(0) }
    }

    /// Sends a frame with what changed, if anything did.
    fn tell(&self, state: &mut ChannelState) {
        if self.seats.version() == state.told {
            return;
        }
        let (version, changes) = self.seats.take_changes();
        let show = self.seats.show();
        let mut text = format!("id: {version}\nevent: seats\ndata: {{\"version\":{version},\"changes\":[");
        let changes =
            changes.iter().filter_map(|(place, status)| Some((show.layout.seats.get(usize::from(*place))?, status)));
        for (n, (seat, status)) in changes.enumerate() {
            let comma = if n == 0 { "" } else { "," };
            // A word: serialising it cannot fail.
            let seat_id = serde_json::to_string(&seat.seat_id).unwrap_or_default();
            let _ = write!(text, "{comma}{{\"seat_id\":{seat_id},\"status\":\"{}\"}}", status.word());
        }
        text.push_str("]}\n\n");
        let frame = Frame { version, text: text.into() };
        state.told = version;
        if state.kept.len() >= KEPT_FRAMES
            && let Some(oldest) = state.kept.pop_front()
        {
            state.base = oldest.version;
        }
        state.kept.push_back(frame.clone());
        // Nobody listens when the only watcher is about to be told first.
        let _ = self.frames.send(frame);
    }

    /// The whole state as of now, written once per version.
    fn snapshot(&self, state: &mut ChannelState) -> Frame {
        if let Some(frame) = state.snapshot.as_ref().filter(|frame| frame.version == self.seats.version()) {
            return frame.clone();
        }
        let frame = snapshot(&self.seats.glance());
        state.snapshot = Some(frame.clone());
        frame
    }
}

impl Watcher {
    /// Starts anew: too much was missed.
    fn start_over(&mut self) {
        let mut state = self.channel.state.lock();
        self.frames = self.channel.frames.subscribe();
        self.first = VecDeque::from([self.channel.snapshot(&mut state)]);
    }
}

fn snapshot(glance: &Glance) -> Frame {
    let version = glance.version;
    let mut text = format!("id: {version}\nevent: snapshot\ndata: {{\"version\":{version},");
    write_unavailable(&mut text, glance);
    text.push_str("}\n\n");
    Frame { version, text: text.into() }
}
