//! A watcher's stream of bytes (HTML living standard, section 9.2: server-sent events).

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::error::RecvError;

use super::Watcher;

/// How often a quiet stream says that it is alive, so that no proxy takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment, which clients skip.
const HEARTBEAT_TEXT: &[u8] = b":\n\n";

/// What the watcher is sent, until they go or the server stops.
pub(crate) fn stream(watcher: Watcher) -> impl Stream<Item = Result<Bytes, Infallible>> {
    unfold(watcher, |mut watcher| async move {
        let bytes = watcher.next().await?;
        Some((Ok(bytes), watcher))
    })
}

impl Watcher {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.stop.is_cancelled() {
                return None;
            }
            if let Some(frame) = self.first.pop_front() {
                self.seen = frame.version;
                return Some(frame.text);
            }
            let stop = self.stop.clone();
            let heartbeat = pin!(tokio::time::sleep(HEARTBEAT));
            tokio::select! {
                frame = self.frames.recv() => match frame {
                    // What a snapshot told already.
                    Ok(frame) if frame.version <= self.seen => {}
                    Ok(frame) => self.first.push_back(frame),
                    Err(RecvError::Lagged(_)) => self.start_over(),
                    Err(RecvError::Closed) => return None,
                },
                () = heartbeat => return Some(Bytes::from_static(HEARTBEAT_TEXT)),
                () = stop.cancelled() => return None,
            }
        }
    }
}
