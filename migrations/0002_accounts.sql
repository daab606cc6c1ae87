-- People. `email` is as they wrote it, `email_folded` is what makes it one account.
CREATE TABLE users (
    user_id       UUID   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    email         TEXT   NOT NULL,
    email_folded  TEXT   NOT NULL UNIQUE,
    phone         TEXT,
    password_hash TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;

-- What people may do beyond what every customer may. The nil UUID stands for every cinema.
CREATE TABLE role_grants (
    user_id    UUID   NOT NULL REFERENCES users (user_id),
    role       TEXT   NOT NULL,
    cinema_id  UUID   NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, role, cinema_id)
) --@sqlite WITHOUT ROWID
;

-- Sign-ins: a session is a family of refresh tokens and the access tokens that came with them.
-- `expires_at` is when its last refresh token lapses, `access_expires_at` when its last access token does.
CREATE TABLE sessions (
    session_id        UUID   NOT NULL PRIMARY KEY,
    user_id           UUID   NOT NULL REFERENCES users (user_id),
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    access_expires_at BIGINT NOT NULL,
    revoked_at        BIGINT
) --@sqlite WITHOUT ROWID
;
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_expiring ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (access_expires_at) WHERE revoked_at IS NOT NULL;

-- Refresh tokens, by the SHA-256 of the token. A used one stays until it would have lapsed, so that its reuse is noticed.
CREATE TABLE refresh_tokens (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    session_id UUID   NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
) --@sqlite WITHOUT ROWID
;
CREATE INDEX refresh_tokens_expiring ON refresh_tokens (expires_at);
