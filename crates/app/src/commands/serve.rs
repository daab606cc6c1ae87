//! `marquee serve`.

use std::process::ExitCode;

use marquee_kernel::{Clock, Rng};
use tokio::signal::unix::{SignalKind, signal};

use super::{Serve, say};
use crate::{StartError, demo, start};

/// Open files wanted: a socket per connection, with room for the database.
const OPEN_FILES: u64 = 65_536;

pub(super) async fn run(serve: Serve) -> Result<ExitCode, StartError> {
    let config = serve.read()?;
    // As far as the system lets us; the limit on connections still holds when it does not.
    let _ = rlimit::increase_nofile_limit(OPEN_FILES);
    let wrong = |error| StartError::part("signals", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(wrong)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(wrong)?;
    let running = start(config, Clock::System, Rng::System).await?;
    if serve.demo {
        demo::fill(&running.services).await?;
    }
    // The line that scripts wait for.
    match running.address {
        Some(address) => say(&format!("marquee is ready: http://{address}/ (ops http://{}/)", running.ops_address)),
        None => say(&format!("marquee is ready: it works (ops http://{}/)", running.ops_address)),
    }
    if let Some(address) = running.address.filter(|_| serve.demo) {
        demo::greet(address);
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}
