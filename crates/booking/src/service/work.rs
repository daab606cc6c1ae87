//! What is to be done durably for a booking call, and what came of it.

use std::sync::Arc;

use marquee_kernel::ShowId;
use marquee_seating::claims;

use super::settle::By;
use super::under_way::Call;
use crate::error;
use crate::model::{Answer, Record, Sale};
use crate::store::KeyedCall;

/// Something durable to do for one booking call.
#[derive(Debug)]
pub(crate) enum Work {
    /// Claim the seats of a pending booking, before any money moves.
    Claim(Claim),
    /// Sell them: the gateway has the money.
    Confirm(Confirm),
    /// Give them back: the gateway has no money, or will return it.
    Undo(Undo),
    /// Keep the answer that the booking is pending; what becomes of it comes later.
    Defer(Defer),
    /// Keep the answer of a call that claimed nothing.
    Remember(Remember),
}

/// See [`Work::Claim`].
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) sale: Arc<Sale>,
    pub(crate) seats: claims::Claim,
    pub(crate) request_hash: [u8; 32],
}

/// See [`Work::Confirm`].
#[derive(Debug)]
pub(crate) struct Confirm {
    pub(crate) sale: Arc<Sale>,
    pub(crate) seats: claims::Claim,
    pub(crate) by: By,
}

/// See [`Work::Undo`].
#[derive(Debug)]
pub(crate) struct Undo {
    pub(crate) sale: Arc<Sale>,
    pub(crate) seats: claims::Claim,
    pub(crate) payment: PaymentEnd,
    /// What the call hears, now and again; none: its key is forgotten, so that it may be made again.
    pub(crate) answer: Option<Answer>,
    pub(crate) by: By,
}

/// How the payment of a booking that was not sold ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PaymentEnd {
    /// The bank said no.
    Declined { decline_code: String },
    /// Nothing was charged, and nothing will be.
    NeverCharged,
    /// What was authorised goes back.
    Returned,
}

impl PaymentEnd {
    pub(super) fn word(&self) -> &'static str {
        match self {
            PaymentEnd::Declined { .. } => "declined",
            PaymentEnd::NeverCharged => "never_charged",
            PaymentEnd::Returned => "returned",
        }
    }
}

/// See [`Work::Defer`].
#[derive(Debug)]
pub(crate) struct Defer {
    pub(crate) sale: Arc<Sale>,
    pub(crate) answer: Answer,
}

/// See [`Work::Remember`].
#[derive(Debug)]
pub(crate) struct Remember {
    pub(crate) call: Call,
    pub(crate) answer: Answer,
}

/// What became of a [`Work`].
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is done.
    Done,
    /// A claim won: the seats are this sale's, and its tickets are signed.
    Claimed(Arc<Sale>),
    /// A claim lost: seats were sold or the show was closed. This is its answer, kept under its key.
    Refused(Answer),
    /// The key was there before; nothing was done.
    Known(Record),
    /// The booking is not pending any more: somebody else settled it.
    Settled,
    /// The show is in another database by now; nothing was done.
    Departed,
    /// Another node does the reconciler's work by now; nothing was done.
    Fenced,
}

impl Work {
    /// The show whose sale it is; a call that claimed nothing is of none.
    pub(super) fn show_id(&self) -> Option<ShowId> {
        match self {
            Work::Claim(Claim { sale, .. })
            | Work::Confirm(Confirm { sale, .. })
            | Work::Undo(Undo { sale, .. })
            | Work::Defer(Defer { sale, .. }) => Some(sale.show_id),
            Work::Remember(_) => None,
        }
    }

    /// Who settles a booking by it.
    pub(super) fn by(&self) -> Option<&By> {
        match self {
            Work::Confirm(Confirm { by, .. }) | Work::Undo(Undo { by, .. }) => Some(by),
            Work::Claim(_) | Work::Defer(_) | Work::Remember(_) => None,
        }
    }
}

impl Claim {
    pub(super) fn call(&self) -> Option<KeyedCall<'_>> {
        let key = self.sale.key.as_ref()?;
        Some(KeyedCall { user_id: self.sale.booked_by, key, request_hash: self.request_hash })
    }
}

impl Call {
    pub(super) fn keyed(&self) -> Option<KeyedCall<'_>> {
        let key = self.key.as_ref()?;
        Some(KeyedCall { user_id: self.booked_by, key, request_hash: self.request_hash })
    }
}

impl Confirm {
    /// Its claim is not open any more: it cannot be sold, and what the gateway took goes back.
    pub(super) fn without_seats(&self) -> Undo {
        let answer = Answer::refusing(error::Error::SeatsUnavailable(self.sale.seat_ids().collect()));
        let Confirm { sale, seats, by, .. } = self;
        let (sale, seats, by) = (sale.clone(), seats.clone(), by.clone());
        // A clerk who hears this hands the money back, and the books never had it.
        let payment = if sale.till.is_some() { PaymentEnd::NeverCharged } else { PaymentEnd::Returned };
        Undo { sale, seats, payment, answer: Some(answer), by }
    }
}
