//! Places where a debug build can be killed, to prove that a crash there loses and doubles nothing.
//!
//! `MARQUEE_FAILPOINT=after_claim` aborts the process the first time it gets there, `after_claim:3` the third time. A release
//! build has none of it.

/// The places, in the order a booking passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say where")]
pub enum Failpoint {
    BeforeClaim,
    AfterClaim,
    BeforeAuthorise,
    AfterAuthorise,
    BeforeConfirm,
    AfterConfirm,
    AfterDecline,
    BeforeCancelCommit,
    AfterCancelCommit,
}

impl Failpoint {
    /// The name that `MARQUEE_FAILPOINT` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Failpoint::BeforeClaim => "before_claim",
            Failpoint::AfterClaim => "after_claim",
            Failpoint::BeforeAuthorise => "before_authorise",
            Failpoint::AfterAuthorise => "after_authorise",
            Failpoint::BeforeConfirm => "before_confirm",
            Failpoint::AfterConfirm => "after_confirm",
            Failpoint::AfterDecline => "after_decline",
            Failpoint::BeforeCancelCommit => "before_cancel_commit",
            Failpoint::AfterCancelCommit => "after_cancel_commit",
        }
    }

    /// Dies here if this is where it was told to.
    #[cfg(debug_assertions)]
    pub(crate) fn pass(self) {
        if armed::is_hit(self.name()) {
            std::process::abort();
        }
    }

    /// Goes on.
    #[cfg(not(debug_assertions))]
    #[inline(always)]
    pub(crate) fn pass(self) {}
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The setting: a place's name, then optionally `:` and the how-manyeth pass is the last.
    const VARIABLE: &str = "MARQUEE_FAILPOINT";

    struct Armed {
        name: String,
        passes_left: AtomicU32,
    }

    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

    pub(super) fn is_hit(name: &str) -> bool {
        let armed = ARMED.get_or_init(|| {
            let setting = std::env::var(VARIABLE).ok()?;
            let (name, nth) = setting.split_once(':').unwrap_or((&setting, "1"));
            Some(Armed { name: name.to_owned(), passes_left: AtomicU32::new(nth.parse().unwrap_or(1)) })
        });
        armed.as_ref().is_some_and(|armed| armed.name == name && armed.passes_left.fetch_sub(1, Ordering::Relaxed) == 1)
    }
}
