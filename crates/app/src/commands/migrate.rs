//! `marquee migrate`: the schema, brought up to date ahead of the nodes that need it.

use std::process::ExitCode;

use super::say;
use crate::start::make_data_dir;
use crate::{Config, StartError};

pub(super) async fn run(config: &Config) -> Result<ExitCode, StartError> {
    let wrong = |problem: String| StartError::part("migrate", problem);
    make_data_dir(&config.data_dir).map_err(|error| wrong(error.to_string()))?;
    for database in config.databases() {
        let migrated = tokio::task::spawn_blocking(move || database.migrate()).await;
        let applied = migrated.map_err(|error| wrong(error.to_string()))?.map_err(|error| wrong(error.to_string()))?;
        for name in &applied {
            say(&format!("{name}: applied"));
        }
    }
    say("the schema is up to date");
    Ok(ExitCode::SUCCESS)
}
