-- Which databases there are, in the home database alone. A shard takes the shows that are born from joined_at on, until drained_at.
CREATE TABLE shards (
    shard      BIGINT NOT NULL PRIMARY KEY,
    place      TEXT   NOT NULL,
    joined_at  BIGINT,
    drained_at BIGINT
) --@sqlite WITHOUT ROWID
;

-- Shows that are not where their birth puts them, in the home database alone.
CREATE TABLE show_moves (
    show_id  UUID   NOT NULL PRIMARY KEY,
    shard    BIGINT NOT NULL,
    moved_at BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;

-- Which shard this database is, so that no address in another order makes it another one.
CREATE TABLE shard_identity (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    shard    BIGINT NOT NULL,
    cluster  UUID   NOT NULL
);

-- Shows that were here and have left: nothing is sold of them here, whoever still believes it is. cargo is what was sold of the
-- show, until it has arrived.
CREATE TABLE departed_shows (
    show_id     UUID   NOT NULL PRIMARY KEY,
    move_id     UUID   NOT NULL,
    to_shard    BIGINT NOT NULL,
    departed_at BIGINT NOT NULL,
    cargo       TEXT
);
CREATE INDEX departed_shows_under_way ON departed_shows (show_id) WHERE cargo IS NOT NULL;

-- Moves that have arrived here: what is delivered twice is taken in once. arrived_at is when the move began.
CREATE TABLE arrived_moves (
    move_id    UUID   NOT NULL PRIMARY KEY,
    show_id    UUID   NOT NULL,
    arrived_at BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;
CREATE INDEX arrived_moves_by_show ON arrived_moves (show_id, arrived_at);

-- Who does what one node alone may do. The epoch rises with every change of hands, and what a leader writes is refused once it has
-- risen; beats rise while the leader is alive.
CREATE TABLE leases (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder UUID   NOT NULL,
    epoch  BIGINT NOT NULL,
    beats  BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;
