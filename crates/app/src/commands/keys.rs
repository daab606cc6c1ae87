//! `marquee keys rotate`.

use std::process::ExitCode;

use marquee_booking::rotate_ticket_keys;
use marquee_kernel::{Clock, Rng};

use super::say;
use crate::services::open_accounts;
use crate::start::make_data_dir;
use crate::{Config, StartError};

/// Makes a new key for access tokens; a running server takes it up within seconds.
pub(super) async fn of_access_tokens(config: &Config) -> Result<ExitCode, StartError> {
    let accounts = open_accounts(config, Clock::System, Rng::System).await?;
    accounts.rotate_keys().await.map_err(wrong)?;
    say("access tokens are signed with a new key");
    Ok(ExitCode::SUCCESS)
}

/// Makes a new key for tickets. A running server goes on with the one it started with.
pub(super) async fn of_tickets(config: &Config) -> Result<ExitCode, StartError> {
    let shared_dir = config.shared_dir.clone();
    let rotate = move || {
        make_data_dir(&shared_dir).map_err(wrong)?;
        rotate_ticket_keys(&shared_dir, Clock::System.now(), &Rng::System).map_err(wrong)
    };
    tokio::task::spawn_blocking(rotate).await.map_err(wrong)??;
    say("tickets are signed with a new key from the server's next start on");
    Ok(ExitCode::SUCCESS)
}

fn wrong(problem: impl std::fmt::Display) -> StartError {
    StartError::part("keys rotate", problem)
}
