//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long anything that happens by itself may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Looks again and again until `look` sees what it waits for.
///
/// # Panics
/// When [`PATIENCE`] is over.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, look).await
}

/// As [`eventually`], with a patience of its own.
///
/// # Panics
/// When it is over.
pub async fn eventually_within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}
