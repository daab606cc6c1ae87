//! What no database knows alone: whether all of them agree on where each show is. For `marquee check`.

use std::collections::HashSet;

use jiff::SignedDuration;
use marquee_db::{Result, Tx};
use marquee_kernel::{Shard, ShowId, Timestamp};
use uuid::Uuid;

use crate::model::Directory;
use crate::moving::Portion;
use crate::store::{self, Departure, Entry};

/// How long a show may be on its way: it arrives in seconds, or somebody has to see to it.
const UNDER_WAY_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What a database says of itself, of the shows that left it and of those that came to it.
#[derive(Clone, Debug)]
pub struct Account {
    shard: Shard,
    departures: Vec<Departure>,
    moves_arrived: HashSet<Uuid>,
    shows_arrived: HashSet<ShowId>,
}

impl Account {
    /// Reads it; none from a database that never joined.
    ///
    /// # Errors
    /// What the database says.
    pub fn read(tx: &mut Tx<'_>) -> Result<Option<Self>> {
        let Some((shard, _)) = store::identity(tx)? else { return Ok(None) };
        let (departures, arrivals) = (store::departures(tx)?, store::arrivals(tx)?);
        let (moves_arrived, shows_arrived) = arrivals.into_iter().unzip();
        Ok(Some(Self { shard, departures, moves_arrived, shows_arrived }))
    }

    /// The number of the shard.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }
}

/// Where every show is by the directory, and by what the databases say of moves.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    directory: Directory,
    accounts: Vec<Account>,
    under_way: HashSet<ShowId>,
}

impl Whereabouts {
    /// Reads the directory, in the home database, beside the accounts of all.
    ///
    /// # Errors
    /// What the database says.
    pub fn read(tx: &mut Tx<'_>, accounts: Vec<Account>, now: Timestamp) -> Result<Self> {
        let members = store::entries(tx)?.iter().filter_map(Entry::member).collect();
        let directory = Directory::default().later(members, store::moves(tx, 0)?, now);
        let departures = accounts.iter().flat_map(|account| &account.departures);
        let under_way = departures.filter(|one| one.under_way).map(|one| one.show_id).collect();
        Ok(Self { directory, accounts, under_way })
    }

    /// Where a show lives that `shard` has rows of, if that is another shard, and it is not on its way.
    #[must_use]
    pub fn strays_from(&self, show_id: ShowId, shard: Shard) -> Option<Shard> {
        let lives = self.directory.shard_of(show_id)?;
        (lives != shard && !self.under_way.contains(&show_id)).then_some(lives)
    }

    /// Where the directory and the databases disagree; one line each, none when all is well.
    #[must_use]
    pub fn check(&self, now: Timestamp) -> Vec<String> {
        let mut faults = Vec::new();
        for member in self.directory.members().iter().filter(|member| member.drained_at.is_none()) {
            if self.account(member.shard).is_none() {
                faults.push(format!("shard {} takes shows, and no database is it", member.shard));
            }
        }
        for account in &self.accounts {
            let found = account.departures.iter().filter_map(|one| self.departure_fault(account.shard, one, now));
            faults.extend(found);
        }
        for (show_id, to) in self.directory.moves() {
            if !self.account(to).is_some_and(|account| account.shows_arrived.contains(&show_id)) {
                faults.push(format!("show {show_id} is on shard {to} by the directory, and never arrived there"));
            }
        }
        faults
    }

    fn departure_fault(&self, from: Shard, departure: &Departure, now: Timestamp) -> Option<String> {
        let Departure { show_id, move_id, to, at, under_way } = departure;
        if *under_way {
            let late = now.duration_since(*at) > UNDER_WAY_MAX;
            return late.then(|| format!("show {show_id} is on its way from shard {from} to shard {to} since {at}"));
        }
        if !self.account(*to).is_some_and(|account| account.moves_arrived.contains(move_id)) {
            return Some(format!("show {show_id} left shard {from} for shard {to}, and has not arrived there"));
        }
        let astray = self.directory.shard_of(*show_id) == Some(from);
        astray.then(|| format!("show {show_id} is on shard {from} by the directory, and has left it"))
    }

    fn account(&self, shard: Shard) -> Option<&Account> {
        self.accounts.iter().find(|account| account.shard == shard)
    }
}

/// Whether the database has anything of what was sold of a show.
///
/// # Errors
/// What the database says.
pub fn has_rows(tx: &mut Tx<'_>, show_id: ShowId, portions: &[Portion]) -> Result<bool> {
    for portion in portions {
        if store::count_rows(tx, portion.read(), show_id, 1)? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
