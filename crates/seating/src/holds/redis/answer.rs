//! What Redis's functions answer, and what they tell every node.

use marquee_kernel::{BookingId, HoldId, ShowId, Timestamp};
use redis::{FromRedisValue, ParsingError, Value};

use crate::model::SeatStatus;

/// A change of a show's seats, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The version that it follows.
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// Seats that are not free.
    pub(crate) taken: u32,
    /// When something lapses next.
    pub(crate) due: Option<Timestamp>,
    pub(crate) seats: Vec<(u16, SeatStatus)>,
}

/// What a function answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) word: String,
    /// Redis's clock.
    pub(crate) now: Timestamp,
    pub(crate) change: Change,
    /// Holds that lapsed.
    pub(crate) lapsed: u64,
    /// Holds whose payment should have ended by now.
    pub(crate) overdue: Vec<(HoldId, BookingId)>,
    rest: Vec<String>,
}

impl Answer {
    /// What the function said beside what they all say.
    pub(crate) fn said(&self, n: usize) -> &str {
        self.rest.get(n).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn instant(&self, n: usize) -> Timestamp {
        instant(self.said(n).parse().unwrap_or_default()).unwrap_or(self.now)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.word == "lost" || self.word == "rebuilding"
    }
}

/// Microseconds since 1970; 0 for none.
fn instant(us: i64) -> Option<Timestamp> {
    (us > 0).then(|| Timestamp::from_microsecond(us).ok()).flatten()
}

fn status(letter: &str) -> SeatStatus {
    match letter {
        "h" => SeatStatus::Held,
        "b" => SeatStatus::Booked,
        "x" => SeatStatus::Blocked,
        _ => SeatStatus::Available,
    }
}

fn seats(text: &str) -> Vec<(u16, SeatStatus)> {
    let seat = |word: &str| {
        let (place, letter) = word.split_at_checked(word.len().checked_sub(1)?)?;
        Some((place.parse().ok()?, status(letter)))
    };
    text.split(',').filter_map(seat).collect()
}

impl FromRedisValue for Answer {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let words = Vec::<String>::from_redis_value(value)?;
        let text = |n: usize| words.get(n).map(String::as_str).unwrap_or_default();
        let number = |n: usize| text(n).parse::<u64>().unwrap_or_default();
        let time = |n: usize| instant(text(n).parse().unwrap_or_default());
        let overdue = |word: &str| {
            let (hold_id, booking_id) = word.split_once(':')?;
            Some((hold_id.parse().ok()?, booking_id.parse().ok()?))
        };
        Ok(Self {
            word: text(0).to_owned(),
            now: time(1).unwrap_or(Timestamp::UNIX_EPOCH),
            change: Change {
                before: number(2),
                after: number(3),
                taken: u32::try_from(number(4)).unwrap_or(u32::MAX),
                due: time(5),
                seats: seats(text(6)),
            },
            lapsed: number(7),
            overdue: text(8).split(',').filter_map(overdue).collect(),
            rest: words.get(9..).unwrap_or_default().to_vec(),
        })
    }
}

/// What every node is told of a show; without a change, that all of it may be different.
pub(crate) fn heard(text: &str) -> Option<(ShowId, Timestamp, Change, Whole)> {
    let mut words = text.splitn(7, ' ');
    let show_id = words.next()?.parse().ok()?;
    let (before, after) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let taken = words.next()?.parse().ok()?;
    let due = instant(words.next()?.parse().ok()?);
    let now = instant(words.next()?.parse().ok()?)?;
    let changes = words.next()?;
    let whole = if changes == "*" { Whole::MayDiffer } else { Whole::Follows };
    Some((show_id, now, Change { before, after, taken, due, seats: seats(changes) }, whole))
}

/// Whether a change can be followed from the version before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    Follows,
    /// All of the show has to be read again.
    MayDiffer,
}
