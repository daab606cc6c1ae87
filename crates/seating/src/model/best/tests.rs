use std::collections::HashSet;

use marquee_catalog::{Layout, SeatType};
use proptest::prelude::*;

use super::*;
use crate::fixtures::plan;

/// A hall drawn row by row: `.` is free, `x` taken, `w` and `c` free, `W` and `C` taken, `_` an aisle.
fn hall(rows: &[&str]) -> (Layout, Vec<bool>) {
    let names: Vec<String> = (0..rows.len()).map(|at| format!("R{at}")).collect();
    let seats: Vec<String> = rows.iter().map(|row| row.to_lowercase()).collect();
    let category = |at: usize| if at == 0 { "front" } else { "back" };
    let drawn: Vec<_> = (0..rows.len()).map(|at| (names[at].as_str(), category(at), seats[at].as_str())).collect();
    let layout = Layout::of(&plan(&drawn).check().unwrap(), 1);
    let open = rows.iter().flat_map(|row| row.chars()).filter(|c| *c != '_').map(|c| ".wc".contains(c)).collect();
    (layout, open)
}

fn wish(count: usize) -> Wish<'static> {
    Wish { count, category: None, wheelchair: false }
}

fn names(rows: &[&str], wish: Wish<'_>) -> Vec<String> {
    let (layout, open) = hall(rows);
    let places = best_seats(&layout.seats, &open, wish).unwrap_or_default();
    places.iter().map(|place| layout.seats[usize::from(*place)].seat_id.to_string()).collect()
}

#[test]
fn a_party_sits_together_in_the_middle_two_thirds_back() {
    let empty = ["........."; 7];
    assert_eq!(names(&empty, wish(3)), ["R4-4", "R4-5", "R4-6"]);
    assert_eq!(names(&empty, wish(1)), ["R4-5"]);
}

#[test]
fn no_seat_is_left_alone_while_there_is_another_way() {
    assert_eq!(names(&["....."], wish(2)), ["R0-1", "R0-2"], "in the middle one would be left on a side");
    assert_eq!(names(&["....."], wish(4)).len(), 4, "nothing else fits: one is left");
    assert_eq!(names(&["...", "...x.."], wish(2)), ["R1-5", "R1-6"]);
    assert_eq!(names(&["x.x...."], wish(1)).len(), 1);
    assert_ne!(names(&["xx...xx"], wish(1)), ["R0-4"], "two would be left, one on each side");
}

#[test]
fn an_aisle_parts_a_row() {
    assert_eq!(names(&["..__.."], wish(3)), ["R0-1", "R0-2", "R0-3"], "there is no other way than across it");
    assert_eq!(names(&["..__..", "...."], wish(3)).iter().filter(|name| name.starts_with("R1")).count(), 3);
}

#[test]
fn a_party_that_fits_nowhere_is_cut_into_few_groups_near_one_another() {
    // Two groups, and of the pairs of rows those next to each other.
    let found = names(&["...xxx", "xxxxxx", "xxxxxx", "..x..x", "..xxxx"], wish(4));
    assert!(found.iter().all(|name| name.starts_with("R3")), "{found:?}");
    // Five of three and three: nobody sits alone.
    let found = names(&["...x...", "xxxxxxx"], wish(4));
    assert_eq!((found.len(), found.contains(&"R0-4".to_owned())), (4, false));
    let left = found.iter().filter(|name| ["R0-1", "R0-2", "R0-3"].contains(&name.as_str())).count();
    assert_eq!(left, 2, "{found:?}");
    assert!(names(&["..x.", "x.xx"], wish(5)).is_empty(), "there are four");
}

#[test]
fn a_wheelchair_has_its_companion_beside_it_and_the_rest_near() {
    let asks = |count| Wish { count, category: None, wheelchair: true };
    let rows = ["wc.......", ".........", "........cw"];
    assert_eq!(names(&rows, asks(2)), ["R2-9", "R2-10"]);
    assert_eq!(names(&rows, asks(1)), ["R2-10"]);
    assert_eq!(names(&["wc......", "........"], asks(4)), ["R0-1", "R0-2", "R0-3", "R0-4"]);
    assert_eq!(names(&["WcwC....", "........"], asks(2)), ["R0-2", "R0-3"], "a companion's seat has two sides");
    assert_eq!(names(&["wC......"], asks(2)), ["R0-1", "R0-3"], "without a companion's seat, as near as can be");
    assert!(names(&["Wc......"], asks(1)).is_empty());
}

#[test]
fn what_is_for_wheelchairs_is_left_to_them() {
    assert!(names(&["wcwc"], wish(1)).is_empty());
    assert_eq!(names(&["..wc.."], wish(2)).len(), 2);
}

#[test]
fn a_party_pays_for_what_it_asked_for() {
    let front = Wish { category: Some("front"), ..wish(2) };
    assert_eq!(names(&["....", "....", "...."], front), ["R0-1", "R0-2"]);
    assert!(names(&["....", "....", "...."], Wish { count: 5, ..front }).is_empty());
}

/// Ordinary free seats that have no ordinary free one beside them, once `taken` are.
fn lone(layout: &Layout, open: &[bool], taken: &[u16]) -> HashSet<usize> {
    let ordinary = |place: usize| layout.seats[place].seat_type == SeatType::Standard;
    let free = |place: usize| open[place] && ordinary(place) && !taken.contains(&u16::try_from(place).unwrap());
    let beside = |a: usize, b: usize| {
        let (a, b) = (&layout.seats[a], &layout.seats[b]);
        a.y == b.y && a.x.abs_diff(b.x) == 1
    };
    let places = 0..layout.seats.len();
    places.clone().filter(|one| free(*one) && !places.clone().any(|other| free(other) && beside(*one, other))).collect()
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[.x]{0,3}(w|W|)(c|C|)[.x_]{1,8}[.x]", 1..6)
}

proptest! {
    /// Whatever is free and however many come: as many seats as asked for, each free and of the kind; whenever there are
    /// enough; side by side whenever that is possible, then without a lone seat whenever that is; else in the fewest groups.
    #[test]
    fn a_party_gets_the_best_there_is(rows in rows(), count in 1_usize..8) {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (layout, open) = hall(&rows);
        let free: Vec<u16> = (0..layout.seats.len())
            .filter(|place| open[*place] && layout.seats[*place].seat_type == SeatType::Standard)
            .map(|place| u16::try_from(place).unwrap())
            .collect();
        let Some(found) = best_seats(&layout.seats, &open, wish(count)) else {
            prop_assert!(free.len() < count);
            return Ok(());
        };
        prop_assert_eq!(found.len(), count);
        prop_assert!(found.iter().all(|place| free.contains(place)) && found.is_sorted());
        prop_assert!(found.windows(2).all(|two| two[0] != two[1]));

        let beside = |two: &[u16]| {
            let (a, b) = (&layout.seats[usize::from(two[0])], &layout.seats[usize::from(two[1])]);
            a.y == b.y && a.x + 1 == b.x
        };
        let side_by_side = |places: &[u16]| places.windows(2).all(beside);
        let ways: Vec<&[u16]> = free.windows(count).filter(|way| side_by_side(way)).collect();
        if ways.is_empty() {
            let mut runs: Vec<usize> = free.chunk_by(|a, b| beside(&[*a, *b])).map(<[u16]>::len).collect();
            runs.sort_unstable_by_key(|len| Reverse(*len));
            let fewest = (1..).find(|groups| runs.iter().take(*groups).sum::<usize>() >= count).unwrap();
            prop_assert_eq!(found.chunk_by(|a, b| beside(&[*a, *b])).count(), fewest);
        } else {
            prop_assert!(side_by_side(&found));
            let before = lone(&layout, &open, &[]);
            let made = |way: &[u16]| lone(&layout, &open, way).difference(&before).count();
            prop_assert_eq!(Some(made(&found)), ways.iter().map(|way| made(way)).min());
        }
    }

    /// Whoever comes in a wheelchair gets a space for it, and with company the companion's seat beside it while there is such a pair.
    #[test]
    fn a_wheelchair_gets_its_space(rows in rows(), count in 1_usize..6) {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (layout, open) = hall(&rows);
        let kind = |place: usize| layout.seats[place].seat_type;
        let spaces = (0..layout.seats.len()).filter(|place| open[*place] && kind(*place) == SeatType::Wheelchair).count();
        let Some(found) = best_seats(&layout.seats, &open, Wish { wheelchair: true, ..wish(count) }) else {
            return Ok(());
        };
        prop_assert!(spaces > 0);
        prop_assert_eq!(found.len(), count);
        let of = |wanted| found.iter().filter(|place| kind(usize::from(**place)) == wanted).count();
        prop_assert_eq!(of(SeatType::Wheelchair), 1);
        let pairs = (1..layout.seats.len()).any(|at| {
            let (a, b) = (&layout.seats[at - 1], &layout.seats[at]);
            let types = [a.seat_type, b.seat_type];
            let pair = types.contains(&SeatType::Wheelchair) && types.contains(&SeatType::Companion);
            pair && open[at - 1] && open[at] && a.y == b.y && a.x + 1 == b.x
        });
        prop_assert_eq!(of(SeatType::Companion), usize::from(pairs && count > 1));
    }
}

#[test]
fn a_house_of_two_thousand_seats_has_some_for_everybody_however_it_is_sold() {
    let sold = [".".repeat(50), ".x".repeat(25), "x..".repeat(16), ".xx".repeat(16)];
    for row in sold {
        let rows = vec![row.as_str(); 40];
        let (layout, open) = hall(&rows);
        for count in [1, 2, 10] {
            let found = best_seats(&layout.seats, &open, wish(count)).unwrap();
            assert_eq!(found.len(), count, "{row}");
        }
    }
}
