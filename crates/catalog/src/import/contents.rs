//! What is in a file, each film once.

use std::collections::HashMap;

use super::{BadRecord, MovieRecord, Record, ScreeningRecord};

/// The records of a file by what they are.
#[derive(Debug, Default)]
pub struct Contents {
    /// Films in the order of the file, those that its showings alone mention behind them; each key once.
    pub films: Vec<MovieRecord>,
    /// Showings, in the order of the file.
    pub showings: Vec<ScreeningRecord>,
    /// What cannot be imported.
    pub refused: Vec<BadRecord>,
}

impl Contents {
    /// Sorts the records. A film that an earlier line has is refused, or a second import would change it back and forth.
    #[must_use]
    pub fn of(records: Vec<Result<Record, BadRecord>>) -> Self {
        let (mut contents, mut lines) = (Self::default(), HashMap::new());
        for record in records {
            match record {
                Ok(Record::Movie(movie)) => {
                    let refused = contents.take(*movie, &mut lines).err();
                    contents.refused.extend(refused);
                }
                Ok(Record::Screening(screening)) => contents.showings.push(*screening),
                Ok(Record::Place) => {}
                Err(bad) => contents.refused.push(bad),
            }
        }
        // A film of its own says more of itself than one that a showing mentions: those only fill what is missing.
        let mentioned: Vec<_> = contents.showings.iter().map(|showing| showing.movie.clone()).collect();
        for film in mentioned {
            let _ = contents.take(film, &mut lines);
        }
        contents
    }

    fn take(&mut self, film: MovieRecord, lines: &mut HashMap<String, usize>) -> Result<(), BadRecord> {
        if let Some(earlier) = lines.get(&film.movie.source_key) {
            return Err(BadRecord { line: film.line, reason: format!("is the film of line {earlier} again") });
        }
        lines.insert(film.movie.source_key.clone(), film.line);
        self.films.push(film);
        Ok(())
    }
}
