//! Slows down the guessing of one account's password, wherever the guesses come from.
//!
//! Each e-mail address, whether or not it has an account, has a bucket of [`BURST`] tries that fills again by one every
//! [`EVERY_S`] seconds; only wrong passwords are counted in the end. The owner of an account under attack keeps what they
//! have: refreshing a session asks for no password and passes no bucket.
//!
//! The buckets are a fixed array that addresses are hashed into, salted anew at each start: memory stays the same however
//! many addresses an attacker makes up, and none of them can push a victim's bucket out.

use std::sync::atomic::{AtomicI64, Ordering};

use marquee_kernel::{Clock, Rng};
use sha2::{Digest, Sha256};

/// Wrong passwords in a row before a wait.
pub(crate) const BURST: i64 = 10;
/// How long until the next try is let through, in seconds.
pub(crate) const EVERY_S: i64 = 30;
/// Buckets, at 8 bytes each.
const BUCKETS: usize = 262_144;

const EVERY_US: i64 = EVERY_S * 1_000_000;

/// The buckets. Each holds the instant at which it is full again (the generic cell rate algorithm), in µs since 1970.
pub(crate) struct Guesses {
    clock: Clock,
    salt: [u8; 32],
    full_at: Box<[AtomicI64]>,
}

impl Guesses {
    pub(crate) fn new(clock: Clock, rng: &Rng) -> Self {
        let full_at = std::iter::repeat_with(|| AtomicI64::new(0)).take(BUCKETS).collect();
        Self { clock, salt: rng.bytes(), full_at }
    }

    /// Takes a try for that address, or says how many seconds until there is one. Taken before the password is looked
    /// at: a thousand guesses at once must not all find the bucket full.
    pub(crate) fn admit(&self, folded: &str) -> Result<(), u64> {
        let now = self.clock.now().as_microsecond();
        let Some(bucket) = self.bucket(folded) else { return Ok(()) };
        let take = |full_at: i64| {
            let from = full_at.max(now);
            (from - now <= (BURST - 1) * EVERY_US).then_some(from + EVERY_US)
        };
        match bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(full_at) => {
                let wait_us = full_at - now - (BURST - 1) * EVERY_US;
                Err(u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000_000).max(1))
            }
        }
    }

    /// Gives a try back: the password was right, or was never looked at.
    pub(crate) fn give_back(&self, folded: &str) {
        if let Some(bucket) = self.bucket(folded) {
            bucket.fetch_sub(EVERY_US, Ordering::Relaxed);
        }
    }

    fn bucket(&self, folded: &str) -> Option<&AtomicI64> {
        let hash = Sha256::new().chain_update(self.salt).chain_update(folded).finalize();
        let number = hash.iter().take(4).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        self.full_at.get(number % BUCKETS)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use marquee_kernel::ManualClock;

    use super::*;

    fn guesses() -> (Guesses, ManualClock) {
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        (Guesses::new(Clock::Manual(hands.clone()), &Rng::seeded(1)), hands)
    }

    fn exhaust(guesses: &Guesses, email: &str) {
        for _ in 0..BURST {
            guesses.admit(email).unwrap();
        }
    }

    #[test]
    fn after_the_burst_one_try_every_while() {
        let (guesses, hands) = guesses();
        exhaust(&guesses, "ada@example.test");
        assert_eq!(guesses.admit("ada@example.test"), Err(30));
        hands.advance(SignedDuration::from_secs(29));
        assert_eq!(guesses.admit("ada@example.test"), Err(1));
        hands.advance(SignedDuration::from_secs(1));
        assert_eq!(guesses.admit("ada@example.test"), Ok(()));
        assert_eq!(guesses.admit("ada@example.test"), Err(30));
        hands.advance(SignedDuration::from_hours(24));
        exhaust(&guesses, "ada@example.test");
        assert!(guesses.admit("ada@example.test").is_err(), "a long rest must not save up more than a burst");
    }

    #[test]
    fn one_account_does_not_slow_another() {
        let (guesses, _) = guesses();
        exhaust(&guesses, "ada@example.test");
        assert_eq!(guesses.admit("bob@example.test"), Ok(()));
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let (guesses, _) = guesses();
        for _ in 0..10 * BURST {
            guesses.admit("ada@example.test").unwrap();
            guesses.give_back("ada@example.test");
        }
    }

    #[test]
    fn guesses_at_once_share_one_burst() {
        let (guesses, _) = guesses();
        let admitted = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..BURST).filter(|_| guesses.admit("ada@example.test").is_ok()).count()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(admitted, usize::try_from(BURST).unwrap());
    }
}
