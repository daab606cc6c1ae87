//! The films of a file, each once.

use std::collections::HashMap;

use super::{BadRecord, MovieRecord, Record};

/// The films of a file in its order, each key once.
#[derive(Debug, Default)]
pub struct Films {
    in_order: Vec<MovieRecord>,
    lines: HashMap<String, usize>,
}

impl Films {
    /// The films of `records`, those that their showings alone mention included; what cannot be imported; and the number of
    /// showings.
    #[must_use]
    pub fn of(records: Vec<Result<Record, BadRecord>>) -> (Vec<MovieRecord>, Vec<BadRecord>, usize) {
        let (mut films, mut refused, mut screenings) = (Self::default(), Vec::new(), Vec::new());
        for record in records {
            match record {
                Ok(Record::Movie(movie)) => refused.extend(films.add(*movie).err()),
                Ok(Record::Screening(screening)) => screenings.push(screening.movie),
                Ok(Record::Place) => {}
                Err(bad) => refused.push(bad),
            }
        }
        let showings = screenings.len();
        films.fill(screenings);
        (films.in_order, refused, showings)
    }

    /// Takes a film.
    ///
    /// # Errors
    /// One that an earlier line has is refused, or a second import would change it back and forth.
    pub fn add(&mut self, film: MovieRecord) -> Result<(), BadRecord> {
        if let Some(earlier) = self.lines.get(&film.movie.source_key) {
            return Err(BadRecord { line: film.line, reason: format!("is the film of line {earlier} again") });
        }
        self.lines.insert(film.movie.source_key.clone(), film.line);
        self.in_order.push(film);
        Ok(())
    }

    /// Takes films that showings mention, where the file does not say more of them: a film of its own says more of itself.
    pub fn fill(&mut self, mentioned: impl IntoIterator<Item = MovieRecord>) {
        for film in mentioned {
            let _ = self.add(film);
        }
    }

    /// The films, in the order of the file.
    #[must_use]
    pub fn into_vec(self) -> Vec<MovieRecord> {
        self.in_order
    }
}
