//! Where a show lives: a rule, pure, and the same on every node.

use std::collections::HashMap;

use jiff::SignedDuration;
use marquee_kernel::{Shard, ShowId, Timestamp};

/// For how long a directory that was read is good: it says where shows are that are born by then, in seconds.
pub(crate) const AHEAD_S: i64 = 10;
/// How long before it counts a change of the members is written down, in seconds. The commit may take as long as a writer waits for
/// its turn and for the disk, and clocks may differ: whoever read the directory before still must not be sure of it.
pub(crate) const WRITTEN_AHEAD_S: i64 = 30;

/// A database that shows live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) shard: Shard,
    /// It takes the shows that are born from then on.
    pub(crate) joined_at: Timestamp,
    /// And none that are born from then on.
    pub(crate) drained_at: Option<Timestamp>,
}

impl Member {
    fn takes(&self, born_at: Timestamp) -> bool {
        self.joined_at <= born_at && self.drained_at.is_none_or(|drained_at| born_at < drained_at)
    }
}

/// Every shard, and the shows that are not where their birth puts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    members: Vec<Member>,
    moves: HashMap<ShowId, Shard>,
    /// When it was read.
    as_of: Timestamp,
}

impl Directory {
    pub(crate) fn new(members: Vec<Member>, moves: HashMap<ShowId, Shard>, as_of: Timestamp) -> Self {
        Self { members, moves, as_of }
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
        Member { shard: shard(number), joined_at: at(joined), drained_at: drained.map(at) }
    }

    #[test]
    fn shows_spread_evenly_over_the_shards() {
        let directory = Directory::new((0..4).map(|n| member(n, 0, None)).collect(), HashMap::new(), at(100));
        let mut shows = [0; 4];
        for seed in 0..4_000 {
            shows[usize::from(directory.shard_of(born(50, seed)).unwrap().number())] += 1;
        }
        assert!(shows.iter().all(|shows| (900..1_100).contains(shows)), "{shows:?}");
    }

    #[test]
    fn a_place_is_the_same_for_ever() {
        let directory = Directory::new((0..5).map(|n| member(n, 0, None)).collect(), HashMap::new(), at(100));
        let places: Vec<u16> = (1..=12_u128)
            .map(|n| ShowId::from(uuid::Uuid::from_u128((1_700_000_001_000 << 80) | (7 << 76) | n)))
            .map(|show_id| directory.shard_of(show_id).unwrap().number())
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
            let before = Directory::new(vec![member(0, 0, None), member(1, 0, None)], HashMap::new(), at(0));
            let after = Directory::new(
                vec![member(0, 0, Some(drained)), member(1, 0, None), member(2, joined, None)],
                HashMap::new(),
                at(100),
            );
            let show_id = born(birth, seed);
            if birth < joined {
                prop_assert_eq!(before.shard_of(show_id), after.shard_of(show_id));
            }
            if birth >= drained {
                prop_assert_ne!(after.shard_of(show_id), Some(shard(0)));
            }
            // With one shard more, a show stays or goes to that one.
            let without = Directory::new(vec![member(0, 0, None), member(1, 0, None)], HashMap::new(), at(100));
            let with = Directory::new((0..3).map(|n| member(n, 0, None)).collect(), HashMap::new(), at(100));
            let (here, there) = (without.shard_of(show_id), with.shard_of(show_id));
            prop_assert!(there == here || there == Some(shard(2)));
        }
    }

    #[test]
    fn a_move_counts_more_than_a_birth() {
        let show_id = born(1, 7);
        let members = vec![member(0, 0, None), member(1, 0, None)];
        let from = Directory::new(members.clone(), HashMap::new(), at(5)).shard_of(show_id).unwrap();
        let to = shard(1 - from.number());
        let directory = Directory::new(members, [(show_id, to)].into(), at(5));
        assert_eq!((directory.shard_of(show_id), directory.birthplace(show_id)), (Some(to), Some(from)));
    }

    #[test]
    fn an_old_directory_does_not_say_where_a_younger_show_is() {
        let directory = Directory::new(vec![member(0, 0, None)], HashMap::new(), at(100));
        assert!(directory.knows(born(100 + AHEAD_S - 1, 1)));
        assert!(!directory.knows(born(100 + AHEAD_S, 1)));
    }
}
