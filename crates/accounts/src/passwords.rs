//! Password hashes: argon2id (RFC 9106), off the async threads, a bounded number at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use marquee_kernel::Rng;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::error;

use crate::error::{Error, Result};
use crate::meters;
use crate::model::{Hashing, Password};

/// Passwords waiting to be hashed before a caller is told to come back: two seconds of work on two cores.
pub const HASH_QUEUE_MAX: usize = 256;
/// Lanes of one hash: more would spread it over cores that others wait for.
const LANES: u32 = 1;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// What a password is checked against when there is no account, so that the answer takes as long.
    decoy: Arc<PasswordHash>,
    rng: Rng,
    pub(crate) waiting: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Passwords {
    /// Hashes one password to have a decoy: call it where that may take a while.
    pub(crate) fn new(cost: Hashing, rng: Rng) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, LANES, None).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = argon2.hash_password_with_salt(&rng.bytes::<32>(), &rng.bytes::<16>()).map_err(failed)?;
        let running = cost.parallelism.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            argon2,
            decoy: Arc::new(decoy),
            rng,
            waiting: Arc::new(Semaphore::new(HASH_QUEUE_MAX.saturating_add(running).min(Semaphore::MAX_PERMITS))),
            running: Arc::new(Semaphore::new(running)),
        })
    }

    /// The hash to store, in PHC form.
    pub(crate) async fn hash(&self, password: Password) -> Result<String> {
        let (argon2, salt) = (self.argon2.clone(), self.rng.bytes::<16>());
        let hash = self.run(move || argon2.hash_password_with_salt(password.as_bytes(), &salt)).await?;
        hash.map(|hash| hash.to_string()).map_err(failed)
    }

    /// Whether `password` is the one that was hashed. Without an account (`None`) it is not, after the same work.
    pub(crate) async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool> {
        let stored = stored.and_then(|stored| match PasswordHash::new(&stored) {
            Ok(hash) => Some(Arc::new(hash)),
            Err(error) => {
                error!(error = %error, "stored password hash unreadable");
                None
            }
        });
        let (argon2, known) = (self.argon2.clone(), stored.is_some());
        let against = stored.unwrap_or_else(|| self.decoy.clone());
        let same = self.run(move || argon2.verify_password(password.as_bytes(), &*against).is_ok()).await?;
        Ok(same && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| Error::HashQueueFull)?;
        let turn = self.running.clone().acquire_owned().await.map_err(failed)?;
        // The permits go with the work: a client that hangs up does not make room for another hash beside this one.
        let held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
        let done = tokio::task::spawn_blocking(move || {
            let started = std::time::Instant::now();
            let done = work();
            meters::hashed(started.elapsed());
            drop(held);
            done
        });
        done.await.map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Hashing(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(parallelism: usize) -> Passwords {
        Passwords::new(Hashing { memory_kib: 8, passes: 1, parallelism }, Rng::seeded(1)).unwrap()
    }

    fn word(text: &str) -> Password {
        Password::offered(text)
    }

    #[tokio::test]
    async fn only_the_same_password_matches_and_equal_passwords_hash_apart() {
        let passwords = cheap(2);
        let hash = passwords.hash(word("correct horse")).await.unwrap();
        assert!(passwords.verify(word("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(word("correct horsf"), Some(hash.clone())).await.unwrap());
        assert_ne!(hash, passwords.hash(word("correct horse")).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_and_an_unreadable_hash_match_nothing() {
        let passwords = cheap(2);
        assert!(!passwords.verify(word("correct horse"), None).await.unwrap());
        assert!(!passwords.verify(word("correct horse"), Some("plain".to_owned())).await.unwrap());
    }

    /// The decoy costs what a real hash costs: the same algorithm, version and parameters.
    #[tokio::test]
    async fn the_decoy_is_hashed_like_everybody_elses() {
        let passwords = Passwords::new(Hashing { memory_kib: 64, passes: 3, parallelism: 1 }, Rng::seeded(1)).unwrap();
        let real = passwords.hash(word("correct horse")).await.unwrap();
        let prefix = |hash: &str| hash.rsplitn(3, '$').last().unwrap().to_owned();
        assert_eq!(prefix(&real), "$argon2id$v=19$m=64,t=3,p=1");
        assert_eq!(prefix(&passwords.decoy.to_string()), prefix(&real));
    }

    #[test]
    fn the_defaults_are_owasps() {
        let cost = Hashing::default();
        assert_eq!((cost.memory_kib, cost.passes), (19_456, 2));
        assert!(cost.parallelism >= 1);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_drains() {
        let passwords = Arc::new(cheap(1));
        let turn = passwords.running.clone().acquire_owned().await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..=HASH_QUEUE_MAX {
            let passwords = passwords.clone();
            waiting.spawn(async move { passwords.hash(word("correct horse")).await });
        }
        while passwords.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.hash(word("one too many")).await, Err(Error::HashQueueFull)));
        drop(turn);
        while let Some(hashed) = waiting.join_next().await {
            assert!(hashed.unwrap().is_ok());
        }
        assert!(passwords.hash(word("room again")).await.is_ok());
    }
}
