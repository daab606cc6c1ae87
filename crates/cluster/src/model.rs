//! Where a show lives: a rule, pure, and the same on every node.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use marquee_kernel::{Shard, ShowId, Timestamp};

/// For how long a directory that was read is good: it says where shows are that are born by then, in seconds.
pub(crate) const AHEAD_S: i64 = 10;
/// How long before it counts a change of the members is written down, in seconds. The commit may take as long as a writer waits for
/// its turn and for the disk, and clocks may differ: whoever read the directory before still must not be sure of it.
pub(crate) const WRITTEN_AHEAD_S: i64 = 30;

/// A database that shows live in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) shard: Shard,
    /// It takes the shows that are born from then on.
    pub(crate) joined_at: Timestamp,
    /// And none that are born from then on.
    pub(crate) drained_at: Option<Timestamp>,
    /// And none of those that are born in these times.
    pub(crate) pauses: Vec<Pause>,
}

/// A time in which a shard takes no new shows, and after which it does again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Member {
    fn takes(&self, born_at: Timestamp) -> bool {
        let paused = self.pauses.iter().any(|pause| pause.from <= born_at && born_at < pause.until);
        self.joined_at <= born_at && self.drained_at.is_none_or(|drained_at| born_at < drained_at) && !paused
    }
}

/// Every shard, and the shows that are not where their birth puts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    members: Vec<Member>,
    moves: Arc<HashMap<ShowId, Shard>>,
    /// Moves that were noted up to here are among them.
    noted: i64,
    /// When it was read.
    as_of: Timestamp,
}

/// A move as the directory has it: moves are noted one after the other, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) show_id: ShowId,
    pub(crate) to: Shard,
    pub(crate) noted: i64,
}

/// What of the moves a look at the home database brought.
#[derive(Clone, Debug)]
pub(crate) enum Moves {
    /// All that there are.
    All(Vec<Noted>),
    /// Those that were noted since the last look.
    Since(Vec<Noted>),
}

impl Directory {
    /// The directory as another look finds it.
    #[must_use]
    pub(crate) fn later(&self, members: Vec<Member>, moves: Moves, as_of: Timestamp) -> Self {
        let (mut known, found) = match moves {
            Moves::All(all) => (Self::default(), all),
            Moves::Since(new) => (self.clone(), new),
        };
        if !found.is_empty() {
            Arc::make_mut(&mut known.moves).extend(found.iter().map(|moved| (moved.show_id, moved.to)));
        }
        let noted = found.iter().map(|moved| moved.noted).max().map_or(known.noted, |last| last.max(known.noted));
        Self { members, moves: known.moves, noted, as_of }
    }

    /// Up to where it knows of moves.
    pub(crate) fn noted(&self) -> i64 {
        self.noted
    }

    /// Whether it can say where a show lives: whatever joined or was drained before the show was born is in it.
    pub(crate) fn knows(&self, show_id: ShowId) -> bool {
        let until = self.as_of.checked_add(SignedDuration::from_secs(AHEAD_S)).unwrap_or(Timestamp::MAX);
        show_id.born_at() < until
    }

    /// Where a show lives: where it was moved to, else the shard with the highest score of those that took shows at its birth
    /// (rendezvous hashing: Thaler and Ravishankar, 1998). A shard that joins later moves nothing.
    pub(crate) fn shard_of(&self, show_id: ShowId) -> Option<Shard> {
        self.moves.get(&show_id).copied().or_else(|| self.birthplace(show_id))
    }

    /// Where a show's birth puts it.
    fn birthplace(&self, show_id: ShowId) -> Option<Shard> {
        let born_at = show_id.born_at();
        let takers = self.members.iter().filter(|member| member.takes(born_at));
        takers.map(|member| member.shard).max_by_key(|shard| (score(show_id, *shard), *shard))
    }

    /// Whether a show is not where its birth put it, or was once.
    pub(crate) fn was_moved(&self, show_id: ShowId) -> bool {
        self.moves.contains_key(&show_id)
    }

    /// Shows that were moved to a shard.
    pub(crate) fn moved_to(&self, shard: Shard) -> usize {
        self.moves.values().filter(|to| **to == shard).count()
    }

    /// Shows that were moved, and where to.
    pub(crate) fn moves(&self) -> impl Iterator<Item = (ShowId, Shard)> {
        self.moves.iter().map(|(show_id, to)| (*show_id, *to))
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Where a show goes from a shard that is being emptied: to the best of those that are not.
    pub(crate) fn refuge(&self, show_id: ShowId, now: Timestamp) -> Option<Shard> {
        let takers = self.members.iter().filter(|member| member.drained_at.is_none() && member.joined_at <= now);
        takers.map(|member| member.shard).max_by_key(|shard| (score(show_id, *shard), *shard))
    }
}

/// A show's score on a shard: both ids through the finalizer of SplitMix64 (Steele, Lea and Flood, 2014). It must never change.
fn score(show_id: ShowId, shard: Shard) -> u64 {
    let (high, low) = show_id.uuid().as_u64_pair();
    mix(mix(high ^ mix(low)) ^ mix(u64::from(shard.number())))
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use marquee_kernel::{Clock, ManualClock, Rng};
    use proptest::prelude::*;

    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + s).unwrap()
    }

    fn shard(number: u16) -> Shard {
        Shard::new(number).unwrap()
    }

    fn born(s: i64, seed: u64) -> ShowId {
        ShowId::mint(&Clock::Manual(ManualClock::at(at(s))), &Rng::seeded(seed))
    }

    fn member(number: u16, joined: i64, drained: Option<i64>) -> Member {
        Member { shard: shard(number), joined_at: at(joined), drained_at: drained.map(at), pauses: Vec::new() }
    }

    fn directory(members: Vec<Member>, as_of: i64) -> Directory {
        Directory::default().later(members, Moves::All(Vec::new()), at(as_of))
    }

    #[test]
    fn shows_spread_evenly_over_the_shards() {
        let all = directory((0..4).map(|n| member(n, 0, None)).collect(), 100);
        let mut shows = [0; 4];
        for seed in 0..4_000 {
            shows[usize::from(all.shard_of(born(50, seed)).unwrap().number())] += 1;
        }
        assert!(shows.iter().all(|shows| (900..1_100).contains(shows)), "{shows:?}");
    }

    #[test]
    fn a_place_is_the_same_for_ever() {
        let all = directory((0..5).map(|n| member(n, 0, None)).collect(), 100);
        let places: Vec<u16> = (1..=12_u128)
            .map(|n| ShowId::from(uuid::Uuid::from_u128((1_700_000_001_000 << 80) | (7 << 76) | n)))
            .map(|show_id| all.shard_of(show_id).unwrap().number())
            .collect();
        assert_eq!(
            places,
            [0, 2, 2, 4, 3, 1, 1, 3, 4, 1, 3, 4],
            "shows that are on sale would be looked for elsewhere"
        );
    }

    proptest! {
        /// What joins, and what is drained, changes the place of no show that was born before.
        #[test]
        fn no_show_moves_by_itself(seed in 0..u64::MAX, joined in 1_i64..50, drained in 51_i64..90, birth in 0_i64..100) {
            let before = directory(vec![member(0, 0, None), member(1, 0, None)], 0);
            let after = directory(vec![member(0, 0, Some(drained)), member(1, 0, None), member(2, joined, None)], 100);
            let show_id = born(birth, seed);
            if birth < joined {
                prop_assert_eq!(before.shard_of(show_id), after.shard_of(show_id));
            }
            if birth >= drained {
                prop_assert_ne!(after.shard_of(show_id), Some(shard(0)));
            }
            // With one shard more, a show stays or goes to that one.
            let without = directory(vec![member(0, 0, None), member(1, 0, None)], 100);
            let with = directory((0..3).map(|n| member(n, 0, None)).collect(), 100);
            let (here, there) = (without.shard_of(show_id), with.shard_of(show_id));
            prop_assert!(there == here || there == Some(shard(2)));
        }
    }

    #[test]
    fn a_move_counts_more_than_a_birth() {
        let show_id = born(1, 7);
        let members = vec![member(0, 0, None), member(1, 0, None)];
        let before = directory(members.clone(), 5);
        let from = before.shard_of(show_id).unwrap();
        let to = shard(1 - from.number());
        let moved = before.later(members, Moves::Since(vec![Noted { show_id, to, noted: 1 }]), at(6));
        assert_eq!((moved.shard_of(show_id), moved.birthplace(show_id)), (Some(to), Some(from)));
    }

    #[test]
    fn a_later_look_adds_what_is_new_and_a_look_at_everything_forgets_the_rest() {
        let (one, two) = (born(1, 7), born(1, 8));
        let noted = |show_id, to, noted| Noted { show_id, to: shard(to), noted };
        let first =
            directory(Vec::new(), 1).later(Vec::new(), Moves::Since(vec![noted(one, 1, 1), noted(two, 1, 2)]), at(2));
        let second = first.later(Vec::new(), Moves::Since(vec![noted(one, 0, 3)]), at(3));
        assert_eq!((second.shard_of(one), second.shard_of(two), second.noted()), (Some(shard(0)), Some(shard(1)), 3));
        let same = second.later(Vec::new(), Moves::Since(Vec::new()), at(4));
        assert_eq!((same.shard_of(one), same.noted()), (Some(shard(0)), 3));
        let restored = same.later(Vec::new(), Moves::All(vec![noted(two, 1, 2)]), at(5));
        assert_eq!((restored.shard_of(one), restored.shard_of(two), restored.noted()), (None, Some(shard(1)), 2));
    }

    #[test]
    fn a_shard_that_takes_shows_again_takes_none_of_the_time_between() {
        let pause = Pause { from: at(10), until: at(20) };
        let back = Member { pauses: vec![pause], ..member(0, 0, None) };
        for (born_at, takes) in [(9, true), (10, false), (19, false), (20, true)] {
            assert_eq!(back.takes(at(born_at)), takes, "{born_at}");
        }
    }

    #[test]
    fn an_old_directory_does_not_say_where_a_younger_show_is() {
        let old = directory(vec![member(0, 0, None)], 100);
        assert!(old.knows(born(100 + AHEAD_S - 1, 1)));
        assert!(!old.knows(born(100 + AHEAD_S, 1)));
    }
}
