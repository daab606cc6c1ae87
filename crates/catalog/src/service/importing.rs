//! Adding many movies from a file, and telling beforehand what that would change.

use marquee_bus::Actor;
use marquee_db::Tx;
use marquee_kernel::MovieId;
use serde_json::{Map, Value};
use tracing::info;

use super::{Catalog, changes};
use crate::Error;
use crate::caches::Touched;
use crate::model::{Checked, Faults, Movie, MovieDetails, NewMovie};
use crate::store;

/// Movies added in one transaction: enough that its commit costs nothing, few enough that a sale does not wait for it.
const BATCH_MOVIES: usize = 250;

/// What becomes of a movie of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Added,
    /// It was there and says something else now: the fields that differ, each with its old and its new value.
    Changed(Map<String, Value>),
    /// It was there and says the same, or was removed from the catalogue and stays removed.
    Unchanged,
}

/// What became of movies that were added from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Movies that are new.
    pub added: usize,
    /// Movies that were there and now say something else.
    pub changed: usize,
    /// Movies that were there and say the same, or that were removed from the catalogue and stay removed.
    pub unchanged: usize,
    /// For each movie of the file its id and what became of it, or why it was refused.
    pub movies: Vec<Result<(MovieId, Fate), Faults>>,
}

impl Added {
    fn note(&mut self, movie: Result<(MovieId, Fate), Faults>) {
        match &movie {
            Ok((_, Fate::Added)) => self.added += 1,
            Ok((_, Fate::Changed(_))) => self.changed += 1,
            Ok((_, Fate::Unchanged)) => self.unchanged += 1,
            Err(_) => {}
        }
        self.movies.push(movie);
    }
}

/// What would become of a movie of a file.
pub(crate) type Foreseen = Result<(Option<MovieId>, Fate), Faults>;

pub(super) type Named = Result<(String, Checked<MovieDetails>), Faults>;

/// A movie of a file beside what the catalogue has under its key.
enum Verdict {
    New,
    Same(MovieId),
    Differs(Box<Movie>),
}

impl Catalog {
    /// Adds movies from a file, each known by its source key: adding the same file twice changes nothing. A movie that is
    /// not as it must be is refused alone.
    ///
    /// # Errors
    /// [`Error::Db`]; the batches before it stay.
    pub async fn add_movies(&self, actor: Actor, movies: Vec<NewMovie>) -> Result<Added, Error> {
        let mut all = Added::default();
        let mut movies = movies.into_iter().peekable();
        while movies.peek().is_some() {
            let batch: Vec<Named> = movies.by_ref().take(BATCH_MOVIES).map(NewMovie::check).collect();
            let put = move |catalog: &Catalog, tx: &mut Tx<'_>| {
                let mut put = |movie: Named| match movie {
                    Ok((source_key, movie)) => catalog.put_movie(tx, actor, source_key, &movie).map(Ok),
                    Err(faults) => Ok(Err(faults)),
                };
                batch.into_iter().map(&mut put).collect::<Result<Vec<_>, Error>>()
            };
            self.write(Touched::EveryShow, put).await?.into_iter().for_each(|movie| all.note(movie));
        }
        info!(added = all.added, changed = all.changed, unchanged = all.unchanged, "movies added");
        Ok(all)
    }

    /// What [`Catalog::add_movies`] would make of each now; one that would be new has no id. Nothing is written.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub(crate) async fn foresee_movies(&self, movies: Vec<NewMovie>) -> Result<Vec<Foreseen>, Error> {
        let movies: Vec<Named> = movies.into_iter().map(NewMovie::check).collect();
        let foresee = move |tx: &mut Tx<'_>| {
            let mut foresee = |movie: &Named| match movie {
                Ok((source_key, movie)) => Ok(Ok(judge(tx, source_key, movie)?.told(movie))),
                Err(faults) => Ok(Err(faults.clone())),
            };
            movies.iter().map(&mut foresee).collect::<Result<Vec<_>, Error>>()
        };
        self.inner.db.read(foresee).await
    }

    pub(super) fn put_movie(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        source_key: String,
        details: &Checked<MovieDetails>,
    ) -> Result<(MovieId, Fate), Error> {
        let verdict = judge(tx, &source_key, details)?;
        if let Verdict::Differs(known) = &verdict {
            self.replace_movie(tx, actor, known, details)?;
        }
        match verdict.told(details) {
            (Some(movie_id), fate) => Ok((movie_id, fate)),
            (None, fate) => Ok((self.insert_movie(tx, actor, Some(source_key), details)?, fate)),
        }
    }
}

fn judge(tx: &mut Tx<'_>, source_key: &str, details: &Checked<MovieDetails>) -> Result<Verdict, Error> {
    let Some(known) = store::find_by_source_key(tx, source_key)? else { return Ok(Verdict::New) };
    // An administrator removed it on purpose: a file does not bring it back.
    let same = known.deleted || known.movie.details == **details;
    Ok(if same { Verdict::Same(known.movie.movie_id) } else { Verdict::Differs(Box::new(known.movie)) })
}

impl Verdict {
    fn told(self, details: &Checked<MovieDetails>) -> (Option<MovieId>, Fate) {
        match self {
            Verdict::New => (None, Fate::Added),
            Verdict::Same(movie_id) => (Some(movie_id), Fate::Unchanged),
            Verdict::Differs(known) => {
                let Value::Object(changed) = changes(&known.details, &**details) else {
                    return (Some(known.movie_id), Fate::Unchanged);
                };
                (Some(known.movie_id), Fate::Changed(changed))
            }
        }
    }
}
