-- 0006_payments: what a booking owes and what was given back.

-- One row per attempt to pay for a booking. capture_due_at is set only while an authorised payment waits for its capture:
-- the index holds the work to do and nothing else.
CREATE TABLE payments (
    payment_id     UUID   NOT NULL PRIMARY KEY,
    booking_id     UUID   NOT NULL,
    show_id        UUID   NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount >= 0),
    currency       TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    decline_code   TEXT,
    capture_due_at BIGINT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;

CREATE INDEX payments_to_capture ON payments (capture_due_at) WHERE capture_due_at IS NOT NULL;

-- A payment given back. The unique key on payment_id is the last guard: cancelling twice cannot make two.
CREATE TABLE refunds (
    refund_id       UUID   NOT NULL PRIMARY KEY,
    payment_id      UUID   NOT NULL UNIQUE,
    booking_id      UUID   NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    currency        TEXT   NOT NULL,
    status          TEXT   NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT,
    last_error      TEXT,
    created_at      BIGINT NOT NULL,
    accepted_at     BIGINT,
    settled_at      BIGINT
) --@sqlite WITHOUT ROWID
;

CREATE INDEX refunds_to_settle ON refunds (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
