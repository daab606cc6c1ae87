//! What those who administer see of people, and how they appoint them.

use std::collections::HashMap;

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_http::{Caller, Places, Role};
use marquee_kernel::{CinemaId, Page, PageRequest, UserId};

use super::Accounts;
use crate::error::{Error, Result};
use crate::model::{Named, PEOPLE_LIST, PeopleFilter, Profile, may_appoint, may_see};
use crate::store::{self, User, people};

impl Accounts {
    /// Accounts, the newest first: to administrators all, to managers those who work in their cinemas and whoever has exactly
    /// the address that they look for.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn people(
        &self,
        caller: &Caller,
        filter: PeopleFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<Profile>> {
        let (staff_of, PageRequest { limit, after }) = (caller.managed(), page);
        let read = move |tx: &mut Tx<'_>| {
            let found = people::find(tx, &filter, &staff_of, after, limit + 1)?;
            let grants = people::grants_of(tx, found.iter().map(|user| user.user_id))?;
            Ok::<_, Error>(found.into_iter().zip(grants).map(|(user, grants)| profile(user, grants)).collect())
        };
        let found: Vec<Profile> = self.db().read(read).await?;
        Ok(Page::cut(found, limit, PEOPLE_LIST, |person| person.user_id))
    }

    /// An account, as those who administer see it.
    ///
    /// # Errors
    /// [`Error::UserNotFound`], also when the caller may not see it; [`Error::Db`].
    pub async fn person(&self, caller: &Caller, user_id: UserId) -> Result<Profile> {
        let found = self.profile(user_id).await?;
        if may_see(caller, &found.grants) { Ok(found) } else { Err(Error::UserNotFound) }
    }

    /// Gives a role to somebody. New tokens carry it.
    ///
    /// # Errors
    /// [`Error::NotTheirsToGive`], [`Error::UserNotFound`], [`Error::BadGrant`], [`Error::Db`].
    pub async fn appoint(
        &self,
        caller: &Caller,
        user_id: UserId,
        role: Role,
        cinema_id: Option<CinemaId>,
    ) -> Result<Profile> {
        if !may_appoint(caller, role, cinema_id) {
            return Err(Error::NotTheirsToGive);
        }
        let find = move |tx: &mut Tx<'_>| known(tx, user_id);
        self.give(Actor::User(caller.user_id), find, role, cinema_id.as_slice()).await?;
        self.profile(user_id).await
    }

    /// Takes a role from somebody, and ends their sessions.
    ///
    /// # Errors
    /// [`Error::NotTheirsToGive`], [`Error::UserNotFound`], [`Error::BadGrant`] also when they do not have it,
    /// [`Error::OwnRole`], [`Error::Db`].
    pub async fn dismiss(
        &self,
        caller: &Caller,
        user_id: UserId,
        role: Role,
        cinema_id: Option<CinemaId>,
    ) -> Result<Profile> {
        if !may_appoint(caller, role, cinema_id) {
            return Err(Error::NotTheirsToGive);
        }
        // So there is always somebody left who can give it back.
        if user_id == caller.user_id && role == Role::Admin {
            return Err(Error::OwnRole);
        }
        let find = move |tx: &mut Tx<'_>| known(tx, user_id);
        self.take(Actor::User(caller.user_id), find, role, cinema_id.as_slice()).await?;
        self.profile(user_id).await
    }

    /// Accounts of which the name or the address has `text` in it, at most `limit`, for other lists of those who administer.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn called(&self, text: String, limit: u32) -> Result<Vec<UserId>> {
        let filter = PeopleFilter { text: Some(text), role: None };
        let read = move |tx: &mut Tx<'_>| Ok::<_, Error>(people::find(tx, &filter, &Places::All, None, limit)?);
        Ok(self.db().read(read).await?.into_iter().map(|user| user.user_id).collect())
    }

    /// What those of these people are called whom anybody knows.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn names(&self, user_ids: Vec<UserId>) -> Result<HashMap<UserId, Named>> {
        let found = self.db().read(move |tx| Ok::<_, Error>(people::named(tx, &user_ids)?)).await?;
        let named = |user: User| Named { name: user.name, email: user.email };
        Ok(found.into_iter().map(|(user_id, user)| (user_id, named(user))).collect())
    }
}

fn known(tx: &mut Tx<'_>, user_id: UserId) -> Result<UserId> {
    store::user(tx, user_id)?.map(|user| user.user_id).ok_or(Error::UserNotFound)
}

fn profile(user: User, grants: Vec<marquee_http::Grant>) -> Profile {
    let User { user_id, name, email, created_at, .. } = user;
    Profile { user_id, name, email, grants, created_at }
}
