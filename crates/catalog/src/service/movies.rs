//! Adding, changing and removing movies.

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::MovieId;
use serde_json::json;
use tracing::info;

use super::{Catalog, changes, event};
use crate::Error;
use crate::caches::Touched;
use crate::model::{Checked, Faults, Movie, MovieDetails, NewMovie};
use crate::store::{self, User};

/// Movies added in one transaction: enough that its commit costs nothing, few enough that a sale does not wait for it.
const BATCH_MOVIES: usize = 250;

/// What became of movies that were added from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Movies that are new.
    pub added: usize,
    /// Movies that were there and now say something else.
    pub changed: usize,
    /// Movies that were there and say the same, or that were removed from the catalogue and stay removed.
    pub unchanged: usize,
    /// For each movie of the file its id, or why it was refused.
    pub movies: Vec<Result<MovieId, Faults>>,
}

enum Outcome {
    Added(MovieId),
    Changed(MovieId),
    Unchanged(MovieId),
}

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

    /// Adds movies from a file, each known by its source key: adding the same file twice changes nothing. A movie that is
    /// not as it must be is refused alone.
    ///
    /// # Errors
    /// [`Error::Db`]; the batches before it stay.
    pub async fn add_movies(&self, actor: Actor, movies: Vec<NewMovie>) -> Result<Added, Error> {
        let mut all = Added::default();
        let mut movies = movies.into_iter().peekable();
        while movies.peek().is_some() {
            let batch: Vec<_> = movies.by_ref().take(BATCH_MOVIES).map(NewMovie::check).collect();
            let outcomes =
                self.write(Touched::EveryShow, move |catalog, tx| catalog.put_batch(tx, actor, batch)).await?;
            for outcome in outcomes {
                let (count, movie_id) = match outcome {
                    Ok(Outcome::Added(movie_id)) => (Some(&mut all.added), Ok(movie_id)),
                    Ok(Outcome::Changed(movie_id)) => (Some(&mut all.changed), Ok(movie_id)),
                    Ok(Outcome::Unchanged(movie_id)) => (Some(&mut all.unchanged), Ok(movie_id)),
                    Err(faults) => (None, Err(faults)),
                };
                if let Some(count) = count {
                    *count += 1;
                }
                all.movies.push(movie_id);
            }
        }
        info!(added = all.added, changed = all.changed, unchanged = all.unchanged, "movies added");
        Ok(all)
    }

    /// Changes a movie. Shows that are scheduled keep their times; new ones take its new length.
    ///
    /// # Errors
    /// [`Error::MovieNotFound`], [`Error::Invalid`], [`Error::Db`].
    pub async fn change_movie(
        &self,
        actor: Actor,
        movie_id: MovieId,
        change: impl FnOnce(&mut MovieDetails) + Send + 'static,
    ) -> Result<Movie, Error> {
        self.write(Touched::EveryShow, move |catalog, tx| {
            store::lock_movie(tx, movie_id)?.ok_or(Error::MovieNotFound)?;
            let mut movie = store::find_movie(tx, movie_id)?.ok_or(Error::MovieNotFound)?;
            let mut details = movie.details.clone();
            change(&mut details);
            let details = details.check()?;
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

    fn put_batch(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        batch: Vec<Result<(String, Checked<MovieDetails>), Faults>>,
    ) -> Result<Vec<Result<Outcome, Faults>>, Error> {
        let put = |movie| match movie {
            Ok((source_key, movie)) => self.put_movie(tx, actor, source_key, &movie).map(Ok),
            Err(faults) => Ok(Err(faults)),
        };
        batch.into_iter().map(put).collect()
    }

    fn put_movie(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        source_key: String,
        details: &Checked<MovieDetails>,
    ) -> Result<Outcome, Error> {
        let Some(known) = store::find_by_source_key(tx, &source_key)? else {
            return self.insert_movie(tx, actor, Some(source_key), details).map(Outcome::Added);
        };
        let movie_id = known.movie.movie_id;
        // An administrator removed it on purpose: a file does not bring it back.
        if known.deleted || known.movie.details == **details {
            return Ok(Outcome::Unchanged(movie_id));
        }
        self.replace_movie(tx, actor, &known.movie, details)?;
        Ok(Outcome::Changed(movie_id))
    }

    fn insert_movie(
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

    fn replace_movie(
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
