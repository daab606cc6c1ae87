//! `marquee keys rotate`.

use std::process::ExitCode;

use marquee_kernel::{Clock, Rng};

use super::say;
use crate::services::open_accounts;
use crate::{Config, StartError};

/// Makes a new signing key; a running server takes it up within seconds.
pub(super) async fn rotate(config: &Config) -> Result<ExitCode, StartError> {
    let accounts = open_accounts(config, Clock::System, Rng::System).await?;
    accounts.rotate_keys().await.map_err(|error| StartError::part("keys rotate", error))?;
    say("access tokens are signed with a new key");
    Ok(ExitCode::SUCCESS)
}
