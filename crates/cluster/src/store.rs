//! The rows of the directory, of moves and of leases.

use marquee_db::{Error, Later, Result, Row, Tx, params};
use marquee_kernel::{Shard, ShowId, Timestamp};
use uuid::Uuid;

use crate::model::{Member, Moves, Noted, Pause};

const SHARDS: &str = "SELECT shard, place, joined_at, drained_at FROM shards ORDER BY shard";
const ADD_SHARD: &str = "INSERT INTO shards (shard, place, joined_at) VALUES ($1, $2, $3)";
const JOIN: &str = "UPDATE shards SET joined_at = $2 WHERE shard = $1 AND joined_at IS NULL";
const SET_PLACE: &str = "UPDATE shards SET place = $2 WHERE shard = $1";
const DRAIN: &str = "UPDATE shards SET drained_at = $2 WHERE shard = $1 AND drained_at IS NULL";
const REOPEN: &str = "UPDATE shards SET drained_at = NULL WHERE shard = $1 AND drained_at = $2";
const PAUSES: &str = "SELECT shard, paused_at, until FROM shard_pauses";
const NOTE_PAUSE: &str = "INSERT INTO shard_pauses (shard, paused_at, until) VALUES ($1, $2, $3)";
const IDENTITY: &str = "SELECT shard, cluster FROM shard_identity WHERE only_row = 1";
const IDENTIFY: &str = "INSERT INTO shard_identity (only_row, shard, cluster) VALUES (1, $1, $2)";

const LAST_NOTED: &str = "SELECT MAX(noted) AS noted FROM show_moves";
const MOVES: &str = "SELECT show_id, shard, noted FROM show_moves";
const MOVES_AFTER: &str = "SELECT show_id, shard, noted FROM show_moves WHERE noted > $1";
/// Writers follow one another: what is noted later has a higher number, and is never seen before what has a lower one.
const NOTE_MOVE: &str = "
    INSERT INTO show_moves (show_id, shard, moved_at, noted)
    VALUES ($1, $2, $3, (SELECT COALESCE(MAX(noted), 0) + 1 FROM show_moves))
    ON CONFLICT (show_id) DO UPDATE SET shard = excluded.shard, moved_at = excluded.moved_at, noted = excluded.noted
    WHERE show_moves.moved_at < excluded.moved_at";
const DEPARTED: &str = "SELECT show_id FROM departed_shows WHERE show_id = $1";
const ANY_DEPARTED: &str = "SELECT 1 AS one FROM departed_shows LIMIT 1";
const ALL_DEPARTED: &str = "SELECT show_id FROM departed_shows ORDER BY show_id";
const DEPART: &str = "
    INSERT INTO departed_shows (show_id, move_id, to_shard, departed_at, cargo) VALUES ($1, $2, $3, $4, $5)";
const UNDER_WAY_AFTER: &str = "
    SELECT show_id, move_id, to_shard, departed_at, cargo FROM departed_shows
    WHERE cargo IS NOT NULL AND show_id > $1 ORDER BY show_id LIMIT 1";
const UNDER_WAY_OF: &str = "
    SELECT show_id, move_id, to_shard, departed_at, cargo FROM departed_shows WHERE cargo IS NOT NULL AND show_id = $1";
const ALL_UNDER_WAY: &str = "
    SELECT show_id, to_shard, departed_at FROM departed_shows WHERE cargo IS NOT NULL ORDER BY show_id";
const DEPARTURES: &str = "
    SELECT show_id, move_id, to_shard, departed_at, cargo IS NOT NULL AS under_way FROM departed_shows ORDER BY show_id";
const ARRIVALS: &str = "SELECT move_id, show_id FROM arrived_moves";
const COUNT_UNDER_WAY: &str = "SELECT COUNT(*) AS n FROM departed_shows WHERE cargo IS NOT NULL";
const UNLOAD: &str = "UPDATE departed_shows SET cargo = NULL WHERE show_id = $1 AND move_id = $2";
const TAKE_UP: &str = "DELETE FROM departed_shows WHERE show_id = $1 AND move_id = $2 AND cargo IS NOT NULL";
const REFUSED: &str = "SELECT 1 AS one FROM refused_moves WHERE move_id = $1";
/// A move that has arrived cannot be refused any more.
const REFUSE: &str = "
    INSERT INTO refused_moves (move_id)
    SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM arrived_moves WHERE move_id = $1)
    ON CONFLICT (move_id) DO NOTHING";
const LAST_ARRIVAL: &str = "SELECT MAX(arrived_at) AS at FROM arrived_moves WHERE show_id = $1";
const RETURN: &str = "DELETE FROM departed_shows WHERE show_id = $1";
const ARRIVE: &str = "
    INSERT INTO arrived_moves (move_id, show_id, arrived_at) VALUES ($1, $2, $3) ON CONFLICT (move_id) DO NOTHING";

const LEASE: &str = "SELECT holder, epoch, beats FROM leases WHERE name = $1";
const OPEN_LEASE: &str = "
    INSERT INTO leases (name, holder, epoch, beats) VALUES ($1, $2, 1, 0) ON CONFLICT (name) DO NOTHING";
const TAKE_LEASE: &str = "
    UPDATE leases SET holder = $2, epoch = epoch + 1, beats = 0 WHERE name = $1 AND epoch = $3 AND beats = $4";
const BEAT: &str = "UPDATE leases SET beats = beats + 1 WHERE name = $1 AND holder = $2 AND epoch = $3";
const LAY_DOWN: &str = "UPDATE leases SET holder = $4 WHERE name = $1 AND holder = $2 AND epoch = $3";

/// A shard as the directory has it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) shard: Shard,
    pub(crate) place: String,
    pub(crate) joined_at: Option<Timestamp>,
    pub(crate) drained_at: Option<Timestamp>,
    pub(crate) pauses: Vec<Pause>,
}

impl Entry {
    pub(crate) fn member(&self) -> Option<Member> {
        let joined_at = self.joined_at?;
        let (shard, drained_at, pauses) = (self.shard, self.drained_at, self.pauses.clone());
        Some(Member { shard, joined_at, drained_at, pauses })
    }
}

fn shard(number: i64) -> Result<Shard> {
    let shard = u16::try_from(number).ok().and_then(Shard::new);
    shard.ok_or_else(|| Error::Column { column: "shard".to_owned(), problem: "not a shard's number" })
}

pub(crate) fn entries(tx: &mut Tx<'_>) -> Result<Vec<Entry>> {
    let pauses = pauses(tx)?;
    let entry = |row: &marquee_db::Row| {
        let shard = shard(row.get("shard")?)?;
        Ok(Entry {
            shard,
            pauses: pauses.iter().filter(|(of, _)| *of == shard).map(|(_, pause)| *pause).collect(),
            place: row.get("place")?,
            joined_at: row.get("joined_at")?,
            drained_at: row.get("drained_at")?,
        })
    };
    tx.query(SHARDS, &[])?.iter().map(entry).collect()
}

fn pauses(tx: &mut Tx<'_>) -> Result<Vec<(Shard, Pause)>> {
    let pause = |row: &marquee_db::Row| {
        Ok((shard(row.get("shard")?)?, Pause { from: row.get("paused_at")?, until: row.get("until")? }))
    };
    tx.query(PAUSES, &[])?.iter().map(pause).collect()
}

pub(crate) fn add_shard(tx: &mut Tx<'_>, shard: Shard, place: &str, joined_at: Option<Timestamp>) -> Result<()> {
    tx.execute(ADD_SHARD, &params![shard.number(), place, joined_at]).map(drop)
}

pub(crate) fn join(tx: &mut Tx<'_>, shard: Shard, at: Timestamp) -> Result<()> {
    tx.execute(JOIN, &params![shard.number(), at]).map(drop)
}

pub(crate) fn set_place(tx: &mut Tx<'_>, shard: Shard, place: &str) -> Result<()> {
    tx.execute(SET_PLACE, &params![shard.number(), place]).map(drop)
}

pub(crate) fn drain(tx: &mut Tx<'_>, shard: Shard, at: Timestamp) -> Result<()> {
    tx.execute(DRAIN, &params![shard.number(), at]).map(drop)
}

/// Ends a shard's time without new shows at `until`; false for a shard that has none.
pub(crate) fn reopen(tx: &mut Tx<'_>, shard: Shard, until: Timestamp) -> Result<bool> {
    let Some(entry) = entries(tx)?.into_iter().find(|entry| entry.shard == shard) else { return Ok(false) };
    let Some(drained_at) = entry.drained_at else { return Ok(false) };
    tx.execute(NOTE_PAUSE, &params![shard.number(), drained_at, until])?;
    Ok(tx.execute(REOPEN, &params![shard.number(), drained_at])? > 0)
}

/// Which shard this database is, and of which cluster; none for one that has never been asked.
pub(crate) fn identity(tx: &mut Tx<'_>) -> Result<Option<(Shard, Uuid)>> {
    tx.query_opt(IDENTITY, &[])?.map(|row| Ok((shard(row.get("shard")?)?, row.get("cluster")?))).transpose()
}

pub(crate) fn identify(tx: &mut Tx<'_>, shard: Shard, cluster: Uuid) -> Result<()> {
    tx.execute(IDENTIFY, &params![shard.number(), cluster]).map(drop)
}

/// Where shows are that were moved, for who knows of moves up to `known`. A database that knows less was restored.
pub(crate) fn moves(tx: &mut Tx<'_>, known: i64) -> Result<Moves> {
    let moved = |row: &marquee_db::Row| {
        Ok(Noted { show_id: row.get("show_id")?, to: shard(row.get("shard")?)?, noted: row.get("noted")? })
    };
    let last: Option<i64> = tx.query_opt(LAST_NOTED, &[])?.map_or(Ok(None), |row| row.get("noted"))?;
    match last {
        Some(last) if known > 0 && last >= known => {
            let new = tx.query(MOVES_AFTER, &params![known])?;
            Ok(Moves::Since(new.iter().map(moved).collect::<Result<_>>()?))
        }
        _ => Ok(Moves::All(tx.query(MOVES, &[])?.iter().map(moved).collect::<Result<_>>()?)),
    }
}

/// A move that began earlier than the one that is known says nothing any more.
pub(crate) fn note_move(tx: &mut Tx<'_>, show_id: ShowId, to: Shard, at: Timestamp) -> Result<()> {
    tx.execute(NOTE_MOVE, &params![show_id, to.number(), at]).map(drop)
}

/// Whether any show has left this database.
pub(crate) fn has_departures(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(tx.query_opt(ANY_DEPARTED, &[])?.is_some())
}

/// Asks whether any show has left this database: nearly always none has.
pub(crate) fn ask_departures(tx: &mut Tx<'_>) -> Result<Later<Vec<Row>>> {
    tx.query_later(ANY_DEPARTED, &[])
}

/// Those of the shows that have left this database.
pub(crate) fn departed(tx: &mut Tx<'_>, shows: &[ShowId]) -> Result<Vec<ShowId>> {
    if shows.is_empty() || !has_departures(tx)? {
        return Ok(Vec::new());
    }
    of_departed(tx, shows)
}

/// As [`departed`], where it is known that some have.
pub(crate) fn of_departed(tx: &mut Tx<'_>, shows: &[ShowId]) -> Result<Vec<ShowId>> {
    let found = tx.query_each(DEPARTED, shows.iter().map(|show_id| params![*show_id]))?;
    found.iter().flatten().map(|row| row.get("show_id")).collect()
}

/// Every show that has left this database.
pub(crate) fn all_departed(tx: &mut Tx<'_>) -> Result<Vec<ShowId>> {
    tx.query(ALL_DEPARTED, &[])?.iter().map(|row| row.get("show_id")).collect()
}

/// A move that has begun and not ended.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    pub(crate) show_id: ShowId,
    pub(crate) move_id: Uuid,
    pub(crate) to: Shard,
    /// When it began: of two moves of a show the later one counts.
    pub(crate) departed_at: Timestamp,
    pub(crate) cargo: String,
}

pub(crate) fn depart(tx: &mut Tx<'_>, leaving: &UnderWay) -> Result<()> {
    let UnderWay { show_id, move_id, to, departed_at, cargo } = leaving;
    tx.execute(DEPART, &params![*show_id, *move_id, to.number(), *departed_at, cargo]).map(drop)
}

/// When the last move began that brought a show here.
pub(crate) fn last_arrival(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Option<Timestamp>> {
    tx.query_opt(LAST_ARRIVAL, &params![show_id])?.map_or(Ok(None), |row| row.get("at"))
}

/// The next move that has not arrived, in the order of shows.
pub(crate) fn under_way_after(tx: &mut Tx<'_>, after: ShowId) -> Result<Option<UnderWay>> {
    tx.query_opt(UNDER_WAY_AFTER, &params![after])?.map(|row| under_way_row(&row)).transpose()
}

/// The move of a show, if it has not arrived.
pub(crate) fn under_way_of(tx: &mut Tx<'_>, show_id: ShowId) -> Result<Option<UnderWay>> {
    tx.query_opt(UNDER_WAY_OF, &params![show_id])?.map(|row| under_way_row(&row)).transpose()
}

fn under_way_row(row: &marquee_db::Row) -> Result<UnderWay> {
    Ok(UnderWay {
        show_id: row.get("show_id")?,
        move_id: row.get("move_id")?,
        to: shard(row.get("to_shard")?)?,
        departed_at: row.get("departed_at")?,
        cargo: row.get("cargo")?,
    })
}

/// Every move that has not arrived: the show, where it goes, and when that began.
pub(crate) fn all_under_way(tx: &mut Tx<'_>) -> Result<Vec<(ShowId, Shard, Timestamp)>> {
    let one = |row: &marquee_db::Row| Ok((row.get("show_id")?, shard(row.get("to_shard")?)?, row.get("departed_at")?));
    tx.query(ALL_UNDER_WAY, &[])?.iter().map(one).collect()
}

/// How many rows `read` finds of a show, counted up to `at_most`.
pub(crate) fn count_rows(tx: &mut Tx<'_>, read: &'static str, show_id: ShowId, at_most: u64) -> Result<u64> {
    let count = format!("SELECT COUNT(*) AS n FROM ({read} LIMIT $2) AS found");
    let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
    let found: i64 = tx.query_opt(&count, &params![show_id, at_most])?.map_or(Ok(0), |row| row.get("n"))?;
    Ok(found.unsigned_abs())
}

pub(crate) fn count_under_way(tx: &mut Tx<'_>) -> Result<u32> {
    tx.query_opt(COUNT_UNDER_WAY, &[])?.map_or(Ok(0), |row| row.get("n"))
}

pub(crate) fn unload(tx: &mut Tx<'_>, show_id: ShowId, move_id: Uuid) -> Result<()> {
    tx.execute(UNLOAD, &params![show_id, move_id]).map(drop)
}

/// A show that has left a database, as that one has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Departure {
    pub(crate) show_id: ShowId,
    pub(crate) move_id: Uuid,
    pub(crate) to: Shard,
    pub(crate) at: Timestamp,
    /// It has not arrived.
    pub(crate) under_way: bool,
}

/// Every show that has left this database.
pub(crate) fn departures(tx: &mut Tx<'_>) -> Result<Vec<Departure>> {
    let departure = |row: &marquee_db::Row| {
        Ok(Departure {
            show_id: row.get("show_id")?,
            move_id: row.get("move_id")?,
            to: shard(row.get("to_shard")?)?,
            at: row.get("departed_at")?,
            under_way: row.get("under_way")?,
        })
    };
    tx.query(DEPARTURES, &[])?.iter().map(departure).collect()
}

/// Every move that has arrived in this database, and of which show.
pub(crate) fn arrivals(tx: &mut Tx<'_>) -> Result<Vec<(Uuid, ShowId)>> {
    tx.query(ARRIVALS, &[])?.iter().map(|row| Ok((row.get("move_id")?, row.get("show_id")?))).collect()
}

/// Takes up what was put down for a move, which is given up; false when it is not there any more.
pub(crate) fn take_up(tx: &mut Tx<'_>, show_id: ShowId, move_id: Uuid) -> Result<bool> {
    Ok(tx.execute(TAKE_UP, &params![show_id, move_id])? > 0)
}

/// Lets a move not arrive here, unless it has.
pub(crate) fn refuse(tx: &mut Tx<'_>, move_id: Uuid) -> Result<()> {
    tx.execute(REFUSE, &params![move_id]).map(drop)
}

/// What became of a move where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It arrives now.
    Now,
    /// It had arrived.
    Before,
    /// It was given up.
    Refused,
}

/// Notes that a move has arrived. A show that comes back has not departed any more.
pub(crate) fn arrive(tx: &mut Tx<'_>, show_id: ShowId, move_id: Uuid, at: Timestamp) -> Result<Arrival> {
    if tx.query_opt(REFUSED, &params![move_id])?.is_some() {
        return Ok(Arrival::Refused);
    }
    if tx.execute(ARRIVE, &params![move_id, show_id, at])? == 0 {
        return Ok(Arrival::Before);
    }
    tx.execute(RETURN, &params![show_id])?;
    Ok(Arrival::Now)
}

/// A lease as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) holder: Uuid,
    pub(crate) epoch: i64,
    pub(crate) beats: i64,
}

/// The lease of that name, which `node` gets if nobody ever had it.
pub(crate) fn open_lease(tx: &mut Tx<'_>, name: &str, node: Uuid) -> Result<Held> {
    tx.execute(OPEN_LEASE, &params![name, node])?;
    lease(tx, name)?.ok_or(Error::Closed)
}

pub(crate) fn lease(tx: &mut Tx<'_>, name: &str) -> Result<Option<Held>> {
    tx.query_opt(LEASE, &params![name])?
        .map(|row| Ok(Held { holder: row.get("holder")?, epoch: row.get("epoch")?, beats: row.get("beats")? }))
        .transpose()
}

/// Takes the lease over as it was found; false when it has moved on since.
pub(crate) fn take_lease(tx: &mut Tx<'_>, name: &str, node: Uuid, found: Held) -> Result<bool> {
    Ok(tx.execute(TAKE_LEASE, &params![name, node, found.epoch, found.beats])? > 0)
}

/// Shows that the leader is alive; false when it leads no more.
pub(crate) fn beat(tx: &mut Tx<'_>, name: &str, node: Uuid, epoch: i64) -> Result<bool> {
    Ok(tx.execute(BEAT, &params![name, node, epoch])? > 0)
}

/// Leaves the lease to whoever comes first.
pub(crate) fn lay_down(tx: &mut Tx<'_>, name: &str, node: Uuid, epoch: i64) -> Result<()> {
    tx.execute(LAY_DOWN, &params![name, node, epoch, Uuid::nil()]).map(drop)
}

#[cfg(test)]
mod tests {
    use marquee_db::Db;

    use super::*;

    /// A mover that was held up must not lead everybody to where a show has left again.
    #[tokio::test]
    async fn of_two_moves_of_a_show_the_later_one_counts_whichever_is_told_last() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let show_id = ShowId::from(Uuid::from_u128(7));
        let at = |us| Timestamp::from_microsecond(us).unwrap();
        let shard = |number| Shard::new(number).unwrap();
        for (to, began) in [(1, 1), (0, 2), (1, 1)] {
            db.write(move |tx| note_move(tx, show_id, shard(to), at(began))).await.unwrap();
        }
        let found = db.read(|tx| moves(tx, 0)).await.unwrap();
        let Moves::All(found) = found else { panic!("{found:?}") };
        assert_eq!(found, [Noted { show_id, to: shard(0), noted: 2 }]);
    }

    #[tokio::test]
    async fn who_knows_of_moves_is_told_what_is_new_and_everything_by_a_database_that_knows_less() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let (show, at) = (|n| ShowId::from(Uuid::from_u128(n)), |us| Timestamp::from_microsecond(us).unwrap());
        let (home, away) = (Shard::default(), Shard::new(1).unwrap());
        let note = async |n, to, us| db.write(move |tx| note_move(tx, show(n), to, at(us))).await.unwrap();
        // The second is told of later, though it began earlier; the first moves back.
        note(1, away, 5).await;
        note(2, away, 3).await;
        note(1, home, 9).await;
        let new = db.read(|tx| moves(tx, 1)).await.unwrap();
        let Moves::Since(mut new) = new else { panic!("{new:?}") };
        new.sort_by_key(|moved| moved.noted);
        let wanted = [(2, away, 2), (1, home, 3)];
        assert_eq!(new, wanted.map(|(n, to, noted)| Noted { show_id: show(n), to, noted }));
        assert!(matches!(db.read(|tx| moves(tx, 3)).await.unwrap(), Moves::Since(new) if new.is_empty()));
        assert!(matches!(db.read(|tx| moves(tx, 7)).await.unwrap(), Moves::All(all) if all.len() == 2));
    }

    #[tokio::test]
    async fn a_move_is_refused_or_arrives_and_never_both() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let (show_id, at) = (ShowId::from(Uuid::from_u128(7)), Timestamp::from_microsecond(1).unwrap());
        let moves = [1, 2].map(Uuid::from_u128);
        let arrive = async |move_id| db.write(move |tx| arrive(tx, show_id, move_id, at)).await.unwrap();
        let refuse = async |move_id| db.write(move |tx| refuse(tx, move_id)).await.unwrap();
        assert_eq!(arrive(moves[0]).await, Arrival::Now);
        refuse(moves[0]).await;
        assert_eq!(arrive(moves[0]).await, Arrival::Before, "it is there");
        refuse(moves[1]).await;
        refuse(moves[1]).await;
        assert_eq!(arrive(moves[1]).await, Arrival::Refused);
    }
}
