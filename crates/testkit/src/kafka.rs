//! Kafka for tests: one for all of them, and one of a test's own that it may kill.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::eventually_within;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with_kafka.py");
/// A busy machine starts a virtual machine slowly.
const READY_PATIENCE: Duration = Duration::from_secs(90);

/// The broker that the environment names, or one that ends with this process, which keeps its standard input open.
static SHARED: LazyLock<String> = LazyLock::new(|| {
    if let Ok(address) = std::env::var("MARQUEE_TEST_KAFKA") {
        return address;
    }
    let mut broker = Command::new(SCRIPT)
        .args(["sh", "-c", "echo $MARQUEE_TEST_KAFKA; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the script");
    let mut lines = BufReader::new(broker.stdout.take().expect("its output")).lines();
    let address = lines.next().expect("a broker; what is missing is said above").expect("a line");
    std::mem::forget(broker);
    address
});

/// The address of a Kafka that lives as long as the tests.
#[must_use]
pub fn a_kafka() -> &'static str {
    &SHARED
}

/// A Kafka of one test's own, gone when it is dropped.
pub struct Broker {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Broker {
    /// Starts one, with nothing in it.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let mut broker = Self { folder: tempfile::tempdir().expect("a folder"), port, process: None };
        broker.start_again().await;
        broker
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a signal");
            process.wait().expect("its end");
        }
    }

    /// Starts it on the data that it left.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_again(&mut self) {
        let (folder, port) = (self.folder.path(), self.port.to_string());
        let started = Command::new(SCRIPT).arg("--broker").arg(folder).arg(port).stdin(Stdio::null()).spawn();
        let mut process = started.expect("the script");
        eventually_within(READY_PATIENCE, "the broker listens", async || {
            let ended = process.try_wait().expect("its state");
            assert!(ended.is_none(), "the broker ended; why is said above");
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        })
        .await;
        self.process = Some(process);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
