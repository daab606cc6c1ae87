//! The databases, and which of them a show's sales are in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use marquee_bus::{Bus, Journal, Reader};
use marquee_db::{Db, Error, Later, Result, Row, Tx};
use marquee_kernel::{Clock, Rng, Shard, ShowId};
use tokio::sync::{Mutex, SetOnce};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::lease;
use crate::model::Directory;
use crate::opening::Opening;
use crate::store::{self, Entry};

/// How often a node reads the directory.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause between two tries to reach a shard that has not answered since the start.
const OPEN_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// The pause before the next look for a show that has just left, and how many there are: a move takes a fraction of that.
const MOVING_PAUSE: Duration = Duration::from_millis(50);
pub(crate) const MOVING_LOOKS_MAX: usize = 40;

/// Every database that sales are in. An embedded Marquee has one. Clones share them.
#[derive(Clone, Debug)]
pub struct Shards {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    shards: Vec<ShardDb>,
    directory: ArcSwap<Directory>,
    /// When the last reading of it began.
    refreshed: Mutex<Option<Instant>>,
    cluster: Uuid,
    /// This process, among the nodes.
    node: Uuid,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) journal: Journal,
    /// A file: nobody adds a second.
    alone: bool,
}

/// One of the databases. It may not have answered yet.
#[derive(Debug)]
pub struct ShardDb {
    at: usize,
    shard: Shard,
    place: String,
    url: String,
    open: SetOnce<(Db, Bus)>,
}

impl ShardDb {
    fn new(at: usize, shard: Shard, (place, url): (String, String), db: Option<Db>) -> Self {
        let open = SetOnce::new_with(db.map(|db| (db.clone(), Bus::new(db))));
        Self { at, shard, place, url, open }
    }

    /// Its place among this node's databases, from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Its number.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// The name of a shard's own reader of the home database's journal: one that waits for its shard must not keep the others.
    #[must_use]
    pub fn reader(&self, name: &'static str) -> Reader {
        match self.shard.number() {
            0 => Reader::from(name),
            // What happened to its shows before anybody read for it is its business, too.
            number => Reader::of_all(format!("{name}:{number}")),
        }
    }

    /// Where it is, for people to read.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The database.
    ///
    /// # Errors
    /// [`Error::Unreachable`] while it has never answered this process.
    pub fn db(&self) -> Result<&Db> {
        let open = self.open.get().map(|(db, _)| db);
        open.ok_or_else(|| Error::Unreachable(format!("shard {} at {}", self.shard, self.place)))
    }

    /// Tells the consumers of its journal to look at once: call it after a commit that appended.
    pub fn wake(&self) {
        if let Some((_, bus)) = self.open.get() {
            bus.wake();
        }
    }

    /// The database and the delivery of its journal, once it has answered.
    pub async fn opened(&self) -> &(Db, Bus) {
        self.open.wait().await
    }
}

/// Whether the catalogue has any shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shows {
    None,
    Some,
}

/// What became of work on a show: done, or given back, for the show is not here any more.
enum Fenced<T, W> {
    Done(T),
    Departed(W),
}

impl Shards {
    /// The one database there is.
    #[must_use]
    pub fn alone(db: Db, bus: Bus, journal: Journal, clock: Clock, rng: Rng) -> Self {
        let home = ShardDb {
            at: 0,
            shard: Shard::default(),
            place: String::new(),
            url: String::new(),
            open: SetOnce::new_with(Some((db, bus))),
        };
        let (directory, cluster, node) = (ArcSwap::default(), Uuid::nil(), Uuid::nil());
        let shards = vec![home];
        let refreshed = Mutex::default();
        let inner = Inner { shards, directory, refreshed, cluster, node, clock, rng, journal, alone: true };
        Self { inner: Arc::new(inner) }
    }

    /// The databases at `urls`, of which `home`, the first, is open: it also has the accounts, the catalogue and the directory.
    /// A database that is new here joins: where there are no `shows` yet, for all there will be. One that does not answer is opened when it does, if it has joined before.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when a database that never joined does not answer; [`Error::Cluster`] when one belongs
    /// elsewhere.
    pub async fn open(
        urls: &[String],
        (home, bus): (Db, Bus),
        journal: Journal,
        (clock, rng): (Clock, Rng),
        shows: Shows,
    ) -> Result<Self> {
        let mut places = Vec::new();
        for url in urls {
            places.push((Db::place_of(url)?, url.clone()));
        }
        let mut opening = Opening { home: home.clone(), clock: clock.clone(), cluster: Uuid::nil(), shows };
        let mut shards = Vec::new();
        for (at, place) in places.into_iter().enumerate() {
            if at == 0 {
                opening.settle_home(&place.0, Uuid::from_bytes(rng.bytes())).await?;
                let open = SetOnce::new_with(Some((home.clone(), bus.clone())));
                shards.push(ShardDb { at, shard: Shard::default(), place: place.0, url: place.1, open });
                continue;
            }
            let (shard, db) = opening.settle(&place.0, connect(place.1.clone()).await).await?;
            if shards.iter().any(|known| known.shard == shard) {
                return Err(Error::Cluster(format!("{} is a database that another address names too", place.0)));
            }
            shards.push(ShardDb::new(at, shard, place, db));
        }
        lease::describe(&shards);
        let (directory, cluster, node) = (ArcSwap::default(), opening.cluster, Uuid::from_bytes(rng.bytes()));
        let refreshed = Mutex::default();
        let inner = Inner { shards, directory, refreshed, cluster, node, clock, rng, journal, alone: false };
        let shards = Self { inner: Arc::new(inner) };
        shards.refresh().await?;
        Ok(shards)
    }

    /// The first database.
    ///
    /// # Panics
    /// Never: there is always one.
    #[must_use]
    pub fn home(&self) -> &ShardDb {
        #[expect(clippy::indexing_slicing, reason = "both constructors put it there")]
        &self.inner.shards[0]
    }

    /// All of them, the home database first.
    #[must_use]
    pub fn all(&self) -> &[ShardDb] {
        &self.inner.shards
    }

    /// The database of that number, if this node has its address.
    #[must_use]
    pub fn named(&self, shard: Shard) -> Option<&ShardDb> {
        self.inner.shards.iter().find(|one| one.shard == shard)
    }

    /// The database that a show's sales are in.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when this node does not know, or does not have its address.
    pub async fn of(&self, show_id: ShowId) -> Result<&ShardDb> {
        if self.inner.alone {
            return Ok(self.home());
        }
        if !self.inner.directory.load().knows(show_id) {
            self.refresh().await?;
        }
        let directory = self.inner.directory.load();
        let shard = directory.shard_of(show_id).filter(|_| directory.knows(show_id));
        let shard = shard.ok_or_else(|| Error::Unreachable("the directory of shards is out of date".to_owned()))?;
        self.named(shard).ok_or_else(|| elsewhere(shard))
    }

    /// Whether an event of a show is a shard's business: the show lives there, or has ever been moved.
    ///
    /// # Errors
    /// What the home database says when the directory has to be read.
    pub async fn concerns(&self, one: &ShardDb, show_id: ShowId) -> Result<bool> {
        if self.inner.alone {
            return Ok(true);
        }
        if !self.inner.directory.load().knows(show_id) {
            self.refresh().await?;
        }
        let directory = self.inner.directory.load();
        // A move may be under way while the shards read of it, each in its own time: then both act, and once is enough.
        Ok(directory.was_moved(show_id) || directory.shard_of(show_id) == Some(one.shard))
    }

    /// Whether a show lives on that shard, by the newest directory that can be had.
    pub async fn lives_here(&self, one: &ShardDb, show_id: ShowId) -> bool {
        let _ = self.refresh().await;
        self.is_alone() || self.directory().shard_of(show_id) == Some(one.shard)
    }

    /// Reads of a show's sales, where they are. See [`Db::read`].
    ///
    /// # Errors
    /// As [`Db::read`]; [`Error::Unreachable`] when the show's database is.
    pub async fn read<T, E, W>(&self, show_id: ShowId, work: W) -> Result<T, E>
    where
        W: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.inner.alone {
            return self.home().db()?.read(work).await;
        }
        let mut work = work;
        for _ in 0..MOVING_LOOKS_MAX {
            let db = self.of(show_id).await?.db()?;
            match db.read(move |tx| if_here(tx, show_id, work)).await? {
                Fenced::Done(done) => return Ok(done),
                Fenced::Departed(same) => work = same,
            }
            self.wait_for_move().await?;
        }
        Err(moving(show_id).into())
    }

    /// Changes a show's sales, where they are. See [`Db::write`].
    ///
    /// # Errors
    /// As [`Db::write`]; [`Error::Unreachable`] when the show's database is.
    pub async fn write<T, E, W>(&self, show_id: ShowId, work: W) -> Result<T, E>
    where
        W: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.inner.alone {
            return self.home().db()?.write(work).await;
        }
        let mut work = work;
        for _ in 0..MOVING_LOOKS_MAX {
            let db = self.of(show_id).await?.db()?;
            match db.write(move |tx| if_here(tx, show_id, work)).await? {
                Fenced::Done(done) => return Ok(done),
                Fenced::Departed(same) => work = same,
            }
            self.wait_for_move().await?;
        }
        Err(moving(show_id).into())
    }

    /// Waits a little for a show that has just left, then reads where it is. For what has met [`departed`].
    ///
    /// # Errors
    /// What the home database says.
    pub async fn wait_for_move(&self) -> Result<()> {
        tokio::time::sleep(MOVING_PAUSE).await;
        self.refresh().await
    }

    /// Whether this node has the address of every shard that shows may live on.
    ///
    /// # Errors
    /// [`Error::Unreachable`] naming one that it has not.
    pub fn has_all(&self) -> Result<()> {
        let directory = self.inner.directory.load();
        let mut members = directory.members().iter().filter(|member| member.drained_at.is_none());
        match members.find(|member| self.named(member.shard).is_none()) {
            Some(member) => Err(elsewhere(member.shard)),
            None => Ok(()),
        }
    }

    /// Reads the directory again.
    ///
    /// # Errors
    /// What the home database says.
    pub async fn refresh(&self) -> Result<()> {
        if self.inner.alone {
            return Ok(());
        }
        let asked = Instant::now();
        let mut refreshed = self.inner.refreshed.lock().await;
        // Of many who ask at once one reads for all.
        if refreshed.is_some_and(|begun| begun >= asked) {
            return Ok(());
        }
        let (begun, as_of) = (Instant::now(), self.inner.clock.now());
        let known = self.directory();
        let noted = known.noted();
        let read = move |tx: &mut Tx<'_>| Ok::<_, Error>((store::entries(tx)?, store::moves(tx, noted)?));
        let (entries, moves) = self.home().db()?.read(read).await?;
        let members = entries.iter().filter_map(Entry::member).collect();
        self.inner.directory.store(Arc::new(known.later(members, moves, as_of)));
        *refreshed = Some(begun);
        Ok(())
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.inner.alone
    }

    pub(crate) fn node(&self) -> Uuid {
        self.inner.node
    }

    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.inner.directory.load_full()
    }

    /// Keeps the directory fresh, and opens what did not answer at the start, until `stop`.
    pub async fn keep(&self, stop: CancellationToken) {
        if self.inner.alone {
            return;
        }
        let refreshing = async {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                if let Err(error) = self.refresh().await {
                    warn!(%error, "directory of shards not read, will retry");
                }
            }
        };
        let opening = async {
            loop {
                for one in self.all() {
                    self.open_late(one).await;
                }
                tokio::time::sleep(OPEN_AGAIN_AFTER).await;
            }
        };
        stop.run_until_cancelled(async { tokio::join!(refreshing, opening) }).await;
    }

    async fn open_late(&self, one: &ShardDb) {
        if one.open.get().is_some() {
            return;
        }
        let opened = async {
            let db = connect(one.url.clone()).await?;
            match db.read(store::identity).await? {
                Some(found) if found == (one.shard, self.inner.cluster) => Ok(db),
                _ => Err(Error::Cluster(format!("{} is not shard {}", one.place, one.shard))),
            }
        };
        match opened.await {
            Ok(db) => {
                info!(shard = one.shard.number(), "shard answers now");
                let bus = Bus::new(db.clone());
                // Nobody else opens it.
                let _ = one.open.set((db, bus));
            }
            Err(error) => warn!(shard = one.shard.number(), %error, "shard does not answer, its shows are not sold"),
        }
    }
}

fn if_here<T, E, W>(tx: &mut Tx<'_>, show_id: ShowId, work: W) -> Result<Fenced<T, W>, E>
where
    W: FnOnce(&mut Tx<'_>) -> Result<T, E>,
    E: From<Error>,
{
    if !departed(tx, &[show_id])?.is_empty() {
        return Ok(Fenced::Departed(work));
    }
    work(tx).map(Fenced::Done)
}

/// Those of the shows that have left this database, as the transaction sees it: nothing of theirs may be decided in it.
///
/// # Errors
/// What the database says.
pub fn departed(tx: &mut Tx<'_>, shows: &[ShowId]) -> Result<HashSet<ShowId>> {
    Ok(store::departed(tx, shows)?.into_iter().collect())
}

/// Whether shows have left a database, as it was asked.
#[derive(Debug)]
pub struct Departures(Later<Vec<Row>>);

impl Departures {
    /// Asks, and does not wait for the answer.
    ///
    /// # Errors
    /// What the database says.
    pub fn ask(tx: &mut Tx<'_>) -> Result<Self> {
        store::ask_departures(tx).map(Self)
    }

    /// Whether all of these shows are still there.
    ///
    /// # Errors
    /// What the database says, of this and of whatever is not waited for yet.
    pub fn spare(&self, tx: &mut Tx<'_>, shows: &[ShowId]) -> Result<bool> {
        Ok(tx.answer(&self.0)?.is_empty() || store::of_departed(tx, shows)?.is_empty())
    }
}

fn elsewhere(shard: Shard) -> Error {
    Error::Unreachable(format!("shard {shard} is not among this node's databases"))
}

fn moving(show_id: ShowId) -> Error {
    Error::Unreachable(format!("show {show_id} is being moved"))
}

pub(crate) async fn connect(url: String) -> Result<Db> {
    tokio::task::spawn_blocking(move || Db::connect(&url)).await.map_err(|_| Error::Closed)?
}
