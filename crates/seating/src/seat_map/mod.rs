//! The bytes of seat maps: built when first asked for, at most once per version and encoding, and shared.
//!
//! The part that does not change (where a seat is, what it costs) is prepared once per layout and price list; a version
//! splices in the status of each seat.

mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use axum::http::HeaderValue;
use bytes::Bytes;
use marquee_http::encoding::{Encoding, compress};
use tokio::sync::Mutex;

pub(crate) use template::write_unavailable;
use template::{Templates, availability};

use crate::holds::ShowSeats;

/// Bodies smaller than this, in bytes, are sent as they are: compressing saves no packet.
const COMPRESS_BYTES_MIN: usize = 1_024;
/// Bodies larger than this, in bytes, are compressed off the threads that serve requests.
const COMPRESS_INLINE_BYTES_MAX: usize = 64 * 1_024;
/// Built bytes kept of all shows, in bytes.
const KEPT_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// What of a show's seats is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Everything: `/seats`.
    Map,
    /// What is not available: `/availability`.
    Availability,
}

/// A body, ready to send.
#[derive(Debug)]
pub(crate) struct Rendered {
    version: u64,
    revision: i64,
    /// How it is encoded; a small body is not, whatever was asked for.
    pub(crate) encoding: Encoding,
    pub(crate) etag: HeaderValue,
    pub(crate) bytes: Bytes,
    _kept: Kept,
}

/// Counts built bytes for as long as they live.
#[derive(Debug)]
struct Kept {
    bytes: usize,
    total: Arc<AtomicUsize>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Slot {
    rendered: ArcSwapOption<Rendered>,
    building: Mutex<()>,
}

/// The bodies of one show, by view and encoding.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    map: [Slot; 3],
    availability: [Slot; 3],
}

impl Maps {
    fn slot(&self, view: View, encoding: Encoding) -> &Slot {
        let slots = match view {
            View::Map => &self.map,
            View::Availability => &self.availability,
        };
        let [identity, gzip, brotli] = slots;
        match encoding {
            Encoding::Identity => identity,
            Encoding::Gzip => gzip,
            Encoding::Brotli => brotli,
        }
    }

    /// Lets go of every body.
    pub(crate) fn forget(&self) {
        self.map.iter().chain(&self.availability).for_each(|slot| slot.rendered.store(None));
    }
}

/// Builds bodies, and knows how many bytes of them are kept.
#[derive(Debug, Default)]
pub(crate) struct Renderer {
    templates: Templates,
    kept_bytes: Arc<AtomicUsize>,
}

impl Renderer {
    /// The body as of now, if it is built already.
    pub(crate) fn ready(seats: &ShowSeats, view: View, encoding: Encoding) -> Option<Arc<Rendered>> {
        Self::at_least(seats, (view, encoding), (seats.version(), seats.revision()))
    }

    fn at_least(
        seats: &ShowSeats,
        (view, encoding): (View, Encoding),
        (version, revision): (u64, i64),
    ) -> Option<Arc<Rendered>> {
        let rendered = seats.maps.slot(view, encoding).rendered.load();
        let rendered = rendered.as_ref()?;
        (rendered.version >= version && rendered.revision >= revision).then(|| rendered.clone())
    }

    /// The body as of now or later.
    pub(crate) async fn render(&self, seats: &ShowSeats, view: View, encoding: Encoding) -> Arc<Rendered> {
        // What was built since this call came is fresh enough for it: many who wait share one build.
        let wanted = (seats.version(), seats.revision());
        let plain = match encoding {
            Encoding::Identity => None,
            // Encoding::Identity does not recurse further.
            _ => Some(Box::pin(self.render(seats, view, Encoding::Identity)).await),
        };
        let slot = seats.maps.slot(view, encoding);
        let _building = slot.building.lock().await;
        if let Some(built) = Self::at_least(seats, (view, encoding), wanted) {
            return built;
        }
        let rendered = match plain {
            None => self.build(seats, view),
            Some(plain) => self.encode(&plain, encoding).await,
        };
        let rendered = Arc::new(rendered);
        slot.rendered.store(Some(rendered.clone()));
        rendered
    }

    fn build(&self, seats: &ShowSeats, view: View) -> Rendered {
        let glance = seats.glance();
        let bytes = match view {
            View::Map => self.templates.of(&glance.show).fill(&glance),
            View::Availability => availability(&glance),
        };
        self.finish((glance.version, glance.show.revision), Encoding::Identity, bytes.into())
    }

    async fn encode(&self, plain: &Rendered, encoding: Encoding) -> Rendered {
        let (at, bytes) = ((plain.version, plain.revision), plain.bytes.clone());
        let encoded = match bytes.len() {
            ..COMPRESS_BYTES_MIN => None,
            COMPRESS_BYTES_MIN..=COMPRESS_INLINE_BYTES_MAX => compress(&bytes, encoding),
            _ => tokio::task::spawn_blocking(move || compress(&bytes, encoding)).await.unwrap_or_default(),
        };
        match encoded {
            Some(encoded) => self.finish(at, encoding, encoded.into()),
            None => self.finish(at, Encoding::Identity, plain.bytes.clone()),
        }
    }

    fn finish(&self, (version, revision): (u64, i64), encoding: Encoding, bytes: Bytes) -> Rendered {
        let etag = format!("\"v{version}r{revision}-{}\"", encoding.word());
        // Digits and letters: always a valid header.
        let etag = HeaderValue::from_str(&etag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        self.kept_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        let kept = Kept { bytes: bytes.len(), total: self.kept_bytes.clone() };
        Rendered { version, revision, encoding, etag, bytes, _kept: kept }
    }

    /// Templates kept.
    pub(crate) fn templates(&self) -> u64 {
        self.templates.count()
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        self.kept_bytes.load(Ordering::Relaxed)
    }

    /// Whether more is kept than should be.
    pub(crate) fn is_over(&self) -> bool {
        self.kept_bytes() > KEPT_BYTES_MAX
    }
}
