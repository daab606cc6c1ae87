//! Child processes under test: started on a free port, ended with the value.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Where a Marquee under test keeps its data.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) data_dir: &'p Path,
    /// A PostgreSQL, instead of the file in the data directory.
    pub(crate) database_url: Option<&'p str>,
    /// A Redis for its holds, instead of the process.
    pub(crate) redis_url: Option<&'p str>,
}

impl<'p> Place<'p> {
    /// All of it in a data directory.
    pub(crate) fn of(data_dir: &'p Path) -> Self {
        Self { data_dir, database_url: None, redis_url: None }
    }

    /// One of Marquee's commands on these data.
    pub(crate) fn command(self, binary: &Path, command: &str) -> Command {
        let mut marquee = Command::new(binary);
        marquee.args([command, "--data-dir"]).arg(self.data_dir);
        // Nobody means Marquee by these.
        marquee.env_remove("MARQUEE_TEST_POSTGRES").env_remove("MARQUEE_TEST_REDIS");
        if let Some(url) = self.database_url {
            marquee.env("MARQUEE_DATABASE_URL", url);
        }
        marquee.env("MARQUEE_MAX_HELD_SEATS_PER_SHOW", "0");
        if let Some(url) = self.redis_url {
            marquee.env("MARQUEE_REDIS_URL", url);
        }
        marquee
    }
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the process's start to its ready line.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts Marquee without rate limits.
    pub(crate) fn marquee(binary: &Path, place: Place<'_>) -> Result<Self> {
        let mut command = place.command(binary, "serve");
        command.args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
        command.env("MARQUEE_RATE_LIMITS", "off").env("MARQUEE_LOG", "warn");
        command.env("MARQUEE_ADMIN_EMAIL", crate::stage::ADMIN).env("MARQUEE_ADMIN_PASSWORD", crate::stage::PASSWORD);
        Self::start(command)
    }

    /// Starts this program's bare axum over the bytes in `body`.
    pub(crate) fn floor(body: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["floor", "127.0.0.1:0"]).arg(body);
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("start {command:?}"))?;
        let out = child.stdout.take().context("its standard output")?;
        for line in BufReader::new(out).lines() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("is ready: ") {
                let rest = rest.trim_start_matches("http://");
                let address = rest.split(['/', ' ']).next().unwrap_or_default().parse()?;
                return Ok(Self { child, address, start: began.elapsed() });
            }
        }
        bail!("{command:?} ended before it was ready")
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
