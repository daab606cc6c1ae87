//! What the command line and the start of the server do to accounts.

use marquee_bus::{Actor, Event};
use marquee_db::Tx;
use marquee_http::{Grant, Role};
use marquee_kernel::{CinemaId, UserId};
use serde_json::json;
use tracing::{info, warn};

use super::{Accounts, Reason, blocking, session_revoked, user_registered};
use crate::error::{Error, Result};
use crate::keys::KeyRing;
use crate::model::{Fault, GRANTS_MAX, Password, Registration, TOO_MANY_GRANTS, fold, grants, role_word};
use crate::store::{self, Revoked};

/// What the first administrator is called until somebody says otherwise.
const ADMIN_NAME: &str = "Administrator";

impl Accounts {
    /// Makes an account without signing it in.
    ///
    /// # Errors
    /// [`Error::EmailTaken`], [`Error::HashQueueFull`], [`Error::Db`].
    pub async fn create_user(&self, person: Registration) -> Result<UserId> {
        self.create(person, &[]).await
    }

    async fn create(&self, person: Registration, granted: &'static [Grant]) -> Result<UserId> {
        let parts = &self.parts;
        let password_hash = parts.passwords.hash(person.password.clone()).await?;
        let (user_id, now) = (UserId::mint(&parts.clock, &parts.rng), parts.clock.now());
        let journal = parts.journal.clone();
        let write = move |tx: &mut Tx<'_>| {
            if !store::insert_user(tx, user_id, &person, &password_hash, now)? {
                return Err(Error::EmailTaken);
            }
            store::insert_grants(tx, user_id, granted, now)?;
            let events = granted.iter().map(|grant| role_event("RoleGranted", Actor::System, user_id, &[*grant]));
            let events: Vec<Event> = std::iter::once(user_registered(user_id, Actor::System)).chain(events).collect();
            Ok(journal.append(tx, &events)?)
        };
        parts.db.write(write).await?;
        info!(%user_id, "user created");
        Ok(user_id)
    }

    /// Creates the first administrator unless the address has an account; says whether it did.
    ///
    /// An account that exists is left alone, also its roles: whoever registered the address first must not become
    /// administrator by that.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address or a password that is none, [`Error::HashQueueFull`], [`Error::Db`].
    pub async fn ensure_admin(&self, email: &str, password: &str) -> Result<bool> {
        const ADMIN: &[Grant] = &[Grant { role: Role::Admin, cinema_id: None }];
        let person = Registration::new(ADMIN_NAME, email, password, None)?;
        let folded = person.email.folded().to_owned();
        let find = move |tx: &mut Tx<'_>| match store::account(tx, &folded)? {
            None => Ok::<_, Error>(None),
            Some(account) => Ok(Some((account.user_id, store::grants(tx, account.user_id)?))),
        };
        match self.parts.db.read(find.clone()).await? {
            Some((user_id, granted)) => {
                if !granted.iter().any(|grant| grant.role == Role::Admin) {
                    warn!(%user_id, "the administrator's address belongs to an account without that role");
                }
                Ok(false)
            }
            None => match self.create(person, ADMIN).await {
                Ok(_) => Ok(true),
                // Another process came first.
                Err(Error::EmailTaken) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }

    /// Gives `role` in those cinemas (none: in every cinema) to the account of that address. New tokens carry it.
    ///
    /// # Errors
    /// [`Error::BadGrant`], [`Error::UserNotFound`], [`Error::Db`].
    pub async fn grant_role(&self, email: &str, role: Role, cinema_ids: &[CinemaId]) -> Result<UserId> {
        self.give(Actor::System, having(email), role, cinema_ids).await
    }

    /// Gives `role` in those cinemas to the account that `find` finds.
    pub(super) async fn give(
        &self,
        actor: Actor,
        find: impl FnOnce(&mut Tx<'_>) -> Result<UserId> + Send + 'static,
        role: Role,
        cinema_ids: &[CinemaId],
    ) -> Result<UserId> {
        let (parts, wanted) = (&self.parts, grants(role, cinema_ids)?);
        let (now, journal) = (parts.clock.now(), parts.journal.clone());
        let write = move |tx: &mut Tx<'_>| {
            let user_id = find(tx)?;
            if store::insert_grants(tx, user_id, &wanted, now)? == 0 {
                return Ok(user_id);
            }
            if store::grants(tx, user_id)?.len() > GRANTS_MAX {
                return Err(Error::BadGrant(TOO_MANY_GRANTS));
            }
            journal.append(tx, &[role_event("RoleGranted", actor, user_id, &wanted)])?;
            Ok(user_id)
        };
        let user_id = parts.db.write(write).await?;
        info!(%user_id, role = role_word(role), "role granted");
        Ok(user_id)
    }

    /// Takes `role` in those cinemas (none: the grant for every cinema) from the account of that address, and ends its
    /// sessions: no token goes on saying what is no longer true.
    ///
    /// # Errors
    /// [`Error::BadGrant`] also when the account does not have that grant, [`Error::UserNotFound`], [`Error::Db`].
    pub async fn take_role(&self, email: &str, role: Role, cinema_ids: &[CinemaId]) -> Result<UserId> {
        self.take(Actor::System, having(email), role, cinema_ids).await
    }

    /// Takes `role` in those cinemas from the account that `find` finds.
    pub(super) async fn take(
        &self,
        actor: Actor,
        find: impl FnOnce(&mut Tx<'_>) -> Result<UserId> + Send + 'static,
        role: Role,
        cinema_ids: &[CinemaId],
    ) -> Result<UserId> {
        let (parts, unwanted) = (&self.parts, grants(role, cinema_ids)?);
        let (now, journal) = (parts.clock.now(), parts.journal.clone());
        let write = move |tx: &mut Tx<'_>| {
            let user_id = find(tx)?;
            if store::delete_grants(tx, user_id, &unwanted)? == 0 {
                return Err(Error::BadGrant("the account does not have that role there"));
            }
            let revoked = store::revoke_sessions_of(tx, user_id, now)?;
            let mut events = vec![role_event("RoleTaken", actor, user_id, &unwanted)];
            events.extend(revoked.iter().map(|it| session_revoked(it, actor, Reason::RoleTaken)));
            journal.append(tx, &events)?;
            Ok::<(UserId, Vec<Revoked>), Error>((user_id, revoked))
        };
        let (user_id, revoked) = parts.db.write(write).await?;
        self.end_sessions(&revoked);
        info!(%user_id, role = role_word(role), "role taken");
        Ok(user_id)
    }

    /// Sets a new password for the account of that address and ends its sessions.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::UserNotFound`], [`Error::HashQueueFull`], [`Error::Db`].
    pub async fn change_password(&self, email: &str, password: &str) -> Result<UserId> {
        let parts = &self.parts;
        let fault = |message| Error::Invalid(vec![Fault { field: "password", message }]);
        let password = Password::choose(password).map_err(fault)?;
        let password_hash = parts.passwords.hash(password).await?;
        let (folded, now, journal) = (fold(email), parts.clock.now(), parts.journal.clone());
        let write = move |tx: &mut Tx<'_>| {
            let user_id = store::account(tx, &folded)?.ok_or(Error::UserNotFound)?.user_id;
            store::set_password(tx, user_id, &password_hash)?;
            let revoked = store::revoke_sessions_of(tx, user_id, now)?;
            let (subject, payload) = (user_id.to_string(), json!({}));
            let changed = Event { kind: "PasswordChanged", actor: Actor::System, show_id: None, subject, payload };
            let ended = revoked.iter().map(|it| session_revoked(it, Actor::System, Reason::PasswordChanged));
            let events: Vec<Event> = std::iter::once(changed).chain(ended).collect();
            journal.append(tx, &events)?;
            Ok::<(UserId, Vec<Revoked>), Error>((user_id, revoked))
        };
        let (user_id, revoked) = parts.db.write(write).await?;
        self.end_sessions(&revoked);
        info!(%user_id, "password changed");
        Ok(user_id)
    }

    /// Makes a new signing key, which signs from now on. Tokens signed before stay good until they expire; a server
    /// that runs meanwhile finds the key within [`crate::jobs::WATCH_S`] seconds.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub async fn rotate_keys(&self) -> Result<()> {
        let (settings, now, rng) = (self.parts.settings.clone(), self.parts.clock.now(), self.parts.rng.clone());
        let ring = blocking(move || KeyRing::rotate(&settings.data_dir, settings.access_token_s, now, &rng)).await?;
        info!(kid = ring.newest().kid, "signing key rotated");
        self.parts.tokens.replace_ring(ring);
        Ok(())
    }
}

/// Finds the account of that address.
fn having(email: &str) -> impl FnOnce(&mut Tx<'_>) -> Result<UserId> + Send + 'static {
    let folded = fold(email);
    move |tx| Ok(store::account(tx, &folded)?.ok_or(Error::UserNotFound)?.user_id)
}

fn role_event(kind: &'static str, actor: Actor, user_id: UserId, grants: &[Grant]) -> Event {
    let role = grants.first().map(|grant| role_word(grant.role));
    let cinema_ids: Vec<CinemaId> = grants.iter().filter_map(|grant| grant.cinema_id).collect();
    let payload = json!({"role": role, "cinema_ids": cinema_ids});
    Event { kind, actor, show_id: None, subject: user_id.to_string(), payload }
}
