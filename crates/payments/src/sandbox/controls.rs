//! What a test may do to the sandbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Faults to inject into a running sandbox; clones turn the same knobs.
#[derive(Clone, Debug, Default)]
pub struct SandboxControls {
    knobs: Arc<Knobs>,
}

#[derive(Debug, Default)]
struct Knobs {
    latency_us: AtomicU64,
    refunds_to_fail: AtomicU32,
    down: AtomicBool,
}

impl SandboxControls {
    /// From now on every call takes `latency` more: half of it on the way there, half on the way back.
    pub fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.knobs.latency_us.store(micros, Ordering::SeqCst);
    }

    /// The next `count` new refunds are refused.
    pub fn fail_next_refunds(&self, count: u32) {
        self.knobs.refunds_to_fail.store(count, Ordering::SeqCst);
    }

    /// From now on no call gets there.
    pub fn go_down(&self) {
        self.knobs.down.store(true, Ordering::SeqCst);
    }

    /// Calls get there again.
    pub fn come_back(&self) {
        self.knobs.down.store(false, Ordering::SeqCst);
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_micros(self.knobs.latency_us.load(Ordering::Relaxed))
    }

    pub(super) fn is_down(&self) -> bool {
        self.knobs.down.load(Ordering::SeqCst)
    }

    pub(super) fn takes_refund_failure(&self) -> bool {
        let one_less = |count: u32| count.checked_sub(1);
        self.knobs.refunds_to_fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }
}
