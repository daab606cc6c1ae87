//! Movies and their labels.

use jiff::Timestamp;
use marquee_db::{Result, Row, Tx, Value, params};
use marquee_kernel::MovieId;
use uuid::Uuid;

use super::{Where, date, json, to_json};
use crate::model::{Checked, Movie, MovieDetails, fold, longest_show};

const COLUMNS: &str = "movie_id, title, duration_minutes, genres, languages, certificate, synopsis, release_date,
    director, cast_names, rating_sum, rating_count, deleted_at";
const INSERT: &str = "
    INSERT INTO movies (movie_id, source_key, title, title_fold, duration_minutes, genres, languages, certificate,
        synopsis, release_date, director, cast_names, rating_sum, rating_count, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 1, $13)";
const UPDATE: &str = "
    UPDATE movies SET title = $2, title_fold = $3, duration_minutes = $4, genres = $5, languages = $6,
        certificate = $7, synopsis = $8, release_date = $9, director = $10, cast_names = $11, revision = revision + 1
    WHERE movie_id = $1";
const INSERT_LABEL: &str = "INSERT INTO movie_labels (kind, label_fold, movie_id) VALUES ($1, $2, $3)";
const DELETE_LABEL: &str = "DELETE FROM movie_labels WHERE kind = $1 AND label_fold = $2 AND movie_id = $3";
/// Takes the row until the end of the transaction: nobody deletes a movie while a show of it is being scheduled.
const LOCK: &str = "
    UPDATE movies SET revision = revision + 1 WHERE movie_id = $1 AND deleted_at IS NULL RETURNING duration_minutes";
const DELETE: &str = "UPDATE movies SET deleted_at = $2, revision = revision + 1 WHERE movie_id = $1";

const GENRE: &str = "genre";
const LANGUAGE: &str = "language";

/// Which movies a list is of; folded texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct MovieFilter {
    pub(crate) title_part: Option<String>,
    pub(crate) genre: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) city: Option<String>,
}

/// What is known under a source key.
pub(crate) struct Known {
    pub(crate) movie: Movie,
    pub(crate) deleted: bool,
}

pub(crate) fn insert_movie(
    tx: &mut Tx<'_>,
    movie_id: MovieId,
    source_key: Option<String>,
    movie: &Checked<MovieDetails>,
    now: Timestamp,
) -> Result<()> {
    let [title, title_fold, minutes, genres, languages, certificate, synopsis, released, director, cast] =
        values(movie);
    tx.execute(
        INSERT,
        &[
            movie_id.into(),
            source_key.into(),
            title,
            title_fold,
            minutes,
            genres,
            languages,
            certificate,
            synopsis,
            released,
            director,
            cast,
            now.into(),
        ],
    )?;
    tx.execute_each(INSERT_LABEL, labels(movie_id, movie))?;
    Ok(())
}

pub(crate) fn update_movie(
    tx: &mut Tx<'_>,
    movie_id: MovieId,
    before: &MovieDetails,
    after: &Checked<MovieDetails>,
) -> Result<()> {
    let params: Vec<Value> = std::iter::once(movie_id.into()).chain(values(after)).collect();
    tx.execute(UPDATE, &params)?;
    tx.execute_each(DELETE_LABEL, labels(movie_id, before))?;
    tx.execute_each(INSERT_LABEL, labels(movie_id, after))?;
    Ok(())
}

fn values(movie: &MovieDetails) -> [Value; 10] {
    params![
        &movie.title,
        fold(&movie.title),
        movie.duration_minutes,
        to_json(&movie.genres),
        to_json(&movie.languages),
        movie.certificate.clone(),
        movie.synopsis.clone(),
        movie.release_date.map(|date| date.to_string()),
        movie.director.clone(),
        to_json(&movie.cast),
    ]
}

fn labels(movie_id: MovieId, movie: &MovieDetails) -> impl Iterator<Item = [Value; 3]> {
    let genres = movie.genres.iter().map(|genre| (GENRE, genre));
    let languages = movie.languages.iter().map(|language| (LANGUAGE, language));
    genres.chain(languages).map(move |(kind, label)| params![kind, fold(label), movie_id])
}

pub(crate) fn find_movie(tx: &mut Tx<'_>, movie_id: MovieId) -> Result<Option<Movie>> {
    let sql = format!("SELECT {COLUMNS} FROM movies WHERE movie_id = $1 AND deleted_at IS NULL");
    tx.query_opt(&sql, &params![movie_id])?.map(|row| read(&row)).transpose()
}

pub(crate) fn find_by_source_key(tx: &mut Tx<'_>, source_key: &str) -> Result<Option<Known>> {
    let sql = format!("SELECT {COLUMNS} FROM movies WHERE source_key = $1");
    let Some(row) = tx.query_opt(&sql, &params![source_key])? else { return Ok(None) };
    let deleted = row.get::<Option<Timestamp>>("deleted_at")?.is_some();
    Ok(Some(Known { movie: read(&row)?, deleted }))
}

/// How long the movie runs, in minutes, and nobody changes or deletes it until this transaction ends.
pub(crate) fn lock_movie(tx: &mut Tx<'_>, movie_id: MovieId) -> Result<Option<u32>> {
    tx.query_opt(LOCK, &params![movie_id])?.map(|row| row.get("duration_minutes")).transpose()
}

pub(crate) fn delete_movie(tx: &mut Tx<'_>, movie_id: MovieId, now: Timestamp) -> Result<()> {
    tx.execute(DELETE, &params![movie_id, now])?;
    Ok(())
}

/// Movies by folded title and id, from the first after `after`.
pub(crate) fn list_movies(
    tx: &mut Tx<'_>,
    filter: &MovieFilter,
    after: Option<&(String, MovieId)>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Movie>> {
    let mut found = Where::default();
    let nothing = (String::new(), MovieId::from(Uuid::nil()));
    let (title, movie_id) = after.unwrap_or(&nothing);
    found.and("deleted_at IS NULL AND (title_fold, movie_id) > (?, ?)", params![title, *movie_id]);
    if let Some(part) = &filter.title_part {
        found.and(r"title_fold LIKE ? ESCAPE '\'", params![format!("%{}%", literal(part))]);
    }
    for (kind, label) in [(GENRE, &filter.genre), (LANGUAGE, &filter.language)] {
        if let Some(label) = label {
            let labelled = "movie_id IN (SELECT movie_id FROM movie_labels WHERE kind = ? AND label_fold = ?)";
            found.and(labelled, params![kind, label]);
        }
    }
    if let Some(city) = &filter.city {
        found.and(
            "movie_id IN (SELECT movie_id FROM shows WHERE city_fold = ? AND start_time > ? AND end_time > ?)",
            params![city, now - longest_show(), now],
        );
    }
    let limit = found.bind(limit.into());
    let sql = format!("SELECT {COLUMNS} FROM movies{} ORDER BY title_fold, movie_id LIMIT {limit}", found.clause);
    tx.query(&sql, &found.params)?.iter().map(read).collect()
}

/// The text as a LIKE pattern that matches itself alone.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn read(row: &Row) -> Result<Movie> {
    Ok(Movie {
        movie_id: row.get("movie_id")?,
        details: MovieDetails {
            title: row.get("title")?,
            duration_minutes: row.get("duration_minutes")?,
            genres: json(row, "genres")?,
            languages: json(row, "languages")?,
            certificate: row.get("certificate")?,
            synopsis: row.get("synopsis")?,
            release_date: date(row, "release_date")?,
            director: row.get("director")?,
            cast: json(row, "cast_names")?,
        },
        rating_sum: row.get("rating_sum")?,
        rating_count: row.get("rating_count")?,
    })
}
