//! What is kept in memory of the catalogue, and how it is kept true.
//!
//! Everything here can be read again from the store. A value is kept only if nothing was written since before it was read,
//! so that a slow read never puts back what a write has just replaced.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use marquee_kernel::{CinemaId, MovieId, ScreenId, ShowId, Timestamp};
use moka::sync::Cache;
use parking_lot::Mutex;

use crate::model::{Layout, Show, ShowFilter};
use crate::store::MovieFilter;

/// Shows kept: those of two weeks of a nation's largest chain.
const SHOWS_MAX: u64 = 20_000;
/// Seats of all layouts kept; one is about 200 bytes.
const LAYOUT_SEATS_MAX: u64 = 500_000;
/// Bytes of all answers kept.
const PAGE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Shows on all pages of shows kept; what is serialised of one is about 500 bytes.
const LISTED_SHOWS_MAX: u64 = 50_000;
/// What a kept value costs beside itself, in bytes: its key and its place in the cache.
const ENTRY_BYTES: u32 = 256;
/// How long a show is kept: another process (the command line) may write, and cannot tell.
const SHOW_TTL: Duration = Duration::from_secs(60);
/// How long an answer is kept, for the same reason, and because a list follows the time of day.
const PAGE_TTL: Duration = Duration::from_secs(5);

/// Which answer it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PageKey {
    Movie(MovieId),
    Movies { filter: MovieFilter, after: Option<(String, MovieId)>, limit: u32 },
    Cinema(CinemaId),
    Cinemas { city: Option<String>, after: Option<(String, CinemaId)>, limit: u32 },
}

/// Which page of shows it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    pub(crate) filter: ShowFilter,
    pub(crate) after: Option<(Timestamp, ShowId)>,
    pub(crate) limit: u32,
}

/// A page of shows that had not ended when it was read.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) shows: Vec<Arc<Show>>,
    /// What clients see of each show and neither a sale nor the clock changes: serialised by the first who asks for the
    /// page over HTTP.
    pub(crate) facts: OnceLock<Vec<Box<[u8]>>>,
    pub(crate) next_cursor: Option<String>,
}

/// What a write may have changed of the shows kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    NoShow,
    Show(ShowId),
    EveryShow,
}

/// How many writes there had been when a read began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AsOf(u64);

#[derive(Clone)]
struct Kept<T> {
    as_of: AsOf,
    value: T,
}

pub(crate) struct Caches {
    writes: AtomicU64,
    /// The write that last touched every show.
    swept: AtomicU64,
    /// Held while a show is put in and while one is taken out: between the two decisions nothing may happen.
    gate: Mutex<()>,
    shows: Cache<ShowId, Kept<Arc<Show>>>,
    layouts: Cache<(ScreenId, i64), Arc<Layout>>,
    pages: Cache<PageKey, Kept<Bytes>>,
    lists: Cache<ListKey, Kept<Arc<Listed>>>,
}

impl Caches {
    pub(crate) fn new() -> Self {
        let weight = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
        Self {
            writes: AtomicU64::new(0),
            swept: AtomicU64::new(0),
            gate: Mutex::new(()),
            shows: Cache::builder().max_capacity(SHOWS_MAX).time_to_live(SHOW_TTL).build(),
            layouts: Cache::builder()
                .max_capacity(LAYOUT_SEATS_MAX)
                .weigher(|_, layout: &Arc<Layout>| layout.capacity())
                .build(),
            pages: Cache::builder()
                .max_capacity(PAGE_BYTES_MAX)
                .weigher(move |_, page: &Kept<Bytes>| weight(page.value.len()).saturating_add(ENTRY_BYTES))
                .time_to_live(PAGE_TTL)
                .build(),
            lists: Cache::builder()
                .max_capacity(LISTED_SHOWS_MAX)
                .weigher(move |_, list: &Kept<Arc<Listed>>| weight(list.value.shows.len() + 1))
                .time_to_live(PAGE_TTL)
                .build(),
        }
    }

    /// To be called before a read whose result is to be kept.
    pub(crate) fn as_of(&self) -> AsOf {
        AsOf(self.writes.load(Ordering::SeqCst))
    }

    /// To be called after a write's commit, also when it may or may not have happened.
    pub(crate) fn written(&self, touched: Touched) {
        let _gate = self.gate.lock();
        let write = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        match touched {
            Touched::NoShow => {}
            Touched::Show(show_id) => self.shows.invalidate(&show_id),
            Touched::EveryShow => self.swept.store(write, Ordering::SeqCst),
        }
    }

    pub(crate) fn show(&self, show_id: ShowId) -> Option<Arc<Show>> {
        let kept = self.shows.get(&show_id)?;
        (kept.as_of.0 >= self.swept.load(Ordering::SeqCst)).then_some(kept.value)
    }

    pub(crate) fn keep_show(&self, as_of: AsOf, show: &Arc<Show>) {
        let _gate = self.gate.lock();
        if as_of == self.as_of() {
            self.shows.insert(show.show_id, Kept { as_of, value: show.clone() });
        }
    }

    /// A layout never changes, so what is kept is always true.
    pub(crate) fn layout<E>(
        &self,
        key: (ScreenId, i64),
        read: impl FnOnce() -> Result<Layout, E>,
    ) -> Result<Arc<Layout>, E> {
        if let Some(layout) = self.layouts.get(&key) {
            return Ok(layout);
        }
        let layout = Arc::new(read()?);
        self.layouts.insert(key, layout.clone());
        Ok(layout)
    }

    pub(crate) fn page(&self, key: &PageKey) -> Option<Bytes> {
        let kept = self.pages.get(key)?;
        (kept.as_of == self.as_of()).then_some(kept.value)
    }

    pub(crate) fn keep_page(&self, as_of: AsOf, key: PageKey, page: Bytes) {
        self.pages.insert(key, Kept { as_of, value: page });
    }

    pub(crate) fn list(&self, key: &ListKey) -> Option<Arc<Listed>> {
        let kept = self.lists.get(key)?;
        (kept.as_of == self.as_of()).then_some(kept.value)
    }

    /// What is kept, by name with its number of entries.
    pub(crate) fn entries(&self) -> [(&'static str, u64); 4] {
        fn count<K, V>(cache: &Cache<K, V>) -> u64
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        {
            // What is too old or was pushed out is counted until this has run.
            cache.run_pending_tasks();
            cache.entry_count()
        }
        [
            ("shows", count(&self.shows)),
            ("layouts", count(&self.layouts)),
            ("pages", count(&self.pages)),
            ("show_lists", count(&self.lists)),
        ]
    }

    pub(crate) fn keep_list(&self, as_of: AsOf, key: ListKey, list: Arc<Listed>) {
        self.lists.insert(key, Kept { as_of, value: list });
    }
}
