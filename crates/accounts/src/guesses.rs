//! Slows down the guessing of one account's password, without letting a guesser lock the owner out.
//!
//! Each e-mail address, whether or not it has an account, has a bucket of [`BURST`] tries for every network they come
//! from, which fills again by one every [`EVERY_S`] seconds: who guesses from one network slows down that network alone.
//! Against guessing from many networks at once it also has one of [`ANYWHERE_BURST`] tries for all of them together,
//! filled by one every [`ANYWHERE_EVERY_S`] seconds. A network that is refused takes nothing from the common bucket, so
//! none can empty it on its own. Only wrong passwords are counted in the end, and refreshing a session asks for no
//! password and passes no bucket.
//!
//! The buckets are fixed arrays that addresses are hashed into, salted anew at each start: memory stays the same however
//! many addresses an attacker makes up, and none of them can push a victim's bucket out.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};

use marquee_http::network;
use marquee_kernel::{Clock, Rng};
use sha2::{Digest, Sha256};

/// Wrong passwords in a row from one network before a wait.
pub(crate) const BURST: i64 = 10;
/// How long until that network's next try is let through, in seconds.
pub(crate) const EVERY_S: i64 = 30;
/// Wrong passwords in a row from all networks together before a wait.
const ANYWHERE_BURST: i64 = 100;
/// How long until the next try from any network is let through, in seconds.
const ANYWHERE_EVERY_S: i64 = 3;
/// Buckets of each kind, at 8 bytes each.
const BUCKETS: usize = 262_144;

/// The tries left for each e-mail address.
pub(crate) struct Guesses {
    clock: Clock,
    salt: [u8; 32],
    from_network: Buckets,
    from_anywhere: Buckets,
}

impl Guesses {
    pub(crate) fn new(clock: Clock, rng: &Rng) -> Self {
        let (from_network, from_anywhere) =
            (Buckets::new(BURST, EVERY_S), Buckets::new(ANYWHERE_BURST, ANYWHERE_EVERY_S));
        Self { clock, salt: rng.bytes(), from_network, from_anywhere }
    }

    /// Takes a try for that e-mail address from that network address, or says how many seconds until there is one.
    /// Taken before the password is looked at: a thousand guesses at once must not all find the bucket full.
    pub(crate) fn admit(&self, folded: &str, from: Option<IpAddr>) -> Result<(), u64> {
        let now_us = self.clock.now().as_microsecond();
        let there = self.number(&origin(from), folded);
        self.from_network.take(there, now_us)?;
        self.from_anywhere.take(self.number(&[], folded), now_us).inspect_err(|_| self.from_network.give_back(there))
    }

    /// Gives a try back: the password was right, or was never looked at.
    pub(crate) fn give_back(&self, folded: &str, from: Option<IpAddr>) {
        self.from_network.give_back(self.number(&origin(from), folded));
        self.from_anywhere.give_back(self.number(&[], folded));
    }

    fn number(&self, network: &[u8], folded: &str) -> usize {
        let hash = Sha256::new().chain_update(self.salt).chain_update(network).chain_update(folded).finalize();
        hash.iter().take(4).fold(0_usize, |number, byte| number << 8 | usize::from(*byte)) % BUCKETS
    }
}

/// The network that a guess comes from, in bytes. Callers without an address share one.
fn origin(from: Option<IpAddr>) -> [u8; 16] {
    match from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network) {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Buckets of one size. Each holds the instant at which it is full again (the generic cell rate algorithm), in µs since
/// 1970.
struct Buckets {
    burst: i64,
    every_us: i64,
    full_at: Box<[AtomicI64]>,
}

impl Buckets {
    fn new(burst: i64, every_s: i64) -> Self {
        let full_at = std::iter::repeat_with(|| AtomicI64::new(0)).take(BUCKETS).collect();
        Self { burst, every_us: every_s * 1_000_000, full_at }
    }

    fn take(&self, number: usize, now_us: i64) -> Result<(), u64> {
        let Some(bucket) = self.full_at.get(number) else { return Ok(()) };
        let most_us = (self.burst - 1) * self.every_us;
        let take = |full_at: i64| {
            let from = full_at.max(now_us);
            (from - now_us <= most_us).then_some(from + self.every_us)
        };
        match bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(full_at) => {
                let wait_us = full_at - now_us - most_us;
                Err(u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000_000).max(1))
            }
        }
    }

    fn give_back(&self, number: usize) {
        if let Some(bucket) = self.full_at.get(number) {
            bucket.fetch_sub(self.every_us, Ordering::Relaxed);
        }
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
            guesses.admit(email, None).unwrap();
        }
    }

    #[test]
    fn after_the_burst_one_try_every_while() {
        let (guesses, hands) = guesses();
        exhaust(&guesses, "ada@example.test");
        assert_eq!(guesses.admit("ada@example.test", None), Err(30));
        hands.advance(SignedDuration::from_secs(29));
        assert_eq!(guesses.admit("ada@example.test", None), Err(1));
        hands.advance(SignedDuration::from_secs(1));
        assert_eq!(guesses.admit("ada@example.test", None), Ok(()));
        assert_eq!(guesses.admit("ada@example.test", None), Err(30));
        hands.advance(SignedDuration::from_hours(24));
        exhaust(&guesses, "ada@example.test");
        assert!(guesses.admit("ada@example.test", None).is_err(), "a long rest must not save up more than a burst");
    }

    #[test]
    fn one_account_does_not_slow_another() {
        let (guesses, _) = guesses();
        exhaust(&guesses, "ada@example.test");
        assert_eq!(guesses.admit("bob@example.test", None), Ok(()));
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let (guesses, _) = guesses();
        for _ in 0..2 * ANYWHERE_BURST {
            guesses.admit("ada@example.test", None).unwrap();
            guesses.give_back("ada@example.test", None);
        }
    }

    #[test]
    fn guesses_at_once_share_one_burst() {
        let (guesses, _) = guesses();
        let admitted = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..BURST).filter(|_| guesses.admit("ada@example.test", None).is_ok()).count()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(admitted, usize::try_from(BURST).unwrap());
    }

    fn at(address: &str) -> Option<IpAddr> {
        Some(address.parse().unwrap())
    }

    #[test]
    fn one_network_does_not_slow_another_however_long_it_guesses() {
        let (guesses, _) = guesses();
        let admitted = (0..100 * BURST).filter(|_| guesses.admit("ada@example.test", at("192.0.2.1")).is_ok()).count();
        assert_eq!(admitted, usize::try_from(BURST).unwrap());
        for elsewhere in [at("192.0.2.2"), at("2001:db8::1"), None] {
            assert_eq!(guesses.admit("ada@example.test", elsewhere), Ok(()), "{elsewhere:?}");
        }
    }

    #[test]
    fn guesses_of_one_network_count_together_and_those_of_nowhere_too() {
        assert_eq!(origin(at("192.0.2.1")), origin(at("::ffff:192.0.2.1")));
        assert_eq!(origin(at("2001:db8:0:1::1")), origin(at("2001:db8:0:1:ffff:ffff:ffff:ffff")));
        assert_ne!(origin(at("2001:db8:0:1::1")), origin(at("2001:db8:0:2::1")));
        assert_ne!(origin(None), origin(at("::1")));
    }

    #[test]
    fn many_networks_share_a_larger_burst_and_the_refused_keep_their_own() {
        let (guesses, hands) = guesses();
        for n in 0..ANYWHERE_BURST {
            guesses.admit("ada@example.test", at(&format!("192.0.2.{n}"))).unwrap();
        }
        for _ in 0..2 * BURST {
            assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")), Err(3));
        }
        assert_eq!(guesses.admit("bob@example.test", at("198.51.100.1")), Ok(()));
        hands.advance(SignedDuration::from_secs(ANYWHERE_EVERY_S));
        assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")), Ok(()));
        assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")), Err(3));
        guesses.give_back("ada@example.test", at("198.51.100.1"));
        assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")), Ok(()), "a right password costs neither");
    }
}
