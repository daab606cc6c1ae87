//! PostgreSQL servers of our own, so that a test may kill, stop and promote them: what a node makes of it, and the commands
//! that bring data to a server. Whatever else is true on PostgreSQL, the rest of the suite says when it runs there.

mod checking;
mod clocks;
mod copying;
mod failing;
mod kafka;
mod leading;
mod links;
mod migrating;
mod moving;
mod replicas;
mod servers;
mod sharding;
mod tls;
mod upgrading;

use marquee_testkit::{Launch, Process};

use crate::MARQUEE;

/// A process whose data are at `url`.
fn launch(data_dir: &tempfile::TempDir, url: &str) -> Launch {
    Launch::new(MARQUEE, data_dir.path()).env("MARQUEE_DATABASE_URL", url)
}

/// The metrics that begin with `name` and have `label` among their labels, summed.
async fn metric(process: &Process, name: &str, label: &str) -> f64 {
    let answer = reqwest::get(format!("{}/metrics", process.ops().origin())).await.unwrap();
    let page = answer.text().await.unwrap();
    let series: Vec<_> = page.lines().filter(|line| line.starts_with(name) && line.contains(label)).collect();
    assert!(!series.is_empty(), "no {name} with {label}");
    series.into_iter().map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}
