//! `marquee import movies FILE`: films and shows from a file. Also while a server sells from the same data.

use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use marquee_bus::{Actor, Bus, Journal};
use marquee_catalog::import::{
    self, BadRecord, Contents, DURATION_ASSUMED_MINUTES, MovieRecord, Record, ScreeningRecord,
};
use marquee_catalog::{Catalog, Error, NewMovie, Showing};
use marquee_kernel::{Clock, Rng};

use super::{complain, say};
use crate::clock::followed;
use crate::start::make_data_dir;
use crate::{Config, StartError};

/// The largest file, in bytes: the whole of it is held in memory.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Films between two steps of the progress bar.
const STEP_MOVIES: usize = 250;
/// Showings between two of them.
const STEP_SHOWINGS: usize = 100;
/// Refused records that are named one by one.
const NAMED_MAX: usize = 50;

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
}

impl Importer {
    fn new(catalog: Catalog, records: usize) -> Self {
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::new(records as u64);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} records, {eta} left") {
            bar.set_style(style);
        }
        Self { catalog, bar, report: Report::default() }
    }

    async fn carry_out(mut self, records: Vec<Result<Record, BadRecord>>) -> Result<Report, Error> {
        let Contents { films, showings, refused } = Contents::of(records);
        self.bar.set_length((films.len() + showings.len()) as u64);
        self.report.refused = refused;
        self.add_films(films).await?;
        self.add_showings(showings).await?;
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
                if let Err(faults) = outcome {
                    self.report.refused.push(BadRecord { line: film.line, reason: faults.to_string() });
                }
            }
            self.bar.inc(step.len() as u64);
        }
        Ok(())
    }

    async fn add_showings(&mut self, showings: Vec<ScreeningRecord>) -> Result<(), Error> {
        for step in showings.chunks(STEP_SHOWINGS) {
            let verdicts = self.catalog.add_showings(Actor::System, step.to_vec()).await?;
            for (showing, verdict) in step.iter().zip(verdicts) {
                match verdict {
                    Ok(Showing::Known) => self.report.shows_known += 1,
                    Ok(Showing::Added) => self.report.shows += 1,
                    Ok(Showing::AddedWithCinema) => {
                        self.report.shows += 1;
                        self.report.cinemas += 1;
                    }
                    Err(refused) => {
                        self.report.refused.push(BadRecord { line: showing.line, reason: refused.to_string() });
                    }
                }
            }
            self.bar.inc(step.len() as u64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
