-- Who was let in: one row for a ticket, however many gates there are. The nonce is the scan's, so that what it came to can be told
-- again.
CREATE TABLE admissions (
    show_id     UUID   NOT NULL,
    ticket_id   UUID   NOT NULL,
    booking_id  UUID   NOT NULL,
    gate        TEXT   NOT NULL,
    nonce       TEXT   NOT NULL,
    admitted_by UUID   NOT NULL,
    scanned_at  BIGINT NOT NULL,
    admitted_at BIGINT NOT NULL,
    PRIMARY KEY (show_id, ticket_id)
) --@sqlite WITHOUT ROWID
;

CREATE UNIQUE INDEX admissions_by_nonce ON admissions (show_id, nonce);
-- What somebody was let in with is not given back.
CREATE INDEX admissions_by_booking ON admissions (booking_id);

-- Guests whom a gate without a network let in, and who, as it turned out, should have been refused: why, and when it was learnt.
CREATE TABLE contested_admissions (
    show_id    UUID   NOT NULL,
    nonce      TEXT   NOT NULL,
    ticket_id  UUID   NOT NULL,
    booking_id UUID   NOT NULL,
    code       TEXT   NOT NULL,
    gate       TEXT   NOT NULL,
    let_in_by  UUID   NOT NULL,
    scanned_at BIGINT NOT NULL,
    noted_at   BIGINT NOT NULL,
    PRIMARY KEY (show_id, nonce)
) --@sqlite WITHOUT ROWID
;
