//! Adding, changing and removing movies.

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::MovieId;
use serde_json::json;

use super::{Catalog, changes, event, refuse_unseen};
use crate::Error;
use crate::caches::Touched;
use crate::model::{Checked, FactsVersion, Movie, MovieDetails};
use crate::store::{self, User};

impl Catalog {
    /// Adds a movie.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Db`].
    pub async fn add_movie(&self, actor: Actor, movie: MovieDetails) -> Result<Movie, Error> {
        let movie = movie.check()?;
        self.write(Touched::NoShow, move |catalog, tx| {
            let movie_id = catalog.insert_movie(tx, actor, None, &movie)?;
            Ok(Movie { movie_id, details: movie.into_inner(), rating_sum: 0, rating_count: 0 })
        })
        .await
    }

    /// Changes a movie. Shows that are scheduled keep their times; new ones take its new length. `seen` is what the change was made
    /// from, when it must not undo what somebody else changed since.
    ///
    /// # Errors
    /// [`Error::MovieNotFound`], [`Error::Invalid`], [`Error::FactsChanged`], [`Error::Db`].
    pub async fn change_movie(
        &self,
        actor: Actor,
        movie_id: MovieId,
        seen: Option<FactsVersion>,
        change: impl FnOnce(&mut MovieDetails) + Send + 'static,
    ) -> Result<Movie, Error> {
        self.write(Touched::EveryShow, move |catalog, tx| {
            store::lock_movie(tx, movie_id)?.ok_or(Error::MovieNotFound)?;
            let mut movie = store::find_movie(tx, movie_id)?.ok_or(Error::MovieNotFound)?;
            let mut details = movie.details.clone();
            change(&mut details);
            let details = details.check()?;
            if movie.details != *details {
                refuse_unseen(&movie.details, seen)?;
            }
            catalog.replace_movie(tx, actor, &movie, &details)?;
            movie.details = details.into_inner();
            Ok(movie)
        })
        .await
    }

    /// Removes a movie that no coming show uses. What was sold for it keeps its title.
    ///
    /// # Errors
    /// [`Error::MovieNotFound`], [`Error::InUse`], [`Error::Db`].
    pub async fn remove_movie(&self, actor: Actor, movie_id: MovieId) -> Result<(), Error> {
        self.write(Touched::NoShow, move |catalog, tx| {
            let now = catalog.now();
            store::lock_movie(tx, movie_id)?.ok_or(Error::MovieNotFound)?;
            if let Some(show_id) = store::coming_show_of(tx, User::Movie(movie_id), now)? {
                return Err(Error::InUse(show_id));
            }
            store::delete_movie(tx, movie_id, now)?;
            catalog.record(tx, event("MovieRemoved", actor, movie_id, json!({})))
        })
        .await
    }

    pub(super) fn insert_movie(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        source_key: Option<String>,
        movie: &Checked<MovieDetails>,
    ) -> Result<MovieId, Error> {
        let movie_id = MovieId::mint(&self.inner.clock, &self.inner.rng);
        store::insert_movie(tx, movie_id, source_key, movie, self.now())?;
        self.record(tx, event("MovieAdded", actor, movie_id, json!(**movie)))?;
        Ok(movie_id)
    }

    pub(super) fn replace_movie(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        before: &Movie,
        after: &Checked<MovieDetails>,
    ) -> Result<(), Error> {
        if before.details == **after {
            return Ok(());
        }
        store::update_movie(tx, before.movie_id, &before.details, after)?;
        self.record(tx, event("MovieChanged", actor, before.movie_id, changes(&before.details, &**after)))
    }
}
