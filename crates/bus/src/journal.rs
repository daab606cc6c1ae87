//! What happened, as it is written down.

use std::fmt;

use marquee_db::{Result, Tx};
use marquee_kernel::{Clock, EventId, Rng, ShowId, UserId};

use crate::store;

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, by their account.
    User(UserId),
    /// Marquee itself: sweepers, reconcilers, the command line.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::User(user_id) => write!(f, "user:{user_id}"),
            Actor::System => f.write_str("system"),
        }
    }
}

/// One change of state, in the past tense.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened, such as `BookingConfirmed`.
    pub kind: &'static str,
    /// Who did it.
    pub actor: Actor,
    /// The show it concerns; events of one show keep their order wherever they are relayed.
    pub show_id: Option<ShowId>,
    /// The id of what changed.
    pub subject: String,
    /// Ids, amounts, old and new values; never personal data, never a secret.
    pub payload: serde_json::Value,
}

/// Appends to the journal.
#[derive(Clone, Debug)]
pub struct Journal {
    clock: Clock,
    rng: Rng,
}

impl Journal {
    /// A journal whose entries are stamped by `clock`.
    #[must_use]
    pub fn new(clock: Clock, rng: Rng) -> Self {
        Self { clock, rng }
    }

    /// Appends `events` in the transaction that makes the changes they tell of: both are durable, or neither is.
    ///
    /// # Errors
    /// What the database says.
    pub fn append(&self, tx: &mut Tx<'_>, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let at = self.clock.now();
        let ids = events.iter().map(|_| EventId::mint(&self.clock, &self.rng));
        store::append(tx, at, ids.zip(events))
    }
}
