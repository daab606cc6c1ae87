//! What people do with what is kept of them: their sessions, all of it as a document, and its end.

use std::net::IpAddr;

use jiff::SignedDuration;
use marquee_bus::{Actor, Event};
use marquee_db::Tx;
use marquee_http::Caller;
use marquee_kernel::{Page, PageRequest, SessionId, UserId};
use serde_json::json;
use tracing::info;

use super::{Accounts, Reason, session_revoked};
use crate::error::{Error, Result};
use crate::model::{Fault, Password, PersonalData, SESSION_LIST, SignIn, roles};
use crate::store::{self, Session};

/// The most sessions that a copy of somebody's data lists.
const SESSIONS_MAX: u32 = 1_000;
/// Random bytes of an erased account's address, which nobody can register before it is needed.
const ERASED_BYTES: usize = 16;

impl Accounts {
    /// Somebody's sessions that are not over, the newest first.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn sessions(&self, user_id: UserId, page: PageRequest<SessionId>) -> Result<Page<SignIn>> {
        let (now, PageRequest { limit, after }) = (self.now(), page);
        let read = move |tx: &mut Tx<'_>| Ok::<_, Error>(store::sessions_of(tx, user_id, now, after, limit + 1)?);
        let sessions = self.db().read(read).await?;
        let page = Page::cut(sessions, limit, SESSION_LIST, |session| session.session_id);
        Ok(page.map(|session| self.sign_in_of(&session)))
    }

    fn sign_in_of(&self, session: &Session) -> SignIn {
        // Each refresh moves the end on by the same time.
        let kept = SignedDuration::from_secs(self.parts.settings.refresh_token_s.into());
        let Session { session_id, created_at, expires_at, .. } = *session;
        let refreshed_at = expires_at.checked_sub(kept).unwrap_or(created_at).max(created_at);
        SignIn { session_id, created_at, refreshed_at, expires_at }
    }

    /// Ends one of the caller's own sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] also when it is over, or somebody else's; [`Error::Db`].
    pub async fn close_session(&self, caller: &Caller, session_id: SessionId) -> Result<()> {
        let (user_id, now, journal) = (caller.user_id, self.now(), self.parts.journal.clone());
        let write = move |tx: &mut Tx<'_>| {
            let revoked = store::revoke_session_of(tx, session_id, user_id, now)?.ok_or(Error::SessionNotFound)?;
            journal.append(tx, &[session_revoked(&revoked, Actor::User(user_id), Reason::SignedOut)])?;
            Ok::<_, Error>(revoked)
        };
        let revoked = self.db().write(write).await?;
        self.end_sessions(&[revoked]);
        Ok(())
    }

    /// All that accounts keep of somebody.
    ///
    /// # Errors
    /// [`Error::UserNotFound`], [`Error::Db`].
    pub async fn personal_data(&self, user_id: UserId) -> Result<PersonalData> {
        let now = self.now();
        let read = move |tx: &mut Tx<'_>| {
            let user = store::user(tx, user_id)?.ok_or(Error::UserNotFound)?;
            let sessions = store::sessions_of(tx, user_id, now, None, SESSIONS_MAX)?;
            Ok::<_, Error>((user, store::grants(tx, user_id)?, sessions))
        };
        let (user, grants, sessions) = self.db().read(read).await?;
        Ok(PersonalData {
            user_id: user.user_id,
            name: user.name,
            email: user.email,
            phone: user.phone,
            roles: roles(&grants),
            created_at: user.created_at,
            sessions: sessions.iter().map(|session| self.sign_in_of(session)).collect(),
        })
    }

    /// Asks for a password once more, of somebody who is signed in. It is guessed at as slowly as at a sign-in.
    ///
    /// # Errors
    /// [`Error::Invalid`] blaming `password`, [`Error::Guessing`], [`Error::HashQueueFull`], [`Error::Db`].
    pub async fn confirm_password(&self, user_id: UserId, password: Password, from: Option<IpAddr>) -> Result<()> {
        let find = move |tx: &mut Tx<'_>| store::user(tx, user_id)?.ok_or(Error::UserNotFound);
        let email = self.db().read(find).await?.email;
        match self.check_guess(&email, password, from).await {
            Ok(_) => Ok(()),
            Err(Error::InvalidGrant) => {
                Err(Error::Invalid(vec![Fault { field: "password", message: "is not the account's" }]))
            }
            Err(error) => Err(error),
        }
    }

    /// Erases what is known of a person, and ends their sessions. What names them by their id stays, of nobody.
    ///
    /// # Errors
    /// [`Error::UserNotFound`], [`Error::Db`].
    pub async fn erase(&self, user_id: UserId) -> Result<()> {
        let parts = &self.parts;
        let (now, journal) = (parts.clock.now(), parts.journal.clone());
        let address = format!("{:032x}@erased.invalid", u128::from_be_bytes(parts.rng.bytes::<ERASED_BYTES>()));
        let write = move |tx: &mut Tx<'_>| {
            if !store::erase_user(tx, user_id, &address)? {
                return Err(Error::UserNotFound);
            }
            let revoked = store::revoke_sessions_of(tx, user_id, now)?;
            let ended = revoked.iter().map(|it| session_revoked(it, Actor::User(user_id), Reason::AccountErased));
            let events: Vec<Event> = std::iter::once(account_erased(user_id)).chain(ended).collect();
            journal.append(tx, &events)?;
            Ok(revoked)
        };
        let revoked = parts.db.write(write).await?;
        self.end_sessions(&revoked);
        info!(%user_id, "account erased");
        Ok(())
    }
}

fn account_erased(user_id: UserId) -> Event {
    let actor = Actor::User(user_id);
    Event { kind: "AccountErased", actor, show_id: None, subject: user_id.to_string(), payload: json!({}) }
}
