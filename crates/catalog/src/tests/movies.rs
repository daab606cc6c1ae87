//! Finding movies, and adding many.

use marquee_kernel::Page;
use serde_json::json;

use super::*;
use crate::model::{Faults, Movie, NewMovie};
use crate::service::{Fate, Fresh};
use crate::store::MovieFilter;

async fn titles(house: &House, filter: MovieFilter) -> Vec<String> {
    let page = house.catalog.movies(Fresh::Now, filter, PageRequest { limit: 100, after: None }).await.unwrap();
    page.items.into_iter().map(|movie| movie.details.title).collect()
}

fn part(text: &str) -> MovieFilter {
    MovieFilter { title_part: Some(text.to_owned()), ..MovieFilter::default() }
}

#[tokio::test]
async fn a_title_is_found_by_any_part_of_it_and_wildcards_are_plain_text() {
    let house = House::open();
    for title in ["100% Wolf", "Amélie", "Snake_Eyes", "Snakes on a Plane", r"Back\slash"] {
        house.movie(title, 90).await;
    }
    assert_eq!(titles(&house, part("snake")).await, ["Snake_Eyes", "Snakes on a Plane"]);
    assert_eq!(titles(&house, part("e_e")).await, ["Snake_Eyes"]);
    assert_eq!(titles(&house, part("0%")).await, ["100% Wolf"]);
    assert_eq!(titles(&house, part(r"\")).await, [r"Back\slash"]);
    assert_eq!(titles(&house, part("amélie")).await, ["Amélie"]);
    assert_eq!(titles(&house, part("' OR 1=1 --")).await, Vec::<String>::new());
    assert_eq!(titles(&house, MovieFilter::default()).await.len(), 5);
}

#[tokio::test]
async fn movies_are_found_by_genre_language_and_the_cities_they_run_in() {
    let house = House::open();
    let labelled = |title: &str, genre: &str, language: &str| MovieDetails {
        genres: vec![genre.to_owned()],
        languages: vec![language.to_owned(), "English".to_owned()],
        ..movie(title, 100)
    };
    let add = |details| house.catalog.add_movie(Actor::System, details);
    let dune = add(labelled("Dune", "Sci-Fi", "Hindi")).await.unwrap().movie_id;
    add(labelled("Jawan", "Action", "Hindi")).await.unwrap();
    let by = |genre: Option<&str>, language: Option<&str>, city: Option<&str>| MovieFilter {
        title_part: None,
        genre: genre.map(str::to_owned),
        language: language.map(str::to_owned),
        city: city.map(str::to_owned),
    };
    assert_eq!(titles(&house, by(Some("sci-fi"), None, None)).await, ["Dune"]);
    assert_eq!(titles(&house, by(None, Some("hindi"), None)).await, ["Dune", "Jawan"]);
    assert_eq!(titles(&house, by(Some("hindi"), None, None)).await, Vec::<String>::new());
    let one = house.screen_in("Mumbai", "Asia/Kolkata").await;
    let show = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    assert_eq!(titles(&house, by(None, None, Some("mumbai"))).await, ["Dune"]);
    assert_eq!(titles(&house, by(None, None, Some("pune"))).await, Vec::<String>::new());
    // A change of its labels is a change of where it is found.
    let relabel = house.catalog.change_movie(Actor::System, dune, None, |movie| movie.genres = vec!["Epic".to_owned()]);
    relabel.await.unwrap();
    assert_eq!(titles(&house, by(Some("sci-fi"), None, None)).await, Vec::<String>::new());
    assert_eq!(titles(&house, by(Some("epic"), Some("english"), Some("mumbai"))).await, ["Dune"]);
    house.hands.set(show.end_time);
    assert_eq!(titles(&house, by(None, None, Some("mumbai"))).await, Vec::<String>::new());
}

#[tokio::test]
async fn pages_of_movies_neither_repeat_nor_lose_one_while_others_come() {
    let house = House::open();
    for title in ["Delta", "bravo", "Delta", "Foxtrot", "hotel"] {
        house.movie(title, 90).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for newcomer in ["Alpha", "Charlie", "Echo"] {
        let wanted = PageRequest { limit: 2, after };
        let Page { items, next_cursor } =
            house.catalog.movies(Fresh::Now, MovieFilter::default(), wanted).await.unwrap();
        seen.extend(items.into_iter().map(|movie| movie.details.title));
        let Some(word) = next_cursor else { break };
        after = Some(marquee_kernel::decode_cursor(crate::MOVIE_LIST, &word).unwrap());
        house.movie(newcomer, 90).await;
    }
    assert_eq!(seen, ["bravo", "Delta", "Delta", "Foxtrot", "hotel"]);
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let house = House::open();
    let file = |length: u32| -> Vec<NewMovie> {
        let new = |nth: u32| NewMovie {
            source_key: format!("file:{nth}"),
            details: movie(&format!("Movie {nth}"), if nth == 3 { length } else { 90 }),
        };
        (0..600).map(new).collect()
    };
    let add = |file| house.catalog.add_movies(Actor::System, file);
    let first = add(file(90)).await.unwrap();
    assert_eq!((first.added, first.changed, first.unchanged), (600, 0, 0));
    let events = house.events().await.len();
    let again = add(file(90)).await.unwrap();
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 600));
    let ids = |added: &crate::Added| added.movies.iter().map(|movie| movie.as_ref().unwrap().0).collect::<Vec<_>>();
    assert_eq!((ids(&again) == ids(&first), house.events().await.len()), (true, events));
    let foreseen = house.catalog.foresee_movies(file(95)).await.unwrap();
    let corrected = add(file(95)).await.unwrap();
    let told = |movie: &Result<(MovieId, Fate), Faults>| movie.clone().map(|(movie_id, fate)| (Some(movie_id), fate));
    assert_eq!(foreseen, corrected.movies.iter().map(told).collect::<Vec<_>>(), "what was foreseen is what was done");
    assert_eq!((corrected.added, corrected.changed, corrected.unchanged), (0, 1, 599));
    let (third, fate) = corrected.movies[3].clone().unwrap();
    let minutes = json!({ "duration_minutes": { "old": 90, "new": 95 } });
    assert_eq!(fate, Fate::Changed(minutes.as_object().unwrap().clone()));
    assert_eq!(house.catalog.movie(third).await.unwrap().details.duration_minutes, 95);
    // Removed on purpose, it stays removed.
    house.catalog.remove_movie(Actor::System, third).await.unwrap();
    assert_eq!(add(file(97)).await.unwrap().unchanged, 600);
    assert!(matches!(house.catalog.movie(third).await, Err(Error::MovieNotFound)));
}

#[tokio::test]
async fn one_bad_movie_of_a_file_is_refused_alone() {
    let house = House::open();
    let new = |key: &str, title: &str| NewMovie { source_key: key.to_owned(), details: movie(title, 90) };
    let file = vec![new("a", "Dune"), new("b", "  "), new("", "Alien"), new("a", "Dune")];
    let foreseen = house.catalog.foresee_movies(file.clone()).await.unwrap();
    assert!(matches!(&foreseen[..2], [Ok((None, Fate::Added)), Err(_)]), "{foreseen:?}");
    assert_eq!(house.events().await.len(), 0, "nothing was written");
    let added = house.catalog.add_movies(Actor::System, file).await.unwrap();
    assert_eq!((added.added, added.unchanged), (1, 1));
    assert!(added.movies[1].as_ref().is_err_and(|faults| faults.to_string().starts_with("title")));
    assert!(added.movies[2].as_ref().is_err_and(|faults| faults.to_string().starts_with("source_key")));
}

#[tokio::test]
async fn a_movie_is_read_back_as_it_was_added() {
    let house = House::open();
    let details = MovieDetails {
        genres: vec!["Drama".to_owned()],
        languages: vec!["हिन्दी".to_owned()],
        certificate: Some("UA".to_owned()),
        synopsis: Some("One.\nTwo.".to_owned()),
        release_date: Some("2026-11-20".parse().unwrap()),
        director: Some("O'Brien \"Bob\"".to_owned()),
        cast: vec!["Ann".to_owned(), "Ann".to_owned()],
        ..movie("दंगल", 161)
    };
    let added = house.catalog.add_movie(Actor::System, details.clone()).await.unwrap();
    let read: Movie = house.catalog.movie(added.movie_id).await.unwrap();
    assert_eq!((read.details.clone(), read.rating_average()), (details, None));
    assert_eq!(read, added);
}
