//! Registering, signing in, staying signed in, signing out.

use std::net::IpAddr;

use jiff::SignedDuration;
use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_http::Grant;
use marquee_kernel::{SessionId, Timestamp, UserId};
use tracing::{info, warn};

use super::{Accounts, Opening, Reason, open_session, session_revoked, user_registered};
use crate::error::{Error, Result};
use crate::meters;
use crate::model::{Credentials, Password, RefreshToken, Registration, fold, hash_token, later};
use crate::store::{self, Revoked};

/// What became of a refresh token.
enum Refreshed {
    Good {
        user_id: UserId,
        session_id: SessionId,
        grants: Vec<Grant>,
    },
    /// It was spent before: somebody else may hold it too, so nobody keeps the session.
    Reused(Option<Revoked>),
    Refused,
}

/// How long a browser's refresh token that was just used is good for its other tabs, and for a call whose answer was lost.
const FORGIVEN: SignedDuration = SignedDuration::from_secs(30);

/// What it means that a refresh token is used a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reuse {
    /// Somebody else has it.
    Theft,
    /// Within a moment, that the tabs of a browser share it. Later, theft.
    Tabs,
}

impl Reuse {
    fn is_forgiven(self, used_at: Timestamp, now: Timestamp) -> bool {
        self == Reuse::Tabs && now.duration_since(used_at) < FORGIVEN
    }
}

impl Accounts {
    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// [`Error::EmailTaken`], [`Error::HashQueueFull`], [`Error::Db`].
    pub async fn register(&self, person: Registration) -> Result<Credentials> {
        let parts = &self.parts;
        // Hashed before the address is looked for: an address that is taken must not answer faster.
        let password_hash = parts.passwords.hash(person.password.clone()).await?;
        let user_id = UserId::mint(&parts.clock, &parts.rng);
        let Opening { session, refresh_token } = parts.opening(user_id);
        let (journal, token_hash) = (parts.journal.clone(), refresh_token.hash());
        let write = move |tx: &mut Tx<'_>| {
            if !store::insert_user(tx, user_id, &person, &password_hash, session.created_at)? {
                return Err(Error::EmailTaken);
            }
            journal.append(tx, &[user_registered(user_id, Actor::User(user_id))])?;
            open_session(tx, &journal, &session, token_hash)
        };
        parts.db.write(write).await?;
        info!(%user_id, "user registered");
        self.credentials(user_id, session.session_id, &[], refresh_token)
    }

    /// Signs in with name and password (RFC 6749, section 4.3). `from` is where the caller is, if known: wrong
    /// passwords are counted for each network.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], the same and after the same work for a wrong password and for an address without an
    /// account; [`Error::Guessing`]; [`Error::HashQueueFull`]; [`Error::Db`].
    pub async fn sign_in(&self, email: &str, password: Password, from: Option<IpAddr>) -> Result<Credentials> {
        let (parts, folded) = (&self.parts, fold(email));
        let checked = self.check_guess(&folded, password, from).await;
        let outcome = match &checked {
            Ok(_) => "granted",
            Err(Error::InvalidGrant) => "refused",
            Err(Error::Guessing { .. }) => "slowed_down",
            Err(_) => "unavailable",
        };
        meters::sign_in(outcome);
        let account = checked?;
        let user_id = account.user_id;
        let Opening { session, refresh_token } = parts.opening(user_id);
        let (journal, token_hash) = (parts.journal.clone(), refresh_token.hash());
        let write = move |tx: &mut Tx<'_>| {
            // The password may have been changed while this one was hashed, which ended every session there was.
            let current = store::account(tx, &folded)?;
            if current.is_none_or(|current| current.password_hash != account.password_hash) {
                return Err(Error::InvalidGrant);
            }
            open_session(tx, &journal, &session, token_hash)?;
            Ok(store::grants(tx, user_id)?)
        };
        let grants = parts.db.write(write).await?;
        self.credentials(user_id, session.session_id, &grants, refresh_token)
    }

    /// The account of that address and password, which is a guess: there are only so many.
    pub(super) async fn check_guess(
        &self,
        email: &str,
        password: Password,
        from: Option<IpAddr>,
    ) -> Result<store::Account> {
        let (folded, guesses) = (fold(email), &self.parts.guesses);
        if let Some(guesses) = guesses {
            let admitted = guesses.admit(&folded, from).await;
            admitted.map_err(|retry_after_s| Error::Guessing { retry_after_s })?;
        }
        let checked = self.check_password(&folded, password).await;
        // Only a wrong password is a guess; one that could not be checked is not.
        if let (Some(guesses), false) = (guesses, matches!(checked, Err(Error::InvalidGrant))) {
            guesses.give_back(&folded, from);
        }
        checked
    }

    async fn check_password(&self, folded: &str, password: Password) -> Result<store::Account> {
        let key = folded.to_owned();
        let account = self.parts.db.read(move |tx| Ok::<_, Error>(store::account(tx, &key)?)).await?;
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let right = self.parts.passwords.verify(password, stored).await?;
        account.filter(|_| right).ok_or(Error::InvalidGrant)
    }

    /// Trades a refresh token for new credentials (RFC 6749, section 6). It works once; a second use ends the session,
    /// its access tokens too (RFC 9700, section 4.14.2).
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], [`Error::Db`].
    pub async fn refresh(&self, refresh_token: &str) -> Result<Credentials> {
        self.spend(refresh_token, Reuse::Theft).await
    }

    /// As [`Accounts::refresh`], for the tabs of one browser, which have one cookie between them and may all use it at once.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], [`Error::Db`].
    pub async fn refresh_browser(&self, refresh_token: &str) -> Result<Credentials> {
        self.spend(refresh_token, Reuse::Tabs).await
    }

    async fn spend(&self, refresh_token: &str, reuse: Reuse) -> Result<Credentials> {
        let parts = &self.parts;
        let (now, spent, next) = (parts.clock.now(), hash_token(refresh_token), RefreshToken::mint(&parts.rng));
        let (expires_at, access_expires_at) = (later(now, parts.settings.refresh_token_s), parts.tokens.expiry(now));
        let (journal, next_hash) = (parts.journal.clone(), next.hash());
        let write = move |tx: &mut Tx<'_>| {
            let session_id = match store::use_refresh_token(tx, spent, now)? {
                Some(session_id) => session_id,
                None => match store::refresh_token(tx, spent)? {
                    Some((session_id, Some(used_at))) if reuse.is_forgiven(used_at, now) => session_id,
                    Some((session_id, Some(_))) => {
                        let revoked = store::revoke_session(tx, session_id, now)?;
                        let event = revoked.as_ref().map(|it| session_revoked(it, Actor::System, Reason::TokenReused));
                        journal.append(tx, event.as_slice())?;
                        return Ok(Refreshed::Reused(revoked));
                    }
                    Some((_, None)) | None => return Ok(Refreshed::Refused),
                },
            };
            let Some(user_id) = store::prolong_session(tx, session_id, expires_at, access_expires_at)? else {
                return Ok(Refreshed::Refused);
            };
            store::insert_refresh_token(tx, next_hash, session_id, expires_at)?;
            Ok::<_, Error>(Refreshed::Good { user_id, session_id, grants: store::grants(tx, user_id)? })
        };
        match parts.db.write(write).await? {
            Refreshed::Good { user_id, session_id, grants } => self.credentials(user_id, session_id, &grants, next),
            Refreshed::Refused => Err(Error::InvalidGrant),
            Refreshed::Reused(revoked) => {
                if let Some(revoked) = revoked {
                    warn!(session_id = %revoked.session_id, "refresh token reused, session revoked");
                    self.end_sessions(&[revoked]);
                }
                Err(Error::InvalidGrant)
            }
        }
    }

    /// Ends the session that an access or refresh token belongs to (RFC 7009); any other text ends nothing.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn revoke(&self, token: &str) -> Result<()> {
        let parts = &self.parts;
        let (now, token_hash, journal) = (parts.clock.now(), hash_token(token), parts.journal.clone());
        let of_access_token = parts.tokens.session_of(token);
        let known = match of_access_token {
            Some(session_id) => Some(session_id),
            // Looked up among the readers first: a text that is no token must not cost a turn of the one writer.
            None => {
                let find = move |tx: &mut Tx<'_>| Ok::<_, Error>(store::refresh_token(tx, token_hash)?);
                parts.db.read(find).await?.map(|(session_id, _)| session_id)
            }
        };
        let Some(session_id) = known else { return Ok(()) };
        let write = move |tx: &mut Tx<'_>| {
            let revoked = store::revoke_session(tx, session_id, now)?;
            let event = revoked.as_ref().map(|it| session_revoked(it, Actor::User(it.user_id), Reason::SignedOut));
            journal.append(tx, event.as_slice())?;
            Ok::<_, Error>(revoked)
        };
        let revoked = parts.db.write(write).await?;
        self.end_sessions(revoked.as_slice());
        Ok(())
    }

    fn credentials(
        &self,
        user_id: UserId,
        session_id: SessionId,
        grants: &[Grant],
        refresh_token: RefreshToken,
    ) -> Result<Credentials> {
        Ok(Credentials {
            user_id,
            access_token: self.parts.tokens.sign(user_id, session_id, grants)?,
            expires_in_s: self.parts.settings.access_token_s,
            refresh_token: refresh_token.into_string(),
            refresh_expires_in_s: self.parts.settings.refresh_token_s,
        })
    }
}
