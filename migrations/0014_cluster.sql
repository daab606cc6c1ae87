-- How many moves were noted before this one, in the order of their commits: a node reads what is new alone.
ALTER TABLE show_moves ADD COLUMN noted BIGINT NOT NULL DEFAULT 0;
CREATE INDEX show_moves_by_noted ON show_moves (noted);

-- Times in which a shard took no new shows and after which it took them again, in the home database alone.
CREATE TABLE shard_pauses (
    shard     BIGINT NOT NULL,
    paused_at BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    PRIMARY KEY (shard, paused_at)
) --@sqlite WITHOUT ROWID
;

-- Moves that were given up before they arrived here: they never will.
CREATE TABLE refused_moves (
    move_id UUID NOT NULL PRIMARY KEY
) --@sqlite WITHOUT ROWID
;
