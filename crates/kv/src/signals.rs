//! The word between nodes that something has changed.
//!
//! It says nothing of what: whoever hears it looks at the record, which has everything in order. So no word carries anything
//! that could be lost with it, many at once are as good as one, and who may have missed some looks once.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{Heard, Link};

/// What a node says.
const CHANGED: &str = "changed";

/// Tells every node, this one too, that something has changed. Clones speak and hear together.
#[derive(Clone)]
pub enum Signals {
    /// Within this process.
    Memory(Arc<watch::Sender<u64>>),
    /// Over Redis.
    Redis {
        /// Here at once, whatever Redis does.
        here: Arc<watch::Sender<u64>>,
        /// Wakes whoever speaks to the other nodes: what is told meanwhile goes with the next word.
        speak: Arc<Notify>,
    },
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signals")
    }
}

impl Default for Signals {
    fn default() -> Self {
        Self::Memory(Arc::new(watch::Sender::new(0)))
    }
}

impl Signals {
    /// Signals over `link`, until `stop`.
    pub(crate) fn over(link: &Arc<Link>, stop: &CancellationToken) -> Self {
        let (here, speak) = (Arc::new(watch::Sender::new(0)), Arc::new(Notify::new()));
        let (link_to_hear, heard, stopped) = (link.clone(), here.clone(), stop.clone());
        tokio::spawn(async move {
            // Who begins to hear may have missed something: that is a word, too.
            let listen = link_to_hear.listen(|word| match word {
                Heard::Begins | Heard::Says(_) => bump(&heard),
            });
            stopped.run_until_cancelled(listen).await;
        });
        let (link, wanted, stopped) = (link.clone(), speak.clone(), stop.clone());
        tokio::spawn(async move {
            let say = async {
                let mut command = redis::cmd("PUBLISH");
                command.arg(link.channel()).arg(CHANGED);
                loop {
                    wanted.notified().await;
                    // A word that does not get through is made good by whoever looks anyway.
                    let _ = link.call::<i64>(&command).await;
                }
            };
            stopped.run_until_cancelled(say).await;
        });
        Self::Redis { here, speak }
    }

    /// Tells every node. Call it when what has changed can be read.
    pub fn tell(&self) {
        match self {
            Signals::Memory(here) => bump(here),
            Signals::Redis { here, speak } => {
                bump(here);
                speak.notify_one();
            }
        }
    }

    /// Hears everything that is told from now on.
    #[must_use]
    pub fn listen(&self) -> Ears {
        let (Signals::Memory(here) | Signals::Redis { here, .. }) = self;
        Ears { heard: here.subscribe(), _speaker: self.clone() }
    }
}

fn bump(count: &watch::Sender<u64>) {
    count.send_modify(|count| *count = count.wrapping_add(1));
}

/// Hears what is told.
#[derive(Debug)]
pub struct Ears {
    heard: watch::Receiver<u64>,
    /// There is somebody to listen to for as long as somebody listens.
    _speaker: Signals,
}

impl Ears {
    /// Waits until something was told, or may have been, since the last time this returned.
    pub async fn heard(&mut self) {
        // The speaker lives as long as these ears: there is always a next word to wait for.
        let _ = self.heard.changed().await;
    }
}
