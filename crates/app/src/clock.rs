//! The database's clock: with a server, all nodes go by its time, whatever their own machines believe.

use std::time::Duration;

use jiff::SignedDuration;
use marquee_db::{Db, Reading, Result};
use marquee_kernel::{Clock, FollowingClock};
use metrics::{Unit, describe_gauge, gauge};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often the server is asked for the time.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How often in a row: what took the shortest way is believed.
const ASK_TIMES: usize = 4;
/// From here on a clock that is off is worth a word.
const OFFSET_MAX: SignedDuration = SignedDuration::from_secs(1);

const OFFSET: &str = "marquee_clock_offset_seconds";

/// The clock of `db`'s server where `clock` is this machine's and there is a server; `clock` as it is otherwise.
pub(crate) async fn followed(clock: Clock, db: &Db) -> Result<Clock> {
    describe_gauge!(OFFSET, Unit::Seconds, "By how much this machine's clock is ahead of the database's");
    gauge!(OFFSET).set(0);
    let Clock::System = clock else { return Ok(clock) };
    let Some(reading) = read(db).await? else { return Ok(clock) };
    tell(reading);
    Ok(Clock::Following(FollowingClock::measured(reading.shown, reading.at)))
}

/// Keeps following until `stop`. While the server does not answer, the clock goes on by itself.
pub(crate) async fn keep_following(clock: Clock, db: Db, stop: CancellationToken) {
    let Clock::Following(clock) = clock else { return };
    let follow = async {
        loop {
            sleep(ASK_EVERY).await;
            match read(&db).await {
                Ok(Some(reading)) => {
                    let ahead = clock.follow(reading.shown, reading.at, reading.round_trip / 2);
                    if ahead.abs() > OFFSET_MAX {
                        warn!(
                            ahead_seconds = ahead.as_secs_f64(),
                            "the database's clock was set, or another one is followed"
                        );
                    }
                    tell(reading);
                }
                Ok(None) => {}
                Err(error) => info!(%error, "the database was not asked for the time, will ask again"),
            }
        }
    };
    stop.run_until_cancelled(follow).await;
}

/// The best of a few readings.
async fn read(db: &Db) -> Result<Option<Reading>> {
    let mut best: Option<Reading> = None;
    for _ in 0..ASK_TIMES {
        let Some(reading) = db.time().await? else { return Ok(None) };
        if best.is_none_or(|best| reading.round_trip < best.round_trip) {
            best = Some(reading);
        }
    }
    Ok(best)
}

/// By how much this machine is off. Nothing here goes by its clock any more, but what else runs on it does.
fn tell(reading: Reading) {
    let passed = SignedDuration::try_from(reading.at.elapsed()).unwrap_or_default();
    let ahead = Clock::System.now().duration_since(reading.shown) - passed;
    gauge!(OFFSET).set(ahead.as_secs_f64());
    if ahead.abs() > OFFSET_MAX {
        warn!(ahead_seconds = ahead.as_secs_f64(), "this machine's clock is not the database's, which is gone by");
    }
}
