//! Whose turn it is to write a transaction: the sessions of one process hand it on among themselves.
//!
//! The server's lock alone would do. But who has waited for it there knows nothing new when it comes, and the database would stand still until a
//! statement arrives. So a writer begins when the one before it has asked for its commit, with what has come by then, and what
//! it sends waits for the lock at the server.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

/// How long a turn is waited for: longer than a batch takes, and too short to be noticed. Past it a session goes on without, and waits
/// at the server: the turn is for speed, the lock for order.
const WAIT_MAX: Duration = Duration::from_millis(250);

/// The one turn there is.
pub(super) struct Turns {
    give: Sender<()>,
    take: Receiver<()>,
}

/// The turn, given back when it is dropped; or none, when it did not come.
pub(super) struct Turn(Option<Sender<()>>);

impl Turns {
    pub(super) fn new() -> Self {
        let (give, take) = bounded(1);
        let turns = Self { give, take };
        drop(Turn(Some(turns.give.clone())));
        turns
    }

    /// Waits for the turn.
    pub(super) fn take(&self) -> Turn {
        Turn(self.take.recv_timeout(WAIT_MAX).ok().map(|()| self.give.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(give) = &self.0 {
            // There is room: it is the only one.
            let _ = give.try_send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn there_is_one_turn_and_who_waits_gets_it_when_it_is_given_back() {
        let turns = Turns::new();
        let turn = turns.take();
        assert!(turn.0.is_some());
        // Held for too long: nobody is kept, and it is not there twice afterwards.
        let without = turns.take();
        assert!(without.0.is_none());
        drop(without);
        thread::scope(|scope| {
            let next = scope.spawn(|| {
                loop {
                    let turn = turns.take();
                    if turn.0.is_some() {
                        return turn;
                    }
                }
            });
            drop(turn);
            drop(next.join().unwrap());
        });
        let (again, none) = (turns.take(), turns.take());
        assert!(again.0.is_some() && none.0.is_none());
    }
}
