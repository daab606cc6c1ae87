//! The built binary as a process of its own: what a test may stop, kill and start again on the same data.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use marquee_kernel::Clock;

use crate::engine::engines_of;
use crate::site::ADMIN;
use crate::{Site, eventually_within};

/// A debug build on a busy machine with a data dir to recover is ready by then.
const READY_PATIENCE: Duration = Duration::from_secs(60);

/// A process that was told to end, or that cannot start, is gone by then.
const END_PATIENCE: Duration = Duration::from_secs(60);

/// How a process is to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: PathBuf,
    data_dir: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    names: Arc<AtomicU64>,
}

impl Launch {
    /// `marquee serve` on ports of the system's choice; an administrator is set up, rate limits are off.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>, data_dir: impl Into<PathBuf>) -> Self {
        let (binary, data_dir) = (binary.into(), data_dir.into());
        let launch = Self {
            binary,
            arguments: ["serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"].map(str::to_owned).into(),
            environment: Vec::new(),
            names: Arc::default(),
            data_dir,
        };
        let engines = engines_of(&launch.data_dir);
        let database =
            engines.database.map(|home| std::iter::once(home).chain(engines.shards).collect::<Vec<_>>().join(","));
        let urls = [("MARQUEE_DATABASE_URL", database), ("MARQUEE_REDIS_URL", engines.redis)];
        let urls = urls.into_iter().filter_map(|(name, url)| Some((name, url?)));
        urls.fold(launch, |launch, (name, url)| launch.env(name, &url))
            .env("MARQUEE_ADMIN_EMAIL", ADMIN.0)
            .env("MARQUEE_ADMIN_PASSWORD", ADMIN.1)
            .env("MARQUEE_RATE_LIMITS", "off")
            .env("MARQUEE_LOG", "warn")
    }

    /// With one more setting.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With these arguments instead; the data dir is still added.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Panics
    /// When it never does.
    pub async fn ready(&self) -> Process {
        let (mut running, lines) = self.spawn();
        let said_ready = eventually_within(READY_PATIENCE, "the process is ready", async || {
            let line = lines.try_iter().find(|line| line.starts_with("marquee is ready"));
            if line.is_none() && running.ended().is_some() {
                panic!("it ended before it was ready: {}", running.errors());
            }
            line
        })
        .await;
        let origins = addresses(&said_ready);
        let [origin, ops_origin] = origins.as_slice() else { panic!("no two addresses in {said_ready:?}") };
        let site = Site::new(origin, ops_origin, Clock::System, Arc::clone(&self.names));
        Process { site, running }
    }

    /// Starts it and waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&self) -> Ended {
        let (mut running, lines) = self.spawn();
        let status = eventually_within(END_PATIENCE, "the process ends by itself", async || running.ended()).await;
        Ended { code: status.code(), output: lines.iter().collect(), errors: running.errors() }
    }

    fn spawn(&self) -> (Running, mpsc::Receiver<String>) {
        let mut command = Command::new(&self.binary);
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.to_string_lossy().starts_with("MARQUEE_")) {
            command.env_remove(name);
        }
        command
            .args(&self.arguments)
            .arg("--data-dir")
            .arg(&self.data_dir)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut errors = child.stderr.take().expect("its errors");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listening = Arc::clone(&heard);
        let ears = [
            std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)))),
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = errors.read(&mut piece) {
                    listening.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..count]);
                }
            }),
        ];
        (Running { child, heard, ears: ears.into() }, lines)
    }
}

fn addresses(line: &str) -> Vec<String> {
    let words = line.split(|c: char| c.is_whitespace() || c == '(' || c == ')');
    words.filter(|word| word.starts_with("http://")).map(|word| word.trim_end_matches('/').to_owned()).collect()
}

/// A process that ended by itself.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The lines of its standard output.
    pub output: Vec<String>,
    /// Its standard error.
    pub errors: String,
}

struct Running {
    child: Child,
    heard: Arc<Mutex<Vec<u8>>>,
    ears: Vec<JoinHandle<()>>,
}

impl Running {
    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }

    /// What it wrote to standard error, all of it once it has ended.
    fn errors(&mut self) -> String {
        if self.ended().is_some() {
            self.ears.drain(..).for_each(|ear| drop(ear.join()));
        }
        String::from_utf8_lossy(&self.heard.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A running process, killed when it is dropped. Dereferences to its [`Site`].
pub struct Process {
    site: Site,
    running: Running,
}

impl Deref for Process {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Process {
    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// The address it serves on.
    ///
    /// # Panics
    /// When its origin has none.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.origin().trim_start_matches("http://").parse().expect("an address")
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn kill(mut self) {
        self.running.child.kill().expect("a signal");
        self.running.child.wait().expect("its end");
    }

    /// Sends SIGTERM and returns at once.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn ask_to_stop(&self) {
        self.send("-TERM");
    }

    /// Stops it where it stands, until [`Process::thaw`].
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn freeze(&self) {
        self.send("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn thaw(&self) {
        self.send("-CONT");
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "{signal} was not sent");
    }

    /// Sends SIGTERM and waits for the end: the exit code and how long it took.
    pub async fn stop(self) -> (Option<i32>, Duration) {
        self.ask_to_stop();
        let begun = Instant::now();
        let ended = self.end().await;
        (ended.code, begun.elapsed())
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub async fn end(mut self) -> Ended {
        let status = eventually_within(END_PATIENCE, "the process ends", async || self.running.ended()).await;
        Ended { code: status.code(), output: Vec::new(), errors: self.running.errors() }
    }
}
