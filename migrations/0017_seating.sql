-- How many holds were placed in a cinema in a quarter of an hour, in the home database alone. Holds stand nowhere else once they are
-- over; this is for figures, and no sale waits for it.
CREATE TABLE holds_placed (
    cinema_id UUID   NOT NULL,
    quarter   BIGINT NOT NULL,
    holds     BIGINT NOT NULL,
    PRIMARY KEY (cinema_id, quarter)
) --@sqlite WITHOUT ROWID
;
