//! The journal's rows and the seal that chains them.

mod story;

use marquee_db::{Later, Result, Row, Tx, Value, params};
use marquee_kernel::{EventId, ShowId, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Delivered, Event};

pub use story::{Story, Told, story};

const HEAD: &str = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1";
const APPEND: &str = "
    INSERT INTO journal (seq, event_id, at, kind, actor, show_id, subject, payload, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const AFTER: &str = "
    SELECT seq, event_id, at, kind, actor, show_id, subject, payload, hash
    FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2";
const OF_KINDS_AFTER: &str = "
    SELECT seq, event_id, at, kind, show_id, subject, payload FROM journal WHERE seq > $1 AND seq <= $2";
const SEAL_AND_LAST_SEQ: &str = "
    SELECT hash, (SELECT MAX(seq) FROM journal) AS last_seq FROM journal WHERE seq = $1";
const ALL_AFTER: &str = "
    SELECT seq, event_id, at, kind, show_id, subject, payload FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2";
const LAST_SEQ: &str = "SELECT COALESCE(MAX(seq), 0) AS seq FROM journal";
const OFFSET: &str = "SELECT seq FROM journal_offsets WHERE consumer = $1";
const SET_OFFSET: &str = "
    INSERT INTO journal_offsets (consumer, seq) VALUES ($1, $2)
    ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq";

// A relay that was stopped and goes on by mistake must not take back what another has recorded since.
const ADVANCE: &str = "
    INSERT INTO journal_offsets (consumer, seq) VALUES ($1, $2)
    ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq WHERE journal_offsets.seq < excluded.seq";
const NOTE_CONSUMED: &str = "
    INSERT INTO consumed_events (consumer, event_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const FORGET_CONSUMED: &str = "DELETE FROM consumed_events WHERE consumer = $1 AND at < $2";

/// Entries that [`verify`] reads at a time.
const VERIFY_ROWS: i64 = 1_000;

/// The end of a journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    hash: [u8; 32],
}

impl Head {
    /// Before the first entry.
    pub(crate) const START: Self = Self { seq: 0, hash: [0; 32] };
}

/// The journal's end; none when it is empty.
pub(crate) fn head(tx: &mut Tx<'_>) -> Result<Option<Head>> {
    tx.query_opt(HEAD, &[])?.as_ref().map(read_head).transpose()
}

/// Asks for the journal's end; [`head_of`] is the answer.
pub(crate) fn ask_head(tx: &mut Tx<'_>) -> Result<Later<Vec<Row>>> {
    tx.query_later(HEAD, &[])
}

/// The journal's end that was asked for.
pub(crate) fn head_of(tx: &mut Tx<'_>, asked: &Later<Vec<Row>>) -> Result<Head> {
    tx.answer(asked)?.first().map_or(Ok(Head::START), read_head)
}

fn read_head(row: &Row) -> Result<Head> {
    Ok(Head { seq: row.get("seq")?, hash: row.get("hash")? })
}

/// Whether this journal has come to `mark`, entry by entry the same, and to the entry `needed`.
pub(crate) fn has(tx: &mut Tx<'_>, mark: &Head, needed: i64) -> Result<bool> {
    let Some(row) = tx.query_opt(SEAL_AND_LAST_SEQ, &params![mark.seq])? else { return Ok(false) };
    let (hash, last_seq): ([u8; 32], i64) = (row.get("hash")?, row.get("last_seq")?);
    Ok(hash == mark.hash && last_seq >= needed)
}

/// Appends after `end`, which moves on.
pub(crate) fn append<'e>(
    tx: &mut Tx<'_>,
    end: &mut Head,
    at: Timestamp,
    events: impl Iterator<Item = (EventId, &'e Event)>,
) -> Result<()> {
    let mut rows = Vec::new();
    for (event_id, event) in events {
        end.seq += 1;
        let (seq, actor, payload) = (end.seq, event.actor.to_string(), event.payload.to_string());
        end.hash = seal(&end.hash, seq, event_id, at, [event.kind, &actor, &event.subject, &payload], event.show_id);
        let subject = event.subject.as_str();
        rows.push(params![seq, event_id, at, event.kind, actor, event.show_id, subject, payload, end.hash]);
    }
    tx.run_each(APPEND, rows)
}

/// SHA-256 over the seal before and every field, each text led by its length so that no two entries read the same.
fn seal(
    before: &[u8; 32],
    seq: i64,
    event_id: EventId,
    at: Timestamp,
    texts: [&str; 4],
    show_id: Option<ShowId>,
) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update(before);
    sha.update(seq.to_be_bytes());
    sha.update(event_id.uuid().as_bytes());
    sha.update(at.as_microsecond().to_be_bytes());
    sha.update(show_id.map_or([0; 16], |show_id| *show_id.uuid().as_bytes()));
    for text in texts {
        sha.update((text.len() as u64).to_be_bytes());
        sha.update(text);
    }
    sha.finalize().into()
}

/// What is wrong with the journal: entries missing or changed after they were written. Empty when all is well.
///
/// # Errors
/// What the database says.
pub fn verify(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let (Head { mut seq, mut hash }, mut faults) = (Head::START, Vec::new());
    loop {
        let rows = tx.query(AFTER, &params![seq, VERIFY_ROWS])?;
        if rows.is_empty() {
            return Ok(faults);
        }
        for row in rows {
            let found: i64 = row.get("seq")?;
            if found != seq + 1 {
                faults.push(format!("journal: entries {} to {} are missing", seq + 1, found - 1));
            }
            let stored: [u8; 32] = row.get("hash")?;
            let texts: [String; 4] = [row.get("kind")?, row.get("actor")?, row.get("subject")?, row.get("payload")?];
            let texts = texts.each_ref().map(String::as_str);
            if seal(&hash, found, row.get("event_id")?, row.get("at")?, texts, row.get("show_id")?) != stored {
                faults.push(format!("journal: entry {found} or one before it was changed after it was written"));
            }
            (seq, hash) = (found, stored);
        }
    }
}

/// What a consumer finds at a time.
#[derive(Debug)]
pub(crate) struct Look {
    /// Entries of its kinds.
    pub(crate) found: Vec<Delivered>,
    /// How far the look went: nothing else of these kinds lies before.
    pub(crate) reached: i64,
    /// Whether the journal goes on from there.
    pub(crate) more: bool,
}

/// Entries of the `kinds` after `seq`: up to `limit` of them, among the next `span` entries.
pub(crate) fn of_kinds_after(tx: &mut Tx<'_>, kinds: &[&str], seq: i64, limit: u32, span: i64) -> Result<Look> {
    let last = last_seq(tx)?.max(seq);
    let until = last.min(seq + span);
    // Most entries are of no concern to a consumer: they are passed over where they lie, unread.
    let marks: Vec<String> = (4..kinds.len() + 4).map(|n| format!("${n}")).collect();
    let sql = format!("{OF_KINDS_AFTER} AND kind IN ({}) ORDER BY seq LIMIT $3", marks.join(", "));
    let mut values = params![seq, until, limit].to_vec();
    values.extend(kinds.iter().map(|kind| Value::from(*kind)));
    let found = tx.query(&sql, &values)?.iter().map(delivered).collect::<Result<Vec<_>>>()?;
    let reached = match found.last() {
        Some(entry) if found.len() == limit as usize => entry.seq,
        _ => until,
    };
    Ok(Look { found, reached, more: reached < last })
}

/// Every entry after `seq`, in order.
pub(crate) fn all_after(tx: &mut Tx<'_>, seq: i64, limit: u32) -> Result<Vec<Delivered>> {
    tx.query(ALL_AFTER, &params![seq, limit])?.iter().map(delivered).collect()
}

pub(crate) fn last_seq(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_opt(LAST_SEQ, &[])?.map_or(Ok(0), |row| row.get("seq"))
}

fn delivered(row: &Row) -> Result<Delivered> {
    let payload: String = row.get("payload")?;
    Ok(Delivered {
        seq: row.get("seq")?,
        event_id: row.get("event_id")?,
        at: row.get("at")?,
        kind: row.get("kind")?,
        show_id: row.get("show_id")?,
        subject: row.get("subject")?,
        payload: serde_json::from_str(&payload).unwrap_or_default(),
    })
}

/// Where `consumer` goes on: after its last entry, or for a new consumer after the journal's last, since it starts with
/// the state as it is.
pub(crate) fn offset(tx: &mut Tx<'_>, consumer: &str) -> Result<i64> {
    match tx.query_opt(OFFSET, &params![consumer])? {
        Some(row) => row.get("seq"),
        None => last_seq(tx),
    }
}

pub(crate) fn set_offset(tx: &mut Tx<'_>, consumer: &str, seq: i64) -> Result<()> {
    tx.execute(SET_OFFSET, &params![consumer, seq]).map(drop)
}

/// Where a reader of all goes on: after its last entry; a new one has the whole journal before it.
pub(crate) fn relayed(tx: &mut Tx<'_>, relay: &str) -> Result<i64> {
    tx.query_opt(OFFSET, &params![relay])?.map_or(Ok(0), |row| row.get("seq"))
}

/// Notes that `relay` has published everything up to `seq`.
pub(crate) fn advance(tx: &mut Tx<'_>, relay: &str, seq: i64) -> Result<()> {
    tx.execute(ADVANCE, &params![relay, seq]).map(drop)
}

/// What `relay` has not published yet: how many entries, and when the first of them was appended.
pub(crate) fn backlog(tx: &mut Tx<'_>, relay: &str) -> Result<(i64, Option<Timestamp>)> {
    let seq = relayed(tx, relay)?;
    let oldest = all_after(tx, seq, 1)?.first().map(|entry| entry.at);
    Ok((last_seq(tx)? - seq, oldest))
}

/// Notes that `consumer` acts on an event now; false when it has done so before.
pub(crate) fn note_consumed(tx: &mut Tx<'_>, consumer: &str, event_id: EventId, at: Timestamp) -> Result<bool> {
    Ok(tx.execute(NOTE_CONSUMED, &params![consumer, event_id, at])? == 1)
}

/// Forgets what `consumer` acted on before `then`.
pub(crate) fn forget_consumed(tx: &mut Tx<'_>, consumer: &str, then: Timestamp) -> Result<usize> {
    tx.execute(FORGET_CONSUMED, &params![consumer, then])
}

#[cfg(test)]
mod tests {
    use marquee_db::Db;
    use marquee_kernel::{Clock, Rng};
    use serde_json::json;

    use super::*;
    use crate::{Actor, Journal};

    async fn append(db: &Db, subject: &str) {
        let journal = Journal::new(Clock::System, Rng::System);
        let event = Event {
            kind: "Counted",
            actor: Actor::System,
            show_id: None,
            subject: subject.to_owned(),
            payload: json!({}),
        };
        db.write(move |tx| journal.append(tx, &[event])).await.unwrap();
    }

    #[tokio::test]
    async fn a_look_ends_with_its_span_its_limit_or_the_journal() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        for subject in ["1", "2", "3", "4", "5"] {
            append(&db, subject).await;
        }
        let look = async |kinds: &'static [&'static str], after, limit, span| {
            let look = db.read(move |tx| of_kinds_after(tx, kinds, after, limit, span)).await.unwrap();
            (look.found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), look.reached, look.more)
        };
        assert_eq!(look(&["Counted"], 1, 9, 2).await, (vec![2, 3], 3, true));
        assert_eq!(look(&["Counted"], 1, 1, 9).await, (vec![2], 2, true));
        assert_eq!(look(&["Counted"], 3, 2, 9).await, (vec![4, 5], 5, false));
        assert_eq!(look(&["Other"], 0, 9, 4).await, (vec![], 4, true));
        assert_eq!(look(&["Other"], 4, 9, 4).await, (vec![], 5, false));
        assert_eq!(look(&["Other"], 7, 9, 4).await, (vec![], 7, false), "a journal that was put back");
    }

    #[tokio::test]
    async fn a_journal_has_what_it_has_come_to_and_nothing_of_one_that_went_another_way() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Db::open(&dir.path().join(name)).unwrap();
        let (one, other) = (open("a.db"), open("b.db"));
        let head = async |db: &Db| db.read(head).await.unwrap();
        let has = async |db: &Db, mark: Head, needed| db.read(move |tx| has(tx, &mark, needed)).await.unwrap();
        assert!(head(&one).await.is_none());
        append(&one, "a").await;
        let mark = head(&one).await.unwrap();
        assert!(!has(&other, mark, 0).await, "it has not come that far");
        append(&one, "b").await;
        assert!(has(&one, mark, 0).await && has(&one, mark, 2).await);
        assert!(!has(&one, mark, 3).await, "more is needed");
        append(&other, "c").await;
        append(&other, "d").await;
        assert!(!has(&other, mark, 0).await, "it is as long, and another");
    }
}
