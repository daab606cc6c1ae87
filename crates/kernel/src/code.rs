//! The stable words of the contract's errors.

/// Why a call was refused, as the `code` member of a problem document. A client may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each word is its own description; the contract's tables define them")]
pub enum Code {
    InvalidRequest,
    MalformedJson,
    UnsupportedMediaType,
    TooLarge,
    NotFound,
    MethodNotAllowed,
    MovieNotFound,
    CinemaNotFound,
    ScreenNotFound,
    ShowNotFound,
    LockNotFound,
    BookingNotFound,
    UserNotFound,
    SessionNotFound,
    Unauthenticated,
    Forbidden,
    Csrf,
    RateLimited,
    Unavailable,
    Internal,
    RequestTimeout,
    EmailTaken,
    SeatsUnavailable,
    ShowNotOnSale,
    HoldLimitReached,
    LockExpired,
    IdempotencyKeyReused,
    PaymentInProgress,
    PaymentDeclined,
    CancellationClosed,
    BookingPending,
    ScreenOccupied,
    InUse,
    LayoutChanged,
    FactsChanged,
    BookingsOpen,
    OwnRole,
    ScheduleClashes,
    NothingToPayOut,
    TicketUnreadable,
    TicketForged,
    TicketUnknown,
    TicketUnpaid,
    TicketCancelled,
    TicketOfOtherCinema,
    TicketOfOtherShow,
    AlreadyAdmitted,
    AdmissionNotOpen,
    AdmissionOver,
}

impl Code {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.facts().0
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        self.facts().1
    }

    /// A short sentence for people, the same for every occurrence (RFC 9457 `title`).
    #[must_use]
    pub fn title(self) -> &'static str {
        self.facts().2
    }

    fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Code::InvalidRequest => ("invalid_request", 422, "The request is not valid"),
            Code::MalformedJson => ("malformed_json", 400, "The body is not JSON"),
            Code::UnsupportedMediaType => ("unsupported_media_type", 415, "The body has the wrong media type"),
            Code::TooLarge => ("too_large", 413, "The request is too large"),
            Code::NotFound => ("not_found", 404, "There is nothing here"),
            Code::MethodNotAllowed => ("method_not_allowed", 405, "This path does not take that method"),
            Code::MovieNotFound => ("movie_not_found", 404, "No such movie"),
            Code::CinemaNotFound => ("cinema_not_found", 404, "No such cinema"),
            Code::ScreenNotFound => ("screen_not_found", 404, "No such screen"),
            Code::ShowNotFound => ("show_not_found", 404, "No such show"),
            Code::LockNotFound => ("lock_not_found", 404, "No such hold"),
            Code::BookingNotFound => ("booking_not_found", 404, "No such booking"),
            Code::UserNotFound => ("user_not_found", 404, "No such user"),
            Code::SessionNotFound => ("session_not_found", 404, "No such session"),
            Code::Unauthenticated => ("unauthenticated", 401, "Sign in first"),
            Code::Forbidden => ("forbidden", 403, "You may not do this"),
            Code::Csrf => ("csrf", 403, "The call did not come from a page of ours"),
            Code::RateLimited => ("rate_limited", 429, "Too many requests"),
            Code::Unavailable => ("unavailable", 503, "Not available right now"),
            Code::Internal => ("internal", 500, "Something went wrong on our side"),
            Code::RequestTimeout => ("request_timeout", 408, "The request took too long to arrive"),
            Code::EmailTaken => ("email_taken", 409, "An account with this e-mail address exists"),
            Code::SeatsUnavailable => ("seats_unavailable", 409, "Seats are no longer free"),
            Code::ShowNotOnSale => ("show_not_on_sale", 409, "This show is not on sale"),
            Code::HoldLimitReached => ("hold_limit_reached", 409, "Too many seats held for this show"),
            Code::LockExpired => ("lock_expired", 410, "The hold has lapsed"),
            Code::IdempotencyKeyReused => {
                ("idempotency_key_reused", 422, "The idempotency key was used for another request")
            }
            Code::PaymentInProgress => ("payment_in_progress", 409, "Another payment for this hold is under way"),
            Code::PaymentDeclined => ("payment_declined", 402, "The payment was declined"),
            Code::CancellationClosed => ("cancellation_closed", 409, "This booking can no longer be cancelled"),
            Code::BookingPending => ("booking_pending", 409, "The booking's payment is not settled yet"),
            Code::ScreenOccupied => ("screen_occupied", 409, "Another show is on that screen at that time"),
            Code::InUse => ("in_use", 409, "A future show uses this"),
            Code::LayoutChanged => ("layout_changed", 409, "The layout was changed meanwhile"),
            Code::FactsChanged => ("facts_changed", 409, "The facts were changed meanwhile"),
            Code::BookingsOpen => ("bookings_open", 409, "Bookings of shows to come are still open"),
            Code::OwnRole => ("own_role", 409, "Nobody takes the administrator's role from themselves"),
            Code::ScheduleClashes => ("schedule_clashes", 409, "Some shows cannot be scheduled then"),
            Code::NothingToPayOut => ("nothing_to_pay_out", 409, "There is nothing to pay out by hand"),
            Code::TicketUnreadable => ("ticket_unreadable", 409, "This is not a ticket"),
            Code::TicketForged => ("ticket_forged", 409, "The ticket is forged"),
            Code::TicketUnknown => ("ticket_unknown", 409, "The ticket is not one of ours"),
            Code::TicketUnpaid => ("ticket_unpaid", 409, "The ticket is not paid for"),
            Code::TicketCancelled => ("ticket_cancelled", 409, "The ticket was cancelled"),
            Code::TicketOfOtherCinema => ("ticket_of_other_cinema", 409, "The ticket is for another cinema"),
            Code::TicketOfOtherShow => ("ticket_of_other_show", 409, "The ticket is for another show"),
            Code::AlreadyAdmitted => ("already_admitted", 409, "Somebody was let in with this ticket already"),
            Code::AdmissionNotOpen => ("admission_not_open", 409, "It is too early for this show"),
            Code::AdmissionOver => ("admission_over", 409, "The show is over"),
        }
    }
}
