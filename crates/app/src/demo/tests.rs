use std::collections::HashSet;

use jiff::tz::TimeZoneDatabase;
use marquee_catalog::Layout;
use marquee_kernel::{Rng, ScreenId};

use super::*;
use programme::week;

const NOW: &str = "2026-11-22T12:00:00Z";

fn ids() -> (Vec<(MovieId, u32)>, Vec<Hall>) {
    let (clock, rng) = (marquee_kernel::Clock::System, Rng::seeded(1));
    let films = films::selection().unwrap();
    let movies = films.iter().map(|film| (MovieId::mint(&clock, &rng), film.details.duration_minutes)).collect();
    let hall = |venue: &'static venues::Venue| {
        let rng = rng.clone();
        venue.screens.iter().map(move |screen| Hall {
            screen_id: ScreenId::mint(&marquee_kernel::Clock::System, &rng),
            venue,
            screen,
        })
    };
    (movies, VENUES.iter().flat_map(hall).collect())
}

#[test]
fn the_films_are_known_whole_and_of_many_genres() {
    let films = films::selection().unwrap();
    assert_eq!(films.len(), films::FILMS);
    assert_eq!(films[0].details.title, "Inception");
    let genres: HashSet<&str> = films.iter().flat_map(|film| &film.details.genres).map(String::as_str).collect();
    assert!(genres.len() >= 8, "{genres:?}");
    assert!(films.iter().all(|film| film.details.director.is_some() && film.details.certificate.is_some()));
}

#[test]
fn every_house_has_its_three_price_areas_and_places_for_wheelchairs() {
    for (house, seats) in [(venues::House::Small, 86), (venues::House::Medium, 168), (venues::House::Large, 276)] {
        let layout = Layout::of(&house.plan().check().unwrap(), 1);
        assert_eq!(layout.capacity(), seats);
        let categories: Vec<&str> = layout.categories().iter().map(|category| &**category).collect();
        assert_eq!(categories, venues::CATEGORIES);
        let places = |wanted| layout.seats.iter().filter(|seat| seat.seat_type == wanted).count();
        let (wheelchairs, companions) =
            (places(marquee_catalog::SeatType::Wheelchair), places(marquee_catalog::SeatType::Companion));
        assert!(wheelchairs >= 2 && wheelchairs == companions);
    }
}

#[test]
fn every_cinema_can_be_added() {
    for venue in &VENUES {
        let details = venue.details().check().unwrap();
        assert_eq!(details.timezone, venue.timezone);
        assert!((2..=3).contains(&venue.screens.len()));
    }
}

#[test]
fn a_week_has_every_film_at_hours_when_people_come_and_never_two_shows_at_once() {
    let (movies, halls) = ids();
    let now: Timestamp = NOW.parse().unwrap();
    let shows = week(&movies, &halls, now).unwrap();
    let shown: HashSet<MovieId> = shows.iter().map(|show| show.movie_id).collect();
    assert_eq!(shown.len(), films::FILMS, "every film is on");
    for hall in &halls {
        let zone = TimeZoneDatabase::bundled().get(hall.venue.timezone).unwrap();
        let mut free_from = now;
        let mut days = HashSet::new();
        for show in shows.iter().filter(|show| show.screen_id == hall.screen_id) {
            let local = show.details.start_time.to_zoned(zone.clone());
            assert!((10..=22).contains(&local.hour()) && local.minute() % 5 == 0, "{local}");
            assert!(show.details.start_time > free_from, "{local}");
            let minutes = movies.iter().find(|(movie_id, _)| *movie_id == show.movie_id).unwrap().1;
            free_from = show.details.start_time + jiff::SignedDuration::from_mins(i64::from(minutes) + 15);
            days.insert(local.date());
        }
        assert!(days.len() >= 6, "{} {days:?}", hall.venue.name);
    }
}
