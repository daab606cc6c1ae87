//! What happened, as it is written down.

use std::fmt;

use marquee_db::{Later, Result, Row, Tx};
use marquee_kernel::{Clock, EventId, Rng, ShowId, UserId};

use crate::store::{self, Head};

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
        self.open(tx)?.append(tx, events)
    }

    /// Asks where the journal ends, once for all that the transaction will append: until it ends, nobody else appends. Asked early, the
    /// answer is there when it is wanted.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(&self, tx: &mut Tx<'_>) -> Result<Pen> {
        Ok(Pen { journal: self.clone(), end: End::Asked(store::ask_head(tx)?) })
    }
}

/// Appends to a journal that was opened, in the transaction that opened it, and in no other.
#[derive(Debug)]
pub struct Pen {
    journal: Journal,
    end: End,
}

/// Where the journal ends.
#[derive(Debug)]
enum End {
    Asked(Later<Vec<Row>>),
    Known(Head),
}

impl Pen {
    /// As [`Journal::append`].
    ///
    /// # Errors
    /// What the database says.
    pub fn append(&mut self, tx: &mut Tx<'_>, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let mut end = match &self.end {
            End::Asked(later) => store::head_of(tx, later)?,
            End::Known(head) => *head,
        };
        let Journal { clock, rng } = &self.journal;
        let ids = events.iter().map(|_| EventId::mint(clock, rng));
        store::append(tx, &mut end, clock.now(), ids.zip(events))?;
        self.end = End::Known(end);
        Ok(())
    }
}
