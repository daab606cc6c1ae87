//! What the sandbox gateway says was charged: its own books, read beside or without a running server.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// One charge, by the key it was made with: the booking's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// How often an authorisation was granted for this key; more than once is a double charge.
    pub authorised: u32,
    /// How often it was declined.
    pub declined: u32,
    /// Minor units captured.
    pub captured: i64,
    /// Whether the authorisation was given back before any capture.
    pub voided: bool,
    /// Minor units on their way back or already there.
    pub refunded: i64,
    /// Refunds asked for.
    pub refunds: u32,
    /// Refunds that arrived.
    pub refunds_settled: u32,
    /// Minor units authorised.
    pub amount: i64,
}

impl Charge {
    /// What the customer is out of pocket in the end, in minor units: authorised or captured, and not given back.
    #[must_use]
    pub fn kept(&self) -> i64 {
        let taken = if self.voided { self.captured } else { self.amount };
        taken - self.refunded
    }

    /// How often it was given back, before the capture or after; more than once is a refund too many.
    #[must_use]
    pub fn given_back(&self) -> u32 {
        self.refunds + u32::from(self.voided)
    }
}

/// The books, by booking id.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    charges: BTreeMap<String, Charge>,
}

impl Ledger {
    /// Reads the books in a data dir.
    ///
    /// # Panics
    /// When a whole line cannot be read.
    #[must_use]
    pub fn read(data_dir: &Path) -> Self {
        let text = std::fs::read_to_string(data_dir.join("sandbox-ledger.jsonl")).unwrap_or_default();
        let mut ledger = Self::default();
        // A torn last line is a charge that was never answered.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in whole.lines() {
            ledger.enter(&serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
        }
        ledger
    }

    fn enter(&mut self, entry: &Value) {
        let text = |member: &str| entry[member].as_str().expect("text").to_owned();
        let amount = entry["amount"].as_i64().expect("an amount");
        let charge = self.charges.entry(text("key")).or_default();
        match text("entry").as_str() {
            "authorised" => (charge.authorised, charge.amount) = (charge.authorised + 1, charge.amount + amount),
            "declined" => charge.declined += 1,
            "captured" => charge.captured += amount,
            "voided" => charge.voided = true,
            "refund_requested" => (charge.refunds, charge.refunded) = (charge.refunds + 1, charge.refunded + amount),
            "refund_settled" => charge.refunds_settled += 1,
            other => panic!("an entry of an unknown kind: {other}"),
        }
    }

    /// The charge of a booking; an empty one when there is none.
    #[must_use]
    pub fn charge(&self, booking_id: &str) -> Charge {
        self.charges.get(booking_id).cloned().unwrap_or_default()
    }

    /// Every charge by booking id.
    #[must_use]
    pub fn charges(&self) -> &BTreeMap<String, Charge> {
        &self.charges
    }
}
