//! An entry of the journal as others read it: CloudEvents 1.0 in its JSON form, envelope and data in one (structured mode).
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

use marquee_kernel::{EventId, ShowId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Delivered;

/// What a message that holds one event in structured mode says of itself.
pub(crate) const CONTENT_TYPE: &str = "application/cloudevents+json";
const SPEC_VERSION: &str = "1.0";
/// What every type of ours begins with.
const TYPE_PREFIX: &str = "marquee.";
const DATA_CONTENT_TYPE: &str = "application/json";

/// The envelope. Attributes of the specification first, then the extensions `partitionkey` and `sequence`, then `showid`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct CloudEvent {
    specversion: String,
    id: EventId,
    source: String,
    r#type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    subject: String,
    time: Timestamp,
    datacontenttype: String,
    partitionkey: String,
    /// The place in its source's journal, of one width so that it sorts as text.
    sequence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    showid: Option<ShowId>,
    data: serde_json::Value,
}

/// Why a message is no event of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoEvent {
    #[error("is no CloudEvent: {0}")]
    Json(#[from] serde_json::Error),
    #[error("has specversion {0}, not 1.0")]
    Version(String),
    #[error("has type {0}, which is not one of marquee's")]
    Type(String),
    #[error("has sequence {0}, which is no number")]
    Sequence(String),
}

/// The name of a journal among all journals of the shop: a relative reference, the same wherever the shop is served from.
pub(crate) fn source_of(shard: &str) -> String {
    format!("/marquee/{shard}")
}

impl CloudEvent {
    pub(crate) fn new(entry: &Delivered, source: &str) -> Self {
        Self {
            specversion: SPEC_VERSION.to_owned(),
            id: entry.event_id,
            source: source.to_owned(),
            r#type: format!("{TYPE_PREFIX}{}", entry.kind),
            subject: entry.subject.clone(),
            time: entry.at,
            datacontenttype: DATA_CONTENT_TYPE.to_owned(),
            partitionkey: key_of(entry),
            sequence: format!("{:020}", entry.seq),
            showid: entry.show_id,
            data: entry.payload.clone(),
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.partitionkey
    }

    pub(crate) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a message's value.
    pub(crate) fn parse(value: &[u8]) -> Result<Delivered, NoEvent> {
        let event: Self = serde_json::from_slice(value)?;
        if event.specversion != SPEC_VERSION {
            return Err(NoEvent::Version(event.specversion));
        }
        let Some(kind) = event.r#type.strip_prefix(TYPE_PREFIX).map(str::to_owned) else {
            return Err(NoEvent::Type(event.r#type));
        };
        let Ok(seq) = event.sequence.parse() else { return Err(NoEvent::Sequence(event.sequence)) };
        let Self { id: event_id, time: at, subject, showid: show_id, data: payload, .. } = event;
        Ok(Delivered { seq, event_id, at, kind, show_id, subject, payload })
    }
}

/// What keeps its order: the events of one show, and of anything else those about one subject.
fn key_of(entry: &Delivered) -> String {
    entry.show_id.map_or_else(|| entry.subject.clone(), |show_id| show_id.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ENTRY: &str = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c";
    const SHOW: &str = "019aac5e-0000-7000-8a5e-3f1f6f1a2b3c";

    fn entry(show_id: Option<ShowId>) -> Delivered {
        Delivered {
            seq: 42,
            event_id: ENTRY.parse().unwrap(),
            at: "2026-11-22T18:30:00.25Z".parse().unwrap(),
            kind: "BookingConfirmed".to_owned(),
            show_id,
            subject: "booking".to_owned(),
            payload: json!({ "seats": ["A1"] }),
        }
    }

    #[test]
    fn the_envelope_is_what_the_specification_says() {
        let event = CloudEvent::new(&entry(SHOW.parse().ok()), &source_of("main"));
        let json: Value = serde_json::from_str(&event.to_json().unwrap()).unwrap();
        assert_eq!(
            json,
            json!({
                "specversion": "1.0",
                "id": ENTRY,
                "source": "/marquee/main",
                "type": "marquee.BookingConfirmed",
                "subject": "booking",
                "time": "2026-11-22T18:30:00.25Z",
                "datacontenttype": "application/json",
                "partitionkey": SHOW,
                "sequence": "00000000000000000042",
                "showid": SHOW,
                "data": { "seats": ["A1"] },
            })
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        for show_id in [None, SHOW.parse().ok()] {
            let entry = entry(show_id);
            let event = CloudEvent::new(&entry, "/marquee/main");
            assert_eq!(event.key(), if show_id.is_some() { SHOW } else { "booking" });
            let again = CloudEvent::parse(event.to_json().unwrap().as_bytes()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{entry:?}"));
        }
    }

    #[test]
    fn what_is_no_event_of_ours_is_refused() {
        let good = serde_json::to_value(CloudEvent::new(&entry(None), "/marquee/main")).unwrap();
        let with = |name: &str, value: &str| {
            let mut event = good.clone();
            event[name] = value.into();
            CloudEvent::parse(event.to_string().as_bytes()).unwrap_err().to_string()
        };
        assert!(with("specversion", "0.3").contains("specversion 0.3"));
        assert!(with("type", "com.example.Sold").contains("type com.example.Sold"));
        assert!(with("sequence", "first").contains("sequence first"));
        assert!(CloudEvent::parse(b"sold!").unwrap_err().to_string().contains("no CloudEvent"));
    }
}
