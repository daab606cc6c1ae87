//! Load on a Marquee, beside the limits of the machine it runs on. Traffic goes to loopback alone: the servers are its own.

mod bench;
mod client;
mod floor;
mod measure;
mod server;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Measure every path beside its limit, and print
    Bench {
        /// The release binary under test
        #[arg(long, default_value = "target/release/marquee")]
        marquee: PathBuf,
        /// Seconds of each load
        #[arg(long, default_value_t = 8)]
        seconds: u64,
        /// One part alone
        #[arg(long)]
        only: Option<bench::Part>,
        /// An empty PostgreSQL database, for its part
        #[arg(long, env = "MARQUEE_TEST_POSTGRES")]
        postgres: Option<String>,
        /// A Redis of its own, for its part
        #[arg(long, env = "MARQUEE_TEST_REDIS")]
        redis: Option<String>,
    },
    /// Serve a file's bytes with bare axum: the limit that reads are held against
    Floor {
        /// Where
        address: SocketAddr,
        /// What
        body: PathBuf,
    },
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Floor { address, body } => floor::serve(address, &body),
        Command::Bench { marquee, seconds, only, postgres, redis } => {
            let plan = bench::Plan { marquee, length: Duration::from_secs(seconds), only, postgres, redis };
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(bench::run(&plan))
        }
    }
}
