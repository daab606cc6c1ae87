//! Which films the demo shows.

use std::collections::HashMap;

use marquee_catalog::NewMovie;
use marquee_catalog::import::{self, MovieRecord, Record};
use serde::Deserialize;

/// vega-datasets' films; see `assets/movies/README.md` for whose they are.
const MOVIES_JSON: &[u8] = include_bytes!("../../../../assets/movies/movies.json");

/// How many films are on.
pub(super) const FILMS: usize = 24;
/// At most so many of one genre, by its first.
const FILMS_PER_GENRE: usize = 3;
/// Fewer votes than that say little.
const VOTES_MIN: u64 = 20_000;
/// Running times that leave room for four shows a day.
const MINUTES: std::ops::RangeInclusive<u32> = 80..=180;

/// What people think of a film.
#[derive(Deserialize)]
struct Standing {
    #[serde(rename = "IMDB Rating")]
    rating: Option<f64>,
    #[serde(rename = "IMDB Votes")]
    votes: Option<u64>,
}

/// The best-rated films that we know all of, no genre more than [`FILMS_PER_GENRE`] times.
pub(super) fn selection() -> Result<Vec<NewMovie>, serde_json::Error> {
    let standings: Vec<Standing> = serde_json::from_slice(MOVIES_JSON)?;
    let mut candidates: Vec<(f64, u64, NewMovie)> = import::parse(MOVIES_JSON)
        .into_iter()
        .zip(standings)
        .filter_map(|(record, standing)| match record {
            Ok(Record::Movie(film)) => candidate(*film, &standing),
            _ => None,
        })
        .collect();
    candidates.sort_by(|(a, a_votes, _), (b, b_votes, _)| b.total_cmp(a).then(b_votes.cmp(a_votes)));
    let mut taken = HashMap::<String, usize>::new();
    let fits = |(_, _, film): &(f64, u64, NewMovie)| {
        let count = taken.entry(film.details.genres.first().cloned().unwrap_or_default()).or_default();
        *count += 1;
        *count <= FILMS_PER_GENRE
    };
    Ok(candidates.into_iter().filter(fits).map(|(_, _, film)| film).take(FILMS).collect())
}

fn candidate(film: MovieRecord, standing: &Standing) -> Option<(f64, u64, NewMovie)> {
    let (rating, votes) = (standing.rating?, standing.votes.filter(|votes| *votes >= VOTES_MIN)?);
    let details = &film.movie.details;
    let known = !film.duration_assumed && details.director.is_some() && !details.genres.is_empty();
    let rated = details.certificate.as_deref().is_some_and(|certificate| certificate != "Not Rated");
    // Some accents of the data are garbled: such a title is no advertisement.
    let good = known && rated && MINUTES.contains(&details.duration_minutes) && details.title.is_ascii();
    good.then_some((rating, votes, film.movie))
}
