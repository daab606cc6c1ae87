//! The demo's cinemas: invented houses in real cities.

use marquee_catalog::{CinemaDetails, LayoutPlan, Location, RowPlan};

/// A cinema.
pub(super) struct Venue {
    pub(super) name: &'static str,
    city: &'static str,
    address: &'static str,
    pub(super) timezone: &'static str,
    at: (f64, f64),
    pub(super) currency: &'static str,
    /// Prices in minor units: classic, prime, recliner.
    pub(super) prices: [i64; 3],
    pub(super) screens: &'static [VenueScreen],
}

/// A screen of a cinema.
pub(super) struct VenueScreen {
    pub(super) name: &'static str,
    pub(super) house: House,
    pub(super) format: &'static str,
}

/// How a screen is seated.
#[derive(Clone, Copy)]
pub(super) enum House {
    Small,
    Medium,
    Large,
}

/// The price areas, in the order of [`Venue::prices`].
pub(super) const CATEGORIES: [&str; 3] = ["classic", "prime", "recliner"];

const ONE: VenueScreen = VenueScreen { name: "Screen 1", house: House::Large, format: "IMAX" };
const TWO: VenueScreen = VenueScreen { name: "Screen 2", house: House::Medium, format: "2D" };
const THREE: VenueScreen = VenueScreen { name: "Screen 3", house: House::Small, format: "2D" };

pub(super) const VENUES: [Venue; 8] = [
    Venue {
        name: "The Regent, Marine Drive",
        city: "Mumbai",
        address: "14 Netaji Subhash Road, Churchgate",
        timezone: "Asia/Kolkata",
        at: (18.9322, 72.8264),
        currency: "INR",
        prices: [25_000, 38_000, 65_000],
        screens: &[ONE, TWO, THREE],
    },
    Venue {
        name: "Connaught Electric",
        city: "Delhi",
        address: "7 Outer Circle, Connaught Place",
        timezone: "Asia/Kolkata",
        at: (28.6315, 77.2167),
        currency: "INR",
        prices: [24_000, 36_000, 60_000],
        screens: &[ONE, TWO, THREE],
    },
    Venue {
        name: "Lalbagh Picture House",
        city: "Bengaluru",
        address: "52 Lalbagh Road",
        timezone: "Asia/Kolkata",
        at: (12.9507, 77.5848),
        currency: "INR",
        prices: [22_000, 34_000, 56_000],
        screens: &[ONE, TWO],
    },
    Venue {
        name: "Marina Talkies",
        city: "Chennai",
        address: "3 Kamarajar Salai, Triplicane",
        timezone: "Asia/Kolkata",
        at: (13.0500, 80.2824),
        currency: "INR",
        prices: [12_000, 19_000, 30_000],
        screens: &[TWO, THREE],
    },
    Venue {
        name: "The Southbank Lantern",
        city: "London",
        address: "88 Upper Ground",
        timezone: "Europe/London",
        at: (51.5077, -0.1136),
        currency: "GBP",
        prices: [1_250, 1_550, 2_100],
        screens: &[ONE, TWO, THREE],
    },
    Venue {
        name: "Hudson Street Cinema",
        city: "New York",
        address: "301 Hudson Street",
        timezone: "America/New_York",
        at: (40.7266, -74.0078),
        currency: "USD",
        prices: [1_650, 1_950, 2_600],
        screens: &[ONE, TWO, THREE],
    },
    Venue {
        name: "Kanda Meigaza",
        city: "Tokyo",
        address: "1-12 Kanda Jimbocho, Chiyoda",
        timezone: "Asia/Tokyo",
        at: (35.6960, 139.7576),
        currency: "JPY",
        prices: [1_900, 2_300, 3_200],
        screens: &[TWO, THREE],
    },
    Venue {
        name: "Kino am Landwehrkanal",
        city: "Berlin",
        address: "Maybachufer 21",
        timezone: "Europe/Berlin",
        at: (52.4948, 13.4253),
        currency: "EUR",
        prices: [1_050, 1_250, 1_700],
        screens: &[TWO, THREE],
    },
];

/// Rows of a house: names, one letter each; the price area; the places across. No name is an aisle.
type Rows = [(&'static str, &'static str, &'static str)];

/// 86 seats.
const SMALL: &Rows = &[
    ("A", "classic", "wc___ssssss___cw"),
    ("BC", "classic", "sss_ssssssss_sss"),
    ("DE", "prime", "sss_ssssssss_sss"),
    ("FG", "recliner", "_ss_ss_ss_ss_ss_"),
];
/// 168 seats.
const MEDIUM: &Rows = &[
    ("A", "classic", "wc_ssssssssssssss_cw"),
    ("BCDE", "classic", "ssss_ssssssssss_ssss"),
    ("FGH", "prime", "ssss_ssssssssss_ssss"),
    ("JK", "recliner", "ss__ss__ssss__ss__ss"),
];
/// 276 seats.
const LARGE: &Rows = &[
    ("A", "classic", "wcwc__ssssssssssssssss__cwcw"),
    ("BCDEF", "classic", "sssss__ssssssssssssss__sssss"),
    ("", "", "____________________________"),
    ("GHJK", "prime", "sssss__ssssssssssssss__sssss"),
    ("LM", "recliner", "_ss_ss_ss__ssssss__ss_ss_ss_"),
];

impl House {
    pub(super) fn plan(self) -> LayoutPlan {
        let rows = match self {
            House::Small => SMALL,
            House::Medium => MEDIUM,
            House::Large => LARGE,
        };
        let row = |row: String, category: &str, seats: &str| RowPlan {
            row,
            category: category.to_owned(),
            seats: seats.to_owned(),
        };
        let mut plan = LayoutPlan { rows: Vec::new() };
        for (names, category, seats) in rows {
            if names.is_empty() {
                plan.rows.push(row(String::new(), category, seats));
            }
            plan.rows.extend(names.chars().map(|name| row(name.to_string(), category, seats)));
        }
        plan
    }
}

impl Venue {
    pub(super) fn details(&self) -> CinemaDetails {
        let (lat, lon) = self.at;
        CinemaDetails {
            name: self.name.to_owned(),
            city: self.city.to_owned(),
            timezone: self.timezone.to_owned(),
            address: Some(self.address.to_owned()),
            location: Some(Location { lat, lon }),
            ..CinemaDetails::default()
        }
    }
}
