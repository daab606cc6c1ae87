//! `marquee shards`: the databases that shows live in.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use marquee_bus::{Bus, Journal};
use marquee_catalog::Catalog;
use marquee_cluster::{Shards, Size, Status};
use marquee_db::{Db, Error};
use marquee_kernel::{Clock, Rng, Shard, ShowId, Timestamp};

use super::{complain, say};
use crate::clock::followed;
use crate::services::{PORTIONS, have_been_scheduled};
use crate::{Config, Database, StartError};

/// How long a show may take from its birth until it can be found.
const SCHEDULED_WITHIN: Duration = Duration::from_secs(3);
/// Shows looked at in one go.
const SHOWS_PAGE: u32 = 500;

fn wrong(error: Error) -> StartError {
    StartError::part("shards", error)
}

/// The shards, without the rest of a node.
async fn open(config: &Config) -> Result<(Db, Shards), StartError> {
    let Database::Server(home) = config.database.clone() else {
        let problem =
            Error::Cluster("a file is one shard: name PostgreSQL databases in MARQUEE_DATABASE_URL".to_owned());
        return Err(wrong(problem));
    };
    let url = home.clone();
    let db = tokio::task::spawn_blocking(move || Db::connect(&url)).await;
    let db = db.map_err(|broken| StartError::part("shards", broken))?.map_err(wrong)?;
    let urls: Vec<String> = std::iter::once(home).chain(config.shards.clone()).collect();
    let (clock, rng) = (followed(Clock::System, &db).await.map_err(wrong)?, Rng::System);
    let journal = Journal::new(clock.clone(), rng.clone());
    let (shows, bus) = (have_been_scheduled(&db).await.map_err(wrong)?, Bus::new(db.clone()));
    let shards = Shards::open(&urls, (db.clone(), bus), journal, (clock, rng), shows).await.map_err(wrong)?;
    Ok((db, shards))
}

/// `marquee shards status`. Fails when one does not answer.
pub(super) async fn status(config: &Config) -> Result<ExitCode, StartError> {
    let (_, shards) = open(config).await?;
    let mut well = true;
    for one in shards.status().await.map_err(wrong)? {
        well &= one.fault.is_none();
        say(&line(&one, shards.now()));
        for moving in &one.under_way {
            say(&format!("  show {} is on its way to shard {} since {}", moving.show_id, moving.to, moving.since));
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(one: &Status, now: Timestamp) -> String {
    let begins = one.joined_at.map(|joined_at| one.paused_until.map_or(joined_at, |until| until.max(joined_at)));
    let takes = match (begins, one.drained_at) {
        (None, _) => "has not joined".to_owned(),
        (Some(begins), _) if begins > now => format!("takes new shows from {begins}"),
        (_, Some(drained_at)) if drained_at > now => format!("takes new shows until {drained_at}"),
        (_, Some(_)) => "takes no new shows".to_owned(),
        (_, None) => "takes new shows".to_owned(),
    };
    let answers = one.fault.clone().unwrap_or_else(|| "answers".to_owned());
    format!("shard {} at {}: {answers}; {takes}; {} shows moved to it", one.shard, one.place, one.moved_in)
}

/// `marquee shards move SHOW --to SHARD`.
pub(super) async fn move_show(config: &Config, show_id: ShowId, to: u16, size: Size) -> Result<ExitCode, StartError> {
    let (db, shards) = open(config).await?;
    if !db.read(move |tx| Catalog::has_had_show(tx, show_id)).await.map_err(wrong)? {
        return Err(wrong(Error::Cluster(format!("there is no show {show_id}"))));
    }
    let to = numbered(to)?;
    shards.move_show(show_id, to, size, PORTIONS).await.map_err(wrong)?;
    say(&format!("show {show_id} is on shard {to}"));
    Ok(ExitCode::SUCCESS)
}

/// `marquee shards return SHOW`.
pub(super) async fn return_show(config: &Config, show_id: ShowId) -> Result<ExitCode, StartError> {
    let (_, shards) = open(config).await?;
    let at = shards.return_show(show_id, PORTIONS).await.map_err(wrong)?;
    say(&format!("show {show_id} is on shard {at}"));
    Ok(ExitCode::SUCCESS)
}

/// `marquee shards reopen SHARD`.
pub(super) async fn reopen(config: &Config, number: u16) -> Result<ExitCode, StartError> {
    let (_, shards) = open(config).await?;
    let shard = numbered(number)?;
    let from = shards.open_to_new_shows(shard).await.map_err(wrong)?;
    say(&format!("shard {shard} takes new shows from {from}"));
    Ok(ExitCode::SUCCESS)
}

/// `marquee shards drain SHARD`. What it did not finish, it goes on with when it is called again.
pub(super) async fn drain(config: &Config, number: u16, size: Size) -> Result<ExitCode, StartError> {
    let (db, shards) = open(config).await?;
    let shard = numbered(number)?;
    let drained_at = shards.close_to_new_shows(shard).await.map_err(wrong)?;
    shards.finish_moves(PORTIONS).await.map_err(wrong)?;
    let mut moved = empty(&db, &shards, shard, size).await?;
    // Shows that are scheduled until then still go there.
    let wait = drained_at.duration_since(shards.now()).as_secs().max(0).unsigned_abs();
    if wait > 0 {
        complain(&format!("{moved} shows moved; new ones go there for another {wait} s"));
        tokio::time::sleep(Duration::from_secs(wait) + SCHEDULED_WITHIN).await;
    }
    loop {
        match empty(&db, &shards, shard, size).await? {
            0 => break,
            more => moved += more,
        }
    }
    say(&format!("{moved} shows moved from shard {shard}, none stayed"));
    Ok(ExitCode::SUCCESS)
}

/// Moves every show that lives on a shard to the others; how many there were. It ends at the first that cannot be moved: the next one
/// may fare no better, and would not be sold meanwhile.
async fn empty(db: &Db, shards: &Shards, shard: Shard, size: Size) -> Result<u64, StartError> {
    let leaving = shows_on(db, shards, shard).await?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} shows moved, {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(leaving.len() as u64).with_style(style);
    for show_id in &leaving {
        let nowhere = || Error::Cluster("no other shard takes shows".to_owned());
        let to = shards.refuge_of(*show_id).ok_or_else(nowhere).map_err(wrong)?;
        if let Err(error) = shards.move_show(*show_id, to, size, PORTIONS).await {
            bar.abandon();
            return Err(StartError::part("shards", format!("show {show_id}: {error}; call it again to go on")));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(leaving.len() as u64)
}

/// Every show that lives on a shard, whether or not anything was sold of it.
async fn shows_on(db: &Db, shards: &Shards, shard: Shard) -> Result<Vec<ShowId>, StartError> {
    let (mut found, mut after) = (Vec::new(), ShowId::earliest_at(Timestamp::UNIX_EPOCH));
    loop {
        let page = db.read(move |tx| Catalog::shows_after(tx, after, SHOWS_PAGE)).await.map_err(wrong)?;
        found.extend(page.iter().copied().filter(|show_id| shards.lives_on(*show_id, shard)));
        match page.last() {
            Some(last) => after = *last,
            None => return Ok(found),
        }
    }
}

fn numbered(number: u16) -> Result<Shard, StartError> {
    Shard::new(number).ok_or_else(|| wrong(Error::Cluster(format!("there is no shard {number}"))))
}
