//! A reader of `text/event-stream`, as the HTML standard defines it (section 9.2).

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;

use crate::PATIENCE;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its `id`.
    pub id: String,
    /// Its type.
    pub event: String,
    /// Its data.
    pub data: Value,
}

/// An open stream of events.
pub struct Events {
    what: String,
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    unread: Vec<u8>,
}

impl Events {
    pub(crate) fn of(what: &str, response: reqwest::Response) -> Self {
        assert_eq!(response.status().as_u16(), 200, "{what}");
        let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        assert!(media_type.is_some_and(|name| name.starts_with("text/event-stream")), "{what}: {media_type:?}");
        Self { what: what.to_owned(), bytes: Box::pin(response.bytes_stream()), unread: Vec::new() }
    }

    /// The next event; comments are passed over.
    ///
    /// # Panics
    /// When none comes in time, or the stream ends.
    pub async fn next(&mut self) -> Event {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .unwrap_or_else(|_| panic!("{}: no event within {PATIENCE:?}", self.what))
            .unwrap_or_else(|| panic!("{}: the stream ended", self.what))
    }

    /// Waits until the server ends the stream.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn end(&mut self) {
        let drained = async { while self.read().await.is_some() {} };
        tokio::time::timeout(PATIENCE, drained).await.unwrap_or_else(|_| panic!("{}: it did not end", self.what));
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                if let Some(event) = parse(&String::from_utf8_lossy(&block)) {
                    return Some(event);
                }
            }
            let chunk = self.bytes.next().await?.ok()?;
            self.unread.extend(chunk.iter().filter(|byte| **byte != b'\r'));
        }
    }
}

fn parse(block: &str) -> Option<Event> {
    let (mut id, mut event, mut data) = (String::new(), "message".to_owned(), String::new());
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => value.clone_into(&mut id),
            "event" => value.clone_into(&mut event),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    let data = serde_json::from_str(&data).ok()?;
    Some(Event { id, event, data })
}
