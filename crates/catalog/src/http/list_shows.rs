//! `GET /shows`: shows that have not ended, by start.

use axum::extract::State;
use jiff::civil::Date;
use marquee_http::{Fields, Json, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{CinemaId, MovieId, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::list_movies::filter_text;
use super::views::ShowView;
use crate::Catalog;
use crate::model::ShowFilter;

/// Which shows; everything that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListShows {
    /// Of that movie.
    #[param(required = false, value_type = MovieId)]
    movie_id: Option<MovieId>,
    /// In that cinema.
    #[param(required = false, value_type = CinemaId)]
    cinema_id: Option<CinemaId>,
    /// On that day, as the cinema's wall says.
    #[param(required = false, value_type = String, format = "date")]
    date: Option<String>,
    /// In that city, whatever its case.
    #[param(required = false, value_type = String, max_length = 100)]
    city: Option<String>,
    /// Items of the page.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = String, min_length = 1)]
    cursor: Option<String>,
}

/// Shows that have not ended, cancelled ones included, by start.
#[utoipa::path(get, path = "/shows", tag = "browsing", params(ListShows), responses(
    (status = 200, description = "A page of shows.", body = Page<ShowView>),
    (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
))]
pub(super) async fn list_shows(
    State(catalog): State<Catalog>,
    query: Query<ListShows>,
) -> Result<Json<Page<ShowView>>, Problem> {
    let ListShows { movie_id, cinema_id, date, city, limit, cursor } = query.parse()?;
    let mut fields = Fields::default();
    let date = date.and_then(|text| fields.take("date", read_date(&text)));
    let city = filter_text(&mut fields, "city", city);
    fields.finish()?;
    let wanted = page_request(crate::SHOW_LIST, limit, cursor.as_deref())?;
    let shows = catalog.shows(ShowFilter { movie_id, cinema_id, date, city }, wanted).await?;
    let now = catalog.now();
    Ok(Json(shows.map(|show| ShowView::of(&show, &catalog, now))))
}

/// A date of the contract's form alone: jiff reads others too, such as one with a time behind it.
pub(super) fn read_date(text: &str) -> Result<Date, &'static str> {
    let form = text.len() == "YYYY-MM-DD".len() && !text.starts_with(['-', '+']);
    text.parse().ok().filter(|_| form).ok_or("must be a date such as 2026-11-22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_form() {
        assert_eq!(read_date("2026-11-22"), Ok(jiff::civil::date(2026, 11, 22)));
        for bad in ["", "2026-13-01", "2026-02-29", "20261122", "2026-11-2", "2026-11-22T10:00", "22-11-2026", "today"]
        {
            assert!(read_date(bad).is_err(), "{bad}");
        }
    }
}
