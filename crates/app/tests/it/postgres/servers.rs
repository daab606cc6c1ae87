//! A PostgreSQL server that waits for its disk, as processes that a test may do anything to.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use marquee_kv::testing::free_port;
use marquee_testkit::eventually;
use tokio_postgres::{Client, NoTls};

/// The folder of the newest server programs, or of those on the path.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path().join("bin")).filter(|path| has_server(path)).max_by_key(version);
    let on_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(|path| has_server(path));
    newest.or_else(on_path).unwrap_or_else(|| panic!("no PostgreSQL server (Debian: apt install postgresql)"))
});

fn has_server(folder: &Path) -> bool {
    folder.join("initdb").exists()
}

/// PostgreSQL refuses to run as root: its own account runs it where we are root.
fn as_its_account(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let we_are_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = if we_are_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/tmp").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> String {
    let done = command.stderr(Stdio::piped()).output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// A server; it ends, and its files go, when this is dropped.
pub(super) struct Server {
    home: PathBuf,
    port: u16,
}

impl Server {
    /// A new one, empty.
    pub(super) fn start() -> Self {
        let server = Self::at_home();
        run(as_its_account(PROGRAMS.join("initdb")).arg("-D").arg(server.data()).args([
            "-U",
            "marquee",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]));
        server.start_again();
        server
    }

    /// A standby of this one, which does not wait for it.
    pub(super) fn standby(&self) -> Self {
        let standby = Self::at_home();
        let mut copy = as_its_account(PROGRAMS.join("pg_basebackup"));
        let port = self.port.to_string();
        copy.args(["-h", "127.0.0.1", "-p", &port, "-U", "marquee", "-R", "-X", "stream", "-c", "fast"]);
        run(copy.arg("-D").arg(standby.data()));
        standby.start_again();
        standby
    }

    /// A standby of this one, which from now on waits for it before it answers a commit.
    pub(super) async fn synchronous_standby(&self) -> Self {
        let standby = self.standby();
        self.set("synchronous_standby_names", "*").await;
        let client = self.client().await;
        eventually("the standby is synchronous", async || {
            let found = client.query("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'", &[]).await.unwrap();
            (!found.is_empty()).then_some(())
        })
        .await;
        standby
    }

    /// Changes a setting while it runs.
    pub(super) async fn set(&self, setting: &str, value: &str) {
        let client = self.client().await;
        client.batch_execute(&format!("ALTER SYSTEM SET {setting} = '{value}'")).await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    }

    /// Puts a file among its own.
    pub(super) fn put(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        let mut put = as_its_account("sh");
        put.args(["-c", "umask 077; cat > \"$0\""]).arg(&path).stdin(Stdio::piped());
        let mut put = put.spawn().unwrap();
        put.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(put.wait().unwrap().success());
    }

    fn at_home() -> Self {
        let home = run(as_its_account("mktemp").args(["-d", "/tmp/marquee-pg-XXXXXX"]));
        let port = free_port();
        Self { home: PathBuf::from(home.trim()), port }
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn control(&self) -> Command {
        let mut command = as_its_account(PROGRAMS.join("pg_ctl"));
        command.arg("-D").arg(self.data()).arg("-w");
        command
    }

    /// Starts it on what is there, and waits until it answers.
    pub(super) fn start_again(&self) {
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100",
            self.port
        );
        let mut start = self.control();
        start.arg("-l").arg(self.home.join("log")).args(["start", "-o", &settings]);
        // Its output is not captured: the server would inherit the pipe and keep it open.
        let started = start.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(started.success(), "{}", std::fs::read_to_string(self.home.join("log")).unwrap_or_default());
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://marquee@{}/{database}", self.host())
    }

    /// The address of a database of which several servers have a copy.
    pub(super) fn url_of_both(&self, other: &Self, database: &str) -> String {
        format!("postgres://marquee@{},{}/{database}?target_session_attrs=read-write", self.host(), other.host())
    }

    pub(super) async fn client(&self) -> Client {
        self.client_of("postgres").await
    }

    pub(super) async fn client_of(&self, database: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(database), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub(super) async fn create(&self, database: &str) {
        self.client().await.batch_execute(&format!("CREATE DATABASE {database}")).await.unwrap();
    }

    /// `kill -9` of every process of it, as when its machine is gone.
    pub(super) async fn kill(&self) {
        let ids = self.processes();
        send("-KILL", &ids);
        eventually("every process is gone", async || ids.iter().all(|id| has_ended(*id)).then_some(())).await;
        // Who has ended but was not buried yet would pass for running.
        run(as_its_account("rm").arg(self.data().join("postmaster.pid")));
    }

    /// Stops every process of it where it stands.
    pub(super) fn freeze(&self) {
        send("-STOP", &self.processes());
    }

    pub(super) fn thaw(&self) {
        send("-CONT", &self.processes());
    }

    /// Makes a standby the primary.
    pub(super) fn promote(&self) {
        run(self.control().arg("promote"));
    }

    /// The postmaster, then its children.
    fn processes(&self) -> Vec<u32> {
        let said = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let postmaster: u32 = said.lines().next().unwrap().trim().parse().unwrap();
        let everyone = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = everyone.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let children = ids.filter(|id| parent_of(*id) == Some(postmaster));
        [postmaster].into_iter().chain(children).collect()
    }
}

fn send(signal: &str, ids: &[u32]) {
    let mut kill = Command::new("kill");
    // One of them may have ended by itself meanwhile: what kill says of it is of no interest.
    let _ = kill.arg(signal).args(ids.iter().map(u32::to_string)).stderr(Stdio::null()).status().unwrap();
}

/// The words of `/proc/ID/stat` after the second, which stands in brackets and may hold anything.
fn standing(id: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).ok()?;
    Some(stat.rsplit(") ").next()?.split(' ').map(str::to_owned).collect())
}

fn parent_of(id: u32) -> Option<u32> {
    standing(id)?.get(1)?.parse().ok()
}

fn has_ended(id: u32) -> bool {
    standing(id).is_none_or(|words| words.first().is_some_and(|state| state == "Z"))
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.thaw();
            drop(self.control().args(["-m", "immediate", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status());
        }
        drop(as_its_account("rm").arg("-rf").arg(&self.home).status());
    }
}
