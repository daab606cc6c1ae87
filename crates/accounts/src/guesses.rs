//! Slows down the guessing of one account's password, without letting a guesser lock the owner out.
//!
//! Each e-mail address, whether or not it has an account, has a bucket of [`BURST`] tries for every network they come
//! from, which fills again by one every [`EVERY_S`] seconds: who guesses from one network slows down that network alone.
//! Against guessing from many networks at once it also has one of [`ANYWHERE_BURST`] tries for all of them together,
//! filled by one every [`ANYWHERE_EVERY_S`] seconds. A network that is refused takes nothing from the common bucket, so
//! none can empty it on its own. Only wrong passwords are counted in the end, and refreshing a session asks for no
//! password and passes no bucket.
//!
//! All nodes of a shop count together, each try before its password is looked at; a node that cannot reach the others goes on
//! by what it has counted itself. What is counted for is a hash: no address leaves this process.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use marquee_http::network;
use marquee_kernel::Clock;
use marquee_kv::{Kv, Limiter, Quota, Refused};
use sha2::{Digest, Sha256};

/// Wrong passwords in a row from one network before a wait.
pub(crate) const BURST: u32 = 10;
/// How long until that network's next try is let through, in seconds.
pub(crate) const EVERY_S: u32 = 30;
/// Wrong passwords in a row from all networks together before a wait.
const ANYWHERE_BURST: u32 = 100;
/// How long until the next try from any network is let through, in seconds.
const ANYWHERE_EVERY_S: u32 = 3;
const FROM_NETWORK: Quota =
    Quota { name: "guess-here", burst: BURST, every: Duration::from_secs(EVERY_S as u64), slice: 1 };
const FROM_ANYWHERE: Quota =
    Quota { name: "guess", burst: ANYWHERE_BURST, every: Duration::from_secs(ANYWHERE_EVERY_S as u64), slice: 1 };

/// The tries left for each e-mail address.
pub(crate) struct Guesses {
    from_network: Limiter,
    from_anywhere: Limiter,
}

impl Guesses {
    pub(crate) fn new(kv: &Kv, clock: &Clock) -> Self {
        let limiter = |quota| kv.limiter(quota, clock.clone());
        Self { from_network: limiter(FROM_NETWORK), from_anywhere: limiter(FROM_ANYWHERE) }
    }

    /// Takes a try for that e-mail address from that network address, or says how many seconds until there is one.
    /// Taken before the password is looked at: a thousand guesses at once must not all find the bucket full.
    pub(crate) async fn admit(&self, folded: &str, from: Option<IpAddr>) -> Result<(), u64> {
        let there = Whom::of(&origin(from), folded);
        self.from_network.take(&there).await.map_err(wait_s)?;
        let taken = self.from_anywhere.take(&Whom::of(&[], folded)).await;
        taken.inspect_err(|_| self.from_network.give_back(&there)).map_err(wait_s)
    }

    /// Gives a try back: the password was right, or was never looked at.
    pub(crate) fn give_back(&self, folded: &str, from: Option<IpAddr>) {
        self.from_network.give_back(&Whom::of(&origin(from), folded));
        self.from_anywhere.give_back(&Whom::of(&[], folded));
    }
}

fn wait_s(Refused { retry_after_s }: Refused) -> u64 {
    retry_after_s
}

/// Whom tries are counted for.
#[derive(Hash)]
struct Whom([u8; 16]);

impl Whom {
    fn of(network: &[u8], folded: &str) -> Self {
        let hash = Sha256::new().chain_update(network).chain_update(folded).finalize();
        let mut half = [0; 16];
        half.iter_mut().zip(hash).for_each(|(to, byte)| *to = byte);
        Self(half)
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The network that a guess comes from, in bytes. Callers without an address share one.
fn origin(from: Option<IpAddr>) -> [u8; 16] {
    match from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network) {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use marquee_kernel::ManualClock;

    use super::*;

    fn guesses() -> (Guesses, ManualClock) {
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        (Guesses::new(&Kv::default(), &Clock::Manual(hands.clone())), hands)
    }

    async fn exhaust(guesses: &Guesses, email: &str) {
        for _ in 0..BURST {
            guesses.admit(email, None).await.unwrap();
        }
    }

    #[tokio::test]
    async fn after_the_burst_one_try_every_while() {
        let (guesses, hands) = guesses();
        exhaust(&guesses, "ada@example.test").await;
        assert_eq!(guesses.admit("ada@example.test", None).await, Err(30));
        hands.advance(SignedDuration::from_secs(29));
        assert_eq!(guesses.admit("ada@example.test", None).await, Err(1));
        hands.advance(SignedDuration::from_secs(1));
        assert_eq!(guesses.admit("ada@example.test", None).await, Ok(()));
        assert_eq!(guesses.admit("ada@example.test", None).await, Err(30));
        hands.advance(SignedDuration::from_hours(24));
        exhaust(&guesses, "ada@example.test").await;
        assert!(
            guesses.admit("ada@example.test", None).await.is_err(),
            "a long rest must not save up more than a burst"
        );
    }

    #[tokio::test]
    async fn one_account_does_not_slow_another() {
        let (guesses, _) = guesses();
        exhaust(&guesses, "ada@example.test").await;
        assert_eq!(guesses.admit("bob@example.test", None).await, Ok(()));
    }

    #[tokio::test]
    async fn right_passwords_cost_nothing() {
        let (guesses, _) = guesses();
        for _ in 0..2 * ANYWHERE_BURST {
            guesses.admit("ada@example.test", None).await.unwrap();
            guesses.give_back("ada@example.test", None);
        }
    }

    fn at(address: &str) -> Option<IpAddr> {
        Some(address.parse().unwrap())
    }

    #[tokio::test]
    async fn one_network_does_not_slow_another_however_long_it_guesses() {
        let (guesses, _) = guesses();
        let mut admitted = 0;
        for _ in 0..100 * BURST {
            admitted += u32::from(guesses.admit("ada@example.test", at("192.0.2.1")).await.is_ok());
        }
        assert_eq!(admitted, BURST);
        for elsewhere in [at("192.0.2.2"), at("2001:db8::1"), None] {
            assert_eq!(guesses.admit("ada@example.test", elsewhere).await, Ok(()), "{elsewhere:?}");
        }
    }

    #[test]
    fn guesses_of_one_network_count_together_and_those_of_nowhere_too() {
        assert_eq!(origin(at("192.0.2.1")), origin(at("::ffff:192.0.2.1")));
        assert_eq!(origin(at("2001:db8:0:1::1")), origin(at("2001:db8:0:1:ffff:ffff:ffff:ffff")));
        assert_ne!(origin(at("2001:db8:0:1::1")), origin(at("2001:db8:0:2::1")));
        assert_ne!(origin(None), origin(at("::1")));
    }

    #[tokio::test]
    async fn many_networks_share_a_larger_burst_and_the_refused_keep_their_own() {
        let (guesses, hands) = guesses();
        for n in 0..ANYWHERE_BURST {
            guesses.admit("ada@example.test", at(&format!("192.0.2.{n}"))).await.unwrap();
        }
        for _ in 0..2 * BURST {
            assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")).await, Err(3));
        }
        assert_eq!(guesses.admit("bob@example.test", at("198.51.100.1")).await, Ok(()));
        hands.advance(SignedDuration::from_secs(ANYWHERE_EVERY_S.into()));
        assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")).await, Ok(()));
        assert_eq!(guesses.admit("ada@example.test", at("198.51.100.1")).await, Err(3));
        guesses.give_back("ada@example.test", at("198.51.100.1"));
        assert_eq!(
            guesses.admit("ada@example.test", at("198.51.100.1")).await,
            Ok(()),
            "a right password costs neither"
        );
    }
}
