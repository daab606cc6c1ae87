//! Commands about the data as a whole: the document, reconciliation, backup.

use std::path::Path;
use std::process::ExitCode;

use marquee_booking::{CALL_MAX, Report};
use marquee_kernel::{Clock, Rng};
use tokio_util::sync::CancellationToken;

use super::{print, say};
use crate::services::Services;
use crate::start::take_data_dir;
use crate::{Config, Database, StartError, api};

/// `marquee openapi`: needs no data, so it describes an empty Marquee in a directory that is gone afterwards.
pub(super) async fn openapi() -> Result<ExitCode, StartError> {
    let wrong = |error: std::io::Error| StartError::part("openapi", error);
    let dir = tempfile::tempdir().map_err(wrong)?;
    let config = Config::for_data_dir(dir.path())?;
    let services = Services::open(&config, Clock::System, Rng::System, &CancellationToken::new()).await?;
    let (_, document) = api::describe(&services);
    let json = document.to_pretty_json().map_err(|error| StartError::part("openapi", error))?;
    print(&format!("{json}\n"))
}

/// `marquee reconcile`.
pub(super) async fn reconcile(config: &Config) -> Result<ExitCode, StartError> {
    let _only_one = take_data_dir(&config.data_dir)?;
    let services = Services::open(config, Clock::System, Rng::System, &CancellationToken::new()).await?;
    let wrong = |error: marquee_booking::Error| StartError::part("reconcile", error);
    let mut report = services.booking.reconcile().await.map_err(wrong)?;
    if report.open > 0 && matches!(config.database, Database::Server(_)) {
        say(&format!("{} open: watching them for {} s, another node may be at them", report.open, CALL_MAX.as_secs()));
        tokio::time::sleep(CALL_MAX).await;
        report = services.booking.reconcile().await.map_err(wrong)?;
    }
    // Opening seating took the holds that the last stop wrote down: they belong to the next start.
    services.seating.keep_holds().await.map_err(|error| StartError::part("reconcile", error))?;
    let Report { confirmed, failed, open } = report;
    say(&format!("{confirmed} confirmed, {failed} failed, {open} still open"));
    Ok(if open == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `marquee backup FILE`.
pub(super) async fn backup(config: &Config, file: &Path) -> Result<ExitCode, StartError> {
    let wrong = |error: marquee_db::Error| StartError::part("backup", error);
    let db = config.database.open_read_only().map_err(wrong)?;
    db.backup(file).await.map_err(wrong)?;
    say(&format!("wrote {}", file.display()));
    Ok(ExitCode::SUCCESS)
}
