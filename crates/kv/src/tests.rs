//! One suite for every place: what a limiter and signals promise, in memory, in a Redis and in a cluster.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use marquee_kernel::{Clock, ManualClock};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::testing::{Kind, Server, until};
use crate::{Kv, Limiter, Quota, Refused};

const QUOTA: Quota = Quota { name: "test", burst: 10, every: Duration::from_secs(30), slice: 4 };
/// Nothing comes by then that would not come ever.
const SOON: Duration = Duration::from_millis(100);

/// Where what is tested keeps what it counts.
#[derive(Clone, Copy)]
enum Place {
    Memory,
    Redis(Kind),
}

/// Nodes of one shop, and their common clock.
struct Nodes {
    kvs: Vec<Kv>,
    hands: ManualClock,
    stop: CancellationToken,
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Place {
    /// So many nodes; in memory they are all the one.
    async fn nodes(self, count: usize) -> Nodes {
        let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let (stop, mut kvs) = (CancellationToken::new(), Vec::new());
        match self {
            Place::Memory => kvs.resize(count, Kv::default()),
            Place::Redis(kind) => {
                let address = kind.address();
                for _ in 0..count {
                    kvs.push(Kv::open(&address, &stop).await.unwrap());
                }
            }
        }
        Nodes { kvs, hands, stop }
    }
}

impl Nodes {
    /// A limiter at each node; in memory they are all the one.
    fn limiters(&self, quota: Quota) -> Vec<Limiter> {
        let limiter = |kv: &Kv| kv.limiter(quota, Clock::Manual(self.hands.clone()));
        match self.kvs.first() {
            Some(kv @ Kv::Memory(_)) => vec![limiter(kv); self.kvs.len()],
            _ => self.kvs.iter().map(limiter).collect(),
        }
    }

    fn pass(&self, s: i64) {
        self.hands.advance(SignedDuration::from_secs(s));
    }
}

fn refused(retry_after_s: u64) -> Result<(), Refused> {
    Err(Refused { retry_after_s })
}

async fn a_burst_is_for_all_nodes_together_then_one_every_while(place: Place) {
    let nodes = place.nodes(2).await;
    let [one, two] = &nodes.limiters(QUOTA)[..] else { unreachable!() };
    for n in 0..QUOTA.burst {
        let limiter = if n % 2 == 0 { one } else { two };
        assert_eq!(limiter.take(&"ada").await, Ok(()));
    }
    assert_eq!((one.take(&"ada").await, two.take(&"ada").await), (refused(30), refused(30)));
    assert_eq!(two.take(&"bob").await, Ok(()), "one does not slow another");
    nodes.pass(29);
    assert_eq!(one.take(&"ada").await, refused(1));
    nodes.pass(1);
    assert_eq!(two.take(&"ada").await, Ok(()));
    assert_eq!(one.take(&"ada").await, refused(30));
    nodes.pass(86_400);
    for _ in 0..QUOTA.burst {
        one.take(&"ada").await.unwrap();
    }
    assert!(two.take(&"ada").await.is_err(), "a long rest must not save up more than a burst");
}

async fn takers_at_once_share_one_burst(place: Place) {
    let nodes = place.nodes(2).await;
    let mut takers = JoinSet::new();
    for limiter in nodes.limiters(QUOTA) {
        for _ in 0..2 * QUOTA.burst {
            let limiter = limiter.clone();
            takers.spawn(async move { limiter.take(&"ada").await.is_ok() });
        }
    }
    let taken = takers.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(u32::try_from(taken).unwrap(), QUOTA.burst);
}

async fn what_is_given_back_can_be_taken_again(place: Place) {
    let nodes = place.nodes(2).await;
    let [one, two] = &nodes.limiters(QUOTA)[..] else { unreachable!() };
    for _ in 0..QUOTA.burst {
        one.take(&"ada").await.unwrap();
    }
    assert!(two.take(&"ada").await.is_err());
    one.give_back(&"ada");
    until("one can be taken again", async || two.take(&"ada").await.is_ok()).await;
    assert!(two.take(&"ada").await.is_err());
    nodes.pass(86_400);
    two.give_back(&"ada");
    until("what was not taken cannot be given back", async || {
        let mut taken = 0;
        while one.take(&"ada").await.is_ok() {
            taken += 1;
        }
        nodes.pass(86_400);
        taken == QUOTA.burst
    })
    .await;
}

async fn what_is_only_counted_goes_over_by_a_slice_for_each_node_at_most(place: Place) {
    let nodes = place.nodes(3).await;
    let limiters = nodes.limiters(QUOTA);
    let count_out = async || {
        let mut passed = 0;
        for limiter in limiters.iter().cycle().take(100) {
            passed += u32::from(limiter.count(&"ada").is_ok());
            told(limiter).await;
        }
        passed
    };
    let over = u32::try_from(limiters.len()).unwrap() * QUOTA.slice;
    let mut passed = count_out().await;
    assert!((QUOTA.burst..=QUOTA.burst + over).contains(&passed), "{passed}");
    assert_eq!(limiters[0].count(&"bob"), Ok(()));
    // What went over is paid back: in the long run nobody gets more.
    let rounds = 50;
    for _ in 0..rounds {
        nodes.pass(30);
        passed += count_out().await;
    }
    assert!((QUOTA.burst + rounds - over..=QUOTA.burst + rounds + over).contains(&passed), "{passed}");
}

/// Waits until what passed at a node is with the others.
async fn told(limiter: &Limiter) {
    if let Limiter::Redis(shared) = limiter {
        until("it is told", async || Arc::strong_count(shared) == 1).await;
    }
}

async fn a_clock_that_is_set_back_locks_nobody_out(place: Place) {
    let nodes = place.nodes(1).await;
    let limiter = &nodes.limiters(QUOTA)[0];
    while limiter.take(&"ada").await.is_ok() {}
    nodes.pass(-86_400);
    let whole_s = 30 * i64::from(QUOTA.burst);
    // This node finds it out first, and then Redis, where a debt may be as deep as a second burst.
    assert!(limiter.take(&"ada").await.is_err());
    for wait_s in [whole_s, 2 * whole_s] {
        nodes.pass(wait_s);
        let _ = limiter.take(&"ada").await;
    }
    nodes.pass(2 * whole_s);
    assert_eq!(limiter.take(&"ada").await, Ok(()));
}

async fn what_one_node_tells_every_node_hears(place: Place) {
    let nodes = place.nodes(2).await;
    let mut ears: Vec<_> = nodes.kvs.iter().map(|kv| kv.signals().listen()).collect();
    for kv in &nodes.kvs {
        // However long it takes to begin to hear: then nothing is missed any more.
        for ears in &mut ears {
            while timeout(SOON, ears.heard()).await.is_ok() {}
        }
        kv.signals().tell();
        for ears in &mut ears {
            timeout(Duration::from_secs(10), ears.heard()).await.unwrap();
        }
    }
}

async fn a_word_comes_after_the_last_of_many(place: Place) {
    let nodes = place.nodes(2).await;
    let mut ears = nodes.kvs[1].signals().listen();
    while timeout(SOON, ears.heard()).await.is_ok() {}
    for _ in 0..1_000 {
        nodes.kvs[0].signals().tell();
    }
    timeout(Duration::from_secs(10), ears.heard()).await.unwrap();
    while timeout(SOON, ears.heard()).await.is_ok() {}
    nodes.kvs[0].signals().tell();
    timeout(Duration::from_secs(10), ears.heard()).await.unwrap();
}

macro_rules! conforms {
    ($($place:ident: $of:expr),* ; $tests:tt) => { $( mod $place { conforms!(@ $of, $tests); } )* };
    (@ $of:expr, [$($test:ident),* $(,)?]) => {
        $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test($of).await; })*
    };
}

conforms!(
    memory: super::Place::Memory,
    redis: super::Place::Redis(super::Kind::Single),
    cluster: super::Place::Redis(super::Kind::Cluster);
    [
        a_burst_is_for_all_nodes_together_then_one_every_while,
        takers_at_once_share_one_burst,
        what_is_given_back_can_be_taken_again,
        what_is_only_counted_goes_over_by_a_slice_for_each_node_at_most,
        a_clock_that_is_set_back_locks_nobody_out,
        what_one_node_tells_every_node_hears,
        a_word_comes_after_the_last_of_many,
    ]
);

#[tokio::test]
async fn without_redis_each_node_limits_alone_and_with_it_they_do_together_again() {
    let mut server = Server::start().await;
    let stop = CancellationToken::new();
    let hands = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let mut limiters = Vec::new();
    for _ in 0..2 {
        let kv = Kv::open(&server.url().parse().unwrap(), &stop).await.unwrap();
        limiters.push(kv.limiter(QUOTA, Clock::Manual(hands.clone())));
    }
    limiters[0].take(&"ada").await.unwrap();
    server.kill();
    // Nobody is refused because Redis is gone, and nobody gets more than this node alone would give.
    for limiter in &limiters {
        let mut taken = 0;
        while limiter.take(&"ada").await.is_ok() {
            taken += 1;
        }
        assert!((QUOTA.burst - 1..=QUOTA.burst).contains(&taken), "{taken}");
    }
    server.restart().await;
    hands.advance(SignedDuration::from_secs(86_400));
    // The functions are gone with the server, and loaded again by whoever misses them.
    until("they count together again", async || {
        hands.advance(SignedDuration::from_secs(86_400));
        let mut taken = 0;
        for limiter in &limiters {
            while limiter.take(&"ada").await.is_ok() {
                taken += 1;
            }
        }
        taken == QUOTA.burst
    })
    .await;
    stop.cancel();
}

#[tokio::test]
async fn who_could_not_hear_for_a_while_looks_once() {
    let mut server = Server::start().await;
    let stop = CancellationToken::new();
    let kv = Kv::open(&server.url().parse().unwrap(), &stop).await.unwrap();
    let mut ears = kv.signals().listen();
    while timeout(SOON, ears.heard()).await.is_ok() {}
    server.kill();
    server.restart().await;
    timeout(Duration::from_secs(10), ears.heard()).await.unwrap();
    stop.cancel();
}
