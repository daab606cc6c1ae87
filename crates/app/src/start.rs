//! Starting and stopping a whole Marquee.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fs4::FileExt;
use marquee_http::front::{self, RateLimits};
use marquee_kernel::{Clock, Rng};
use marquee_telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::services::Services;
use crate::{BadSetting, Config, api, ops, server};

/// How long background jobs may take to end.
const JOBS_STOP_MAX: Duration = Duration::from_secs(2);

/// Why Marquee did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// The data directory cannot be used.
    #[error("--data-dir {path}: {problem}")]
    DataDir {
        /// The directory.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An address cannot be listened on.
    #[error("{option} {address}: {problem}")]
    Listen {
        /// The option that names it.
        option: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        problem: std::io::Error,
    },
    /// A part could not start.
    #[error("{part}: {problem}")]
    Part {
        /// Which.
        part: &'static str,
        /// What it says.
        problem: String,
    },
}

impl StartError {
    /// A part's error.
    pub fn part(part: &'static str, problem: impl std::fmt::Display) -> Self {
        Self::Part { part, problem: problem.to_string() }
    }
}

/// A Marquee that sells. Call [`Running::stop`] to end it in order.
pub struct Running {
    /// Where the API is; none for a process that only works.
    pub address: Option<SocketAddr>,
    /// Where health and metrics are.
    pub ops_address: SocketAddr,
    /// Everything in it.
    pub services: Services,
    stop_accepting: CancellationToken,
    stop_jobs: CancellationToken,
    servers: JoinSet<()>,
    jobs: JoinSet<()>,
    _only_one: File,
}

/// Starts the servers and the jobs of a Marquee.
///
/// # Errors
/// [`StartError`]; nothing is left running.
pub async fn start(config: Config, clock: Clock, rng: Rng) -> Result<Running, StartError> {
    let only_one = take_data_dir(&config.data_dir)?;
    let metrics = Metrics::install().map_err(|error| StartError::part("metrics", error))?;
    let (stop_accepting, stop_jobs) = (CancellationToken::new(), CancellationToken::new());
    let services = Services::open(&config, clock, rng.clone(), &stop_accepting).await?;
    if let Some((email, password)) = &config.admin {
        let made = services.accounts.ensure_admin(email, password).await;
        made.map_err(|error| StartError::part("first administrator", error))?;
    }
    let listening = match config.roles.api {
        true => Some(listen("--listen", config.listen).await?),
        false => None,
    };
    let address = listening.as_ref().map(|(_, address)| *address);
    let (ops_listener, ops_address) = listen("--ops-listen", config.ops_listen).await?;

    let mut jobs = JoinSet::new();
    services.run_jobs(config.roles, &mut jobs, &stop_jobs);
    let rate_limits = config.rate_limits.then(|| Arc::new(RateLimits::default()));
    if let Some(limits) = &rate_limits {
        let forgetting = limits.clone().start_forgetting();
        let stop = stop_jobs.clone();
        jobs.spawn(async move {
            stop.cancelled().await;
            forgetting.abort();
        });
    }
    let front = front::Settings {
        authenticate: services.accounts.authenticator(),
        rate_limits,
        trusted_proxies: config.trusted_proxies.clone(),
        cors_origins: config.cors_origins.clone(),
        rng,
    };
    let api = front::before(api::router(&services), front);
    let ops = ops::router(services.clone(), metrics, stop_accepting.clone());
    let mut servers = JoinSet::new();
    if let Some((listener, _)) = listening {
        servers.spawn(server::serve(listener, api, stop_accepting.clone()));
    }
    // The ops port answers while the rest drains: its 503 tells a balancer to look elsewhere.
    jobs.spawn(server::serve(ops_listener, ops, stop_jobs.clone()));
    info!(address = address.map(tracing::field::display), %ops_address, "marquee is ready");
    Ok(Running { address, ops_address, services, stop_accepting, stop_jobs, servers, jobs, _only_one: only_one })
}

impl Running {
    /// Stops accepting, finishes what is in flight, keeps the live holds for the next start.
    pub async fn stop(mut self) {
        info!("marquee is stopping");
        self.stop_accepting.cancel();
        while self.servers.join_next().await.is_some() {}
        // Bookings whose client went away are still on their way.
        self.services.booking.drain().await;
        self.stop_jobs.cancel();
        let jobs = async { while self.jobs.join_next().await.is_some() {} };
        if tokio::time::timeout(JOBS_STOP_MAX, jobs).await.is_err() {
            warn!("jobs cut that did not end in time");
        }
        if let Err(error) = self.services.seating.keep_holds().await {
            warn!(%error, "live holds not kept");
        }
        if let Err(error) = self.services.db.checkpoint().await {
            warn!(%error, "log not folded into the database file, the next start will");
        }
        info!("marquee has stopped");
    }
}

/// Makes the data directory, and takes it for this process alone: two would keep two ideas of what is held.
pub(crate) fn take_data_dir(path: &Path) -> Result<File, StartError> {
    let wrong = |problem: String| StartError::DataDir { path: path.display().to_string(), problem };
    make_data_dir(path).map_err(|error| wrong(error.to_string()))?;
    let lock = File::options().create(true).write(true).truncate(true).mode(0o600).open(path.join("marquee.lock"));
    let lock = lock.map_err(|error| wrong(error.to_string()))?;
    match FileExt::try_lock(&lock) {
        Ok(()) => Ok(lock),
        Err(_) => Err(wrong("is in use by another marquee; stop it or name another directory".to_owned())),
    }
}

/// Makes the data directory for its owner alone; one that is there keeps its mode.
pub(crate) fn make_data_dir(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

async fn listen(option: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |problem| StartError::Listen { option, address, problem };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
