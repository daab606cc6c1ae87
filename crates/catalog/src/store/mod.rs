//! Every SQL statement of the catalogue, by the table it is about.

mod audit;
mod cinemas;
mod days;
mod movies;
mod screens;
mod shows;

pub(crate) use audit::audit;
pub(crate) use cinemas::{
    delete_cinema, find_cinema, find_cinema_named, has_had_cinema, insert_cinema, list_cinemas, lock_cinema,
    move_shows, redate_shows, update_cinema,
};
pub(crate) use days::{shows_of_day, zones};
pub(crate) use movies::{
    MovieFilter, delete_movie, find_by_source_key, find_movie, insert_movie, list_movies, lock_movie, update_movie,
};
pub(crate) use screens::{
    Venue, count_screens, delete_screen, delete_screens_of, find_layout, find_plan, find_screen, has_namesake,
    insert_layout, insert_screen, lock_screen, lock_screens_of, screens_of, update_screen,
};
pub(crate) use shows::{
    Record, Scheduled, User, cancel_show, coming_show_of, find_show, has_had_show, has_showing, insert_show,
    last_prices, list_shows, occupier, shows_after, timetable, update_show,
};

use jiff::civil::Date;
use marquee_db::{Error, Result, Row, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A WHERE clause under construction: each condition is fixed text, each value a parameter.
#[derive(Default)]
struct Where {
    clause: String,
    params: Vec<Value>,
}

impl Where {
    /// Adds a condition; `?` stands for the next of `values`.
    fn and<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        self.clause.push_str(if self.clause.is_empty() { " WHERE " } else { " AND " });
        let mut parts = condition.split('?');
        self.clause.push_str(parts.next().unwrap_or_default());
        for (value, part) in values.into_iter().zip(parts) {
            let number = self.bind(value);
            self.clause.push_str(&number);
            self.clause.push_str(part);
        }
    }

    /// A parameter outside the clause, such as a limit.
    fn bind(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }
}

fn to_json(value: &impl Serialize) -> String {
    // Texts, lists of texts and numbers: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_str(&row.get::<String>(column)?).map_err(|_| unreadable(column, "not the JSON it should be"))
}

fn date(row: &Row, column: &str) -> Result<Option<Date>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| unreadable(column, "not a date"))).transpose()
}

fn unreadable(column: &str, problem: &'static str) -> Error {
    Error::Column { column: column.to_owned(), problem }
}
