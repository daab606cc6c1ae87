use marquee_db::Db;
use std::sync::Arc;

use marquee_catalog::{Show, ShowFilter};
use marquee_kernel::{LIMIT_MAX, ManualClock, PageRequest};

use super::*;

const NOW: &str = "2026-11-22T12:00:00Z";

fn catalog(dir: &tempfile::TempDir) -> Catalog {
    let db = Db::open(&dir.path().join("marquee.db")).unwrap();
    let (clock, rng) = (Clock::Manual(ManualClock::at(NOW.parse().unwrap())), Rng::seeded(1));
    let journal = Journal::new(clock.clone(), rng.clone());
    Catalog::new(db.clone(), journal, Bus::new(db), clock, rng, marquee_catalog::Settings::default())
}

async fn import(catalog: &Catalog, text: &str) -> Report {
    let records = import::parse(text.as_bytes());
    Importer::new(catalog.clone(), records.len()).carry_out(records).await.unwrap()
}

async fn shows(catalog: &Catalog) -> Vec<Arc<Show>> {
    catalog.shows(ShowFilter::default(), PageRequest { limit: LIMIT_MAX, after: None }).await.unwrap().items
}

const SCREENING: &str = r#"[{"@type": "ScreeningEvent", "workPresented": {"@type": "Movie", "name": "Dune", "duration": "PT155M"},
  "location": {"@type": "MovieTheater", "name": "Regal", "maximumAttendeeCapacity": 40,
               "address": {"addressLocality": "Mumbai", "addressCountry": "IN"}},
  "startDate": "2026-11-25T19:30", "offers": {"price": 250, "priceCurrency": "INR"}}]"#;

#[tokio::test]
async fn a_second_import_of_the_same_file_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(&dir);
    let text = r#"[{"Title": "Braveheart", "Release Date": "May 24 1995"}, {"Title": null}, {"Title": "Up"}]"#;
    let first = import(&catalog, text).await;
    assert_eq!((first.added, first.changed, first.unchanged, first.refused.len()), (2, 0, 0, 1));
    assert_eq!(first.durations_assumed, 2);
    let second = import(&catalog, text).await;
    assert_eq!((second.added, second.changed, second.unchanged, second.refused.len()), (0, 0, 2, 1));
}

#[tokio::test]
async fn the_same_film_twice_in_a_file_is_refused_the_second_time() {
    let dir = tempfile::tempdir().unwrap();
    let report = import(&catalog(&dir), "{\"Title\": \"Up\"}\n{\"Title\": \"up\", \"Running Time min\": 96}").await;
    assert_eq!((report.added, report.refused[0].to_string()), (1, "line 2: is the film of line 1 again".to_owned()));
}

#[tokio::test]
async fn a_screening_puts_its_film_on_sale_once() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(&dir);
    let first = import(&catalog, SCREENING).await;
    assert_eq!((first.added, first.cinemas, first.shows, first.refused.len()), (1, 1, 1, 0), "{first:?}");
    let show = shows(&catalog).await.remove(0);
    assert_eq!((&*show.movie_title, &*show.cinema_name, &*show.screen_name), ("Dune", "Regal", "Screen 1"));
    assert_eq!(show.start_time, "2026-11-25T14:00:00Z".parse().unwrap());
    assert_eq!((show.layout.seats.len(), show.prices.from().amount), (40, 25_000));

    let second = import(&catalog, SCREENING).await;
    assert_eq!((second.cinemas, second.shows, second.shows_known), (0, 0, 1), "{second:?}");
    catalog.cancel_show(Actor::System, show.show_id).await.unwrap();
    assert_eq!(import(&catalog, SCREENING).await.shows, 0, "a cancelled show stays cancelled");
}

#[tokio::test]
async fn a_cinema_and_its_screen_are_known_however_their_names_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(&dir);
    import(&catalog, SCREENING).await;
    let elsewhere =
        r#"{"@type": "Place", "name": "SCREEN  1", "containedInPlace": {"@type": "MovieTheater", "name": "REGAL""#;
    let again = SCREENING.replace(r#"{"@type": "MovieTheater", "name": "Regal""#, elsewhere);
    let again = again.replace(r#""IN"}},"#, r#""IN"}}},"#).replace("11-25T19:30", "11-26T19:30");
    let second = import(&catalog, &again).await;
    assert_eq!((second.cinemas, second.shows, second.refused.len()), (0, 1, 0), "{second:?}");
    let screens: Vec<_> = shows(&catalog).await.iter().map(|show| show.screen_id).collect();
    assert_eq!(screens[0], screens[1]);
}

#[tokio::test]
async fn a_screening_that_cannot_be_is_refused_with_its_line() {
    for (from, to, says) in [
        ("2026-11-25T19:30", "2026-11-20T19:30", "start_time must be in the future"),
        ("2026-11-25T19:30", "2036-11-25T19:30", "start_time must be at most 730 days ahead"),
        (r#""maximumAttendeeCapacity": 40,"#, "", "the number of seats (maximumAttendeeCapacity) must be given"),
        (
            r#"Capacity": 40"#,
            r#"Capacity": 4000000000"#,
            "the number of seats (maximumAttendeeCapacity) must be at most",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let report = import(&catalog(&dir), &SCREENING.replace(from, to)).await;
        assert!(report.refused[0].to_string().starts_with(&format!("line 1: {says}")), "{report:?}");
        assert_eq!(report.shows, 0);
    }
}
