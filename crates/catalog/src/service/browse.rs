//! Finding movies, cinemas and shows.

use std::sync::{Arc, OnceLock};

use marquee_db::Tx;
use marquee_kernel::{CinemaId, MovieId, Page, PageRequest, ShowId, Timestamp};

use super::Catalog;
use crate::Error;
use crate::caches::{ListKey, Listed};
use crate::model::{CINEMA_LIST, Cinema, MOVIE_LIST, Movie, SHOW_LIST, Show, ShowFilter, fold};
use crate::store::{self, MovieFilter};

/// How fresh what is read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// As any visitor may see it: kept from a moment ago, or from a replica.
    Lately,
    /// As it is: for what is decided, and for somebody who may have just changed it.
    Now,
}

impl Catalog {
    async fn look<T: Send + 'static>(
        &self,
        fresh: Fresh,
        work: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        match fresh {
            Fresh::Lately => self.inner.browse.read(work).await,
            Fresh::Now => self.inner.db.read(work).await,
        }
    }

    /// The movie, as it is.
    ///
    /// # Errors
    /// [`Error::MovieNotFound`], [`Error::Db`].
    pub async fn movie(&self, movie_id: MovieId) -> Result<Movie, Error> {
        self.find_movie(Fresh::Now, movie_id).await
    }

    /// The movie, as fresh as that.
    ///
    /// # Errors
    /// [`Error::MovieNotFound`], [`Error::Db`].
    pub async fn find_movie(&self, fresh: Fresh, movie_id: MovieId) -> Result<Movie, Error> {
        self.look(fresh, move |tx| store::find_movie(tx, movie_id)?.ok_or(Error::MovieNotFound)).await
    }

    /// Movies by title.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub(crate) async fn movies(
        &self,
        fresh: Fresh,
        filter: MovieFilter,
        page: PageRequest<(String, MovieId)>,
    ) -> Result<Page<Movie>, Error> {
        let (now, PageRequest { limit, after }) = (self.now(), page);
        let list =
            move |tx: &mut Tx<'_>| store::list_movies(tx, &filter, after.as_ref(), limit + 1, now).map_err(Error::from);
        let movies = self.look(fresh, list).await?;
        Ok(Page::cut(movies, limit, MOVIE_LIST, |movie| (fold(&movie.details.title), movie.movie_id)))
    }

    /// The cinema and its screens, as they are.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Db`].
    pub async fn cinema(&self, cinema_id: CinemaId) -> Result<Cinema, Error> {
        self.find_cinema(Fresh::Now, cinema_id).await
    }

    /// The cinema and its screens, as fresh as that.
    ///
    /// # Errors
    /// [`Error::CinemaNotFound`], [`Error::Db`].
    pub async fn find_cinema(&self, fresh: Fresh, cinema_id: CinemaId) -> Result<Cinema, Error> {
        let find = move |tx: &mut Tx<'_>| {
            let mut cinema = store::find_cinema(tx, cinema_id)?.ok_or(Error::CinemaNotFound)?;
            cinema.screens = store::screens_of(tx, std::iter::once(cinema_id))?.pop().unwrap_or_default();
            Ok(cinema)
        };
        self.look(fresh, find).await
    }

    /// Cinemas and their screens by name, all or those of a city whatever its case, as they are.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn cinemas(
        &self,
        city: Option<String>,
        page: PageRequest<(String, CinemaId)>,
    ) -> Result<Page<Cinema>, Error> {
        self.find_cinemas(Fresh::Now, city, page).await
    }

    pub(crate) async fn find_cinemas(
        &self,
        fresh: Fresh,
        city: Option<String>,
        page: PageRequest<(String, CinemaId)>,
    ) -> Result<Page<Cinema>, Error> {
        let PageRequest { limit, after } = page;
        let list = move |tx: &mut Tx<'_>| {
            let city = city.as_deref().map(fold);
            let mut cinemas = store::list_cinemas(tx, city.as_deref(), after.as_ref(), limit + 1)?;
            let screens = store::screens_of(tx, cinemas.iter().map(|cinema| cinema.cinema_id))?;
            for (cinema, screens) in cinemas.iter_mut().zip(screens) {
                cinema.screens = screens;
            }
            Ok::<_, Error>(cinemas)
        };
        let cinemas = self.look(fresh, list).await?;
        Ok(Page::cut(cinemas, limit, CINEMA_LIST, |cinema| (fold(&cinema.details.name), cinema.cinema_id)))
    }

    /// Shows that have not ended, cancelled ones included, by start, as they are.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn shows(
        &self,
        filter: ShowFilter,
        page: PageRequest<(Timestamp, ShowId)>,
    ) -> Result<Page<Arc<Show>>, Error> {
        self.find_shows(Fresh::Now, filter, page).await
    }

    /// As [`Catalog::shows`], as fresh as that.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn find_shows(
        &self,
        fresh: Fresh,
        filter: ShowFilter,
        page: PageRequest<(Timestamp, ShowId)>,
    ) -> Result<Page<Arc<Show>>, Error> {
        let (now, listed) = (self.now(), self.listed(fresh, filter, page).await?);
        let items = listed.shows.iter().filter(|show| show.end_time > now).cloned().collect();
        Ok(Page { items, next_cursor: listed.next_cursor.clone() })
    }

    /// As [`Catalog::shows`], but what has ended since it was read is still on it.
    pub(crate) async fn listed(
        &self,
        fresh: Fresh,
        filter: ShowFilter,
        PageRequest { limit, after }: PageRequest<(Timestamp, ShowId)>,
    ) -> Result<Arc<Listed>, Error> {
        let key = ListKey { filter, after, limit };
        match self.caches().list(&key).filter(|_| fresh == Fresh::Lately) {
            Some(listed) => Ok(listed),
            None => self.read_list(fresh, key).await,
        }
    }

    async fn read_list(&self, fresh: Fresh, key: ListKey) -> Result<Arc<Listed>, Error> {
        let (catalog, as_of, wanted, now) = (self.clone(), self.caches().as_of(), key.clone(), self.now());
        let read = move |tx: &mut Tx<'_>| {
            let ListKey { filter, after, limit } = &wanted;
            let records = store::list_shows(tx, filter, *after, limit + 1, now)?;
            let shows = records.iter().map(|record| catalog.seat(tx, record));
            shows.collect::<marquee_db::Result<Vec<_>>>().map_err(Error::from)
        };
        let shows = self.look(fresh, read).await?;
        let Page { items, next_cursor } =
            Page::cut(shows, key.limit, SHOW_LIST, |show| (show.start_time, show.show_id));
        let listed = Arc::new(Listed { shows: items, facts: OnceLock::new(), next_cursor });
        self.caches().keep_list(as_of, key, listed.clone());
        Ok(listed)
    }
}
