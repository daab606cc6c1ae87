//! The best seats that are free for a party: together, in the middle, and without leaving a seat that nobody wants.
//!
//! Together comes first, then that no lone seat is left, then the distance to where one sees best. A party that fits nowhere
//! is cut into as few groups as can be, as close to one another as can be.

mod hall;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use hall::{Hall, Point};
use marquee_catalog::LayoutSeat;

/// Places to begin a cut party from, the best ones first: each is compared with every run of free seats.
const SEEDS_MAX: usize = 16;

/// What a party asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    /// How many they are.
    pub(crate) count: usize,
    /// Where they would pay for, if that matters.
    pub(crate) category: Option<&'a str>,
    /// Whether one of them comes in a wheelchair, and the next one with them.
    pub(crate) wheelchair: bool,
}

/// The places of the best seats among those of `seats` that are `open`, in the layout's order; none when there are too few.
pub(crate) fn best_seats(seats: &[LayoutSeat], open: &[bool], wish: Wish<'_>) -> Option<Vec<u16>> {
    let hall = Hall::new(seats, open, wish.category);
    let mut places = match wish.wheelchair {
        true => with_wheelchair(&hall, wish.count)?,
        false => together(&hall, wish.count, hall.best_view())?.places,
    };
    places.sort_unstable();
    Some(places.into_iter().filter_map(|place| u16::try_from(place).ok()).collect())
}

/// Seats for a party, and how good they are: the less, the better.
struct Choice {
    places: Vec<usize>,
    groups: usize,
    lone: usize,
    distance: u64,
}

/// Seats for `count`, as near to `target` as can be.
fn together(hall: &Hall<'_>, count: usize, target: Point) -> Option<Choice> {
    let windows = hall.runs().iter().flat_map(|run| windows(run, count));
    let best = windows.min_by_key(|window| (hall.lone_beside(window), hall.middle(window).distance(target)));
    match best {
        None => apart(hall, count, target),
        Some(window) => Some(Choice {
            groups: usize::from(count > 0),
            lone: hall.lone_beside(&window),
            distance: hall.middle(&window).distance(target),
            places: window.collect(),
        }),
    }
}

/// Every way to seat `count` side by side in a run.
fn windows(run: &Range<usize>, count: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let ways = (run.len() + 1).saturating_sub(count);
    (run.start..run.start + ways).map(move |from| from..from + count)
}

/// Seats for a party that fits nowhere as a whole.
fn apart(hall: &Hall<'_>, count: usize, target: Point) -> Option<Choice> {
    let mut longest: Vec<usize> = hall.runs().iter().map(Range::len).collect();
    longest.sort_unstable_by_key(|len| Reverse(*len));
    let groups = fewest(&longest, count)?;
    // Together with the longest others, a run must be able to seat all.
    let others: usize = longest.iter().take(groups - 1).sum();
    let mut seeds: Vec<&Range<usize>> = hall.runs().iter().filter(|run| run.len() + others >= count).collect();
    seeds.sort_by_key(|run| hall.middle(run).distance(target));
    seeds.truncate(SEEDS_MAX);
    let gathered = seeds.into_iter().filter_map(|seed| gather(hall, seed, groups, count));
    let (_, runs) = gathered.min_by_key(|(radius, _)| *radius)?;
    Some(seat(hall, &runs, count, target))
}

/// How many of the longest runs seat `count`.
fn fewest(longest: &[usize], count: usize) -> Option<usize> {
    let mut seated = 0;
    let enough = longest.iter().position(|len| {
        seated += len;
        seated >= count
    });
    enough.map(|at| at + 1)
}

/// The runs nearest to `seed` that with it seat `count` in so many groups, the seed first, and how far they reach.
fn gather(hall: &Hall<'_>, seed: &Range<usize>, groups: usize, count: usize) -> Option<(u64, Vec<Range<usize>>)> {
    let others = hall.runs().iter().enumerate().filter(|(_, run)| *run != seed);
    // A heap: of many runs only the nearest few are asked for.
    let mut near: BinaryHeap<_> = others.map(|(at, run)| Reverse((hall.gap(seed, run), at))).collect();
    let mut taken: Vec<&Range<usize>> = Vec::with_capacity(groups);
    while let Some(Reverse((gap, at))) = near.pop() {
        let Some(run) = hall.runs().get(at) else { break };
        taken.push(run);
        // The longest of those within reach.
        taken.sort_by_key(|run| Reverse(run.len()));
        taken.truncate(groups - 1);
        if seed.len() + taken.iter().map(|run| run.len()).sum::<usize>() >= count {
            return Some((gap, std::iter::once(seed).chain(taken).cloned().collect()));
        }
    }
    None
}

/// Seats a party in those runs, which all are needed.
fn seat(hall: &Hall<'_>, runs: &[Range<usize>], count: usize, target: Point) -> Choice {
    let mut choice = Choice { places: Vec::with_capacity(count), groups: runs.len(), lone: 0, distance: 0 };
    let home = runs.first().map_or(target, |seed| hall.middle(seed));
    for (run, size) in runs.iter().zip(sizes(runs, count)) {
        let toward = if choice.places.is_empty() { target } else { home };
        let best = windows(run, size).min_by_key(|it| (hall.lone_beside(it), hall.middle(it).distance(toward)));
        if let Some(window) = best {
            choice.lone += hall.lone_beside(&window);
            choice.distance += hall.middle(&window).distance(toward);
            choice.places.extend(window);
        }
    }
    choice
}

/// How many sit in each run: as many as can in all but the shortest, where nobody sits alone if another group can spare one.
fn sizes(runs: &[Range<usize>], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|at| Reverse(runs[*at].len()));
    let (mut sizes, mut left) = (vec![0; runs.len()], count);
    for &at in &order {
        sizes[at] = runs[at].len().min(left);
        left -= sizes[at];
    }
    if let Some(&last) = order.last()
        && sizes[last] == 1
        && runs[last].len() > 1
        && let Some(&spares) = order.iter().find(|at| sizes[**at] > 2)
    {
        (sizes[last], sizes[spares]) = (2, sizes[spares] - 1);
    }
    sizes
}

/// A wheelchair's space, the companion's seat beside it, and seats for the rest as near as can be.
fn with_wheelchair(hall: &Hall<'_>, count: usize) -> Option<Vec<usize>> {
    let mut pairs = hall.wheelchair_pairs();
    if count < 2 || pairs.is_empty() {
        pairs = hall.wheelchair_spaces();
    }
    pairs.sort_by_key(|pair| hall.middle(pair).distance(hall.best_view()));
    pairs.truncate(SEEDS_MAX);
    let whole = pairs.into_iter().filter_map(|pair| {
        let middle = hall.middle(&pair);
        let rest = together(hall, count.saturating_sub(pair.len()), middle)?;
        let distance = rest.distance + middle.distance(hall.best_view());
        Some(((rest.groups, rest.lone, distance), rest.places.into_iter().chain(pair).collect()))
    });
    whole.min_by_key(|(rank, _)| *rank).map(|(_, places)| places)
}
