-- The journal: every state change, in order, each entry sealing the one before it. Outbox and audit trail in one.
CREATE TABLE journal (
    seq      BIGINT NOT NULL PRIMARY KEY,
    event_id UUID   NOT NULL,
    at       BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    show_id  UUID,
    subject  TEXT   NOT NULL,
    payload  TEXT   NOT NULL,
    hash     BYTEA  NOT NULL
) --@sqlite WITHOUT ROWID
;

-- How far each consumer has read.
CREATE TABLE journal_offsets (
    consumer TEXT   NOT NULL PRIMARY KEY,
    seq      BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;
