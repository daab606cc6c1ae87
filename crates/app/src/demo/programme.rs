//! A week of shows at hours when people go to the cinema.

use std::collections::BTreeMap;

use jiff::civil::{Time, time};
use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use marquee_catalog::{NewShow, ShowDetails};
use marquee_kernel::{Currency, Money, MovieId, ScreenId};

use super::venues::{CATEGORIES, Venue, VenueScreen};

/// Days from today.
const DAYS: i64 = 7;
/// When the day's first show starts, and after when none does, by the cinema's wall.
const FIRST_START: Time = time(10, 0, 0, 0);
const LAST_START: Time = time(22, 30, 0, 0);
/// Between the end of a show and the start of the next: cleaning, and people finding their seats.
const GAP: SignedDuration = SignedDuration::from_mins(25);
/// Starts are on these minutes, as on a poster.
const STEP_MINUTES: i64 = 5;
/// Each screen of a cinema opens that much after the one before, so that not everybody stands in the foyer at once.
const STAGGER_MINUTES: i64 = 20;
/// Shows on a screen before the next film of the list has its turn, from day to day.
const TURN: usize = 5;
/// A show that starts sooner cannot be reached.
const SOONEST: SignedDuration = SignedDuration::from_mins(10);

/// A screen that has to be filled.
pub(super) struct Hall {
    pub(super) screen_id: ScreenId,
    pub(super) venue: &'static Venue,
    pub(super) screen: &'static VenueScreen,
}

/// The shows of a week from `now` in every hall; each film has its turn.
pub(super) fn week(movies: &[(MovieId, u32)], halls: &[Hall], now: Timestamp) -> Result<Vec<NewShow>, String> {
    let mut shows = Vec::new();
    for (at, hall) in halls.iter().enumerate() {
        let prices = hall.prices()?;
        let zone = TimeZoneDatabase::bundled().get(hall.venue.timezone).map_err(|error| error.to_string())?;
        let today = now.to_zoned(zone);
        let stagger = STAGGER_MINUTES * (at % 3) as i64;
        for day in 0..DAYS {
            let opening = today.checked_add(day.days()).and_then(|day| day.with().time(FIRST_START).build());
            let opening =
                opening.and_then(|opening| opening.checked_add(stagger.minutes())).map_err(|e| e.to_string())?;
            // A stride that shares no factor with the number of films brings every one of them on.
            let turn = movies.iter().cycle().skip((at * 7 + day as usize * TURN) % movies.len().max(1));
            for (movie_id, start_time) in day_of(&opening, turn).filter(|(_, start)| *start > now + SOONEST) {
                let details = ShowDetails {
                    start_time,
                    language: Some("en".to_owned()),
                    format: Some(hall.screen.format.to_owned()),
                    prices: prices.clone(),
                };
                shows.push(NewShow { movie_id, screen_id: hall.screen_id, details });
            }
        }
    }
    Ok(shows)
}

/// One day on one screen: shows from `opening`, one after the other, until it is late.
fn day_of<'m>(
    opening: &Zoned,
    movies: impl Iterator<Item = &'m (MovieId, u32)>,
) -> impl Iterator<Item = (MovieId, Timestamp)> {
    let (zone, date) = (opening.time_zone().clone(), opening.date());
    movies
        .scan(opening.timestamp(), |next, (movie_id, minutes)| {
            let start = *next;
            let free = start + SignedDuration::from_mins(i64::from(*minutes)) + GAP;
            let past_step = free.as_second().rem_euclid(STEP_MINUTES * 60);
            let wait = (STEP_MINUTES * 60 - past_step) % (STEP_MINUTES * 60);
            *next = free + SignedDuration::from_secs(wait);
            Some((*movie_id, start))
        })
        .take_while(move |(_, start)| {
            let local = zone.to_datetime(*start);
            local.date() == date && local.time() <= LAST_START
        })
}

impl Hall {
    fn prices(&self) -> Result<BTreeMap<String, Money>, String> {
        let currency: Currency = self.venue.currency.parse().map_err(|error| format!("{error}"))?;
        let price = |(category, amount): (&str, i64)| (category.to_owned(), Money::new(amount, currency));
        Ok(CATEGORIES.into_iter().zip(self.venue.prices).map(price).collect())
    }
}
