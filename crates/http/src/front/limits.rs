//! Rate limits: how often one address and one account may call.

use std::time::Duration;

use marquee_kernel::{Clock, Code, UserId};
use marquee_kv::{Kv, Limiter, Quota, Refused};

use super::address::{ClientAddress, network};
use crate::Problem;

/// Calls an address may make, 300 a second: many phones share one behind a carrier's gateway.
const ADDRESSES: Quota = Quota { name: "address", burst: 600, every: Duration::from_nanos(3_333_333), slice: 32 };
/// Calls an account may make, 30 a second.
const ACCOUNTS: Quota = Quota { name: "account", burst: 90, every: Duration::from_nanos(33_333_333), slice: 8 };
/// Calls of the sign-in family an address may make, 60 a minute: passwords are guessed here.
const SIGN_INS: Quota = Quota { name: "sign-in", burst: 30, every: Duration::from_secs(1), slice: 1 };

/// The limiters, shared by all connections.
#[derive(Debug)]
pub struct RateLimits {
    addresses: Limiter,
    sign_ins: Limiter,
    accounts: Limiter,
}

impl RateLimits {
    /// Limits that all nodes of `kv` count together.
    #[must_use]
    pub fn new(kv: &Kv, clock: &Clock) -> Self {
        let limiter = |quota| kv.limiter(quota, clock.clone());
        Self { addresses: limiter(ADDRESSES), sign_ins: limiter(SIGN_INS), accounts: limiter(ACCOUNTS) }
    }

    /// Never waits: most calls are answered from memory in less time than Redis takes.
    pub(crate) fn check_address(&self, ClientAddress(address): ClientAddress) -> Result<(), Problem> {
        self.addresses.count(&network(address)).map_err(problem)
    }

    pub(crate) async fn check_sign_in(&self, ClientAddress(address): ClientAddress) -> Result<(), Problem> {
        self.sign_ins.take(&network(address)).await.map_err(problem)
    }

    /// Never waits.
    pub(crate) fn check_account(&self, user_id: UserId) -> Result<(), Problem> {
        self.accounts.count(&user_id).map_err(problem)
    }
}

fn problem(Refused { retry_after_s }: Refused) -> Problem {
    Problem::new(Code::RateLimited, "Too many requests; wait as Retry-After says.").retry_after(retry_after_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_guessing_address_is_stopped_and_told_when_to_come_back() {
        let limits = RateLimits::new(&Kv::default(), &Clock::System);
        let at = |address: &str| ClientAddress(address.parse().unwrap());
        let mut refused = None;
        for n in 0..=SIGN_INS.burst {
            refused = refused.or(limits.check_sign_in(at(&format!("2001:db8::{n:x}"))).await.err());
        }
        assert_eq!(refused.unwrap().code(), Code::RateLimited);
        assert!(limits.check_address(at("2001:db8::1")).is_ok());
        assert!(limits.check_sign_in(at("192.0.2.1")).await.is_ok());
    }
}
