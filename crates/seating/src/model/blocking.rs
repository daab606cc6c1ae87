//! Why a seat is kept from sale.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PickFault;

const NOTE_CHARS_MAX: usize = 100;

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockReason {
    /// Kept for guests of the house.
    #[default]
    House,
    /// Nobody can sit there.
    Broken,
    /// As the note says.
    Other,
}

impl BlockReason {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BlockReason::House => "house",
            BlockReason::Broken => "broken",
            BlockReason::Other => "other",
        }
    }

    pub(crate) fn of(word: &str) -> Self {
        match word {
            "house" => BlockReason::House,
            "broken" => BlockReason::Broken,
            _ => BlockReason::Other,
        }
    }
}

/// Why seats are kept from sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    pub(crate) reason: BlockReason,
    pub(crate) note: Option<String>,
}

impl Why {
    /// A reason, and what there is to say about it on one line.
    ///
    /// # Errors
    /// What is wrong with the note.
    pub(crate) fn new(reason: BlockReason, note: Option<&str>) -> Result<Self, Vec<PickFault>> {
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if note.is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX || note.contains(char::is_control)) {
            let message = format!("must be one line of at most {NOTE_CHARS_MAX} characters");
            return Err(vec![("note".to_owned(), message)]);
        }
        Ok(Self { reason, note: note.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_short_line() {
        let why = Why::new(BlockReason::Broken, Some("  spring came out ")).unwrap();
        assert_eq!(why.note.as_deref(), Some("spring came out"));
        assert_eq!(Why::new(BlockReason::House, Some("  ")).unwrap(), Why::default());
        assert!(Why::new(BlockReason::Other, Some(&"é".repeat(100))).is_ok());
        for bad in ["a\nb", "a\u{0}", &"x".repeat(101)] {
            assert!(Why::new(BlockReason::Other, Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_reason_is_read_as_it_is_written() {
        for reason in [BlockReason::House, BlockReason::Broken, BlockReason::Other] {
            assert_eq!(BlockReason::of(reason.word()), reason);
        }
    }
}
