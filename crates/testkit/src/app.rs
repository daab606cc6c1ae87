//! A server inside the test: its own data dir, its own ports, and a clock that stands still until the test moves it.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jiff::SignedDuration;
use marquee::{Config, Database, Running};
use marquee_accounts::Hashing;
use marquee_http::Role;
use marquee_kernel::{Clock, ManualClock, Rng};
use marquee_payments::SandboxControls;
use tempfile::TempDir;

use crate::engine::{Engines, engines_of, shared_engines_of};
use crate::patience::LOOK_AGAIN_AFTER;
use crate::site::ADMIN;
use crate::{Ledger, Person, Site};

/// When every test begins: four days before Europe sets its clocks back.
const BEGINNING: &str = "2026-10-20T09:00:00Z";

/// The seed of a test server's randomness. A restart goes on from another one, or ids would repeat.
const SEED: u64 = 20_261_020;

/// The least that Argon2 can do: a test signs in often and keeps no secret.
const WEAK: Hashing = Hashing { memory_kib: 8, passes: 1, parallelism: 2 };

/// How much faster than a real clock the server's runs while a test waits.
const TIME_LAPSE: i32 = 2;

/// A running server with a hand-moved clock. Dereferences to its [`Site`].
pub struct TestApp {
    site: Site,
    running: Option<Running>,
    config: Config,
    clock: ManualClock,
    names: Arc<AtomicU64>,
    data_dir: TempDir,
}

impl Deref for TestApp {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}

impl TestApp {
    /// Starts a server with the contract's defaults, without rate limits.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server with some settings changed.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data_dir = tempfile::tempdir().expect("a data dir");
        let mut config = Config::for_data_dir(data_dir.path()).expect("the defaults");
        config.rate_limits = false;
        config.admin = Some((ADMIN.0.to_owned(), ADMIN.1.to_owned()));
        config.hashing = WEAK;
        use_engines(&mut config, engines_of(data_dir.path()));
        change(&mut config);
        let clock = ManualClock::at(BEGINNING.parse().expect("an instant"));
        let names = Arc::default();
        let (site, running) = serve(&config, &clock, &names).await;
        Self { site, running: Some(running), config, clock, names, data_dir }
    }

    /// Starts two nodes of one shop, on engines that nodes can share whatever the tests run on, with some settings changed.
    /// They have one clock.
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start_two_with(change: impl FnOnce(&mut Config)) -> (Self, Self) {
        let shared = |config: &mut Config| {
            use_engines(config, shared_engines_of(&config.data_dir));
            change(config);
        };
        let one = Self::start_with(shared).await;
        let data_dir = tempfile::tempdir().expect("a data dir");
        let config = Config { data_dir: data_dir.path().to_owned(), ..one.config.clone() };
        let (clock, names) = (one.clock.clone(), one.names.clone());
        let (site, running) = serve(&config, &clock, &names).await;
        let two = Self { site, running: Some(running), config, clock, names, data_dir };
        (one, two)
    }

    /// The addresses of its databases, the home database first; none on SQLite.
    #[must_use]
    pub fn databases(&self) -> Vec<String> {
        match &self.config.database {
            Database::File(_) => Vec::new(),
            Database::Server(home) => std::iter::once(home).chain(&self.config.shards).cloned().collect(),
        }
    }

    /// Stops the server as SIGTERM does and starts it again on the same data; people and shows stay good, at
    /// [`Person::at`] the new address.
    ///
    /// # Panics
    /// When it does not start again.
    pub async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let (site, running) = serve(&self.config, &self.clock, &self.names).await;
        (self.site, self.running) = (site, Some(running));
    }

    /// The running server: what a test may do to it that no user may.
    ///
    /// # Panics
    /// When it is stopped.
    #[must_use]
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("a running server")
    }

    /// Moves the clock forward.
    pub fn pass(&self, duration: SignedDuration) {
        self.clock.advance(duration);
    }

    /// Moves the clock forward by so many seconds.
    pub fn pass_seconds(&self, seconds: i64) {
        self.pass(SignedDuration::from_secs(seconds));
    }

    /// Somebody at the box office of a cinema, freshly signed in.
    ///
    /// # Panics
    /// When the role cannot be granted.
    pub async fn box_office(&self, cinema_id: &str) -> Person {
        self.employed("Clerk", Role::BoxOffice, cinema_id).await
    }

    /// A manager of a cinema, freshly signed in.
    ///
    /// # Panics
    /// When the role cannot be granted.
    pub async fn manager(&self, cinema_id: &str) -> Person {
        self.employed("Manager", Role::Manager, cinema_id).await
    }

    async fn employed(&self, name: &str, role: Role, cinema_id: &str) -> Person {
        let person = self.customer(name).await;
        let cinema_id = cinema_id.parse().expect("a cinema id");
        let accounts = &self.running().services.accounts;
        accounts.grant_role(&person.email, role, &[cinema_id]).await.expect("the role is granted");
        self.again(&person).await
    }

    /// The faults that the sandbox gateway can be given.
    #[must_use]
    pub fn sandbox(&self) -> &SandboxControls {
        &self.running().services.sandbox
    }

    /// Lets the server's clock run until `look` sees what it waits for, at most `within` of the server's time. The
    /// clock runs faster than a real one, so that waiting for the server's jobs takes a fraction of it.
    ///
    /// # Panics
    /// When that time is over.
    pub async fn while_time_passes<T>(
        &self,
        within: SignedDuration,
        what: &str,
        mut look: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        let begun = self.now();
        let mut looked = Instant::now();
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            let passed = self.now().duration_since(begun);
            assert!(passed < within, "not within {within:#}: {what}");
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            let elapsed = SignedDuration::try_from(looked.elapsed()).expect("a short time");
            self.pass(elapsed * TIME_LAPSE);
            looked = Instant::now();
        }
    }

    /// Where the data are.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// What the sandbox gateway's books say now.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::read(self.data_dir())
    }
}

fn use_engines(config: &mut Config, engines: Engines) {
    if let Some(url) = engines.database {
        config.database = Database::Server(url);
    }
    config.shards = engines.shards;
    config.redis = engines.redis.map(|url| url.parse().expect("the address of a Redis"));
}

async fn serve(config: &Config, clock: &ManualClock, names: &Arc<AtomicU64>) -> (Site, Running) {
    let clock = Clock::Manual(clock.clone());
    let rng = Rng::seeded(SEED + names.fetch_add(1, Ordering::Relaxed));
    let running = marquee::start(config.clone(), clock.clone(), rng).await.expect("the server starts");
    let (origin, ops_origin) =
        (format!("http://{}", running.address.expect("an API")), format!("http://{}", running.ops_address));
    (Site::new(&origin, &ops_origin, clock, Arc::clone(names)), running)
}
