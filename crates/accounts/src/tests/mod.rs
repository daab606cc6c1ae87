//! The use cases on a real database, and the calls over HTTP.

mod administration;
mod calls;
mod sessions;

use jiff::SignedDuration;
use marquee_bus::Journal;
use marquee_db::Db;
use marquee_kernel::{Clock, ManualClock, Rng};

use crate::{Accounts, Credentials, Hashing, Password, Registration, Result, Settings};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A data dir with accounts in it, and a clock to move.
pub(crate) struct Shop {
    pub(crate) accounts: Accounts,
    db: Db,
    hands: ManualClock,
    settings: Settings,
    dir: tempfile::TempDir,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    async fn open_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(dir.path());
        settings.hashing = Hashing { memory_kib: 8, passes: 1, parallelism: 2 };
        adjust(&mut settings);
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let accounts = start(&db, &hands, &settings).await;
        Self { accounts, db, hands, settings, dir }
    }

    /// The same data dir, seen by a process of its own.
    async fn another_process(&self) -> Accounts {
        let db = Db::open(&self.dir.path().join("marquee.db")).unwrap();
        start(&db, &self.hands, &self.settings).await
    }

    /// Everything in memory is gone; what is on disk is not.
    async fn restart(self) -> Self {
        let Self { accounts, db, hands, settings, dir } = self;
        drop((accounts, db));
        let db = Db::open(&dir.path().join("marquee.db")).unwrap();
        let accounts = start(&db, &hands, &settings).await;
        Self { accounts, db, hands, settings, dir }
    }

    pub(crate) async fn register(&self, email: &str) -> Credentials {
        self.accounts.register(person(email)).await.unwrap()
    }

    pub(crate) async fn sign_in(&self, email: &str) -> Result<Credentials> {
        self.accounts.sign_in(email, Password::offered(PASSWORD), None).await
    }

    async fn guess(&self, email: &str) -> Result<Credentials> {
        self.accounts.sign_in(email, Password::offered("a wrong password"), None).await
    }

    fn is_good(&self, credentials: &Credentials) -> bool {
        self.accounts.authenticate(&credentials.access_token).is_ok()
    }

    fn pass(&self, seconds: i64) {
        self.hands.advance(SignedDuration::from_secs(seconds));
    }

    /// The kinds, subjects and payloads of the journal, in order.
    async fn journal(&self) -> Vec<(String, String, String)> {
        let read = |tx: &mut marquee_db::Tx<'_>| {
            let rows = tx.query("SELECT kind, subject, payload FROM journal ORDER BY seq", &[])?;
            rows.iter().map(|row| Ok((row.get("kind")?, row.get("subject")?, row.get("payload")?))).collect()
        };
        self.db.read::<_, marquee_db::Error>(read).await.unwrap()
    }

    async fn kinds(&self) -> Vec<String> {
        self.journal().await.into_iter().map(|(kind, ..)| kind).collect()
    }
}

async fn start(db: &Db, hands: &ManualClock, settings: &Settings) -> Accounts {
    let (clock, rng) = (Clock::Manual(hands.clone()), Rng::System);
    let journal = Journal::new(clock.clone(), rng.clone());
    Accounts::new(db.clone(), journal, clock, rng, settings.clone()).await.unwrap()
}

fn person(email: &str) -> Registration {
    Registration::new("Ada Lovelace", email, PASSWORD, Some("+44 20 5550 0100")).unwrap()
}
