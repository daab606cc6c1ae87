//! `marquee serve`.

use std::process::ExitCode;

use marquee_kernel::{Clock, Rng};
use marquee_telemetry::LogFilter;
use tokio::signal::unix::{SignalKind, signal};

use super::{Serve, say};
use crate::{StartError, demo, start};

/// Open files wanted: a socket per connection, with room for the database.
const OPEN_FILES: u64 = 65_536;

pub(super) async fn run(serve: Serve) -> Result<ExitCode, StartError> {
    let config = serve.data.read_for(serve.listen, serve.ops_listen, LogFilter::INFO)?;
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
    say(&format!("marquee is ready: http://{}/ (ops http://{}/)", running.address, running.ops_address));
    if serve.demo {
        demo::greet(running.address);
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}
