use proptest::prelude::*;

use super::*;

const MOVIES_JSON: &[u8] = include_bytes!("../../../../assets/movies/movies.json");

fn movies(text: &str) -> Vec<Result<MovieRecord, String>> {
    let movie = |record| match record {
        Record::Movie(movie) => *movie,
        other => panic!("{other:?} is no movie"),
    };
    parse(text.as_bytes()).into_iter().map(|record| record.map(movie).map_err(|bad| bad.to_string())).collect()
}

fn screenings(text: &str) -> Vec<Result<ScreeningRecord, String>> {
    let screening = |record| match record {
        Ok(Record::Movie(_) | Record::Place) => None,
        Ok(Record::Screening(screening)) => Some(Ok(*screening)),
        Err(BadRecord { reason, .. }) => Some(Err(reason)),
    };
    parse(text.as_bytes()).into_iter().filter_map(screening).collect()
}

#[test]
fn the_whole_of_movies_json_is_read_and_one_film_without_a_title_refused() {
    let records = parse(MOVIES_JSON);
    assert_eq!(records.len(), 3201);
    let bad: Vec<String> =
        records.iter().filter_map(|record| record.as_ref().err()).map(BadRecord::to_string).collect();
    assert_eq!(bad, ["line 3055: has no title"]);
    let movies: Vec<&MovieRecord> = records
        .iter()
        .filter_map(|record| match record {
            Ok(Record::Movie(movie)) => Some(movie.as_ref()),
            _ => None,
        })
        .collect();
    assert_eq!(movies.iter().filter(|movie| movie.duration_assumed).count(), 1992);
    let keys: HashSet<&str> = movies.iter().map(|movie| movie.movie.source_key.as_str()).collect();
    assert_eq!(keys.len(), 3200, "every film has a key of its own");
    let newest = movies.iter().filter_map(|movie| movie.movie.details.release_date).max().unwrap();
    assert!(newest.year() <= 2011, "{newest}");
    assert!(parse(MOVIES_JSON) == records, "a second reading gives the same keys");
}

#[test]
fn a_vega_film_becomes_a_movie() {
    let text = r#"[
    {"Title": "Braveheart", "Release Date": "May 24 1995", "MPAA Rating": "R", "Running Time min": 177,
     "Major Genre": "Thriller/Suspense", "Director": "Mel Gibson", "IMDB Rating": 8.4}
    ]"#;
    let read = movies(text).remove(0).unwrap();
    let film = &read.movie.details;
    assert_eq!((read.line, read.movie.source_key.as_str()), (2, "vega:braveheart:1995-05-24"));
    assert_eq!((film.title.as_str(), film.duration_minutes, read.duration_assumed), ("Braveheart", 177, false));
    assert_eq!((film.certificate.as_deref(), film.director.as_deref()), (Some("R"), Some("Mel Gibson")));
    assert_eq!((film.genres.join("+"), film.languages.join("+")), ("Thriller+Suspense".to_owned(), "en".to_owned()));
}

#[test]
fn what_a_vega_film_leaves_open_has_a_stated_default() {
    let read = movies(r#"[{"Title": 1776, "Running Time min": null, "MPAA Rating": "Open"}]"#).remove(0).unwrap();
    assert_eq!(read.movie.source_key, "vega:1776:undated");
    assert_eq!((read.movie.details.duration_minutes, read.duration_assumed), (DURATION_ASSUMED_MINUTES, true));
    assert_eq!((read.movie.details.certificate, read.movie.details.release_date), (None, None));
}

#[test]
fn a_year_past_the_data_is_of_the_century_before() {
    for (written, meant) in [
        ("Dec 31 2046", "1946-12-31"),
        ("Feb 08 2015", "1915-02-08"),
        ("Jan 07 2011", "2011-01-07"),
        ("2026-11-22", "2026-11-22"),
    ] {
        let text = format!(r#"[{{"Title": "X", "Release Date": "{written}"}}]"#);
        let date = movies(&text).remove(0).unwrap().movie.details.release_date;
        assert_eq!(date, Some(meant.parse().unwrap()), "{written}");
    }
}

#[test]
fn a_bad_record_is_named_by_its_line_and_the_rest_is_read() {
    let text = r#"[
{"Title": "One"},
{"Title": null},
{"Title": "Three", "Running Time min": "long"},
{"Title": "Four", "Running Time min": 0},
{"Title": "Five", "Release Date": "soon"},
{"Title": "Six, never closed,
{"Title": "Seven" "Director": "X"},
{"Title": "Eight", "Director": {"name": "X"},
{"Title": "Nine"},
7,
{"Title": "Eleven"}
]"#;
    let read = movies(text);
    let titles: Vec<&str> = read.iter().flatten().map(|movie| movie.movie.details.title.as_str()).collect();
    assert_eq!(titles, ["One", "Nine", "Eleven"]);
    let bad: Vec<&str> = read.iter().filter_map(|record| record.as_ref().err()).map(String::as_str).collect();
    assert_eq!(bad.len(), 8, "{bad:?}");
    for (bad, start) in bad.iter().zip([
        "line 3: has no title",
        "line 4: \"Running Time min\" must be a whole number",
        "line 5: duration_minutes must be",
        "line 6: \"Release Date\" must read like",
        "line 7: is not JSON: a text does not end on its line",
        "line 8: is not JSON: expected `,` or `}` at line 8",
        "line 9: is not JSON: ",
        "line 11: is not an object",
    ]) {
        assert!(bad.starts_with(start), "{bad} / {start}");
    }
}

#[test]
fn records_may_stand_one_per_line_or_alone() {
    assert_eq!(movies("{\"Title\": \"One\"}\n{\"Title\": \"Two\"}\n").into_iter().flatten().count(), 2);
    assert_eq!(movies("\u{feff}{\"Title\":\n\"One\"}").into_iter().flatten().count(), 1);
    assert!(parse(b"").is_empty() && parse(b" [ ] ").is_empty());
    assert_eq!(parse(b"<html>").len(), 1);
}

#[test]
fn a_schema_org_movie_is_read_in_its_many_spellings() {
    let text = r#"{"@context": "https://schema.org", "@type": ["Movie"], "@id": "https://example.org/m/1",
      "name": "  Dune ", "duration": "PT2H35M", "genre": ["Drama", "drama", "Adventure"],
      "inLanguage": {"@type": "Language", "name": "English", "alternateName": "en"},
      "contentRating": {"@type": "Rating", "ratingValue": "PG-13"}, "datePublished": "2021-10-22T00:00:00Z",
      "director": {"@type": "Person", "name": "Denis Villeneuve"}, "description": "Sand.",
      "actor": [{"@type": "Person", "name": "Timothée Chalamet"}, "Zendaya"]}"#;
    let read = movies(text).remove(0).unwrap();
    let film = read.movie.details;
    assert_eq!(read.movie.source_key, "schema.org:https://example.org/m/1");
    assert_eq!((film.title.as_str(), film.duration_minutes, read.duration_assumed), ("Dune", 155, false));
    assert_eq!((film.genres.join("+"), film.languages.join("+")), ("Drama+Adventure".to_owned(), "en".to_owned()));
    assert_eq!((film.certificate.as_deref(), film.synopsis.as_deref()), (Some("PG-13"), Some("Sand.")));
    assert_eq!(film.release_date, Some("2021-10-22".parse().unwrap()));
    assert_eq!(film.director.as_deref(), Some("Denis Villeneuve"));
    assert_eq!(film.cast, ["Timothée Chalamet", "Zendaya"]);
}

const GRAPH: &str = r##"{
  "@context": "https://schema.org",
  "@graph": [
    {"@type": "MovieTheater", "@id": "#regal", "name": "Regal", "maximumAttendeeCapacity": 120,
     "address": {"@type": "PostalAddress", "streetAddress": "1 Marine Drive", "addressLocality": "Mumbai",
                 "addressCountry": "IN"}, "geo": {"latitude": "18.93", "longitude": 72.82}},
    {"@type": "Movie", "@id": "#dune", "name": "Dune", "duration": "PT155M"},
    {"@type": "ScreeningEvent", "workPresented": {"@id": "#dune"}, "location": {"@id": "#regal"},
     "startDate": "2026-11-22T19:30", "videoFormat": "IMAX", "inLanguage": "en",
     "offers": {"@type": "Offer", "price": "250.50", "priceCurrency": "INR"}},
    {"@type": "ScreeningEvent", "workPresented": {"@id": "#dune"}, "location":
       {"@type": "Place", "name": "Audi 2", "containedInPlace": {"@id": "#regal"}, "maximumAttendeeCapacity": "80"},
     "startDate": "2026-11-22T19:30:00Z", "offers": [{"price": 300, "priceCurrency": "INR"}]}
  ]
}"##;

#[test]
fn a_screening_brings_its_film_cinema_screen_start_and_price() {
    let read: Vec<ScreeningRecord> = screenings(GRAPH).into_iter().flatten().collect();
    let [first, second] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((first.line, first.movie.movie.details.title.as_str()), (8, "Dune"));
    assert_eq!((first.cinema.name.as_str(), first.cinema.timezone.as_str()), ("Regal", "Asia/Kolkata"));
    assert_eq!(first.cinema.location.map(|at| (at.lat, at.lon)), Some((18.93, 72.82)));
    assert_eq!((first.screen_name.as_str(), first.capacity), ("Screen 1", Some(120)));
    assert_eq!(first.start_time, "2026-11-22T14:00:00Z".parse().unwrap(), "a bare time is the cinema's");
    assert_eq!((first.price.amount, first.price.currency.code()), (25050, "INR"));
    assert_eq!((first.format.as_deref(), first.language.as_deref()), (Some("IMAX"), Some("en")));
    assert_eq!((second.screen_name.as_str(), second.capacity, second.price.amount), ("Audi 2", Some(80), 30000));
    assert_eq!(first.movie.movie.source_key, second.movie.movie.source_key);
}

#[test]
fn a_screening_that_lacks_something_says_what() {
    for (from, to, says) in [
        (r#""addressCountry": "IN""#, r#""addressCountry": "US""#, "time zone"),
        (r#""addressLocality": "Mumbai","#, "", "city"),
        (r##""workPresented": {"@id": "#dune"}, "##, "", "no film"),
        (r#""priceCurrency": "INR""#, r#""priceCurrency": "XXQ""#, "currency"),
        (r#""price": "250.50""#, r#""price": "250.505""#, "not a price"),
        (r#""startDate": "2026-11-22T19:30""#, r#""startDate": "tonight""#, "not a start time"),
        (r#""duration": "PT155M""#, r#""duration": "two hours""#, "not an ISO 8601 duration"),
    ] {
        let text = GRAPH.replace(from, to);
        assert_ne!(text, GRAPH, "{from}");
        let reasons: Vec<String> = screenings(&text).into_iter().filter_map(Result::err).collect();
        assert!(reasons.iter().any(|reason| reason.contains(says)), "{says}: {reasons:?}");
    }
}

#[test]
fn a_type_that_is_not_imported_is_reported() {
    let bad = parse(br#"{"@type": "schema:Recipe", "name": "Popcorn"}"#).remove(0).unwrap_err();
    assert_eq!(bad.to_string(), "line 1: is of type Recipe; imported are Movie and ScreeningEvent");
}

proptest! {
    /// Whatever is in the file, reading it ends without a panic, and lines are counted within it.
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        for bad in parse(&bytes).into_iter().filter_map(Result::err) {
            prop_assert!((1..=lines).contains(&bad.line));
        }
    }

    /// The same for what looks like JSON.
    #[test]
    fn any_brackets_and_quotes_are_read_to_their_end(text in r#"[\[\]{}",:a\\ \n@1]{0,200}"#) {
        let lines = text.split('\n').count();
        for bad in parse(text.as_bytes()).into_iter().filter_map(Result::err) {
            prop_assert!((1..=lines).contains(&bad.line));
        }
    }

    /// One damaged line costs the record on it, and no other.
    #[test]
    fn a_damaged_line_costs_its_own_record(at in 1_usize..100, cut in 0_usize..300) {
        let cut_at = |line: usize, text: &'static [u8]| if line == at { &text[..cut.min(text.len() / 2)] } else { text };
        let lines = MOVIES_JSON.split(|byte| *byte == b'\n').take(101).enumerate();
        let damaged: Vec<&[u8]> = lines.map(|(line, text)| cut_at(line, text)).collect();
        let good = parse(&damaged.join(&b'\n')).iter().filter(|record| record.is_ok()).count();
        prop_assert_eq!(good, 99);
    }
}
