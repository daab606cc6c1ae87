//! Redis for tests: one that all tests of a process share, and servers and clusters that a test may do anything to.
#![expect(clippy::expect_used, clippy::panic, reason = "a broken expectation here fails the test that holds it")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::Address;

/// Servers that start, or a cluster whose members have to find one another, are there by then.
const PATIENCE: Duration = Duration::from_secs(30);
/// A cluster's nodes talk to one another on the port above theirs by this much.
const BUS_OFFSET: u16 = 10_000;
/// Where [`free_port`] looks: with the buses, all below 32,768, from where on Linux gives ports away.
const PORTS: Range<u16> = 11_000..21_000;
/// How long a master may be silent before the others replace it.
const NODE_TIMEOUT_MS: &str = "1000";

/// The kinds of Redis there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One server.
    Single,
    /// A cluster of three masters.
    Cluster,
}

/// The address of a Redis that ends with this process: it lives until its standard input is closed.
fn of_this_process(options: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with_redis.py");
    let mut server = Command::new(script)
        .args(options)
        .args(["sh", "-c", "echo $MARQUEE_TEST_REDIS; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the script");
    let mut address = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut address).expect("a line");
    assert!(!address.is_empty(), "no Redis; what is missing is said above");
    std::mem::forget(server);
    address.trim().to_owned()
}

static SINGLE: LazyLock<String> = LazyLock::new(|| of_this_process(&[]));
static CLUSTER: LazyLock<String> = LazyLock::new(|| of_this_process(&["--cluster"]));
static TAKEN: AtomicUsize = AtomicUsize::new(0);
static PREFIXES: AtomicUsize = AtomicUsize::new(0);

impl Kind {
    /// Keys of a test's own in a Redis that all tests of this process share.
    ///
    /// # Panics
    /// When there is no Redis on this machine.
    #[must_use]
    pub fn address(self) -> Address {
        let server = match self {
            Kind::Single => &SINGLE,
            Kind::Cluster => &CLUSTER,
        };
        let prefix = PREFIXES.fetch_add(1, Ordering::Relaxed);
        format!("{}?prefix={prefix}:", server.as_str()).parse().expect("an address")
    }
}

/// A port of this machine for a server that may be stopped and started again: nobody else gets it meanwhile, neither of the
/// tests in this process nor, since it lies below those that connections get by themselves, by chance. A Redis has its bus on
/// the port [`BUS_OFFSET`] above, which is free, too.
///
/// # Panics
/// When none is left.
#[must_use]
pub fn free_port() -> u16 {
    // Other processes begin elsewhere.
    let first = std::process::id() as usize;
    let next =
        || PORTS.clone().nth((first + TAKEN.fetch_add(1, Ordering::Relaxed)) % PORTS.len()).expect("one of them");
    let is_free =
        |port: &u16| [*port, *port + BUS_OFFSET].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    std::iter::repeat_with(next).take(PORTS.len()).find(is_free).expect("a free port")
}

/// Looks until it is so.
///
/// # Panics
/// When it is not for too long.
pub async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !look().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = [format!("redis-{name}"), format!("valkey-{name}")];
    let found = std::env::split_paths(&path).flat_map(|folder| names.each_ref().map(|name| folder.join(name)));
    found
        .into_iter()
        .find(|file| file.exists())
        .unwrap_or_else(|| panic!("no Redis (Debian: apt install redis-server)"))
}

/// A Redis that a test may do anything to. It keeps nothing on disk, and ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    port: u16,
    options: Vec<String>,
}

impl Server {
    /// One that stands alone.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// One that copies `primary`, and has caught up with it.
    ///
    /// # Panics
    /// When it does not catch up.
    pub async fn replica_of(primary: &Self) -> Self {
        let replica = Self::start_with(&["--replicaof", &format!("127.0.0.1 {}", primary.port)]).await;
        until("the replica follows", async || replica.ask(&["INFO", "replication"]).contains("master_link_status:up"))
            .await;
        replica
    }

    async fn start_with(options: &[&str]) -> Self {
        let port = free_port();
        let options: Vec<String> = options.iter().map(|word| (*word).to_owned()).collect();
        let server = Self { process: launch(port, &options), port, options };
        server.answers().await;
        server
    }

    /// Waits until it answers, and not another one at its port.
    async fn answers(&self) {
        let own = format!("process_id:{}", self.process.id());
        until("Redis answers", async || self.ask(&["INFO", "server"]).lines().any(|line| line.trim() == own)).await;
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.host())
    }

    /// Its host and port.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it answers to a command.
    ///
    /// # Panics
    /// When there is no client on this machine.
    #[must_use]
    pub fn ask(&self, words: &[&str]) -> String {
        let mut client = Command::new(program("cli"));
        let answer = client.args(["-p", &self.port.to_string()]).args(words).stderr(Stdio::null()).output();
        String::from_utf8_lossy(&answer.expect("a client").stdout).trim().to_owned()
    }

    /// As [`Server::ask`], for what must be done.
    ///
    /// # Panics
    /// When it is not.
    pub fn tell(&self, words: &[&str]) {
        let answer = self.ask(words);
        assert!(answer == "OK", "{words:?}: {answer}");
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn kill(&mut self) {
        self.process.kill().expect("a signal");
        self.process.wait().expect("its end");
    }

    /// Starts it again where it was, empty.
    pub async fn restart(&mut self) {
        self.process = launch(self.port, &self.options);
        self.answers().await;
    }

    /// Stops it where it stands: connections stay, and nobody answers on them.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on as if no time had passed.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "{signal} was not sent");
    }
}

fn launch(port: u16, options: &[String]) -> Child {
    Command::new(program("server"))
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args([
            "--dir",
            &std::env::temp_dir().to_string_lossy(),
            "--dbfilename",
            &format!("marquee-{port}.rdb"),
            "--repl-diskless-sync-delay",
            "0",
        ])
        .args(["--cluster-config-file", &nodes_file(port)])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a server")
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        for file in [format!("marquee-{}.rdb", self.port), nodes_file(self.port)] {
            drop(std::fs::remove_file(std::env::temp_dir().join(file)));
        }
    }
}

fn nodes_file(port: u16) -> String {
    format!("marquee-{port}.nodes")
}

/// A cluster of three masters, each with a replica that takes over within seconds.
#[derive(Debug)]
pub struct Cluster {
    /// Masters first, as the cluster began.
    pub nodes: Vec<Server>,
}

impl Cluster {
    /// A new one, all of whose slots are served and whose replicas follow.
    ///
    /// # Panics
    /// When it does not come about.
    pub async fn start() -> Self {
        let mut nodes = Vec::new();
        for _ in 0..6 {
            let cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT_MS];
            nodes.push(Server::start_with(&cluster).await);
        }
        let hosts: Vec<String> = nodes.iter().map(Server::host).collect();
        let mut create = Command::new(program("cli"));
        create.args(["--cluster", "create"]).args(hosts).args(["--cluster-replicas", "1", "--cluster-yes"]);
        let created = create.output().expect("a client");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let cluster = Self { nodes };
        until("the cluster is whole", async || cluster.is_whole()).await;
        cluster
    }

    fn is_whole(&self) -> bool {
        self.nodes.iter().all(|node| {
            let (info, replication) = (node.ask(&["CLUSTER", "INFO"]), node.ask(&["INFO", "replication"]));
            let follows = replication.contains("role:master") || replication.contains("master_link_status:up");
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:6") && follows
        })
    }

    /// Its address: each of its nodes.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(Server::host).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// The place among the nodes of the replica of a master.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn replica_of(&self, master: usize) -> usize {
        let port = format!("master_port:{}", self.nodes[master].port);
        let replicates = |node: &Server| node.ask(&["INFO", "replication"]).lines().any(|line| line.trim() == port);
        self.nodes.iter().position(replicates).expect("a replica")
    }

    /// The place among the nodes of the master that serves a key, as the one at `asked` sees it.
    ///
    /// # Panics
    /// When no node serves it.
    #[must_use]
    pub fn master_of(&self, key: &str, asked: usize) -> usize {
        let slot = self.slot_of(key);
        let words = self.nodes[asked].ask(&["CLUSTER", "SLOTS"]);
        let lines: Vec<&str> = words.lines().map(str::trim).collect();
        // Each range: from, to, then for each of its nodes address, port, id and what else is known; the master is the first.
        let number = |at: usize| lines.get(at).and_then(|line| line.parse::<u32>().ok());
        let port = (0..lines.len()).find_map(|at| {
            let (from, to) = (number(at)?, number(at + 1)?);
            let is_range = lines.get(at + 2) == Some(&"127.0.0.1");
            (is_range && (from..=to).contains(&slot)).then(|| number(at + 3)).flatten()
        });
        let port = port.unwrap_or_else(|| panic!("nobody serves slot {slot}: {words}"));
        self.nodes.iter().position(|node| u32::from(node.port) == port).expect("one of its nodes")
    }

    /// The slot of a key.
    ///
    /// # Panics
    /// When no node says so.
    #[must_use]
    pub fn slot_of(&self, key: &str) -> u32 {
        let said = self.nodes.iter().find_map(|node| node.ask(&["CLUSTER", "KEYSLOT", key]).parse().ok());
        said.expect("a slot")
    }

    /// Moves the slot of a key, with all keys in it, from the master that serves it to another one, as an operator does.
    ///
    /// # Panics
    /// When a step of it fails.
    pub async fn move_slot_of(&self, key: &str) {
        let (slot, from) = (self.slot_of(key).to_string(), self.master_of(key, 0));
        let is_master = |at: &usize| self.nodes[*at].ask(&["INFO", "replication"]).contains("role:master");
        let to = (0..self.nodes.len()).filter(is_master).find(|at| *at != from).expect("another master");
        let (from, to) = (&self.nodes[from], &self.nodes[to]);
        let (from_id, to_id) = (from.ask(&["CLUSTER", "MYID"]), to.ask(&["CLUSTER", "MYID"]));
        to.tell(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
        from.tell(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
        let port = to.port.to_string();
        loop {
            let keys = from.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "10"]);
            if keys.is_empty() {
                break;
            }
            for key in keys.lines() {
                // A key that a function wrote or deleted meanwhile is met in the next round.
                let _ = from.ask(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
            }
            tokio::task::yield_now().await;
        }
        for node in [to, from] {
            node.tell(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
        }
    }
}
