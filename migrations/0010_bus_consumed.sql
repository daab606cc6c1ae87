-- What each consumer has acted on, noted in the transaction that acted: what is delivered again is not acted on again.
CREATE TABLE consumed_events (
    consumer TEXT   NOT NULL,
    event_id UUID   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (consumer, event_id)
) --@sqlite WITHOUT ROWID
;
CREATE INDEX consumed_events_by_age ON consumed_events (consumer, at);
