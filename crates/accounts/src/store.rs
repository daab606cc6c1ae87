//! Every SQL statement of accounts.

pub(crate) mod people;

use marquee_db::{Error, Result, Row, Tx, params};
use marquee_http::Grant;
use marquee_kernel::{CinemaId, SessionId, Timestamp, UserId};
use uuid::Uuid;

use crate::model::{Registration, role_of, role_word};

const INSERT_USER: &str = "
    INSERT INTO users (user_id, name, email, email_folded, phone, password_hash, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (email_folded) DO NOTHING";
const USER: &str = "SELECT user_id, name, email, phone, created_at FROM users WHERE user_id = $1";
const USER_BY_EMAIL: &str = "SELECT user_id, password_hash FROM users WHERE email_folded = $1";
const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2 WHERE user_id = $1";

/// What is known of the person goes; the account stays as the name of nobody, with a password that nothing matches.
const ERASE_USER: &str = "
    UPDATE users SET name = 'Erased account', email = $2, email_folded = $2, phone = NULL, password_hash = ''
    WHERE user_id = $1";
const DELETE_GRANTS: &str = "DELETE FROM role_grants WHERE user_id = $1";

const GRANTS: &str = "SELECT role, cinema_id FROM role_grants WHERE user_id = $1 ORDER BY role, cinema_id";
const INSERT_GRANT: &str = "
    INSERT INTO role_grants (user_id, role, cinema_id, granted_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id, role, cinema_id) DO NOTHING";
const DELETE_GRANT: &str = "DELETE FROM role_grants WHERE user_id = $1 AND role = $2 AND cinema_id = $3";

const INSERT_SESSION: &str = "
    INSERT INTO sessions (session_id, user_id, created_at, expires_at, access_expires_at)
    VALUES ($1, $2, $3, $4, $5)";
const PROLONG_SESSION: &str = "
    UPDATE sessions SET expires_at = $2, access_expires_at = $3
    WHERE session_id = $1 AND revoked_at IS NULL
    RETURNING user_id";
const REVOKE_SESSION: &str = "
    UPDATE sessions SET revoked_at = $2
    WHERE session_id = $1 AND revoked_at IS NULL
    RETURNING session_id, user_id, access_expires_at";
const REVOKE_SESSION_OF: &str = "
    UPDATE sessions SET revoked_at = $3
    WHERE session_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3
    RETURNING session_id, user_id, access_expires_at";
const SESSIONS_OF: &str = "
    SELECT session_id, user_id, created_at, expires_at, access_expires_at FROM sessions
    WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND session_id < $3
    ORDER BY session_id DESC LIMIT $4";
const SESSIONS_OF_NEWEST: &str = "
    SELECT session_id, user_id, created_at, expires_at, access_expires_at FROM sessions
    WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
    ORDER BY session_id DESC LIMIT $3";
const REVOKE_SESSIONS_OF: &str = "
    UPDATE sessions SET revoked_at = $2
    WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
    RETURNING session_id, user_id, access_expires_at";
const REVOKED_SESSIONS: &str = "
    SELECT session_id, user_id, access_expires_at FROM sessions
    WHERE revoked_at IS NOT NULL AND access_expires_at > $1";

const INSERT_REFRESH_TOKEN: &str = "
    INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES ($1, $2, $3)";
/// The one place where a refresh token is spent: of two at once, one finds it spent.
const USE_REFRESH_TOKEN: &str = "
    UPDATE refresh_tokens SET used_at = $2
    WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2
    RETURNING session_id";
const REFRESH_TOKEN: &str = "SELECT session_id, used_at FROM refresh_tokens WHERE token_hash = $1";

const PURGE_REFRESH_TOKENS: &str = "
    DELETE FROM refresh_tokens WHERE token_hash IN (
        SELECT token_hash FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
const PURGE_SESSIONS: &str = "
    DELETE FROM sessions WHERE session_id IN (
        SELECT session_id FROM sessions WHERE expires_at <= $1 AND access_expires_at <= $1
        ORDER BY expires_at LIMIT $2)";

const USERS_AFTER: &str = "
    SELECT user_id, email, email_folded FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2";
const ALL_GRANTS: &str = "
    SELECT user_id, role, cinema_id, EXISTS (SELECT 1 FROM users WHERE users.user_id = role_grants.user_id) AS known
    FROM role_grants ORDER BY user_id, role, cinema_id";
const SESSIONS_OF_NOBODY: &str = "
    SELECT session_id, user_id FROM sessions
    WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.user_id = sessions.user_id) ORDER BY session_id";
const TOKENS_OF_NO_SESSION: &str = "
    SELECT COUNT(*) AS tokens FROM refresh_tokens
    WHERE used_at IS NULL AND expires_at > $1
        AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.session_id = refresh_tokens.session_id)";

/// A person as the store knows them.
pub(crate) struct User {
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) created_at: Timestamp,
}

/// What a sign-in is checked against.
pub(crate) struct Account {
    pub(crate) user_id: UserId,
    pub(crate) password_hash: String,
}

/// A sign-in and when it lapses.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) session_id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) access_expires_at: Timestamp,
}

/// A session whose tokens are refused; the last access token of it lapses at `access_expires_at`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revoked {
    pub(crate) session_id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) access_expires_at: Timestamp,
}

/// False when the e-mail address has an account already.
pub(crate) fn insert_user(
    tx: &mut Tx<'_>,
    user_id: UserId,
    person: &Registration,
    password_hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let phone = person.phone.as_ref().map(|phone| phone.as_str().to_owned());
    let (name, email) = (person.name.as_str(), &person.email);
    let row = params![user_id, name, email.as_str(), email.folded(), phone, password_hash, now];
    Ok(tx.execute(INSERT_USER, &row)? > 0)
}

pub(crate) fn user(tx: &mut Tx<'_>, user_id: UserId) -> Result<Option<User>> {
    tx.query_opt(USER, &params![user_id])?.as_ref().map(people::read).transpose()
}

pub(crate) fn account(tx: &mut Tx<'_>, folded: &str) -> Result<Option<Account>> {
    let row = tx.query_opt(USER_BY_EMAIL, &params![folded])?;
    row.map(|row| Ok(Account { user_id: row.get("user_id")?, password_hash: row.get("password_hash")? })).transpose()
}

pub(crate) fn set_password(tx: &mut Tx<'_>, user_id: UserId, password_hash: &str) -> Result<()> {
    tx.execute(SET_PASSWORD, &params![user_id, password_hash]).map(|_| ())
}

/// False when nobody has that id. The address must be nobody's.
pub(crate) fn erase_user(tx: &mut Tx<'_>, user_id: UserId, address: &str) -> Result<bool> {
    tx.execute(DELETE_GRANTS, &params![user_id])?;
    Ok(tx.execute(ERASE_USER, &params![user_id, address])? > 0)
}

pub(crate) fn grants(tx: &mut Tx<'_>, user_id: UserId) -> Result<Vec<Grant>> {
    tx.query(GRANTS, &params![user_id])?.iter().map(grant).collect()
}

fn grant(row: &Row) -> Result<Grant> {
    let unknown = || Error::Column { column: "role".to_owned(), problem: "not a role" };
    let cinema_id: Uuid = row.get("cinema_id")?;
    Ok(Grant {
        role: role_of(&row.get::<String>("role")?).ok_or_else(unknown)?,
        cinema_id: (!cinema_id.is_nil()).then(|| CinemaId::from(cinema_id)),
    })
}

/// How many of them were new.
pub(crate) fn insert_grants(tx: &mut Tx<'_>, user_id: UserId, grants: &[Grant], now: Timestamp) -> Result<usize> {
    let rows = grants.iter().map(|grant| params![user_id, role_word(grant.role), place(grant), now]);
    Ok(tx.execute_each(INSERT_GRANT, rows)?.into_iter().sum())
}

/// How many of them there were.
pub(crate) fn delete_grants(tx: &mut Tx<'_>, user_id: UserId, grants: &[Grant]) -> Result<usize> {
    let rows = grants.iter().map(|grant| params![user_id, role_word(grant.role), place(grant)]);
    Ok(tx.execute_each(DELETE_GRANT, rows)?.into_iter().sum())
}

/// The nil UUID is every cinema: a primary key holds no NULL.
fn place(grant: &Grant) -> Uuid {
    grant.cinema_id.map_or(Uuid::nil(), CinemaId::uuid)
}

pub(crate) fn insert_session(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    let Session { session_id, user_id, created_at, expires_at, access_expires_at } = *session;
    tx.execute(INSERT_SESSION, &params![session_id, user_id, created_at, expires_at, access_expires_at]).map(|_| ())
}

/// Whose session it is, unless it was revoked.
pub(crate) fn prolong_session(
    tx: &mut Tx<'_>,
    session_id: SessionId,
    expires_at: Timestamp,
    access_expires_at: Timestamp,
) -> Result<Option<UserId>> {
    let row = tx.query_opt(PROLONG_SESSION, &params![session_id, expires_at, access_expires_at])?;
    row.map(|row| row.get("user_id")).transpose()
}

/// None when it was revoked before, or is none.
pub(crate) fn revoke_session(tx: &mut Tx<'_>, session_id: SessionId, now: Timestamp) -> Result<Option<Revoked>> {
    tx.query_opt(REVOKE_SESSION, &params![session_id, now])?.as_ref().map(revoked).transpose()
}

/// None when it is over, or not that user's.
pub(crate) fn revoke_session_of(
    tx: &mut Tx<'_>,
    session_id: SessionId,
    user_id: UserId,
    now: Timestamp,
) -> Result<Option<Revoked>> {
    tx.query_opt(REVOKE_SESSION_OF, &params![session_id, user_id, now])?.as_ref().map(revoked).transpose()
}

/// A user's sessions that are not over, newest first, older than `before`.
pub(crate) fn sessions_of(
    tx: &mut Tx<'_>,
    user_id: UserId,
    now: Timestamp,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Session>> {
    let rows = match before {
        Some(before) => tx.query(SESSIONS_OF, &params![user_id, now, before, limit])?,
        None => tx.query(SESSIONS_OF_NEWEST, &params![user_id, now, limit])?,
    };
    let read = |row: &Row| {
        Ok(Session {
            session_id: row.get("session_id")?,
            user_id: row.get("user_id")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            access_expires_at: row.get("access_expires_at")?,
        })
    };
    rows.iter().map(read).collect()
}

pub(crate) fn revoke_sessions_of(tx: &mut Tx<'_>, user_id: UserId, now: Timestamp) -> Result<Vec<Revoked>> {
    tx.query(REVOKE_SESSIONS_OF, &params![user_id, now])?.iter().map(revoked).collect()
}

/// Every revoked session of which an access token may be about.
pub(crate) fn revoked_sessions(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Revoked>> {
    tx.query(REVOKED_SESSIONS, &params![now])?.iter().map(revoked).collect()
}

fn revoked(row: &Row) -> Result<Revoked> {
    Ok(Revoked {
        session_id: row.get("session_id")?,
        user_id: row.get("user_id")?,
        access_expires_at: row.get("access_expires_at")?,
    })
}

pub(crate) fn insert_refresh_token(
    tx: &mut Tx<'_>,
    token_hash: [u8; 32],
    session_id: SessionId,
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(INSERT_REFRESH_TOKEN, &params![token_hash, session_id, expires_at]).map(|_| ())
}

/// The session of a token that was good until now; it is spent from now on.
pub(crate) fn use_refresh_token(tx: &mut Tx<'_>, token_hash: [u8; 32], now: Timestamp) -> Result<Option<SessionId>> {
    let row = tx.query_opt(USE_REFRESH_TOKEN, &params![token_hash, now])?;
    row.map(|row| row.get("session_id")).transpose()
}

/// The session of a token, and when it was spent.
pub(crate) fn refresh_token(tx: &mut Tx<'_>, token_hash: [u8; 32]) -> Result<Option<(SessionId, Option<Timestamp>)>> {
    let row = tx.query_opt(REFRESH_TOKEN, &params![token_hash])?;
    row.map(|row| Ok((row.get("session_id")?, row.get("used_at")?))).transpose()
}

/// Deletes at most `batch` lapsed refresh tokens; how many there were.
pub(crate) fn purge_refresh_tokens(tx: &mut Tx<'_>, now: Timestamp, batch: u32) -> Result<usize> {
    tx.execute(PURGE_REFRESH_TOKENS, &params![now, batch])
}

/// Deletes at most `batch` sessions of which nothing is good any more; how many there were.
pub(crate) fn purge_sessions(tx: &mut Tx<'_>, now: Timestamp, batch: u32) -> Result<usize> {
    tx.execute(PURGE_SESSIONS, &params![now, batch])
}

/// An account's addresses, as they stand in their columns.
pub(crate) struct Addresses {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) folded: String,
}

/// The accounts after `after`, by id.
pub(crate) fn addresses_after(tx: &mut Tx<'_>, after: UserId, limit: u32) -> Result<Vec<Addresses>> {
    let rows = tx.query(USERS_AFTER, &params![after, limit])?;
    let read = |row: &Row| {
        Ok(Addresses { user_id: row.get("user_id")?, email: row.get("email")?, folded: row.get("email_folded")? })
    };
    rows.iter().map(read).collect()
}

/// A grant as it stands in its row.
pub(crate) struct GrantRow {
    pub(crate) user_id: UserId,
    pub(crate) role: String,
    /// None: every cinema.
    pub(crate) cinema_id: Option<CinemaId>,
    /// Whether somebody has the user's id.
    pub(crate) known: bool,
}

pub(crate) fn all_grants(tx: &mut Tx<'_>) -> Result<Vec<GrantRow>> {
    let read = |row: &Row| {
        let cinema_id: Uuid = row.get("cinema_id")?;
        Ok(GrantRow {
            user_id: row.get("user_id")?,
            role: row.get("role")?,
            cinema_id: (!cinema_id.is_nil()).then(|| CinemaId::from(cinema_id)),
            known: row.get("known")?,
        })
    };
    tx.query(ALL_GRANTS, &[])?.iter().map(read).collect()
}

/// Sessions whose user nobody is.
pub(crate) fn sessions_of_nobody(tx: &mut Tx<'_>) -> Result<Vec<(SessionId, UserId)>> {
    let rows = tx.query(SESSIONS_OF_NOBODY, &[])?;
    rows.iter().map(|row| Ok((row.get("session_id")?, row.get("user_id")?))).collect()
}

/// How many refresh tokens could still be used and belong to no session.
pub(crate) fn count_tokens_of_no_session(tx: &mut Tx<'_>, now: Timestamp) -> Result<i64> {
    tx.query_opt(TOKENS_OF_NO_SESSION, &params![now])?.map_or(Ok(0), |row| row.get("tokens"))
}
