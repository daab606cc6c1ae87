//! Movies, cinemas, screens and shows, made the way an administrator makes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::client::id_of;
use crate::seat_map::name_of;
use crate::{SeatMap, Site, eventually};

/// A movie to be added.
#[must_use]
pub struct AMovie<'a> {
    site: &'a Site,
    document: Value,
}

impl<'a> AMovie<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let document = json!({ "title": format!("Movie {:04}", site.number()), "duration_minutes": 120 });
        Self { site, document }
    }

    /// With this title.
    pub fn title(self, title: &str) -> Self {
        self.with("title", json!(title))
    }

    /// With this running time.
    pub fn minutes(self, minutes: u32) -> Self {
        self.with("duration_minutes", json!(minutes))
    }

    /// With any member of the document.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.document[member] = value;
        self
    }

    /// Adds it: its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create(self) -> String {
        let created = self.site.admin().await.post("/admin/movies", self.document).await.created();
        id_of(&created, "movie_id").to_owned()
    }
}

/// A cinema to be added.
#[must_use]
pub struct ACinema<'a> {
    site: &'a Site,
    document: Value,
}

impl<'a> ACinema<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let name = format!("Cinema {:04}", site.number());
        Self { site, document: json!({ "name": name, "city": "Mumbai", "timezone": "Asia/Kolkata" }) }
    }

    /// In this city.
    pub fn city(self, city: &str) -> Self {
        self.with("city", json!(city))
    }

    /// In this IANA time zone.
    pub fn timezone(self, timezone: &str) -> Self {
        self.with("timezone", json!(timezone))
    }

    /// With any member of the document.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.document[member] = value;
        self
    }

    /// Adds it: its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create(self) -> String {
        let created = self.site.admin().await.post("/admin/cinemas", self.document).await.created();
        id_of(&created, "cinema_id").to_owned()
    }
}

/// A screen to be added.
#[must_use]
pub struct AScreen<'a> {
    site: &'a Site,
    cinema_id: Option<String>,
    name: String,
    rows: Vec<Value>,
}

impl<'a> AScreen<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        Self { site, cinema_id: None, name: format!("Screen {:04}", site.number()), rows: Vec::new() }
    }

    /// In this cinema.
    pub fn of(mut self, cinema_id: &str) -> Self {
        self.cinema_id = Some(cinema_id.to_owned());
        self
    }

    /// With this name.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// With one more row, in the contract's notation (`1234_56`).
    pub fn row(mut self, row: &str, category: &str, seats: &str) -> Self {
        self.rows.push(json!({ "row": row, "category": category, "seats": seats }));
        self
    }

    /// Adds it: its id. Without a row of its own it has A and B, ten gold and ten silver seats.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create(mut self) -> String {
        if self.rows.is_empty() {
            self = self.row("A", "gold", "12345_67890").row("B", "silver", "12345_67890");
        }
        let cinema_id = match self.cinema_id {
            Some(cinema_id) => cinema_id,
            None => self.site.a_cinema().create().await,
        };
        let request = json!({ "name": self.name, "layout": { "rows": self.rows } });
        let path = format!("/admin/cinemas/{cinema_id}/screens");
        let created = self.site.admin().await.post(&path, request).await.created();
        id_of(&created, "screen_id").to_owned()
    }
}

/// How wide the rows are of a house that is only counted in seats.
const SEATS_PER_ROW: usize = 20;

/// A show to be scheduled: in six hours, gold for INR 250.00 and silver for INR 150.00, unless told otherwise.
#[must_use]
pub struct AShow<'a> {
    site: &'a Site,
    movie_id: Option<String>,
    cinema_id: Option<String>,
    screen_id: Option<String>,
    rows: Vec<(String, String, String)>,
    start_time: Timestamp,
    prices: Map<String, Value>,
    more: Map<String, Value>,
}

impl<'a> AShow<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let start_time = site.from_now(SignedDuration::from_hours(6));
        let (prices, more) = (Map::new(), Map::new());
        Self { site, movie_id: None, cinema_id: None, screen_id: None, rows: Vec::new(), start_time, prices, more }
    }

    /// Of this movie.
    pub fn of(mut self, movie_id: &str) -> Self {
        self.movie_id = Some(movie_id.to_owned());
        self
    }

    /// In this cinema, on a screen of its own.
    pub fn at(mut self, cinema_id: &str) -> Self {
        self.cinema_id = Some(cinema_id.to_owned());
        self
    }

    /// On this screen.
    pub fn on(mut self, screen_id: &str) -> Self {
        self.screen_id = Some(screen_id.to_owned());
        self
    }

    /// On a new screen with one more such row.
    pub fn row(mut self, row: &str, category: &str, seats: &str) -> Self {
        self.rows.push((row.to_owned(), category.to_owned(), seats.to_owned()));
        self
    }

    /// On a new screen with so many gold seats, twenty in a row from A on.
    pub fn seats(self, count: usize) -> Self {
        let rows = ('A'..='Z').zip(0..count.div_ceil(SEATS_PER_ROW));
        rows.fold(self, |show, (row, nth)| {
            let seats = SEATS_PER_ROW.min(count - nth * SEATS_PER_ROW);
            show.row(&row.to_string(), "gold", &"-".repeat(seats))
        })
    }

    /// Starting so long from now.
    pub fn starts_in(mut self, duration: SignedDuration) -> Self {
        self.start_time = self.site.from_now(duration);
        self
    }

    /// Starting then.
    ///
    /// # Panics
    /// When it is not an RFC 3339 instant.
    pub fn starts_at(mut self, instant: &str) -> Self {
        self.start_time = instant.parse().expect("an instant");
        self
    }

    /// With this price, in paise.
    pub fn price(mut self, category: &str, paise: i64) -> Self {
        self.prices.insert(category.to_owned(), json!({ "amount": paise, "currency": "INR" }));
        self
    }

    /// With any other member of the document.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.more.insert(member.to_owned(), value);
        self
    }

    /// Schedules it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create(mut self) -> Show {
        if self.prices.is_empty() {
            let sells =
                |category: &str| self.rows.is_empty() || self.rows.iter().any(|(_, known, _)| known == category);
            let prices = [("gold", 25_000), ("silver", 15_000)].into_iter().filter(|(category, _)| sells(category));
            self = prices
                .collect::<Vec<_>>()
                .into_iter()
                .fold(self, |show, (category, paise)| show.price(category, paise));
        }
        let movie_id = match self.movie_id {
            Some(movie_id) => movie_id,
            None => self.site.a_movie().create().await,
        };
        let screen_id = match (self.screen_id, self.cinema_id) {
            (Some(screen_id), _) => screen_id,
            (None, cinema_id) => {
                let cinema_id = match cinema_id {
                    Some(cinema_id) => cinema_id,
                    None => self.site.a_cinema().create().await,
                };
                let screen = self.site.a_screen().of(&cinema_id);
                let add = |screen: AScreen<'a>, (row, category, seats): &(String, String, String)| {
                    screen.row(row, category, seats)
                };
                self.rows.iter().fold(screen, add).create().await
            }
        };
        let mut request = json!({
            "movie_id": movie_id,
            "screen_id": screen_id,
            "start_time": self.start_time.to_string(),
            "prices": self.prices,
        });
        for (member, value) in self.more {
            request[member] = value;
        }
        let created = self.site.admin().await.post("/admin/shows", request).await.created();
        Show::read(self.site, id_of(&created, "show_id")).await
    }
}

/// A scheduled show, with the names of its seats.
#[derive(Clone, Debug)]
pub struct Show {
    /// Its id.
    pub show_id: String,
    /// Its movie.
    pub movie_id: String,
    /// Its cinema.
    pub cinema_id: String,
    /// Its screen.
    pub screen_id: String,
    /// When it starts.
    pub start_time: Timestamp,
    seats: Vec<(String, String)>,
}

impl Show {
    /// Reads a show that is there.
    ///
    /// # Panics
    /// When it is not.
    pub async fn read(site: &Site, show_id: &str) -> Self {
        let show = site.get(&format!("/shows/{show_id}")).await.ok();
        // Where engines fail on purpose, a shop may ask to come back.
        let map = eventually("its seats are served", async || {
            let answer = site.get(&format!("/shows/{show_id}/seats")).await;
            (answer.status() != 503).then(|| SeatMap::new(answer.ok()))
        })
        .await;
        let seats = map.seats().iter().map(|seat| (name_of(seat), id_of(seat, "seat_id").to_owned())).collect();
        let id = |member: &str| id_of(&show, member).to_owned();
        let start_time = id("start_time").parse().expect("an instant");
        let (show_id, movie_id) = (id("show_id"), id("movie_id"));
        Self { show_id, movie_id, cinema_id: id("cinema_id"), screen_id: id("screen_id"), start_time, seats }
    }

    /// A path under the show, such as `/seats`.
    #[must_use]
    pub fn path(&self, tail: &str) -> String {
        format!("/shows/{}{tail}", self.show_id)
    }

    /// A path under the show's administration.
    #[must_use]
    pub fn admin_path(&self) -> String {
        format!("/admin/shows/{}", self.show_id)
    }

    /// The id of the seat of that row and number, such as `A1`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn seat(&self, name: &str) -> &str {
        let found = self.seats.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no seat {name}"), |(_, seat_id)| seat_id)
    }

    /// The ids of these seats.
    #[must_use]
    #[track_caller]
    pub fn seats(&self, names: &[&str]) -> Vec<&str> {
        names.iter().map(|name| self.seat(name)).collect()
    }

    /// The names of all seats, row by row.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.seats.iter().map(|(name, _)| name.as_str())
    }
}
