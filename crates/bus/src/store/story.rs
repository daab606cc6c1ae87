//! What the journal tells of a show, read back for people.
//!
//! The journal has no index but its order, since every sale would pay for one. So it is read where something is known to have
//! happened: entries are found by their time, by halving.

use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{EventId, ShowId, Timestamp, UserId};

use super::last_seq;
use crate::Actor;

/// Entries of one stretch of time that are looked at, at most: what a busy shop writes in minutes.
const STRETCH_ENTRIES_MAX: i64 = 200_000;
/// A journal that has so few entries since a moment is read to its end: what a shop writes for some twenty thousand bookings.
const TAIL_ENTRIES_MAX: i64 = 100_000;

const AT: &str = "SELECT at FROM journal WHERE seq >= $1 ORDER BY seq LIMIT 1";
const OF_SHOW: &str = "
    SELECT seq, event_id, at, kind, actor, subject, payload FROM journal
    WHERE seq >= $1 AND seq < $2 AND show_id = $3 ORDER BY seq";

/// An entry, as it is told to people.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of Event, and when it was written")]
pub struct Told {
    pub event_id: EventId,
    pub at: Timestamp,
    pub kind: String,
    pub actor: Actor,
    pub subject: String,
    pub payload: serde_json::Value,
}

/// What was found of a show.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The entries, in order, each once.
    pub told: Vec<Told>,
    /// Whether everything since the first stretch was looked at, and not the stretches alone.
    pub complete: bool,
}

/// The entries of a show within these stretches of time. What came after the first of them is told whole, as long as it is not much.
///
/// # Errors
/// What the database says.
pub fn story(tx: &mut Tx<'_>, show_id: ShowId, stretches: &[(Timestamp, Timestamp)]) -> Result<Story> {
    story_within(tx, show_id, stretches, TAIL_ENTRIES_MAX)
}

fn story_within(
    tx: &mut Tx<'_>,
    show_id: ShowId,
    stretches: &[(Timestamp, Timestamp)],
    tail_entries_max: i64,
) -> Result<Story> {
    let end = last_seq(tx)? + 1;
    let mut spans = Vec::new();
    for (from, until) in stretches {
        let from = first_at(tx, *from, end)?;
        spans.push((from, first_at(tx, *until, end)?.min(from + STRETCH_ENTRIES_MAX)));
    }
    let tail = spans.iter().map(|(from, _)| *from).min().filter(|first| end - first <= tail_entries_max);
    if let Some(first) = tail {
        spans = vec![(first, end)];
    }
    spans.sort_unstable();
    let (mut told, mut read) = (Vec::new(), 0);
    for (from, until) in spans {
        let from = from.max(read);
        if from < until {
            let rows = tx.query(OF_SHOW, &params![from, until, show_id])?;
            told.extend(rows.iter().map(entry).collect::<Result<Vec<_>>>()?);
            read = until;
        }
    }
    Ok(Story { told, complete: tail.is_some() })
}

/// The first entry that was written at `instant` or later, or the end.
fn first_at(tx: &mut Tx<'_>, instant: Timestamp, end: i64) -> Result<i64> {
    let (mut low, mut high) = (1, end);
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<Timestamp> = tx.query_opt(AT, &params![middle])?.map(|row| row.get("at")).transpose()?;
        if at.is_some_and(|at| at < instant) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn entry(row: &Row) -> Result<Told> {
    let (actor, payload): (String, String) = (row.get("actor")?, row.get("payload")?);
    let user = actor.strip_prefix("user:").and_then(|id| id.parse::<UserId>().ok());
    Ok(Told {
        event_id: row.get("event_id")?,
        at: row.get("at")?,
        kind: row.get("kind")?,
        actor: user.map_or(Actor::System, Actor::User),
        subject: row.get("subject")?,
        payload: serde_json::from_str(&payload).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use marquee_db::Db;
    use marquee_kernel::{Clock, ManualClock, Rng};
    use serde_json::json;

    use super::*;
    use crate::{Event, Journal};

    #[tokio::test]
    async fn a_stretch_is_found_by_its_time_and_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).unwrap();
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let (clock, rng) = (Clock::Manual(hands.clone()), Rng::seeded(1));
        let journal = Journal::new(clock.clone(), rng.clone());
        let shows = [(); 2].map(|()| ShowId::mint(&clock, &rng));
        let mut minutes = Vec::new();
        for minute in 0..40 {
            let event = |show_id| Event {
                kind: "Counted",
                actor: Actor::System,
                show_id: Some(show_id),
                subject: minute.to_string(),
                payload: json!({}),
            };
            let (journal, events) = (journal.clone(), shows.map(event));
            db.write(move |tx| journal.append(tx, &events)).await.unwrap();
            minutes.push(Clock::Manual(hands.clone()).now());
            hands.advance(SignedDuration::from_mins(1));
        }
        let found = minutes.clone();
        let firsts = db.read::<_, marquee_db::Error>(move |tx| {
            let end = last_seq(tx)? + 1;
            found.iter().map(|at| first_at(tx, *at, end)).collect::<Result<Vec<_>>>()
        });
        assert_eq!(firsts.await.unwrap(), (0..40).map(|minute| minute * 2 + 1).collect::<Vec<i64>>());
        let stretches = [(minutes[5], minutes[8]), (minutes[7], minutes[9])];
        let read = async |tail| {
            let story = move |tx: &mut Tx<'_>| story_within(tx, shows[0], &stretches, tail);
            let Story { told, complete } = db.read::<_, marquee_db::Error>(story).await.unwrap();
            (told.into_iter().map(|entry| entry.subject).collect::<Vec<_>>(), complete)
        };
        let minutes = |of: std::ops::Range<i32>| of.map(|minute| minute.to_string()).collect::<Vec<_>>();
        assert_eq!(read(70).await, (minutes(5..40), true), "the tail is short");
        assert_eq!(read(69).await, (minutes(5..9), false), "the tail is long: the stretches alone are told");
    }
}
