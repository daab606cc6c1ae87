//! What a payment and a refund are, and the steps they may take. Pure.

use std::time::Duration;

use marquee_bus::Actor;
use marquee_kernel::{BookingId, Money, PaymentId, RefundId, Rng, ShowId, Timestamp};

/// Failed attempts after which a refund is shown as failed, about four minutes after the first. It is still retried.
pub(crate) const REFUND_ATTEMPTS_SHOWN_PENDING: u32 = 8;
/// The pause after the first failed attempt; it doubles from one to the next.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest pause between two attempts. There is no last attempt: money owed is never forgotten.
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// The shortest and the longest pause between two looks at a refund that is on its way.
const POLL_MIN: Duration = Duration::from_secs(1);
const POLL_MAX: Duration = Duration::from_secs(900);

/// A payment as booking's claim records it.
#[derive(Clone, Copy, Debug)]
pub struct NewPayment {
    /// A new id.
    pub payment_id: PaymentId,
    /// What it pays for; also the gateway's key.
    pub booking_id: BookingId,
    /// The booking's show.
    pub show_id: ShowId,
    /// The frozen price. 0 for a free booking, which never reaches the gateway.
    pub amount: Money,
    /// The claim's instant.
    pub at: Timestamp,
}

/// How far a payment has come.
///
/// ```text
/// initiated ─▶ authorised ─▶ captured ─▶ refund_pending ─▶ refunded
///     │            │                          ▲ │
///     ├▶ declined  └▶ voided                  │ ▼
///     └▶ failed                          refund_failed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// Claimed; what the gateway says is not known yet.
    Initiated,
    /// The money is promised.
    Authorised,
    /// The card's bank said no.
    Declined,
    /// There was no charge: the gateway never got the request.
    Failed,
    /// The money is taken.
    Captured,
    /// The promise was given up before any money was taken.
    Voided,
    /// The money is on its way back.
    RefundPending,
    /// Giving it back failed often enough to be shown; it is retried.
    RefundFailed,
    /// The money is back.
    Refunded,
}

impl PaymentState {
    /// Every state.
    pub const ALL: [PaymentState; 9] = [
        PaymentState::Initiated,
        PaymentState::Authorised,
        PaymentState::Declined,
        PaymentState::Failed,
        PaymentState::Captured,
        PaymentState::Voided,
        PaymentState::RefundPending,
        PaymentState::RefundFailed,
        PaymentState::Refunded,
    ];

    /// The word in the store and in events.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            PaymentState::Initiated => "initiated",
            PaymentState::Authorised => "authorised",
            PaymentState::Declined => "declined",
            PaymentState::Failed => "failed",
            PaymentState::Captured => "captured",
            PaymentState::Voided => "voided",
            PaymentState::RefundPending => "refund_pending",
            PaymentState::RefundFailed => "refund_failed",
            PaymentState::Refunded => "refunded",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether the customer's money is promised or taken, and not given back.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        use PaymentState::{Authorised, Captured, RefundFailed, RefundPending};
        matches!(self, Authorised | Captured | RefundPending | RefundFailed)
    }
}

/// One move of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Authorise,
    Decline,
    Fail,
    Capture,
    Void,
    StartRefund,
    FailRefund,
    RetryRefund,
    SettleRefund,
}

impl Step {
    pub(crate) const fn from(self) -> PaymentState {
        self.ends().0
    }

    pub(crate) const fn to(self) -> PaymentState {
        self.ends().1
    }

    const fn ends(self) -> (PaymentState, PaymentState) {
        use PaymentState as State;
        match self {
            Step::Authorise => (State::Initiated, State::Authorised),
            Step::Decline => (State::Initiated, State::Declined),
            Step::Fail => (State::Initiated, State::Failed),
            Step::Capture => (State::Authorised, State::Captured),
            Step::Void => (State::Authorised, State::Voided),
            Step::StartRefund => (State::Captured, State::RefundPending),
            Step::FailRefund => (State::RefundPending, State::RefundFailed),
            Step::RetryRefund => (State::RefundFailed, State::RefundPending),
            Step::SettleRefund => (State::RefundPending, State::Refunded),
        }
    }
}

/// Why money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundReason {
    /// The booking was cancelled.
    BookingCancelled,
    /// The show was cancelled.
    ShowCancelled,
    /// The money was promised for a booking that could not be made.
    BookingUndone,
}

impl RefundReason {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            RefundReason::BookingCancelled => "booking_cancelled",
            RefundReason::ShowCancelled => "show_cancelled",
            RefundReason::BookingUndone => "booking_undone",
        }
    }
}

/// An order to give a payment back, the whole of it.
#[derive(Clone, Copy, Debug)]
pub struct RefundRequest {
    /// A new id; unused when the payment has a refund already.
    pub refund_id: RefundId,
    /// The payment.
    pub payment_id: PaymentId,
    /// Why.
    pub reason: RefundReason,
    /// On whose order.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

/// Where a refund stands, as a customer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Being worked on.
    Pending,
    /// The money is back, or was never taken.
    Succeeded,
    /// It failed several times; it is retried every hour.
    Failed,
}

impl RefundStatus {
    pub(crate) const ALL: [RefundStatus; 3] = [RefundStatus::Pending, RefundStatus::Succeeded, RefundStatus::Failed];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            RefundStatus::Pending => "pending",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// A payment given back, before its capture (a void) or after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub refund_id: RefundId,
    /// What is given back.
    pub payment_id: PaymentId,
    /// The booking it paid for.
    pub booking_id: BookingId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// How often the gateway was asked to do it.
    pub attempts: u32,
    /// Why the last attempt failed, if it did.
    pub last_error: Option<String>,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When the gateway accepted it; none again when it was refused after all.
    pub accepted_at: Option<Timestamp>,
    /// When the money was back.
    pub settled_at: Option<Timestamp>,
}

impl Refund {
    /// The gateway has it: from now on it only needs to be looked at.
    pub(crate) fn accepted(&mut self, at: Timestamp) {
        if self.accepted_at.is_none() {
            self.attempts = self.attempts.saturating_add(1);
            self.accepted_at = Some(at);
        }
        (self.status, self.last_error) = (RefundStatus::Pending, None);
    }

    pub(crate) fn settled(&mut self, at: Timestamp) {
        self.accepted(at);
        (self.status, self.settled_at) = (RefundStatus::Succeeded, Some(at));
    }

    pub(crate) fn refused(&mut self, why: String) {
        self.attempts = self.attempts.saturating_add(1);
        (self.last_error, self.accepted_at) = (Some(why), None);
        if self.attempts >= REFUND_ATTEMPTS_SHOWN_PENDING {
            self.status = RefundStatus::Failed;
        }
    }

    /// When to see to it again; `None` once settled.
    pub(crate) fn next_attempt_at(&self, now: Timestamp, rng: &Rng) -> Option<Timestamp> {
        if self.status == RefundStatus::Succeeded {
            return None;
        }
        let pause = match self.accepted_at {
            Some(at) => poll_pause(at, now),
            None => retry_pause(self.attempts, rng),
        };
        Some(later(now, pause))
    }
}

/// The pause after the `failures`th failure in a row: doubling, with jitter of up to a half, so that many do not come
/// back at once.
pub(crate) fn retry_pause(failures: u32, rng: &Rng) -> Duration {
    let doublings = failures.saturating_sub(1).min(12);
    let pause = RETRY_MIN.saturating_mul(1 << doublings).min(RETRY_MAX);
    let half = pause / 2;
    half + Duration::from_micros(rng.below(u64::try_from(half.as_micros()).unwrap_or(u64::MAX)))
}

/// The longer a refund is on its way, the more seldom somebody looks.
fn poll_pause(accepted_at: Timestamp, now: Timestamp) -> Duration {
    let age = now.as_microsecond().saturating_sub(accepted_at.as_microsecond());
    Duration::from_micros(u64::try_from(age).unwrap_or(0)).clamp(POLL_MIN, POLL_MAX)
}

/// `pause` after `at`.
pub(crate) fn later(at: Timestamp, pause: Duration) -> Timestamp {
    at.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use marquee_kernel::Rng;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const STEPS: [Step; 9] = [
        Step::Authorise,
        Step::Decline,
        Step::Fail,
        Step::Capture,
        Step::Void,
        Step::StartRefund,
        Step::FailRefund,
        Step::RetryRefund,
        Step::SettleRefund,
    ];

    proptest! {
        /// Whatever is tried in whatever order: money is taken only after it was promised, given back only after it was
        /// taken, and what is over stays over.
        #[test]
        fn money_moves_only_in_order(tries in proptest::collection::vec(select(&STEPS[..]), 0..60)) {
            let (mut state, mut promised, mut taken, mut returned) = (PaymentState::Initiated, 0, 0, 0);
            for step in tries {
                if step.from() != state {
                    continue;
                }
                state = step.to();
                match step {
                    Step::Authorise => promised += 1,
                    Step::Capture => taken += 1,
                    Step::Void | Step::SettleRefund => returned += 1,
                    _ => {}
                }
                prop_assert!(promised <= 1 && taken <= promised && returned <= promised);
                prop_assert_eq!(state.holds_money(), promised > returned);
            }
        }

        /// A pause never passes an hour, never falls under half a second, and grows with the failures.
        #[test]
        fn pauses_are_bounded(failures in 1..u32::MAX, seed: u64) {
            let rng = Rng::seeded(seed);
            let pause = retry_pause(failures, &rng);
            prop_assert!((RETRY_MIN / 2..=RETRY_MAX).contains(&pause));
            prop_assert!(failures > 11 || pause <= RETRY_MIN * (1 << (failures - 1)));
        }
    }

    #[test]
    fn every_state_but_the_last_ones_leads_on() {
        let last = [PaymentState::Declined, PaymentState::Failed, PaymentState::Voided, PaymentState::Refunded];
        for state in PaymentState::ALL {
            assert_eq!(STEPS.iter().any(|step| step.from() == state), !last.contains(&state), "{state:?}");
            assert_eq!(PaymentState::of_word(state.word()), Some(state));
        }
        for status in RefundStatus::ALL {
            assert_eq!(RefundStatus::of_word(status.word()), Some(status));
        }
    }
}
