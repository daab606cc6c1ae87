//! `marquee import movies FILE`: films and shows from a file. Also while a server sells from the same data.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::import::{self, BadRecord, DURATION_ASSUMED_MINUTES, Films, MovieRecord, Record, ScreeningRecord};
use marquee_catalog::{
    CINEMA_LIST, Catalog, Cinema, Error, Faults, LayoutPlan, NewMovie, NewShow, ROWS_MAX, RowPlan, SHOW_LIST, Screen,
    ShowDetails, ShowFilter,
};
use marquee_kernel::{Clock, LIMIT_MAX, MovieId, PageRequest, Rng, decode_cursor};

use super::{complain, say};
use crate::clock::followed;
use crate::start::make_data_dir;
use crate::{Config, StartError};

/// The largest file, in bytes: the whole of it is held in memory.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Films between two steps of the progress bar.
const STEP_MOVIES: usize = 250;
/// Refused records that are named one by one.
const NAMED_MAX: usize = 50;
/// Seats across a screen whose file gives their number alone, and the price area of all of them.
const ROW_SEATS: u32 = 16;
/// The most of them: those of the most rows that a layout can have.
const HOUSE_SEATS_MAX: u32 = ROWS_MAX as u32 * ROW_SEATS;
const CATEGORY: &str = "standard";

/// Imports `file` into the catalogue of `config`'s data, and says what became of it.
///
/// # Errors
/// A file that cannot be read or has nothing in it, and what the database says. A bad record is no error: it is named, and the rest imported.
pub(super) async fn run(file: &Path, config: &Config) -> Result<ExitCode, StartError> {
    let (path, database) = (file.to_owned(), config.database.clone());
    make_data_dir(&config.data_dir).map_err(wrong)?;
    let opened = tokio::task::spawn_blocking(move || {
        let records = records_of(&path)?;
        Ok::<_, StartError>((records, database.open().map_err(wrong)?))
    });
    let (records, db) = opened.await.map_err(wrong)??;
    // The catalogue alone: opening seating would take the live holds that a running server has put down.
    let (clock, rng) = (followed(Clock::System, &db).await.map_err(wrong)?, Rng::System);
    let settings = marquee_catalog::Settings { cleaning_gap_minutes: config.cleaning_minutes };
    let journal = Journal::new(clock.clone(), rng.clone());
    let catalog = Catalog::new(db.clone(), journal, Bus::new(db), clock, rng, settings);
    let report = Importer::new(catalog, records.len()).carry_out(records).await.map_err(wrong)?;
    Ok(report.print(file))
}

fn wrong(problem: impl std::fmt::Display) -> StartError {
    StartError::part("import", problem)
}

fn read(file: &Path) -> Result<Vec<u8>, StartError> {
    let named = |problem: std::io::Error| wrong(format!("{}: {problem}", file.display()));
    if std::fs::metadata(file).map_err(named)?.len() > FILE_BYTES_MAX {
        return Err(wrong(format!("{} is larger than {FILE_BYTES_MAX} bytes: cut it", file.display())));
    }
    std::fs::read(file).map_err(named)
}

/// The records of a file, at least one.
fn records_of(file: &Path) -> Result<Vec<Result<Record, BadRecord>>, StartError> {
    let bytes = read(file)?;
    if let Err(error) = std::str::from_utf8(&bytes) {
        // Not one record is bad but the encoding of all: what else can be read of the file says something else than meant.
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        return Err(wrong(format!("{}: line {line} is not UTF-8: save the file as that", file.display())));
    }
    let records = import::parse(&bytes);
    if records.is_empty() {
        return Err(wrong(format!("{} has no records: there is nothing to import", file.display())));
    }
    Ok(records)
}

/// What became of a file.
#[derive(Debug, Default)]
struct Report {
    added: usize,
    changed: usize,
    unchanged: usize,
    durations_assumed: usize,
    cinemas: usize,
    shows: usize,
    shows_known: usize,
    refused: Vec<BadRecord>,
}

impl Report {
    fn print(mut self, file: &Path) -> ExitCode {
        self.refused.sort_by_key(|bad| bad.line);
        for bad in self.refused.iter().take(NAMED_MAX) {
            complain(&format!("{}: {bad}", file.display()));
        }
        if self.refused.len() > NAMED_MAX {
            complain(&format!("{}: and {} more", file.display(), self.refused.len() - NAMED_MAX));
        }
        let Self { added, changed, unchanged, refused, .. } = &self;
        say(&format!(
            "films: {added} added, {changed} changed, {unchanged} unchanged; records refused: {}",
            refused.len()
        ));
        if self.durations_assumed > 0 {
            let count = self.durations_assumed;
            say(&format!("{count} films have no running time in the file: {DURATION_ASSUMED_MINUTES} minutes assumed"));
        }
        let Self { cinemas, shows, shows_known, .. } = &self;
        if cinemas + shows + shows_known > 0 {
            say(&format!("cinemas: {cinemas} added; shows: {shows} added, {shows_known} known"));
        }
        let something = added + changed + unchanged + shows + shows_known > 0;
        if something { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

struct Importer {
    catalog: Catalog,
    bar: ProgressBar,
    report: Report,
    /// Ids by source key.
    movies: HashMap<String, MovieId>,
}

impl Importer {
    fn new(catalog: Catalog, records: usize) -> Self {
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::new(records as u64);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} records, {eta} left") {
            bar.set_style(style);
        }
        Self { catalog, bar, report: Report::default(), movies: HashMap::new() }
    }

    async fn carry_out(mut self, records: Vec<Result<Record, BadRecord>>) -> Result<Report, Error> {
        let (mut films, mut screenings) = (Films::default(), Vec::new());
        for record in records {
            match record {
                Ok(Record::Movie(movie)) => self.report.refused.extend(films.add(*movie).err()),
                Ok(Record::Screening(screening)) => screenings.push(*screening),
                Ok(Record::Place) => self.bar.inc(1),
                Err(bad) => {
                    self.bar.inc(1);
                    self.report.refused.push(bad);
                }
            }
        }
        films.fill(screenings.iter().map(|screening| screening.movie.clone()));
        self.add_films(films.into_vec()).await?;
        for screening in screenings {
            let line = screening.line;
            match self.add_screening(screening).await {
                Ok(()) => {}
                Err(Error::Db(error)) => return Err(Error::Db(error)),
                Err(refused) => self.report.refused.push(BadRecord { line, reason: refused.to_string() }),
            }
            self.bar.inc(1);
        }
        self.bar.finish_and_clear();
        Ok(self.report)
    }

    async fn add_films(&mut self, films: Vec<MovieRecord>) -> Result<(), Error> {
        self.report.durations_assumed = films.iter().filter(|film| film.duration_assumed).count();
        for step in films.chunks(STEP_MOVIES) {
            let movies: Vec<NewMovie> = step.iter().map(|film| film.movie.clone()).collect();
            let done = self.catalog.add_movies(Actor::System, movies).await?;
            self.report.added += done.added;
            self.report.changed += done.changed;
            self.report.unchanged += done.unchanged;
            for (film, outcome) in step.iter().zip(done.movies) {
                match outcome {
                    Ok((movie_id, _)) => drop(self.movies.insert(film.movie.source_key.clone(), movie_id)),
                    Err(faults) => {
                        self.report.refused.push(BadRecord { line: film.line, reason: faults.to_string() });
                    }
                }
            }
            self.bar.inc(step.len() as u64);
        }
        Ok(())
    }

    async fn add_screening(&mut self, screening: ScreeningRecord) -> Result<(), Error> {
        let Some(movie_id) = self.movies.get(&screening.movie.movie.source_key).copied() else {
            return Err(Error::MovieNotFound);
        };
        let cinema = self.cinema(&screening).await?;
        let screen = self.screen(&cinema, &screening).await?;
        if self.is_known(movie_id, &screen, &screening).await? {
            self.report.shows_known += 1;
            return Ok(());
        }
        let details = ShowDetails {
            start_time: screening.start_time,
            language: screening.language,
            format: screening.format,
            prices: BTreeMap::from([(CATEGORY.to_owned(), screening.price)]),
        };
        let show = NewShow { movie_id, screen_id: screen.screen_id, details };
        self.catalog.schedule_show(Actor::System, show).await?;
        self.report.shows += 1;
        Ok(())
    }

    /// The cinema of that name and city, added when there is none.
    async fn cinema(&mut self, screening: &ScreeningRecord) -> Result<Cinema, Error> {
        let wanted = &screening.cinema;
        let mut after = None;
        loop {
            let request = PageRequest { limit: LIMIT_MAX, after };
            let page = self.catalog.cinemas(Some(wanted.city.clone()), request).await?;
            if let Some(cinema) = page.items.into_iter().find(|cinema| cinema.is_called(&wanted.name)) {
                return Ok(cinema);
            }
            after = page.next_cursor.and_then(|cursor| decode_cursor(CINEMA_LIST, &cursor).ok());
            if after.is_none() {
                break;
            }
        }
        let cinema = self.catalog.add_cinema(Actor::System, wanted.clone()).await?;
        self.report.cinemas += 1;
        Ok(cinema)
    }

    /// The screen of that name, added when there is none and the file says how many seats it has.
    async fn screen(&mut self, cinema: &Cinema, screening: &ScreeningRecord) -> Result<Screen, Error> {
        let name = &screening.screen_name;
        if let Some(screen) = cinema.screens.iter().find(|screen| screen.is_called(name)) {
            return Ok(screen.clone());
        }
        let refused = |rule: String| Faults::one("the number of seats (maximumAttendeeCapacity)", rule);
        let missing = || refused("must be given: the cinema has no such screen yet".to_owned());
        let capacity = screening.capacity.ok_or_else(missing)?;
        if capacity > HOUSE_SEATS_MAX {
            return Err(refused(format!("must be at most {HOUSE_SEATS_MAX}")).into());
        }
        self.catalog.add_screen(Actor::System, cinema.cinema_id, name.clone(), plain_house(capacity)).await
    }

    /// Whether that show is there already, cancelled ones included: a file does not bring back what was called off.
    async fn is_known(&self, movie_id: MovieId, screen: &Screen, screening: &ScreeningRecord) -> Result<bool, Error> {
        let filter =
            ShowFilter { movie_id: Some(movie_id), cinema_id: Some(screen.cinema_id), ..ShowFilter::default() };
        let mut after = None;
        loop {
            let page = self.catalog.shows(filter.clone(), PageRequest { limit: LIMIT_MAX, after }).await?;
            let same = |start, screen_id| start == screening.start_time && screen_id == screen.screen_id;
            if page.items.iter().any(|show| same(show.start_time, show.screen_id)) {
                return Ok(true);
            }
            after = page.next_cursor.and_then(|cursor| decode_cursor(SHOW_LIST, &cursor).ok());
            if after.is_none() {
                return Ok(false);
            }
        }
    }
}

/// A house of rows of equal length, with what is left over in the last one.
fn plain_house(capacity: u32) -> LayoutPlan {
    let row = |at: u32| {
        let seats = ROW_SEATS.min(capacity - at * ROW_SEATS);
        RowPlan { row: (at + 1).to_string(), category: CATEGORY.to_owned(), seats: "s".repeat(seats as usize) }
    };
    LayoutPlan { rows: (0..capacity.div_ceil(ROW_SEATS)).map(row).collect() }
}

#[cfg(test)]
mod tests;
