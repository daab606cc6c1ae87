//! Rate limits: how often one address and one account may call (GCRA, by the governor crate).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use marquee_kernel::{Code, UserId};
use tokio::task::JoinHandle;

use super::address::{ClientAddress, network};
use crate::Problem;

/// Calls an address may make: many phones share one behind a carrier's gateway.
const ADDRESS_PER_S: u32 = 300;
const ADDRESS_BURST: u32 = 600;
/// Calls an account may make.
const ACCOUNT_PER_S: u32 = 30;
const ACCOUNT_BURST: u32 = 90;
/// Calls of the sign-in family an address may make: passwords are guessed here.
const SIGN_IN_PER_MINUTE: u32 = 60;
const SIGN_IN_BURST: u32 = 30;
/// How often keys that are back at rest are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The limiters, shared by all connections.
#[derive(Debug)]
pub struct RateLimits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    sign_ins: DefaultKeyedRateLimiter<IpAddr>,
    accounts: DefaultKeyedRateLimiter<UserId>,
    clock: DefaultClock,
}

impl Default for RateLimits {
    fn default() -> Self {
        let quota =
            |per: fn(NonZeroU32) -> Quota, rate, burst| per(at_least_one(rate)).allow_burst(at_least_one(burst));
        Self {
            addresses: RateLimiter::keyed(quota(Quota::per_second, ADDRESS_PER_S, ADDRESS_BURST)),
            sign_ins: RateLimiter::keyed(quota(Quota::per_minute, SIGN_IN_PER_MINUTE, SIGN_IN_BURST)),
            accounts: RateLimiter::keyed(quota(Quota::per_second, ACCOUNT_PER_S, ACCOUNT_BURST)),
            clock: DefaultClock::default(),
        }
    }
}

fn at_least_one(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)
}

impl RateLimits {
    /// Starts forgetting keys that are back at rest, so that the tables stay as small as the traffic.
    pub fn start_forgetting(self: Arc<Self>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(FORGET_EVERY);
            loop {
                tick.tick().await;
                self.addresses.retain_recent();
                self.sign_ins.retain_recent();
                self.accounts.retain_recent();
            }
        })
    }

    pub(crate) fn check_address(&self, ClientAddress(address): ClientAddress) -> Result<(), Problem> {
        self.check(&self.addresses, &network(address))
    }

    pub(crate) fn check_sign_in(&self, ClientAddress(address): ClientAddress) -> Result<(), Problem> {
        self.check(&self.sign_ins, &network(address))
    }

    pub(crate) fn check_account(&self, user_id: UserId) -> Result<(), Problem> {
        self.check(&self.accounts, &user_id)
    }

    fn check<K: Clone + Eq + std::hash::Hash>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Problem> {
        limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Problem::new(Code::RateLimited, "Too many requests; wait as Retry-After says.").retry_after(seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessing_address_is_stopped_and_told_when_to_come_back() {
        let limits = RateLimits::default();
        let at = |address: &str| ClientAddress(address.parse().unwrap());
        let refused = (0..=SIGN_IN_BURST).find_map(|n| limits.check_sign_in(at(&format!("2001:db8::{n:x}"))).err());
        assert_eq!(refused.unwrap().code(), Code::RateLimited);
        assert!(limits.check_address(at("2001:db8::1")).is_ok());
        assert!(limits.check_sign_in(at("192.0.2.1")).is_ok());
    }
}
