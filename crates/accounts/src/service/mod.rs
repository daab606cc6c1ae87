//! The use cases of accounts.

mod administration;
mod check;
mod own_data;
mod sign_in;

use std::sync::Arc;

use marquee_bus::{Actor, Event, Journal};
use marquee_db::{Db, Tx};
use marquee_http::{Authenticate, Caller, Problem};
use marquee_kernel::{Clock, Code, Rng, SessionId, Timestamp, UserId};
use serde_json::json;
use tracing::debug;

use crate::error::{Error, Result};
use crate::guesses::Guesses;
use crate::keys::{Jwks, KeyRing};
use crate::meters;
use crate::model::{Profile, RefreshToken, Settings, later};
use crate::passwords::Passwords;
use crate::store::{self, Revoked, Session};
use crate::tokens::Tokens;

pub use self::check::{check, staffed_cinemas};

/// The word for the caller's own id in paths.
const ME: &str = "me";

/// Accounts: who people are, what they may do, and the tokens that say so. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    parts: Arc<Parts>,
}

struct Parts {
    db: Db,
    journal: Journal,
    clock: Clock,
    rng: Rng,
    settings: Settings,
    passwords: Passwords,
    tokens: Tokens,
    guesses: Option<Guesses>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

impl Accounts {
    /// Opens the accounts of a database: reads the signing keys, making the first, and the revocations still in force.
    ///
    /// # Errors
    /// [`Error::Keys`], [`Error::Hashing`] for parameters argon2 does not take, [`Error::Db`].
    pub async fn new(db: Db, journal: Journal, clock: Clock, rng: Rng, settings: Settings) -> Result<Self> {
        meters::describe();
        let (now, opening, seed) = (clock.now(), settings.clone(), rng.clone());
        // Hashing the decoy and syncing a key file take their time: not on an async thread.
        let opened = blocking(move || {
            let ring = KeyRing::open(&opening.data_dir, opening.access_token_s, now, &seed)?;
            Ok((ring, Passwords::new(opening.hashing, seed)?))
        });
        let (ring, passwords) = opened.await?;
        let tokens = Tokens::new(ring, &settings, clock.clone(), rng.clone());
        let guesses = settings.rate_limits.then(|| Guesses::new(&settings.kv, &clock));
        let parts = Parts { db, journal, clock, rng, settings, passwords, tokens, guesses };
        let accounts = Self { parts: Arc::new(parts) };
        accounts.read_revocations().await?;
        Ok(accounts)
    }

    /// Who holds a bearer token. Never waits: neither for a disk nor, after a token's first time, for a signature check.
    ///
    /// # Errors
    /// `unauthenticated`, the same whatever is wrong with it.
    pub fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        self.parts.tokens.verify(token).map_err(|refusal| {
            debug!(?refusal, "access token refused");
            Problem::new(Code::Unauthenticated, "The access token is not valid any more; refresh it or sign in.")
        })
    }

    /// [`Accounts::authenticate`] as the front of the house takes it.
    #[must_use]
    pub fn authenticator(&self) -> Authenticate {
        let accounts = self.clone();
        Arc::new(move |token| accounts.authenticate(token))
    }

    /// Whose path `segment` is: `me` and the caller's own id are the caller; everybody else does not exist.
    ///
    /// # Errors
    /// `user_not_found`.
    pub fn resolve_user(&self, caller: &Caller, segment: &str) -> Result<UserId, Problem> {
        let own = segment == ME || segment.parse() == Ok(caller.user_id);
        if own { Ok(caller.user_id) } else { Err(Error::UserNotFound.into()) }
    }

    /// Whether somebody has that id.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn exists(&self, user_id: UserId) -> Result<bool> {
        self.parts.db.read(move |tx| Ok(store::user(tx, user_id)?.is_some())).await
    }

    /// What somebody sees of their own account.
    ///
    /// # Errors
    /// [`Error::UserNotFound`], [`Error::Db`].
    pub async fn profile(&self, user_id: UserId) -> Result<Profile> {
        let read = move |tx: &mut Tx<'_>| {
            let user = store::user(tx, user_id)?.ok_or(Error::UserNotFound)?;
            let grants = store::grants(tx, user_id)?;
            Ok(Profile {
                user_id: user.user_id,
                name: user.name,
                email: user.email,
                grants,
                created_at: user.created_at,
            })
        };
        self.parts.db.read(read).await
    }

    /// What is kept in memory, by name with its number of entries, for the metrics page.
    #[must_use]
    pub fn cache_entries(&self) -> [(&'static str, u64); 2] {
        let (verified, revoked) = self.parts.tokens.remembered();
        [("verified_tokens", verified), ("revoked_sessions", revoked)]
    }

    pub(crate) fn public_keys(&self) -> Jwks {
        self.parts.tokens.public_keys()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.parts.db
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Takes note of sessions revoked by other processes (the command line), and forgets what no longer matters.
    pub(crate) async fn read_revocations(&self) -> Result<()> {
        let now = self.parts.clock.now();
        let revoked = self.parts.db.read(move |tx| store::revoked_sessions(tx, now)).await?;
        self.refuse_tokens_of(&revoked);
        self.parts.tokens.forget_expired();
        Ok(())
    }

    /// Takes another look at the signing keys: another process may have rotated them.
    pub(crate) async fn read_keys(&self) -> Result<()> {
        let (settings, now, rng) = (self.parts.settings.clone(), self.parts.clock.now(), self.parts.rng.clone());
        let ring = blocking(move || KeyRing::open(&settings.data_dir, settings.access_token_s, now, &rng)).await?;
        self.parts.tokens.replace_ring(ring);
        Ok(())
    }

    /// Deletes the files of keys that verify nothing any more.
    pub(crate) async fn delete_retired_keys(&self) -> Result<usize> {
        let (ring, now) = (self.parts.tokens.ring(), self.parts.clock.now());
        blocking(move || ring.delete_retired(now)).await
    }

    pub(crate) fn refuse_tokens_of(&self, revoked: &[Revoked]) {
        for session in revoked {
            self.parts.tokens.revoke(session.session_id, session.access_expires_at);
        }
    }

    /// Refuses the tokens of sessions that were revoked here, and has every node do so.
    pub(crate) fn end_sessions(&self, revoked: &[Revoked]) {
        self.refuse_tokens_of(revoked);
        if !revoked.is_empty() {
            self.parts.settings.kv.signals().tell();
        }
    }

    /// Refuses the tokens of a session that was revoked somewhere.
    pub(crate) fn end_session(&self, session_id: SessionId) {
        // None that was signed before the revocation expires later.
        self.parts.tokens.revoke(session_id, self.parts.tokens.expiry(self.parts.clock.now()));
    }
}

/// Work that may wait for a disk or a core, where that disturbs nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Db(marquee_db::Error::Closed))?
}

/// Why a session was revoked, for the journal.
#[derive(Clone, Copy)]
enum Reason {
    SignedOut,
    TokenReused,
    RoleTaken,
    PasswordChanged,
    AccountErased,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Reason::SignedOut => "signed_out",
            Reason::TokenReused => "token_reused",
            Reason::RoleTaken => "role_taken",
            Reason::PasswordChanged => "password_changed",
            Reason::AccountErased => "account_erased",
        }
    }
}

fn user_registered(user_id: UserId, actor: Actor) -> Event {
    Event { kind: "UserRegistered", actor, show_id: None, subject: user_id.to_string(), payload: json!({}) }
}

fn signed_in(session_id: SessionId, user_id: UserId) -> Event {
    let (actor, payload) = (Actor::User(user_id), json!({"user_id": user_id}));
    Event { kind: "SignedIn", actor, show_id: None, subject: session_id.to_string(), payload }
}

fn session_revoked(revoked: &Revoked, actor: Actor, reason: Reason) -> Event {
    let payload = json!({"user_id": revoked.user_id, "reason": reason.word()});
    Event { kind: "SessionRevoked", actor, show_id: None, subject: revoked.session_id.to_string(), payload }
}

/// A session about to be opened, and the first refresh token of it.
struct Opening {
    session: Session,
    refresh_token: RefreshToken,
}

impl Parts {
    fn opening(&self, user_id: UserId) -> Opening {
        let now = self.clock.now();
        let session = Session {
            session_id: SessionId::mint(&self.clock, &self.rng),
            user_id,
            created_at: now,
            expires_at: later(now, self.settings.refresh_token_s),
            access_expires_at: self.tokens.expiry(now),
        };
        Opening { session, refresh_token: RefreshToken::mint(&self.rng) }
    }
}

/// Writes a session, its first refresh token and the event down.
fn open_session(tx: &mut Tx<'_>, journal: &Journal, session: &Session, token_hash: [u8; 32]) -> Result<()> {
    store::insert_session(tx, session)?;
    store::insert_refresh_token(tx, token_hash, session.session_id, session.expires_at)?;
    journal.append(tx, &[signed_in(session.session_id, session.user_id)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Password;
    use crate::tests::{PASSWORD, Shop};

    /// That somebody has an account must not show in how long a refusal takes: both go the way of the hash.
    #[tokio::test]
    async fn an_address_without_an_account_is_hashed_for_like_any_other() {
        let shop = Shop::open().await;
        shop.register("ada@example.test").await;
        let passwords = &shop.accounts.parts.passwords;
        let places = u32::try_from(passwords.waiting.available_permits()).unwrap();
        let all = Arc::clone(&passwords.waiting).acquire_many_owned(places).await.unwrap();
        for email in ["ada@example.test", "nobody@example.test", "no address at all"] {
            let refused = shop.accounts.sign_in(email, Password::offered(PASSWORD), None).await;
            assert!(matches!(refused, Err(Error::HashQueueFull)), "{email}");
        }
        drop(all);
        shop.sign_in("ada@example.test").await.unwrap();
    }
}
