//! `marquee check`: every invariant of the data.

mod across;

use std::process::ExitCode;

use marquee_catalog::Catalog;
use marquee_db::Tx;
use marquee_kernel::{Clock, Timestamp};

use super::{complain, say};
use crate::clock::followed;
use crate::services::PORTIONS;
use crate::{Config, StartError};

pub(super) async fn run(config: &Config) -> Result<ExitCode, StartError> {
    let wrong = |error: marquee_db::Error| StartError::part("check", error);
    let (mut well, mut databases, several) = (true, Vec::new(), !config.shards.is_empty());
    let mut now = Clock::System.now();
    for database in config.databases() {
        let db = database.open_read_only().map_err(wrong)?;
        now = followed(Clock::System, &db).await.map_err(wrong)?.now();
        // One read transaction: what is checked is one moment of a database that goes on selling.
        let checked = db.read(move |tx| faults_of(tx, now)).await.map_err(wrong)?;
        if several {
            say(&format!("{database}"));
        }
        well &= tell(&checked);
        databases.push(db);
    }
    if several {
        let between = across::faults_between(&databases, now).await.map_err(wrong)?;
        say("all of them together");
        well &= tell(&[("shards", between)]);
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what was found. Whether all is well.
fn tell(checked: &[(&str, Vec<String>)]) -> bool {
    let mut well = true;
    for (part, faults) in checked {
        well &= faults.is_empty();
        let verdict = if faults.is_empty() { "well".to_owned() } else { format!("{} faults", faults.len()) };
        say(&format!("{part}: {verdict}"));
        for fault in faults {
            complain(&format!("{part}: {fault}"));
        }
    }
    well
}

/// What is wrong with each part of the data.
pub(super) fn faults_of(tx: &mut Tx<'_>, now: Timestamp) -> marquee_db::Result<[(&'static str, Vec<String>); 7]> {
    Ok([
        ("journal", marquee_bus::verify(tx)?),
        ("accounts", accounts_faults(tx, now)?),
        ("catalog", Catalog::check(tx)?),
        ("seating", marquee_seating::check(tx)?),
        ("payments", marquee_payments::check(tx, now)?),
        ("booking", marquee_booking::check(tx)?),
        ("cluster", marquee_cluster::check(tx, PORTIONS)?),
    ])
}

/// What is wrong with the accounts, also beside the catalogue, whose cinemas their roles name.
fn accounts_faults(tx: &mut Tx<'_>, now: Timestamp) -> marquee_db::Result<Vec<String>> {
    let mut faults = marquee_accounts::check(tx, now)?;
    for (user_id, cinema_id) in marquee_accounts::staffed_cinemas(tx)? {
        if !Catalog::has_had_cinema(tx, cinema_id)? {
            faults.push(format!("user {user_id}: has a role in cinema {cinema_id}, which there never was"));
        }
    }
    Ok(faults)
}
