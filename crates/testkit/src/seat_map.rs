//! A seat map as a test reads it: by row and number.

use std::collections::BTreeMap;

use serde_json::Value;

/// The answer of `GET /shows/{show_id}/seats`.
#[derive(Clone, Debug)]
pub struct SeatMap {
    /// The whole document.
    pub json: Value,
}

impl SeatMap {
    /// Reads one from a document.
    #[must_use]
    pub fn new(json: Value) -> Self {
        Self { json }
    }

    /// Its version.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.json["version"].as_u64().expect("a version")
    }

    /// How many seats are available.
    ///
    /// # Panics
    /// When it does not say.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.json["seats_available"].as_u64().expect("seats_available")
    }

    /// Every seat's document.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn seats(&self) -> &[Value] {
        self.json["seats"].as_array().expect("seats")
    }

    /// The seat of that row and number, such as `A1`.
    ///
    /// # Panics
    /// When there is no such seat.
    #[must_use]
    #[track_caller]
    pub fn seat(&self, name: &str) -> &Value {
        self.seats().iter().find(|seat| name_of(seat) == name).unwrap_or_else(|| panic!("no seat {name}"))
    }

    /// The status of that seat.
    ///
    /// # Panics
    /// When there is no such seat.
    #[must_use]
    #[track_caller]
    pub fn status(&self, name: &str) -> &str {
        self.seat(name)["status"].as_str().expect("a status")
    }

    /// The seats that are not available, by id, with what they are: what `availability` and the event stream tell too.
    ///
    /// # Panics
    /// When a seat has no id or status.
    #[must_use]
    pub fn unavailable(&self) -> BTreeMap<String, String> {
        let text = |seat: &Value, member: &str| seat[member].as_str().expect("text").to_owned();
        let seats = self.seats().iter().map(|seat| (text(seat, "seat_id"), text(seat, "status")));
        seats.filter(|(_, status)| status != "available").collect()
    }
}

/// How tests call a seat: its row and its number, such as `A1`.
pub(crate) fn name_of(seat: &Value) -> String {
    format!("{}{}", seat["row"].as_str().unwrap_or_default(), seat["number"])
}
