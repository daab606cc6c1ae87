//! What an account is made of.

mod person;
mod roles;

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use marquee_http::{Grant, Role};
use marquee_kernel::{Rng, SessionId, Timestamp, UserId};
use marquee_kv::Kv;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub(crate) use person::fold;
pub use person::{Email, Fault, Name, Password, Phone, Registration};
pub use roles::GRANTS_MAX;
pub(crate) use roles::{TOO_MANY_GRANTS, grants, role_of, role_word, roles};

/// How accounts are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data dir; signing keys live in its `keys/`.
    pub data_dir: PathBuf,
    /// How long an access token is good, in seconds.
    pub access_token_s: u32,
    /// How long a refresh token is good, in seconds; each refresh starts anew.
    pub refresh_token_s: u32,
    /// What hashing a password costs.
    pub hashing: Hashing,
    /// Whether wrong passwords are slowed down per account.
    pub rate_limits: bool,
    /// Where wrong passwords are counted, and who is told of sessions that ended.
    pub kv: Kv,
}

impl Settings {
    /// The defaults for a data dir: access tokens of 15 minutes, refresh tokens of 30 days.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            access_token_s: 900,
            refresh_token_s: 30 * 24 * 60 * 60,
            hashing: Hashing::default(),
            rate_limits: true,
            kv: Kv::default(),
        }
    }
}

/// What one password hash costs, and how many run at once.
#[derive(Clone, Copy, Debug)]
pub struct Hashing {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Hashes that run at the same time; others wait.
    pub parallelism: usize,
}

impl Default for Hashing {
    /// argon2id as OWASP's Password Storage Cheat Sheet asks for (19 MiB, 2 passes, 1 lane), on every core.
    fn default() -> Self {
        let parallelism = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_kib: 19_456, passes: 2, parallelism }
    }
}

/// What a person sees of their own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub user_id: UserId,
    /// What to call them.
    pub name: String,
    /// Their address, as they wrote it.
    pub email: String,
    /// What they may do beyond what every customer may, and where.
    pub grants: Vec<Grant>,
    /// When they registered.
    pub created_at: Timestamp,
}

impl Profile {
    /// Every role they have anywhere, `customer` first.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        roles(&self.grants)
    }
}

/// The list of somebody's sessions, as its cursors name it.
pub(crate) const SESSION_LIST: &str = "sessions";

/// A sign-in that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignIn {
    /// The session.
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// When they signed in.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its tokens were last made anew.
    #[schema(value_type = String, format = DateTime)]
    pub refreshed_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// All that accounts keep of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonalData {
    /// Who.
    pub user_id: UserId,
    /// What to call them.
    pub name: String,
    /// Their address, as they wrote it.
    pub email: String,
    /// Their telephone number.
    #[schema(required)]
    pub phone: Option<String>,
    /// Every role they have anywhere.
    pub roles: Vec<Role>,
    /// When they registered.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Where they are signed in, the newest first.
    pub sessions: Vec<SignIn>,
}

/// What a good sign-in or refresh hands out.
#[derive(Clone)]
pub struct Credentials {
    /// Who signed in.
    pub user_id: UserId,
    /// The access token, a JWT.
    pub access_token: String,
    /// How long it is good, in seconds.
    pub expires_in_s: u32,
    /// The refresh token; it works once.
    pub refresh_token: String,
    /// How long that is good, in seconds.
    pub refresh_expires_in_s: u32,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// A refresh token: 32 random bytes, of which the store keeps only the hash.
pub(crate) struct RefreshToken(String);

impl RefreshToken {
    pub(crate) fn mint(rng: &Rng) -> Self {
        Self(URL_SAFE_NO_PAD.encode(rng.bytes::<32>()))
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        hash_token(&self.0)
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// What stands for a token where the token itself must not be.
pub(crate) fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// `seconds` after `at`.
pub(crate) fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX)
}
