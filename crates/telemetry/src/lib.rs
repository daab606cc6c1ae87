//! Logs and metrics.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Seconds: from a cached answer to a slow gateway.
const SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// Items of a batch.
const ITEMS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// How often recorded durations are folded into their buckets when nobody scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What to log: the text of a tracing filter that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(Cow<'static, str>);

/// The text is no tracing filter.
#[derive(Debug, thiserror::Error)]
#[error("must be a tracing filter such as 'info' or 'info,marquee_booking=debug'")]
pub struct BadFilter;

impl LogFilter {
    /// What goes on, and what goes wrong.
    pub const INFO: Self = Self(Cow::Borrowed("info"));
    /// What goes wrong, alone.
    pub const WARN: Self = Self(Cow::Borrowed("warn"));
}

impl FromStr for LogFilter {
    type Err = BadFilter;
    fn from_str(text: &str) -> Result<Self, BadFilter> {
        EnvFilter::try_new(text).map(|_| Self(text.to_owned().into())).map_err(|_| BadFilter)
    }
}

/// Starts the log on standard error: for people on a terminal, else a JSON object per line. A second call changes nothing.
pub fn start_log(filter: &LogFilter) {
    let filter = EnvFilter::new(&*filter.0);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Taken already (a test started it first): that one stays.
    let _ = match std::io::stderr().is_terminal() {
        true => log.compact().try_init(),
        false => log.json().flatten_event(true).with_ansi(false).try_init(),
    };
}

/// The process's metrics, as the ops port shows them.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// The process's recorder, installed at the first call; needs a tokio runtime for its upkeep.
    ///
    /// # Errors
    /// When another recorder is installed already.
    pub fn install() -> Result<Self, BuildError> {
        static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
        // Held while it is installed: a second server of the process must not find a recorder and no handle of it.
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*installed {
            return Ok(Self { handle: handle.clone() });
        }
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Suffix("_items".to_owned()), &ITEMS)?
            .install_recorder()?;
        *installed = Some(handle.clone());
        let upkeep = handle.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(UPKEEP_EVERY);
            loop {
                tick.tick().await;
                upkeep.run_upkeep();
            }
        });
        Ok(Self { handle })
    }

    /// Everything in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    /// Servers of one process.
    const SERVERS: usize = 8;

    #[test]
    fn servers_that_start_at_once_share_one_recorder() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
        let start = Barrier::new(SERVERS);
        std::thread::scope(|scope| {
            for _ in 0..SERVERS {
                scope.spawn(|| {
                    let _inside = runtime.enter();
                    start.wait();
                    Metrics::install().unwrap();
                });
            }
        });
    }

    #[test]
    fn a_filter_is_read_before_it_is_used() {
        assert!("info,marquee_booking=debug".parse::<LogFilter>().is_ok());
        assert!("[[[".parse::<LogFilter>().is_err());
    }
}
