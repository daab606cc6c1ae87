//! `marquee user add`.

use std::io::BufRead;
use std::process::ExitCode;

use marquee_accounts::{Error, Registration};
use marquee_bus::{Bus, Journal};
use marquee_catalog::Catalog;
use marquee_http::Role;
use marquee_kernel::{CinemaId, Clock, Rng};

use super::say;
use crate::services::open_accounts;
use crate::{BadSetting, Config, StartError};

/// Adds an account, or takes the one that is there, and gives it the role. The password comes by standard input, where
/// neither the shell's history nor the list of processes keeps it.
pub(super) async fn add(
    config: &Config,
    email: &str,
    name: &str,
    role: Role,
    cinemas: &[String],
) -> Result<ExitCode, StartError> {
    let wrong = |error: Error| StartError::part("user add", error);
    let cinemas = find_cinemas(config, cinemas).await?;
    let accounts = open_accounts(config, Clock::System, Rng::System).await?;
    let user_id = match accounts.grant_role(email, role, &cinemas).await {
        Ok(user_id) => user_id,
        Err(Error::UserNotFound) => {
            let password = read_password().map_err(|error| StartError::part("user add", error))?;
            let person = Registration::new(name, email, &password, None).map_err(wrong)?;
            accounts.create_user(person).await.map_err(wrong)?;
            accounts.grant_role(email, role, &cinemas).await.map_err(wrong)?
        }
        Err(error) => return Err(wrong(error)),
    };
    say(&format!("user {user_id} has the role"));
    Ok(ExitCode::SUCCESS)
}

/// The cinemas of these ids, which must all be there. Looks before anything is opened for writing: a refusal leaves no
/// trace.
async fn find_cinemas(config: &Config, ids: &[String]) -> Result<Vec<CinemaId>, StartError> {
    let unknown = |id: &String| BadSetting {
        name: "--cinema".to_owned(),
        problem: format!("must be the id of a cinema in {}; {id} is none", config.data_dir.display()),
    };
    let Some(first) = ids.first() else { return Ok(Vec::new()) };
    if !config.database.exists() {
        return Err(unknown(first).into());
    }
    let wrong = |error: marquee_catalog::Error| StartError::part("user add", error);
    let db = config.database.open_read_only().map_err(|error| wrong(error.into()))?;
    let (clock, rng) = (Clock::System, Rng::System);
    let (journal, bus) = (Journal::new(clock.clone(), rng.clone()), Bus::new(db.clone()));
    let catalog = Catalog::new(db, journal, bus, clock, rng, marquee_catalog::Settings::default());
    let mut cinemas = Vec::new();
    for id in ids {
        let cinema_id = id.parse::<CinemaId>().map_err(|_| unknown(id))?;
        match catalog.cinema(cinema_id).await {
            Ok(cinema) => cinemas.push(cinema.cinema_id),
            Err(marquee_catalog::Error::CinemaNotFound) => return Err(unknown(id).into()),
            Err(error) => return Err(wrong(error)),
        }
    }
    Ok(cinemas)
}

fn read_password() -> std::io::Result<String> {
    super::complain("password (one line on standard input):");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
