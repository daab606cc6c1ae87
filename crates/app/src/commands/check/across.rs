//! What no single database shows: a show in two of them, or in none, and a key that was used in two.

use std::time::Duration;

use marquee_booking::KeyUse;
use marquee_cluster::{Account, Whereabouts, has_rows};
use marquee_db::{Db, Result, Tx};
use marquee_kernel::{Shard, ShowId, Timestamp, UserId};

use crate::services::PORTIONS;

/// Shows, or keys, looked at in one go.
const PAGE_ROWS: u32 = 500;
/// How long what is under way between two databases may look like a fault to who reads one after the other.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

/// The tables that say of which show they are, and who lists their shows.
const TABLES: [(&str, ShowsAfter); 4] = [
    ("bookings", marquee_booking::shows_after),
    ("admissions", marquee_booking::entered_shows_after),
    ("seats", marquee_seating::shows_after),
    ("payments", marquee_payments::shows_after),
];
type ShowsAfter = fn(&mut Tx<'_>, ShowId, u32) -> Result<Vec<ShowId>>;

/// A database, and which shard it is.
struct Shelf {
    shard: Shard,
    db: Db,
}

/// What is wrong between the databases, the home database first; empty when all is well. Each is read at a moment of its own, while
/// shows move and people buy: a fault is what is still there at a second look.
pub(super) async fn faults_between(databases: &[Db], now: Timestamp) -> Result<Vec<String>> {
    let mut faults = look(databases, now).await?;
    if !faults.is_empty() {
        tokio::time::sleep(SETTLED_WITHIN).await;
        let still = look(databases, now).await?;
        faults.retain(|fault| still.contains(fault));
    }
    Ok(faults)
}

async fn look(databases: &[Db], now: Timestamp) -> Result<Vec<String>> {
    let (mut accounts, mut shelves) = (Vec::new(), Vec::new());
    for db in databases {
        // One that never joined has nothing that could be in the wrong place.
        if let Some(account) = db.read(Account::read).await? {
            shelves.push(Shelf { shard: account.shard(), db: db.clone() });
            accounts.push(account);
        }
    }
    let Some(home) = shelves.first() else { return Ok(Vec::new()) };
    let whereabouts = home.db.read(move |tx| Whereabouts::read(tx, accounts, now)).await?;
    let mut faults = whereabouts.check(now);
    for shelf in &shelves {
        for table in TABLES {
            strays(shelf, &shelves, table, &whereabouts, &mut faults).await?;
        }
    }
    let mut others = shelves.as_slice();
    while let [one, rest @ ..] = others {
        keys_used_twice(one, rest, &mut faults).await?;
        others = rest;
    }
    Ok(faults)
}

/// Shows that a table has rows of, while they live elsewhere.
async fn strays(
    shelf: &Shelf,
    all: &[Shelf],
    (table, shows_after): (&str, ShowsAfter),
    whereabouts: &Whereabouts,
    faults: &mut Vec<String>,
) -> Result<()> {
    let mut after = ShowId::earliest_at(Timestamp::UNIX_EPOCH);
    loop {
        let page = shelf.db.read(move |tx| shows_after(tx, after, PAGE_ROWS)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for show_id in page {
            let Some(lives) = whereabouts.strays_from(show_id, shelf.shard) else { continue };
            let there = match all.iter().find(|other| other.shard == lives) {
                Some(other) => other.db.read(move |tx| has_rows(tx, show_id, PORTIONS)).await?,
                None => false,
            };
            let which = if there { "which was sold of it, too" } else { "which has nothing of it" };
            faults
                .push(format!("show {show_id}: {table} on shard {}; it lives on shard {lives}, {which}", shelf.shard));
        }
    }
}

/// Keys of calls that two databases remember.
async fn keys_used_twice(one: &Shelf, others: &[Shelf], faults: &mut Vec<String>) -> Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    let mut after = (UserId::earliest_at(Timestamp::UNIX_EPOCH), String::new());
    loop {
        let from = after.clone();
        let page = one.db.read(move |tx| marquee_booking::keys_after(tx, &from, PAGE_ROWS)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.user_id, last.key.clone());
        for other in others {
            let keys = page.clone();
            for again in other.db.read(move |tx| marquee_booking::uses_of(tx, &keys)).await? {
                let first = page.iter().find(|first| first.user_id == again.user_id && first.key == again.key);
                faults.extend(first.map(|first| used_twice(one.shard, first, other.shard, &again)));
            }
        }
    }
}

fn used_twice(here: Shard, first: &KeyUse, there: Shard, second: &KeyUse) -> String {
    let (user_id, one, two) = (first.user_id, first.booking_id, second.booking_id);
    format!("user {user_id}: one key for booking {one} on shard {here} and for booking {two} on shard {there}")
}
