//! `marquee user add`.

use std::io::BufRead;
use std::process::ExitCode;

use marquee_accounts::{Error, Registration};
use marquee_http::Role;
use marquee_kernel::{CinemaId, Clock, Rng};

use super::say;
use crate::services::open_accounts;
use crate::{Config, StartError};

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
    let cinemas = cinemas.iter().map(|text| text.parse::<CinemaId>()).collect::<Result<Vec<_>, _>>();
    let cinemas = cinemas.map_err(|_| StartError::part("user add", "--cinema must be a cinema's id"))?;
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

fn read_password() -> std::io::Result<String> {
    super::complain("password (one line on standard input):");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
