-- What is not free, sparse: a row stands only while a seat is claimed, booked or blocked. The primary key is the last
-- guard against a double sale.
CREATE TABLE show_seats (
    show_id    UUID NOT NULL,
    seat_id    TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('claimed', 'booked', 'blocked')),
    booking_id UUID,
    PRIMARY KEY (show_id, seat_id),
    CHECK ((status = 'blocked') = (booking_id IS NULL))
) --@sqlite WITHOUT ROWID
;

-- Confirming and freeing find a booking's seats by it.
CREATE INDEX show_seats_by_booking ON show_seats (booking_id, show_id);

-- Shows that sell no more, whoever still believes they do: a claim is refused by the transaction that would make it.
CREATE TABLE closed_shows (
    show_id   UUID   NOT NULL PRIMARY KEY,
    closed_at BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;

-- How often seating has started: the high half of every seat map version, so that none falls, not even over a crash.
CREATE TABLE seating_starts (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    starts   BIGINT NOT NULL
);

-- Holds alive at a graceful stop, for the next start to take up.
CREATE TABLE kept_holds (
    hold_id UUID NOT NULL PRIMARY KEY,
    show_id UUID NOT NULL,
    hold    TEXT NOT NULL
) --@sqlite WITHOUT ROWID
;
