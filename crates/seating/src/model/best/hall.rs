//! A hall as a party sees it: which seats are theirs to have, which stand side by side, and from where one sees best.

use std::ops::Range;

use marquee_catalog::{LayoutSeat, SeatType};

/// A place in the hall, in half seats across and quarter rows deep. A row is about twice as deep as a seat is wide, so that
/// both are steps of the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    across: u32,
    deep: u32,
}

/// Steps of a seat's width.
const SEAT: u32 = 2;
/// Steps of a row's depth.
const ROW: u32 = 4;

impl Point {
    /// The square of how far apart they are.
    pub(super) fn distance(self, other: Point) -> u64 {
        let (across, deep) = (u64::from(self.across.abs_diff(other.across)), u64::from(self.deep.abs_diff(other.deep)));
        across * across + deep * deep
    }
}

pub(super) struct Hall<'a> {
    seats: &'a [LayoutSeat],
    open: &'a [bool],
    category: Option<&'a str>,
    runs: Vec<Range<usize>>,
    best_view: Point,
}

impl<'a> Hall<'a> {
    /// The hall of those seats, of which the open ones of that category can be had.
    pub(super) fn new(seats: &'a [LayoutSeat], open: &'a [bool], category: Option<&'a str>) -> Self {
        let mut hall = Self { seats, open, category, runs: Vec::new(), best_view: best_view(seats) };
        hall.runs = hall.find_runs();
        hall
    }

    /// Ordinary seats that can be had, side by side as far as they go.
    pub(super) fn runs(&self) -> &[Range<usize>] {
        &self.runs
    }

    /// Where one sees best: the middle, two thirds of the way back.
    pub(super) fn best_view(&self) -> Point {
        self.best_view
    }

    fn find_runs(&self) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for place in (0..self.seats.len()).filter(|place| self.can_be_had(*place, SeatType::Standard)) {
            match runs.last_mut() {
                Some(run) if run.end == place && self.beside(place - 1, place) => run.end += 1,
                _ => runs.push(place..place + 1),
            }
        }
        runs
    }

    fn can_be_had(&self, place: usize, seat_type: SeatType) -> bool {
        let wanted = |seat: &LayoutSeat| self.category.is_none_or(|category| *seat.category == *category);
        self.is_open(place, seat_type) && self.seats.get(place).is_some_and(wanted)
    }

    fn is_open(&self, place: usize, seat_type: SeatType) -> bool {
        let is_open = self.open.get(place).copied().unwrap_or_default();
        is_open && self.seats.get(place).is_some_and(|seat| seat.seat_type == seat_type)
    }

    /// Whether one place is next to the other, nothing between them.
    fn beside(&self, left: usize, right: usize) -> bool {
        match (self.seats.get(left), self.seats.get(right)) {
            (Some(left), Some(right)) => left.y == right.y && left.x + 1 == right.x,
            _ => false,
        }
    }

    /// How many seats would stay free with no free one beside them, when `window` is taken.
    pub(super) fn lone_beside(&self, window: &Range<usize>) -> usize {
        if window.is_empty() {
            return 0;
        }
        let free = |place: usize| self.is_open(place, SeatType::Standard);
        let left = window.start.checked_sub(1).filter(|left| free(*left) && self.beside(*left, window.start));
        let left = left.filter(|left| left.checked_sub(1).is_none_or(|next| !(free(next) && self.beside(next, *left))));
        let right = Some(window.end).filter(|right| free(*right) && self.beside(*right - 1, *right));
        let right = right.filter(|right| !(free(*right + 1) && self.beside(*right, *right + 1)));
        left.iter().chain(&right).count()
    }

    /// The middle of seats that stand side by side.
    pub(super) fn middle(&self, seats: &Range<usize>) -> Point {
        let first = self.seats.get(seats.start);
        let last = self.seats.get(seats.end.saturating_sub(1).max(seats.start)).or(first);
        match first.zip(last) {
            Some((first, last)) => Point { across: (first.x + last.x) * SEAT / 2, deep: first.y * ROW },
            None => self.best_view,
        }
    }

    /// The square of how far it is from one run to another, from their nearest ends.
    pub(super) fn gap(&self, one: &Range<usize>, other: &Range<usize>) -> u64 {
        let ends = |run: &Range<usize>| [run.start, run.end - 1].map(|place| self.middle(&(place..place + 1)));
        let ([from, to], [start, end]) = (ends(one), ends(other));
        let across = start.across.saturating_sub(to.across).max(from.across.saturating_sub(end.across));
        Point { across, deep: from.deep }.distance(Point { across: 0, deep: start.deep })
    }

    /// Spaces for wheelchairs.
    pub(super) fn wheelchair_spaces(&self) -> Vec<Range<usize>> {
        let spaces = (0..self.seats.len()).filter(|place| self.can_be_had(*place, SeatType::Wheelchair));
        spaces.map(|place| place..place + 1).collect()
    }

    /// Spaces for wheelchairs with the companion's seat beside them.
    pub(super) fn wheelchair_pairs(&self) -> Vec<Range<usize>> {
        let types = |place| [SeatType::Wheelchair, SeatType::Companion].map(|it| self.can_be_had(place, it));
        let is_pair = |left: &usize| {
            let ([wheelchair, companion], [next_wheelchair, next_companion]) = (types(*left), types(*left + 1));
            self.beside(*left, *left + 1) && (wheelchair && next_companion || companion && next_wheelchair)
        };
        (0..self.seats.len()).filter(is_pair).map(|left| left..left + 2).collect()
    }
}

fn best_view(seats: &[LayoutSeat]) -> Point {
    let span = |of: fn(&LayoutSeat) -> u32| {
        let least = seats.iter().map(of).min().unwrap_or_default();
        (least, seats.iter().map(of).max().unwrap_or_default())
    };
    let ((left, right), (front, back)) = (span(|seat| seat.x), span(|seat| seat.y));
    Point { across: (left + right) * SEAT / 2, deep: front * ROW + (back - front) * ROW * 2 / 3 }
}
