//! The default gateway: no account, no charge, and books of its own, which the nodes of one shop share.

mod controls;
mod file;
mod method;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use marquee_kernel::{BookingId, Clock, Money, RefundId, Timestamp};
use parking_lot::Mutex;
use tracing::error;

pub use self::controls::SandboxControls;
use self::file::{Entry, Kind, LedgerFile, Turn};
use self::method::Method;
use crate::error::Error;
use crate::gateway::{AuthoriseError, Authorised, Charge, ChargeState, GatewayDown, RefundAnswer};
use crate::model::later;

/// The ledger's file name in the data directory.
pub const LEDGER_FILE: &str = "sandbox-ledger.jsonl";

/// How long `pm_sandbox_slow` takes to succeed.
const SLOW: Duration = Duration::from_secs(2);
/// How long a refund is on its way.
const REFUND_SETTLES_AFTER: Duration = Duration::from_secs(1);
/// How long an authorisation may take before its outcome is unknown: `pm_sandbox_slow` fits in with room for a busy
/// machine, and a buyer who used `pm_sandbox_timeout` is answered soon.
const AUTHORISE_TIMEOUT: Duration = Duration::from_secs(4);
/// Locks the charges are spread over. A power of two.
const SHARDS: usize = 64;

/// How the sandbox behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a caller waits for an authorisation before its outcome is unknown.
    pub authorise_timeout: Duration,
    /// What every call takes, half on the way there and half on the way back.
    pub latency: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { authorise_timeout: AUTHORISE_TIMEOUT, latency: Duration::ZERO }
    }
}

/// A gateway that charges nothing; clones share its books.
#[derive(Clone, Debug)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    settings: Settings,
    controls: SandboxControls,
    books: Books,
    file: LedgerFile,
}

/// Locked in this order: the file's turn, a charge's shard, the refunds.
#[derive(Debug)]
struct Books {
    charges: [Mutex<HashMap<BookingId, Account>>; SHARDS],
    refunds: Mutex<HashMap<RefundId, Given>>,
}

/// A charge, kept small: there are millions.
#[derive(Clone, Copy, Debug)]
struct Account {
    money: Money,
    method: Method,
    state: ChargeState,
    refunded: i64,
    at: Timestamp,
}

/// A refund the sandbox accepted.
#[derive(Clone, Copy, Debug)]
struct Given {
    requested: Entry,
    settled: bool,
}

impl Sandbox {
    /// Opens the books in `data_dir`, creating them.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be read or was tampered with.
    pub fn open(data_dir: &Path, clock: Clock, settings: Settings) -> Result<Self, Error> {
        let books = Books::new();
        let file = LedgerFile::open(&data_dir.join(LEDGER_FILE), |entry| books.replay(&entry))?;
        let controls = SandboxControls::default();
        controls.set_latency(settings.latency);
        Ok(Self { inner: Arc::new(Inner { clock, settings, controls, books, file }) })
    }

    /// Every charge in the books in `data_dir`, for an audit beside or without a running server. Changes nothing.
    ///
    /// # Errors
    /// As [`Sandbox::open`].
    pub fn charges_in(data_dir: &Path) -> Result<Vec<Charge>, Error> {
        let books = Books::new();
        LedgerFile::read(&data_dir.join(LEDGER_FILE), |entry| books.replay(&entry))?;
        Ok(books.charges())
    }

    /// Every charge.
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        self.inner.books.charges()
    }

    /// The knobs for faults.
    #[must_use]
    pub fn controls(&self) -> SandboxControls {
        self.inner.controls.clone()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(crate) fn knows_token(&self, token: &str) -> bool {
        Method::of_token(token).is_some()
    }

    pub(crate) async fn authorise(
        &self,
        key: BookingId,
        money: Money,
        token: &str,
    ) -> Result<Authorised, AuthoriseError> {
        let method = Method::of_token(token).ok_or(AuthoriseError::UnknownToken)?;
        self.send().await.map_err(|GatewayDown| AuthoriseError::Unreachable)?;
        let (account, first) = self.inner.charge(key, money, method)?;
        // The charge stands from here on, whatever becomes of the answer.
        match method {
            Method::Slow if first => tokio::time::sleep(SLOW).await,
            Method::Timeout if first => std::future::pending().await,
            _ => self.receive().await,
        }
        match account.method.decline_code() {
            Some(code) => Err(AuthoriseError::Declined { code: code.to_owned() }),
            None => Ok(Authorised { at: account.at }),
        }
    }

    pub(crate) async fn capture(&self, key: BookingId) -> Result<Option<ChargeState>, GatewayDown> {
        self.send().await?;
        let state = self.inner.finish(key, Kind::Captured, ChargeState::Captured)?;
        self.receive().await;
        Ok(state)
    }

    pub(crate) async fn void(&self, key: BookingId) -> Result<Option<ChargeState>, GatewayDown> {
        self.send().await?;
        let state = self.inner.finish(key, Kind::Voided, ChargeState::Voided)?;
        self.receive().await;
        Ok(state)
    }

    pub(crate) async fn refund(
        &self,
        key: BookingId,
        refund_id: RefundId,
        money: Money,
    ) -> Result<RefundAnswer, GatewayDown> {
        self.send().await?;
        let answer = self.inner.refund(key, refund_id, money)?;
        self.receive().await;
        Ok(answer)
    }

    pub(crate) async fn refund_status(&self, refund_id: RefundId) -> Result<Option<RefundAnswer>, GatewayDown> {
        self.send().await?;
        let answer = self.inner.refund_status(refund_id)?;
        self.receive().await;
        Ok(answer)
    }

    pub(crate) async fn find(&self, key: BookingId) -> Result<Option<Charge>, GatewayDown> {
        self.send().await?;
        drop(self.inner.turn()?);
        let charge = self.inner.books.shard(key).lock().get(&key).map(|account| account.charge(key));
        self.receive().await;
        Ok(charge)
    }

    /// A request's way there.
    async fn send(&self) -> Result<(), GatewayDown> {
        self.travel().await;
        if self.inner.controls.is_down() { Err(GatewayDown) } else { Ok(()) }
    }

    /// An answer's way back.
    async fn receive(&self) {
        self.travel().await;
    }

    async fn travel(&self) {
        let half = self.inner.controls.latency() / 2;
        if !half.is_zero() {
            tokio::time::sleep(half).await;
        }
    }
}

impl Inner {
    /// The charge under `key`, and whether this call made it.
    fn charge(&self, key: BookingId, money: Money, method: Method) -> Result<(Account, bool), AuthoriseError> {
        let mut turn = self.turn().map_err(|GatewayDown| AuthoriseError::Unreachable)?;
        let mut shard = self.books.shard(key).lock();
        if let Some(known) = shard.get(&key) {
            let same = known.money == money && known.method == method;
            return if same { Ok((*known, false)) } else { Err(AuthoriseError::KeyReused) };
        }
        let state = method.outcome();
        let kind = if state == ChargeState::Declined { Kind::Declined } else { Kind::Authorised };
        let entry = Entry::new(kind, key, money, method, self.clock.now());
        write(&mut turn, &entry).map_err(|GatewayDown| AuthoriseError::Unreachable)?;
        let account = Account { money, method, state, refunded: 0, at: entry.at };
        shard.insert(key, account);
        Ok((account, true))
    }

    /// Captures or voids an authorised charge; leaves any other as it is.
    fn finish(&self, key: BookingId, kind: Kind, to: ChargeState) -> Result<Option<ChargeState>, GatewayDown> {
        let mut turn = self.turn()?;
        let mut shard = self.books.shard(key).lock();
        let Some(account) = shard.get_mut(&key) else { return Ok(None) };
        if account.state == ChargeState::Authorised {
            write(&mut turn, &Entry::new(kind, key, account.money, account.method, self.clock.now()))?;
            account.state = to;
        }
        Ok(Some(account.state))
    }

    fn refund(&self, key: BookingId, refund_id: RefundId, money: Money) -> Result<RefundAnswer, GatewayDown> {
        let refused = |reason: &str| Ok(RefundAnswer::Failed { reason: reason.to_owned() });
        let mut turn = self.turn()?;
        let mut shard = self.books.shard(key).lock();
        let Some(account) = shard.get_mut(&key) else { return refused("no such charge") };
        let mut refunds = self.books.refunds.lock();
        if let Some(given) = refunds.get_mut(&refund_id) {
            let same = given.requested.key == key && given.requested.money() == money;
            return if same {
                self.standing(&mut turn, refund_id, given)
            } else {
                refused("the refund id was used before")
            };
        }
        if self.controls.takes_refund_failure() {
            return refused("refused by the sandbox");
        }
        if account.state != ChargeState::Captured {
            return refused("the charge is not captured");
        }
        let left = account.money.amount - account.refunded;
        if money.currency != account.money.currency || !(1..=left).contains(&money.amount) {
            return refused("not an amount of what is left of the charge");
        }
        let entry = Entry::new(Kind::RefundRequested, key, money, account.method, self.clock.now());
        let requested = Entry { refund_id: Some(refund_id), ..entry };
        write(&mut turn, &requested)?;
        account.refunded += money.amount;
        refunds.insert(refund_id, Given { requested, settled: false });
        Ok(RefundAnswer::Pending)
    }

    fn refund_status(&self, refund_id: RefundId) -> Result<Option<RefundAnswer>, GatewayDown> {
        let mut turn = self.turn()?;
        let mut refunds = self.books.refunds.lock();
        refunds.get_mut(&refund_id).map(|given| self.standing(&mut turn, refund_id, given)).transpose()
    }

    /// A refund settles by time alone; that it did is written down when somebody first looks.
    fn standing(
        &self,
        turn: &mut Turn<'_>,
        refund_id: RefundId,
        given: &mut Given,
    ) -> Result<RefundAnswer, GatewayDown> {
        let now = self.clock.now();
        if !given.settled && later(given.requested.at, REFUND_SETTLES_AFTER) <= now {
            let entry = Entry { entry: Kind::RefundSettled, refund_id: Some(refund_id), at: now, ..given.requested };
            write(turn, &entry)?;
            given.settled = true;
        }
        Ok(if given.settled { RefundAnswer::Succeeded } else { RefundAnswer::Pending })
    }

    /// The books, up to date with what other processes wrote, and the right to write into them.
    fn turn(&self) -> Result<Turn<'_>, GatewayDown> {
        self.file.turn(|entry| self.books.replay(&entry)).map_err(|problem| {
            error!(error = %problem, "sandbox ledger not read");
            GatewayDown
        })
    }
}

/// What cannot be written down is not done: the caller sees a gateway that is down.
fn write(turn: &mut Turn<'_>, entry: &Entry) -> Result<(), GatewayDown> {
    turn.append(entry).map_err(|problem| {
        error!(error = %problem, "sandbox ledger not written");
        GatewayDown
    })
}

impl Books {
    fn new() -> Self {
        Self { charges: std::array::from_fn(|_| Mutex::default()), refunds: Mutex::default() }
    }

    fn shard(&self, key: BookingId) -> &Mutex<HashMap<BookingId, Account>> {
        // The last byte of an id is random.
        let [.., last] = *key.uuid().as_bytes();
        &self.charges[usize::from(last) % SHARDS]
    }

    fn charges(&self) -> Vec<Charge> {
        let of_shard = |shard: &Mutex<HashMap<BookingId, Account>>| {
            shard.lock().iter().map(|(key, account)| account.charge(*key)).collect::<Vec<_>>()
        };
        self.charges.iter().flat_map(of_shard).collect()
    }

    fn replay(&self, entry: &Entry) {
        let (mut shard, money) = (self.shard(entry.key).lock(), entry.money());
        let account = shard.entry(entry.key).or_insert(Account {
            money,
            method: entry.method,
            state: entry.method.outcome(),
            refunded: 0,
            at: entry.at,
        });
        let given = Given { requested: *entry, settled: false };
        match (entry.entry, entry.refund_id) {
            (Kind::Captured, _) => account.state = ChargeState::Captured,
            (Kind::Voided, _) => account.state = ChargeState::Voided,
            (Kind::RefundRequested, Some(refund_id)) => {
                account.refunded += money.amount;
                self.refunds.lock().insert(refund_id, given);
            }
            (Kind::RefundSettled, Some(refund_id)) => {
                self.refunds.lock().entry(refund_id).or_insert(given).settled = true;
            }
            (Kind::Authorised | Kind::Declined | Kind::RefundRequested | Kind::RefundSettled, _) => {}
        }
    }
}

impl Account {
    fn charge(&self, key: BookingId) -> Charge {
        Charge {
            key,
            amount: self.money,
            state: self.state,
            decline_code: self.method.decline_code().map(str::to_owned),
            refunded: self.refunded,
            at: self.at,
        }
    }
}
