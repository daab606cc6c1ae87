//! What a booking is, what may become of it, and what an idempotency key stands for: pure rules.

mod admission;
pub(crate) mod takings;

use std::sync::Arc;

use bytes::Bytes;
use marquee_http::Caller;
use marquee_kernel::{
    BookingId, CinemaId, Currency, HoldId, Money, PaymentId, SeatId, ShowId, TicketId, Timestamp, UserId,
};
use marquee_payments::till::Method;
use marquee_tickets::{Proof, SeatLabel, SigningKeys, TicketClaims, tokens};
use sha2::{Digest, Sha256};

pub use admission::Refusal;
pub(crate) use admission::{Admission, Contested, Door, GATE_CHARS_MAX, Hours, NONCE_CHARS_MAX, Scan, Stance, judge};

/// The most characters of an idempotency key.
pub const KEY_CHARS_MAX: usize = 255;
/// The most characters of the reason given for a cancellation.
pub const REASON_CHARS_MAX: usize = 500;

/// The list of a user's bookings, as its cursors name it.
pub(crate) const BOOKING_LIST: &str = "bookings";
/// The list of bookings that staff looks through, as its cursors name it.
pub(crate) const DESK_LIST: &str = "desk";

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its seats are claimed; what the gateway says is not known yet.
    Pending,
    /// Paid and sold.
    Confirmed,
    /// Never sold: declined, or undone before it was. Its seats are free.
    Failed,
    /// Sold, then given back. Its seats are free and its refund is asked for.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 4] = [Status::Pending, Status::Confirmed, Status::Failed, Status::Cancelled];

    /// The word in the database and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether a booking may go from here to `next`. Nothing leads out of `failed` and `cancelled`.
    #[must_use]
    pub fn leads_to(self, next: Status) -> bool {
        matches!(
            (self, next),
            (Status::Pending, Status::Confirmed | Status::Failed) | (Status::Confirmed, Status::Cancelled)
        )
    }

    /// Whether it was paid for, and answered as sold, whatever came after.
    pub(crate) fn was_sold(self) -> bool {
        matches!(self, Status::Confirmed | Status::Cancelled)
    }

    /// Whether its seats are taken by it.
    #[must_use]
    pub fn keeps_seats(self) -> bool {
        matches!(self, Status::Pending | Status::Confirmed)
    }
}

/// What a guest's wish to cancel comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancellation {
    /// Cancel it now.
    Due,
    /// It was cancelled before; nothing changes.
    Done,
    /// Its payment is not settled; first that.
    Pending,
    /// Past the cut-off, or never sold.
    Closed,
}

impl Cancellation {
    /// The rule: a confirmed booking, before its show's cut-off.
    pub(crate) fn of(status: Status, now: Timestamp, closes_at: Timestamp) -> Self {
        match status {
            Status::Cancelled => Cancellation::Done,
            Status::Pending => Cancellation::Pending,
            Status::Confirmed if now < closes_at => Cancellation::Due,
            Status::Confirmed | Status::Failed => Cancellation::Closed,
        }
    }
}

/// A seat of a booking at its frozen price, and the ticket for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoldSeat {
    pub(crate) seat_id: SeatId,
    pub(crate) label: Arc<str>,
    pub(crate) category: Arc<str>,
    pub(crate) price: Money,
    pub(crate) ticket_id: TicketId,
}

/// One booking as it is recorded. (The name `Booking` is the service's.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sale {
    /// Its id, and the gateway's idempotency key for its payment.
    pub(crate) booking_id: BookingId,
    /// The guest.
    pub(crate) user_id: UserId,
    /// Who made the call: the guest, or staff for the guest. An idempotency key belongs to this account.
    pub(crate) booked_by: UserId,
    /// The call's idempotency key.
    pub(crate) key: Option<Key>,
    /// The show.
    pub(crate) show_id: ShowId,
    /// The cinema whose staff may see it.
    pub(crate) cinema_id: CinemaId,
    /// The hold it was made from.
    pub(crate) hold_id: HoldId,
    /// Where it stands.
    pub(crate) status: Status,
    /// The seats, in the order they were picked; never empty.
    pub(crate) seats: Vec<SoldSeat>,
    /// What it costs: the sum of its seats.
    pub(crate) total: Money,
    /// Its one payment.
    pub(crate) payment_id: PaymentId,
    /// How it is paid, when it is at a till.
    pub(crate) till: Option<Method>,
    /// When it was claimed.
    pub(crate) created_at: Timestamp,
    /// When it was cancelled.
    pub(crate) cancelled_at: Option<Timestamp>,
    /// That its tickets are ours: written with its claim. None of what was sold when tickets were signed one by one.
    pub(crate) proof: Option<Proof>,
}

impl Sale {
    /// Its currency.
    pub(crate) fn currency(&self) -> Currency {
        self.total.currency
    }

    /// What its tickets state, in the order of its seats.
    pub(crate) fn tickets(&self) -> Vec<TicketClaims> {
        let ticket = |seat: &SoldSeat| TicketClaims {
            ticket_id: seat.ticket_id,
            booking_id: self.booking_id,
            show_id: self.show_id,
            seat_label: SeatLabel::cut(&seat.label),
        };
        self.seats.iter().map(ticket).collect()
    }

    /// The tokens of its tickets, in the order of its seats.
    pub(crate) fn tokens(&self, keys: &SigningKeys) -> Vec<String> {
        let tickets = self.tickets();
        match &self.proof {
            Some(proof) => tokens(&tickets, proof),
            None => {
                let proofs = keys.sign(std::slice::from_ref(&tickets));
                proofs.iter().flat_map(|proof| tokens(&tickets, proof)).collect()
            }
        }
    }

    /// Its seats, by name.
    pub(crate) fn seat_ids(&self) -> impl Iterator<Item = SeatId> {
        self.seats.iter().map(|seat| seat.seat_id.clone())
    }
}

/// An idempotency key: 1 to [`KEY_CHARS_MAX`] characters, chosen by its user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// `text` as a key; none when it is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Bytes first: a megabyte of key is not counted character by character.
        let fits = text.len() <= 4 * KEY_CHARS_MAX && (1..=KEY_CHARS_MAX).contains(&text.chars().count());
        fits.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What `POST /booking` asks for, parsed.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who calls.
    pub booked_by: UserId,
    /// Whose hold it is and whose booking it becomes.
    pub holder: UserId,
    /// The hold.
    pub hold_id: HoldId,
    /// The payment method, a word of the gateway's or of the till's.
    pub payment_token: String,
    /// How it is paid at a till, and who stands there; none when it goes through the gateway.
    pub till: Option<AtTill>,
    /// Codes for a lower price.
    pub voucher_codes: Vec<String>,
    /// The call's idempotency key.
    pub key: Option<Key>,
}

/// A sale at a till.
#[derive(Clone, Debug)]
pub struct AtTill {
    /// How the guest pays.
    pub method: Method,
    /// Who takes the money: staff of the show's cinema, or nothing is sold.
    pub clerk: Caller,
}

impl Order {
    /// Tells one payload from another: SHA-256 over every field but the key, each text led by its length.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut sha = Sha256::new();
        sha.update(self.holder.uuid().as_bytes());
        sha.update(self.hold_id.uuid().as_bytes());
        for text in std::iter::once(&self.payment_token).chain(&self.voucher_codes) {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        }
        sha.finalize().into()
    }
}

/// An answer to a booking call, byte for byte as the first caller got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 201, 202, 402 or 409.
    pub status: u16,
    /// The JSON body.
    pub body: Bytes,
}

impl Answer {
    /// Created: the booking is confirmed.
    pub(crate) const CREATED: u16 = 201;
    /// Accepted: the booking is pending.
    pub(crate) const ACCEPTED: u16 = 202;
    /// Payment Required: the card was declined.
    const PAYMENT_REQUIRED: u16 = 402;

    /// Whether it says that the card was declined: then the hold goes on.
    pub(crate) fn declines(&self) -> bool {
        self.status == Self::PAYMENT_REQUIRED
    }
}

/// What is kept under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The payload it came with: see [`Order::fingerprint`].
    pub(crate) request_hash: [u8; 32],
    /// The attempt it stands for: the booking that it makes, or would have made.
    pub(crate) booking_id: BookingId,
    /// The answer, once there is one.
    pub(crate) answer: Option<FirstAnswer>,
}

/// The first answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FirstAnswer {
    /// As it was kept.
    Kept(Answer),
    /// That this was sold: nothing but the sale itself is kept of it, for it says all that was answered.
    Sold(Box<Sale>),
}

/// What a record means for a call that comes with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The same call again: the first answer again.
    Replay(FirstAnswer),
    /// Another payload under a used key.
    Reused,
    /// The same call, and the first one is not answered yet.
    Unanswered(BookingId),
}

impl Record {
    /// What this record means for a call with the payload `request_hash`.
    pub(crate) fn repeat(self, request_hash: &[u8; 32]) -> Repeat {
        match self {
            record if record.request_hash != *request_hash => Repeat::Reused,
            Record { answer: Some(answer), .. } => Repeat::Replay(answer),
            Record { booking_id, .. } => Repeat::Unanswered(booking_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn order(token: &str, vouchers: &[&str]) -> Order {
        Order {
            booked_by: Uuid::from_u128(1).into(),
            holder: Uuid::from_u128(1).into(),
            hold_id: Uuid::from_u128(2).into(),
            payment_token: token.to_owned(),
            till: None,
            voucher_codes: vouchers.iter().map(|code| (*code).to_owned()).collect(),
            key: None,
        }
    }

    /// What a person would say a booking is: did it pay, and was it given back?
    #[derive(Debug, Default)]
    struct Story {
        paid: bool,
        refused: bool,
        given_back: bool,
    }

    impl Story {
        fn status(&self) -> Status {
            match self {
                Story { given_back: true, .. } => Status::Cancelled,
                Story { paid: true, .. } => Status::Confirmed,
                Story { refused: true, .. } => Status::Failed,
                Story { .. } => Status::Pending,
            }
        }

        fn tell(&mut self, next: Status) -> bool {
            let undecided = !self.paid && !self.refused;
            let fact = match next {
                Status::Confirmed if undecided => &mut self.paid,
                Status::Failed if undecided => &mut self.refused,
                Status::Cancelled if self.paid && !self.given_back => &mut self.given_back,
                _ => return false,
            };
            *fact = true;
            true
        }
    }

    proptest! {
        /// Whatever happens in whatever order: a booking is decided once, given back at most once, and only if sold.
        #[test]
        fn a_booking_follows_its_story(steps in prop::collection::vec(0_usize..4, 0..40)) {
            let (mut status, mut story, mut freed) = (Status::Pending, Story::default(), 0);
            for next in steps.into_iter().map(|at| Status::ALL[at]) {
                let allowed = status.leads_to(next);
                prop_assert_eq!(allowed, story.tell(next));
                if allowed {
                    freed += usize::from(status.keeps_seats() && !next.keeps_seats());
                    status = next;
                }
                prop_assert_eq!(status, story.status());
            }
            prop_assert_eq!(freed, usize::from(!status.keeps_seats()), "seats are freed exactly once");
        }

        #[test]
        fn only_the_very_same_payload_has_its_fingerprint(
            a in prop::collection::vec("[ab]{0,3}", 1..4),
            b in prop::collection::vec("[ab]{0,3}", 1..4),
        ) {
            let print = |texts: &[String]| {
                let codes: Vec<_> = texts[1..].iter().map(String::as_str).collect();
                order(&texts[0], &codes).fingerprint()
            };
            prop_assert_eq!(print(&a) == print(&b), a == b);
        }
    }

    #[test]
    fn every_status_is_read_back_from_its_word() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.word()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        assert_eq!(Status::from_word("sold"), None);
    }

    #[test]
    fn a_key_has_1_to_255_characters() {
        assert_eq!(Key::parse(""), None);
        assert!(Key::parse(&"ü".repeat(KEY_CHARS_MAX)).is_some());
        assert_eq!(Key::parse(&"k".repeat(KEY_CHARS_MAX + 1)), None);
    }

    #[test]
    fn cancelling_closes_at_the_cut_off_to_the_microsecond() {
        let at = |micros| Timestamp::from_microsecond(micros).unwrap();
        assert_eq!(Cancellation::of(Status::Confirmed, at(9), at(10)), Cancellation::Due);
        assert_eq!(Cancellation::of(Status::Confirmed, at(10), at(10)), Cancellation::Closed);
        assert_eq!(Cancellation::of(Status::Failed, at(9), at(10)), Cancellation::Closed);
        assert_eq!(Cancellation::of(Status::Pending, at(11), at(10)), Cancellation::Pending);
        assert_eq!(Cancellation::of(Status::Cancelled, at(11), at(10)), Cancellation::Done);
    }

    #[test]
    fn a_key_replays_only_its_own_payload() {
        let answer = FirstAnswer::Kept(Answer { status: 402, body: Bytes::from_static(b"{}") });
        let booking_id = BookingId::from(Uuid::from_u128(9));
        let record = |answer: Option<FirstAnswer>| Record { request_hash: [1; 32], booking_id, answer };
        assert_eq!(record(Some(answer.clone())).repeat(&[1; 32]), Repeat::Replay(answer.clone()));
        assert_eq!(record(Some(answer)).repeat(&[2; 32]), Repeat::Reused);
        assert_eq!(record(None).repeat(&[1; 32]), Repeat::Unanswered(booking_id));
        assert_eq!(record(None).repeat(&[2; 32]), Repeat::Reused);
    }
}
