//! Which facts somebody looked at before changing them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// Of the hash of the facts, so many bytes tell them from any others that a film or cinema ever had.
const VERSION_BYTES: usize = 8;

/// What the facts of a film or a cinema were, in a word: other facts, another word. Made of the facts themselves, so that it holds
/// whatever changed them, and what is the same again is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, example = "5d41402abc4b2a76")]
pub struct FactsVersion(String);

impl FactsVersion {
    /// The version of `facts`.
    pub(crate) fn of(facts: &impl Serialize) -> Self {
        // Details are plain structs: serialising them cannot fail.
        let hash = Sha256::digest(serde_json::to_vec(facts).unwrap_or_default());
        Self(hash.iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl std::fmt::Display for FactsVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MovieDetails;

    #[test]
    fn other_facts_have_another_version_and_the_same_have_the_same() {
        let dune = MovieDetails { title: "Dune".to_owned(), duration_minutes: 155, ..MovieDetails::default() };
        let longer = MovieDetails { duration_minutes: 156, ..dune.clone() };
        assert_eq!(FactsVersion::of(&dune), FactsVersion::of(&dune.clone()));
        assert_ne!(FactsVersion::of(&dune), FactsVersion::of(&longer));
    }
}
