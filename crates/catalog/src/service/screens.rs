//! Adding, changing and removing screens.

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::{CinemaId, ScreenId};
use serde_json::json;

use super::{Catalog, event};
use crate::Error;
use crate::caches::Touched;
use crate::model::{Checked, Faults, Layout, LayoutPlan, SCREENS_PER_CINEMA_MAX, Screen, screen_name};
use crate::store::{self, User};

/// The version of a screen's first layout.
pub(super) const FIRST_VERSION: i64 = 1;

/// A layout to be a screen's next.
#[derive(Clone, Debug)]
pub struct NextLayout {
    /// Its seats.
    pub plan: LayoutPlan,
    /// The version that it was drawn from, when it must not replace what somebody else drew since.
    pub drawn_from: Option<i64>,
}

impl From<LayoutPlan> for NextLayout {
    fn from(plan: LayoutPlan) -> Self {
        Self { plan, drawn_from: None }
    }
}

impl Catalog {
    /// Adds a screen to a cinema.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Invalid`], [`Error::Db`].
    pub async fn add_screen(
        &self,
        actor: Actor,
        cinema_id: CinemaId,
        name: String,
        plan: LayoutPlan,
    ) -> Result<Screen, Error> {
        let (name, plan) = (screen_name(name)?, plan.check()?);
        self.write(Touched::NoShow, move |catalog, tx| {
            if !store::lock_cinema(tx, cinema_id)? {
                return Err(Error::CinemaNotFound);
            }
            catalog.insert_screen(tx, actor, cinema_id, name, &plan)
        })
        .await
    }

    /// A screen of a cinema whose row is taken.
    pub(super) fn insert_screen(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        cinema_id: CinemaId,
        name: Checked<String>,
        plan: &Checked<LayoutPlan>,
    ) -> Result<Screen, Error> {
        if store::count_screens(tx, cinema_id)? >= SCREENS_PER_CINEMA_MAX {
            let message = format!("the cinema has {SCREENS_PER_CINEMA_MAX} screens already, the most there can be");
            return Err(Faults::one("name", message).into());
        }
        let layout = Layout::of(plan, FIRST_VERSION);
        let screen_id = ScreenId::mint(&self.inner.clock, &self.inner.rng);
        let (capacity, layout_version) = (layout.capacity(), layout.version);
        let screen = Screen { screen_id, cinema_id, name: name.into_inner(), capacity, layout_version };
        refuse_namesake(tx, &screen)?;
        store::insert_screen(tx, &screen, self.now())?;
        store::insert_layout(tx, screen_id, &layout, plan)?;
        let payload = json!({ "cinema_id": cinema_id, "name": screen.name, "capacity": capacity });
        self.record(tx, event("ScreenAdded", actor, screen_id, payload))?;
        Ok(screen)
    }

    /// The screen.
    ///
    /// # Errors
    /// [`Error::ScreenNotFound`], [`Error::Db`].
    pub async fn screen(&self, screen_id: ScreenId) -> Result<Screen, Error> {
        self.inner.db.read(move |tx| store::find_screen(tx, screen_id)?.ok_or(Error::ScreenNotFound)).await
    }

    /// The screen and its newest layout as it is written down.
    ///
    /// # Errors
    /// [`Error::ScreenNotFound`], [`Error::Db`].
    pub async fn screen_with_plan(&self, screen_id: ScreenId) -> Result<(Screen, LayoutPlan), Error> {
        let find = move |tx: &mut Tx<'_>| {
            let screen = store::find_screen(tx, screen_id)?.ok_or(Error::ScreenNotFound)?;
            let plan = store::find_plan(tx, screen_id, screen.layout_version)?;
            Ok((screen, plan.into_inner()))
        };
        self.inner.db.read(find).await
    }

    /// Renames a screen, or gives it its next layout: shows that are scheduled keep theirs, new ones take the new one.
    ///
    /// # Errors
    /// [`Error::ScreenNotFound`], [`Error::Invalid`], [`Error::LayoutChanged`], [`Error::Db`].
    pub async fn change_screen(
        &self,
        actor: Actor,
        screen_id: ScreenId,
        name: Option<String>,
        next: Option<NextLayout>,
    ) -> Result<Screen, Error> {
        let name = name.map(screen_name).transpose()?;
        let drawn_from = next.as_ref().and_then(|next| next.drawn_from);
        let plan = next.map(|next| next.plan.check()).transpose()?;
        self.write(Touched::EveryShow, move |catalog, tx| {
            // The cinema before its screen, as everybody takes them: a name is free until the end of the transaction.
            let Screen { cinema_id, .. } = store::find_screen(tx, screen_id)?.ok_or(Error::ScreenNotFound)?;
            store::lock_cinema(tx, cinema_id)?;
            store::lock_screen(tx, screen_id)?.ok_or(Error::ScreenNotFound)?;
            let before = store::find_screen(tx, screen_id)?.ok_or(Error::ScreenNotFound)?;
            if drawn_from.is_some_and(|version| version != before.layout_version) {
                return Err(Error::LayoutChanged(before.layout_version));
            }
            let mut screen = before.clone();
            if let Some(name) = name {
                screen.name = name.into_inner();
            }
            let current = store::find_plan(tx, screen_id, before.layout_version)?;
            if let Some(plan) = plan.filter(|plan| *plan != current) {
                let layout = Layout::of(&plan, before.layout_version + 1);
                store::insert_layout(tx, screen_id, &layout, &plan)?;
                (screen.layout_version, screen.capacity) = (layout.version, layout.capacity());
                let payload = json!({
                    "version": { "old": before.layout_version, "new": screen.layout_version },
                    "capacity": { "old": before.capacity, "new": screen.capacity },
                });
                catalog.record(tx, event("LayoutSucceeded", actor, screen_id, payload))?;
            }
            if before.name != screen.name {
                refuse_namesake(tx, &screen)?;
                let payload = json!({ "name": { "old": before.name, "new": screen.name } });
                catalog.record(tx, event("ScreenChanged", actor, screen_id, payload))?;
            }
            if before != screen {
                store::update_screen(tx, &screen)?;
            }
            Ok(screen)
        })
        .await
    }

    /// Removes a screen that no coming show uses.
    ///
    /// # Errors
    /// [`Error::ScreenNotFound`], [`Error::InUse`], [`Error::Db`].
    pub async fn remove_screen(&self, actor: Actor, screen_id: ScreenId) -> Result<(), Error> {
        self.write(Touched::NoShow, move |catalog, tx| {
            let now = catalog.now();
            store::lock_screen(tx, screen_id)?.ok_or(Error::ScreenNotFound)?;
            if let Some(show_id) = store::coming_show_of(tx, User::Screen(screen_id), now)? {
                return Err(Error::InUse(show_id));
            }
            store::delete_screen(tx, screen_id, now)?;
            catalog.record(tx, event("ScreenRemoved", actor, screen_id, json!({})))
        })
        .await
    }
}

/// A screen is told by its name from the others of its cinema. Not a unique index: databases of before the rule may have
/// namesakes.
fn refuse_namesake(tx: &mut Tx<'_>, screen: &Screen) -> Result<(), Error> {
    if store::has_namesake(tx, screen)? {
        return Err(Faults::one("name", "is the name of another screen of the cinema").into());
    }
    Ok(())
}
