//! Runs a load and says what came of it.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

/// Microseconds a histogram can hold: a minute.
const LATENCY_US_MAX: u64 = 60_000_000;
/// Kernel clock ticks per second in /proc (Linux's USER_HZ, fixed at 100 on every architecture Marquee runs on).
const TICKS_PER_S: f64 = 100.0;

/// What a load came to.
pub(crate) struct Outcome {
    /// Operations per second.
    pub(crate) rate: f64,
    /// Latencies, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// The server's CPU time per operation, in microseconds, when a server process was named.
    pub(crate) cpu_us: Option<f64>,
}

impl Outcome {
    /// Several turns of one load, as long as one another, as one.
    pub(crate) fn of_turns(turns: Vec<Outcome>) -> Result<Self> {
        let count = turns.len() as f64;
        let mut latency = Histogram::new_with_max(LATENCY_US_MAX, 3)?;
        let (mut rate, mut cpu_us) = (0.0, Some(0.0));
        for turn in turns {
            rate += turn.rate / count;
            cpu_us = cpu_us.zip(turn.cpu_us).map(|(sum, us)| sum + us * turn.latency.len() as f64);
            latency.add(turn.latency)?;
        }
        let done = latency.len() as f64;
        Ok(Self { rate, latency, cpu_us: cpu_us.map(|sum| sum / done) })
    }

    /// Milliseconds at a quantile such as 0.99.
    pub(crate) fn at(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// Runs a loop of `step` for each worker, each starting its next step when the last is done, for `length`.
///
/// A worker's state is its connection and its share of the work; it comes back with the outcome. A step that fails ends the run.
pub(crate) async fn closed_loop<S, F>(
    workers: Vec<S>,
    length: Duration,
    server: Option<u32>,
    step: impl Fn(S) -> F + Clone + Send + 'static,
) -> Result<(Outcome, Vec<S>)>
where
    S: Send + 'static,
    F: Future<Output = Result<S>> + Send,
{
    let cpu_before = server.map(cpu_seconds).transpose()?;
    let started = Instant::now();
    let until = started + length;
    let mut running = JoinSet::new();
    for mut state in workers {
        let step = step.clone();
        running.spawn(async move {
            let mut latency = Histogram::new_with_max(LATENCY_US_MAX, 3)?;
            while Instant::now() < until {
                let began = Instant::now();
                state = step(state).await?;
                latency.saturating_record(u64::try_from(began.elapsed().as_micros())?);
            }
            anyhow::Ok((latency, state))
        });
    }
    let mut latency = Histogram::new_with_max(LATENCY_US_MAX, 3)?;
    let mut workers = Vec::new();
    while let Some(done) = running.join_next().await {
        let (its, state) = done.context("a worker was lost")??;
        latency.add(its)?;
        workers.push(state);
    }
    let done = latency.len() as f64;
    let cpu_us = match (server, cpu_before) {
        (Some(pid), Some(before)) => Some((cpu_seconds(pid)? - before) * 1e6 / done),
        _ => None,
    };
    Ok((Outcome { rate: done / started.elapsed().as_secs_f64(), latency, cpu_us }, workers))
}

/// CPU seconds a process has used, all threads, user and system.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold spaces: fields are counted from the closing parenthesis.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).context("/proc/PID/stat");
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_S)
}

/// Resident memory of a process, in MiB.
pub(crate) fn resident_mib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}
