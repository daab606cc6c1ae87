//! Where the seats of a screen are: the rows notation and what it stands for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use marquee_kernel::SeatId;
use marquee_pricing::CATEGORY_CHARS_MAX;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Checked, Faults};

/// The most rows of a layout, cross aisles included.
pub const ROWS_MAX: usize = 200;
/// The most places across a row, gaps included.
pub const ROW_PLACES_MAX: usize = 200;
/// The most seats of a layout: more than any house on earth, and few enough to number with 16 bits.
pub const SEATS_MAX: usize = 20_000;
/// The longest name of a row.
pub const ROW_NAME_CHARS_MAX: usize = 4;

/// A layout as it is written down. In `seats` every character is one place across the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayoutPlan {
    /// From the screen to the back.
    #[schema(min_items = 1, max_items = 200)]
    pub rows: Vec<RowPlan>,
}

/// One row of a [`LayoutPlan`]. A row without a seat is a cross aisle; it needs neither name nor category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowPlan {
    /// The row's name, 1 to 4 letters or digits, unique in the layout.
    #[schema(max_length = 4, example = "A")]
    pub row: String,
    /// Its price area.
    #[schema(max_length = 32, example = "gold")]
    pub category: String,
    /// `_` is a gap (aisle), `w` a wheelchair space, `c` its companion seat, anything else an ordinary seat. Seats are
    /// numbered from 1, left to right, gaps not counted.
    #[schema(max_length = 200, example = "12345_6789")]
    pub seats: String,
}

/// What a seat is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the trade's words")]
pub enum SeatType {
    Standard,
    Wheelchair,
    Companion,
}

/// One seat of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutSeat {
    /// Row and number, such as `A-12`; unique within the screen.
    pub seat_id: SeatId,
    /// What is printed on a ticket, such as `A12`.
    pub label: Arc<str>,
    /// The row's name.
    pub row: Arc<str>,
    /// The seat's number in its row, from 1, gaps not counted.
    pub number: u32,
    /// Places to its left, gaps included.
    pub x: u32,
    /// Rows before it, cross aisles included.
    pub y: u32,
    /// Its price area.
    pub category: Arc<str>,
    /// What it is for.
    pub seat_type: SeatType,
}

/// A layout of a screen, immutable: a change makes the next version.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Counts the screen's layouts, from 1.
    pub version: i64,
    /// Every seat: row by row from the screen, left to right.
    pub seats: Vec<LayoutSeat>,
    categories: Vec<Arc<str>>,
    index: HashMap<SeatId, u16>,
}

impl LayoutPlan {
    /// Trims names and categories, and checks every rule of the notation.
    ///
    /// # Errors
    /// Everything that is wrong, by its path below `layout`.
    pub fn check(mut self) -> Result<Checked<LayoutPlan>, Faults> {
        let mut faults = Faults::default();
        if !(1..=ROWS_MAX).contains(&self.rows.len()) {
            return Err(Faults::one("layout.rows", format!("must have 1 to {ROWS_MAX} rows")));
        }
        let mut names = HashSet::new();
        let mut seats = 0;
        for (at, row) in self.rows.iter_mut().enumerate() {
            let path = |field: &str| format!("layout.rows[{at}].{field}");
            let places = row.seats.chars().count();
            faults.check(
                places <= ROW_PLACES_MAX,
                &path("seats"),
                format!("must have at most {ROW_PLACES_MAX} places"),
            );
            faults.check(!row.seats.contains(char::is_control), &path("seats"), "must not contain control characters");
            let taken = row.seats.chars().filter(|place| *place != GAP).count();
            seats += taken;
            let least = usize::from(taken > 0);
            faults.line(&path("row"), &mut row.row, least..=ROW_NAME_CHARS_MAX);
            faults.check(row.row.chars().all(char::is_alphanumeric), &path("row"), "must be letters and digits");
            faults.line(&path("category"), &mut row.category, least..=CATEGORY_CHARS_MAX);
            let unique = row.row.is_empty() || names.insert(row.row.clone());
            faults.check(unique, &path("row"), "is the name of an earlier row");
        }
        faults.check((1..=SEATS_MAX).contains(&seats), "layout.rows", format!("must have 1 to {SEATS_MAX} seats"));
        faults.finish(self)
    }
}

const GAP: char = '_';

impl Layout {
    /// The seats that a checked plan stands for.
    #[must_use]
    pub fn of(plan: &Checked<LayoutPlan>, version: i64) -> Self {
        let mut layout = Self { version, seats: Vec::new(), categories: Vec::new(), index: HashMap::new() };
        for (y, row) in (0_u32..).zip(&plan.rows) {
            layout.add_row(y, row);
        }
        layout.index = (0_u16..).zip(&layout.seats).map(|(at, seat)| (seat.seat_id.clone(), at)).collect();
        layout
    }

    fn add_row(&mut self, y: u32, plan: &RowPlan) {
        let taken = (0_u32..).zip(plan.seats.chars()).filter(|(_, place)| *place != GAP);
        let mut taken = taken.peekable();
        if taken.peek().is_none() {
            return;
        }
        let row: Arc<str> = plan.row.as_str().into();
        let category = self.category(&plan.category);
        for (number, (x, place)) in (1_u32..).zip(taken) {
            self.seats.push(LayoutSeat {
                seat_id: SeatId::from(format!("{row}-{number}").as_str()),
                label: format!("{row}{number}").into(),
                row: row.clone(),
                number,
                x,
                y,
                category: category.clone(),
                seat_type: match place {
                    'w' => SeatType::Wheelchair,
                    'c' => SeatType::Companion,
                    _ => SeatType::Standard,
                },
            });
        }
    }

    fn category(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.categories.iter().find(|known| &***known == name) {
            return known.clone();
        }
        let category: Arc<str> = name.into();
        self.categories.push(category.clone());
        category
    }

    /// The seat of that id and its place in [`Layout::seats`].
    #[must_use]
    pub fn seat(&self, seat_id: &str) -> Option<(u16, &LayoutSeat)> {
        let at = *self.index.get(seat_id)?;
        self.seats.get(usize::from(at)).map(|seat| (at, seat))
    }

    /// The price areas, in the order in which they first appear.
    #[must_use]
    pub fn categories(&self) -> &[Arc<str>] {
        &self.categories
    }

    /// How many seats there are; at most [`SEATS_MAX`].
    #[must_use]
    pub fn capacity(&self) -> u32 {
        u32::try_from(self.seats.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn plan(rows: &[(&str, &str, &str)]) -> LayoutPlan {
        let row = |(row, category, seats): &(&str, &str, &str)| RowPlan {
            row: (*row).to_owned(),
            category: (*category).to_owned(),
            seats: (*seats).to_owned(),
        };
        LayoutPlan { rows: rows.iter().map(row).collect() }
    }

    fn layout(rows: &[(&str, &str, &str)]) -> Layout {
        Layout::of(&plan(rows).check().unwrap(), 1)
    }

    fn refusal(rows: &[(&str, &str, &str)]) -> String {
        plan(rows).check().unwrap_err().to_string()
    }

    #[test]
    fn seats_are_numbered_without_the_gaps_and_placed_with_them() {
        let layout = layout(&[("A", "gold", "12345_6789"), ("", "", "__________"), ("B", "silver", "_wc_xx")]);
        let (at, seat) = layout.seat("A-6").unwrap();
        assert_eq!((at, seat.number, seat.x, seat.y, &*seat.label), (5, 6, 6, 0, "A6"));
        let (_, seat) = layout.seat("B-1").unwrap();
        assert_eq!((seat.x, seat.y, seat.seat_type), (1, 2, SeatType::Wheelchair));
        assert_eq!(layout.seat("B-2").unwrap().1.seat_type, SeatType::Companion);
        assert_eq!(layout.seat("B-4").unwrap().1.x, 5);
        assert!(layout.seat("B-5").is_none());
        assert_eq!(layout.categories().iter().map(|name| &**name).collect::<Vec<_>>(), ["gold", "silver"]);
        assert_eq!(layout.capacity(), 13);
    }

    #[test]
    fn any_character_but_the_three_is_an_ordinary_seat() {
        let layout = layout(&[("A", "gold", "X -Wé")]);
        assert_eq!(layout.capacity(), 5);
        assert!(layout.seats.iter().all(|seat| seat.seat_type == SeatType::Standard));
    }

    #[test]
    fn a_house_of_twenty_thousand_seats_is_allowed_and_one_more_is_not() {
        let names: Vec<_> = (1..=101).map(|n| n.to_string()).collect();
        let seats = "x".repeat(200);
        let mut rows: Vec<_> = names[..100].iter().map(|name| (name.as_str(), "stalls", seats.as_str())).collect();
        assert_eq!(layout(&rows).capacity(), 20_000);
        rows.push((&names[100], "stalls", "x"));
        assert!(refusal(&rows).contains("1 to 20000 seats"));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        assert!(refusal(&[]).contains("layout.rows must have 1 to 200 rows"));
        assert!(refusal(&[("A", "gold", "__"), ("B", "gold", "")]).contains("layout.rows must have 1 to 20000 seats"));
        assert!(refusal(&[("A", "gold", "1"), ("A", "gold", "1")]).contains("layout.rows[1].row is the name of an"));
        assert!(refusal(&[("A-1", "gold", "1")]).contains("layout.rows[0].row must be letters and digits"));
        assert!(refusal(&[("", "gold", "1")]).contains("layout.rows[0].row must be 1 to 4"));
        assert!(refusal(&[("A", " ", "1")]).contains("layout.rows[0].category must be 1 to 32"));
        assert!(refusal(&[("A", "gold", "1\t")]).contains("layout.rows[0].seats must not contain control"));
        assert!(refusal(&[("A", "gold", &"1".repeat(201))]).contains("layout.rows[0].seats must have at most 200"));
    }

    fn rows() -> impl Strategy<Value = Vec<(String, String, String)>> {
        let row = ("[A-Z]{1,2}", "(gold|silver|box)", "[_wc1x]{0,30}");
        prop::collection::vec(row, 1..20).prop_map(|mut rows| {
            for (at, row) in rows.iter_mut().enumerate() {
                row.0 = format!("{}{at}", &row.0[..1]);
            }
            rows
        })
    }

    proptest! {
        /// However a plan is written: every character that is no gap is exactly one seat, found by its id at its place;
        /// ids are unique, numbers count from 1 without holes, and the order is row by row, left to right.
        #[test]
        fn a_layout_is_its_plan(rows in rows()) {
            let rows: Vec<_> = rows.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
            let taken = rows.iter().flat_map(|row| row.2.chars()).filter(|place| *place != '_').count();
            let Ok(checked) = plan(&rows).check() else {
                prop_assert_eq!(taken, 0);
                return Ok(());
            };
            let layout = Layout::of(&checked, 7);
            prop_assert_eq!(layout.seats.len(), taken);
            prop_assert_eq!(layout.index.len(), taken);
            prop_assert!(layout.seats.is_sorted_by_key(|seat| (seat.y, seat.x)));
            for (at, seat) in layout.seats.iter().enumerate() {
                prop_assert_eq!(layout.seat(seat.seat_id.as_str()), Some((u16::try_from(at).unwrap(), seat)));
                let (name, category, places) = rows[seat.y as usize];
                prop_assert_eq!((&*seat.row, &*seat.category), (name, category));
                let place = places.chars().nth(seat.x as usize).unwrap();
                prop_assert_ne!(place, '_');
                let before = places.chars().take(seat.x as usize).filter(|place| *place != '_').count();
                prop_assert_eq!(seat.number as usize, before + 1);
            }
        }
    }
}
