-- What is on. A row that is deleted stays, with deleted_at: past shows and bookings still name it.

CREATE TABLE movies (
    movie_id         UUID   NOT NULL PRIMARY KEY,
    source_key       TEXT   UNIQUE,
    title            TEXT   NOT NULL,
    title_fold       TEXT   NOT NULL,
    duration_minutes BIGINT NOT NULL,
    genres           TEXT   NOT NULL,
    languages        TEXT   NOT NULL,
    certificate      TEXT,
    synopsis         TEXT,
    release_date     TEXT,
    director         TEXT,
    cast_names       TEXT   NOT NULL,
    rating_sum       BIGINT NOT NULL,
    rating_count     BIGINT NOT NULL,
    revision         BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    deleted_at       BIGINT
);
CREATE INDEX movies_by_title ON movies (title_fold, movie_id);

-- Genres and languages, folded, for the filters.
CREATE TABLE movie_labels (
    kind       TEXT NOT NULL,
    label_fold TEXT NOT NULL,
    movie_id   UUID NOT NULL REFERENCES movies (movie_id),
    PRIMARY KEY (kind, label_fold, movie_id)
) --@sqlite WITHOUT ROWID
;

CREATE TABLE cinemas (
    cinema_id            UUID   NOT NULL PRIMARY KEY,
    name                 TEXT   NOT NULL,
    name_fold            TEXT   NOT NULL,
    city                 TEXT   NOT NULL,
    city_fold            TEXT   NOT NULL,
    timezone             TEXT   NOT NULL,
    address              TEXT,
    location             TEXT,
    sales_close_minutes  BIGINT NOT NULL,
    cancel_close_minutes BIGINT NOT NULL,
    revision             BIGINT NOT NULL,
    created_at           BIGINT NOT NULL,
    deleted_at           BIGINT
);
CREATE INDEX cinemas_by_name ON cinemas (name_fold, cinema_id);
CREATE INDEX cinemas_by_city ON cinemas (city_fold, name_fold, cinema_id);

-- revision also is the lock of a screen's timetable: whoever schedules raises it first.
CREATE TABLE screens (
    screen_id      UUID   NOT NULL PRIMARY KEY,
    cinema_id      UUID   NOT NULL REFERENCES cinemas (cinema_id),
    name           TEXT   NOT NULL,
    name_fold      TEXT   NOT NULL,
    layout_version BIGINT NOT NULL,
    capacity       BIGINT NOT NULL,
    revision       BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    deleted_at     BIGINT
);
CREATE INDEX screens_by_cinema ON screens (cinema_id, name_fold, screen_id);

-- Never updated: a change of a screen's seats is its next version.
CREATE TABLE layouts (
    screen_id UUID   NOT NULL REFERENCES screens (screen_id),
    version   BIGINT NOT NULL,
    plan      TEXT   NOT NULL,
    capacity  BIGINT NOT NULL,
    PRIMARY KEY (screen_id, version)
);

-- local_date and city_fold repeat what the cinema says, so that a list of shows is one range of one index. The table keeps
-- its rowid: only then does SQLite test the columns at an index's end before it fetches the row.
CREATE TABLE shows (
    show_id        UUID    NOT NULL PRIMARY KEY,
    movie_id       UUID    NOT NULL REFERENCES movies (movie_id),
    cinema_id      UUID    NOT NULL REFERENCES cinemas (cinema_id),
    screen_id      UUID    NOT NULL,
    layout_version BIGINT  NOT NULL,
    city_fold      TEXT    NOT NULL,
    local_date     TEXT    NOT NULL,
    start_time     BIGINT  NOT NULL,
    end_time       BIGINT  NOT NULL,
    language       TEXT,
    format         TEXT,
    prices         TEXT    NOT NULL,
    cancelled      BOOLEAN NOT NULL,
    revision       BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    FOREIGN KEY (screen_id, layout_version) REFERENCES layouts (screen_id, version)
);
CREATE INDEX shows_by_movie ON shows (movie_id, start_time, show_id, local_date, city_fold);
CREATE INDEX shows_by_cinema ON shows (cinema_id, start_time, show_id, local_date, movie_id);
CREATE INDEX shows_by_city ON shows (city_fold, start_time, show_id, local_date, movie_id, end_time);
CREATE INDEX shows_by_start ON shows (start_time, show_id, local_date);
CREATE INDEX shows_by_screen ON shows (screen_id, start_time, end_time);
