//! Randomness as a parameter: the operating system's for a server, a seeded stream for a test or a simulation.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};

/// A source of random bytes; clones of a seeded one share its stream.
#[derive(Clone, Debug, Default)]
pub enum Rng {
    /// The thread's cryptographic generator, seeded by the operating system.
    #[default]
    System,
    /// A reproducible stream.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Rng {
    /// A reproducible source for `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
            Rng::System => rand::rng().fill_bytes(&mut out),
            Rng::Seeded(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut out),
        }
        out
    }

    /// A number below `bound`, which must not be 0; the bias of one in 2^32 does not matter for jitter and samples.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        u64::from_le_bytes(self.bytes()) % bound.max(1)
    }
}
