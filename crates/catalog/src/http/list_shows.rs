//! `GET /shows`: shows that have not ended, by start.

use axum::extract::State;
use bytes::Bytes;
use jiff::civil::Date;
use marquee_http::{Fields, Problem, ProblemDoc, Query, page_request};
use marquee_kernel::{CinemaId, MovieId, Page, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::list_movies::filter_text;
use super::page::{self, Reader};
use super::views::{ShowFacts, ShowStanding, ShowView};
use crate::Catalog;
use crate::caches::Listed;
use crate::model::ShowFilter;

/// Room for a show's standing and for what is around the shows, in bytes; more of either costs a copy, nothing else.
const STANDING_BYTES: usize = 64;
const FRAME_BYTES: usize = 256;

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
    #[param(required = false, value_type = String, min_length = 1, max_length = 100)]
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
    Reader(fresh): Reader,
    query: Query<ListShows>,
) -> Result<page::Page, Problem> {
    let ListShows { movie_id, cinema_id, date, city, limit, cursor } = query.parse()?;
    let mut fields = Fields::default();
    let date = date.and_then(|text| fields.take("date", read_date(&text)));
    let city = filter_text(&mut fields, "city", city);
    fields.finish()?;
    let wanted = page_request(crate::SHOW_LIST, limit, cursor.as_deref())?;
    let listed = catalog.listed(fresh, ShowFilter { movie_id, cinema_id, date, city }, wanted).await?;
    Ok(page::Page(write(&listed, &catalog, catalog.now())))
}

/// The page as it stands at `now`: a `Page<ShowView>`, of which all but each show's standing is copied from what was
/// serialised once.
fn write(listed: &Listed, catalog: &Catalog, now: Timestamp) -> Bytes {
    // Views are plain structs: serialising them cannot fail, and a Vec takes all that is written to it.
    let facts = listed.facts.get_or_init(|| {
        let serialised = listed.shows.iter().map(|show| serde_json::to_vec(&ShowFacts::of(show)));
        serialised.map(|facts| facts.unwrap_or_default().into()).collect()
    });
    let mut page =
        Vec::with_capacity(facts.iter().map(|facts| facts.len() + STANDING_BYTES).sum::<usize>() + FRAME_BYTES);
    page.extend_from_slice(br#"{"items":["#);
    let mut separator: &[u8] = b"";
    for (show, facts) in listed.shows.iter().zip(facts).filter(|(show, _)| show.end_time > now) {
        page.extend_from_slice(separator);
        separator = b",";
        page.extend_from_slice(facts);
        // Two objects become one: a comma where the first one closes, and the second does not open.
        page.pop();
        let seam = page.len();
        let _ = serde_json::to_writer(&mut page, &ShowStanding::of(show, catalog, now));
        page[seam] = b',';
    }
    page.extend_from_slice(br#"],"next_cursor":"#);
    let _ = serde_json::to_writer(&mut page, &listed.next_cursor);
    page.push(b'}');
    page.into()
}

/// A date of the contract's form alone: jiff reads others too, such as one with a time behind it.
///
/// # Errors
/// What it must be.
pub fn read_date(text: &str) -> Result<Date, &'static str> {
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
