-- Bookings: what was sold, to whom, for which show, at the price frozen by its claim.
-- booked_by and idempotency_key name the call that made it; user_id is the guest, who may be another person.
CREATE TABLE bookings (
    booking_id      UUID   NOT NULL PRIMARY KEY,
    user_id         UUID   NOT NULL,
    show_id         UUID   NOT NULL,
    cinema_id       UUID   NOT NULL,
    hold_id         UUID   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('pending', 'confirmed', 'failed', 'cancelled')),
    total           BIGINT NOT NULL CHECK (total >= 0),
    currency        TEXT   NOT NULL,
    payment_id      UUID   NOT NULL,
    booked_by       UUID   NOT NULL,
    idempotency_key TEXT,
    created_at      BIGINT NOT NULL,
    cancelled_at    BIGINT,
    cancel_reason   TEXT
) --@sqlite WITHOUT ROWID
;

CREATE INDEX bookings_by_user ON bookings (user_id, booking_id);
-- Holds only what the reconciler still has to settle.
CREATE INDEX bookings_pending ON bookings (booking_id) WHERE status = 'pending';

-- The seats of a booking, in the order they were picked, each with its ticket. Kept for ever, also of a failed booking.
CREATE TABLE booking_seats (
    booking_id UUID   NOT NULL,
    seat_id    TEXT   NOT NULL,
    position   BIGINT NOT NULL,
    label      TEXT   NOT NULL,
    category   TEXT   NOT NULL,
    price      BIGINT NOT NULL CHECK (price >= 0),
    ticket_id  UUID   NOT NULL,
    PRIMARY KEY (booking_id, seat_id)
) --@sqlite WITHOUT ROWID
;

-- Which attempt a caller's key stands for: the booking it makes, or would have made.
CREATE TABLE idempotency_keys (
    user_id      UUID   NOT NULL,
    key          TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    booking_id   UUID   NOT NULL,
    PRIMARY KEY (user_id, key)
) --@sqlite WITHOUT ROWID
;

-- The first answer of an attempt that came with a key; none while it is not known yet. Apart from the keys, since answers are long
-- and, in the order of their attempts, only ever appended: writing one moves nothing. The body makes rows long, so on SQLite
-- the table is no index of itself: every row would take a page.
CREATE TABLE idempotency_answers (
    booking_id UUID   NOT NULL PRIMARY KEY,
    user_id    UUID   NOT NULL,
    key        TEXT   NOT NULL,
    status     BIGINT NOT NULL,
    body       BYTEA  NOT NULL
);
