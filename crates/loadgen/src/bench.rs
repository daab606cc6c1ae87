//! `make bench`: the paths that matter, each beside the limit of the same machine, taken in the same run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use marquee_kernel::{Clock, ShowId};

use crate::client::{Connection, call, get};
use crate::measure::{Outcome, closed_loop, resident_mib};
use crate::server::{Place, Server};
use crate::{floor, stage};

/// Connections of a closed loop of calls that are answered from memory.
const CONNECTIONS: usize = 64;
/// Connections of a closed loop of bookings: what waits for a commit forms the next batch.
const BOOKING_CONNECTIONS: usize = 512;
/// Turns of bookings and of their limit, each as long as another load: in a shorter one what pgbench's connections learn anew about the tables
/// tells, a sixth of its rate in two seconds.
const TURNS: usize = 4;
/// Pairs that each of them holds before bookings alone are measured.
const HELD_AHEAD: usize = 600;
/// Shows of the selling benches; each worker sells its own share.
const SELLING_SHOWS: usize = 20_000;
/// Shows of the big house.
const MANY_SHOWS: usize = 100_000;

/// How long each load runs, and against which binary.
pub(crate) struct Plan {
    pub(crate) marquee: PathBuf,
    pub(crate) length: Duration,
    pub(crate) only: Option<Part>,
    pub(crate) postgres: Option<String>,
    pub(crate) redis: Option<String>,
}

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Cached reads
    Reads,
    /// Holds and releases
    Holds,
    /// Durable bookings
    Bookings,
    /// Durable bookings on PostgreSQL
    Postgres,
    /// Holds in Redis
    Redis,
    /// A hundred thousand shows
    Shows,
}

/// Runs everything and prints it.
pub(crate) async fn run(plan: &Plan) -> Result<()> {
    println!("Each figure with its limit from the same run; goals are ratios where the limit is a machine's.\n");
    println!("{:<44} {:>12} {:>12} {:>8} {:>8}  latency, server CPU", "path", "figure", "limit", "ratio", "goal");
    let wanted = |part| plan.only.is_none_or(|only| only == part);
    if wanted(Part::Reads) {
        cached_reads(plan).await?;
    }
    if wanted(Part::Holds) {
        hold_and_release(plan).await?;
    }
    if wanted(Part::Bookings) {
        let dir = tempfile::tempdir()?;
        let floor = floor::sqlite;
        let place = Place::of(dir.path());
        durable_bookings(plan, place, floor, ["durable booking of two held seats", "0.25"]).await?;
    }
    if let Some(url) = plan.postgres.as_deref().filter(|_| wanted(Part::Postgres)) {
        let dir = tempfile::tempdir()?;
        floor::set_postgres(url)?;
        let floor = |length| floor::postgres(url, length);
        let place = Place { database_url: Some(url), ..Place::of(dir.path()) };
        durable_bookings(plan, place, floor, ["the same on PostgreSQL, beside pgbench", "1.00"]).await?;
    }
    if let Some(url) = plan.redis.as_deref().filter(|_| wanted(Part::Redis)) {
        holds_in_redis(plan, url).await?;
    }
    if wanted(Part::Shows) {
        many_shows(plan).await?;
    }
    Ok(())
}

fn row(path: &str, outcome: &Outcome, limit: Option<f64>, goal: &str) {
    let limits = limit.map_or(("".to_owned(), "".to_owned()), |limit| {
        (format!("{limit:.0}/s"), format!("{:.2}", outcome.rate / limit))
    });
    let cpu = outcome.cpu_us.map_or(String::new(), |us| format!(", {us:.0} µs CPU"));
    let latency = format!("p50 {:.2} ms, p99 {:.2} ms{cpu}", outcome.at(0.5), outcome.at(0.99));
    let figure = format!("{:.0}/s", outcome.rate);
    println!("{path:<44} {figure:>12} {:>12} {:>8} {goal:>8}  {latency}", limits.0, limits.1);
}

/// Sends the same request over and over, on `connections` at once.
async fn repeat(
    address: SocketAddr,
    request: Vec<u8>,
    server: &Server,
    (connections, length): (usize, Duration),
) -> Result<Outcome> {
    let request: Arc<[u8]> = request.into();
    let mut workers = Vec::new();
    for _ in 0..connections {
        workers.push((Connection::open(address).await?, request.clone()));
    }
    let ask = |(mut connection, request): (Connection, Arc<[u8]>)| async {
        ensure!(connection.call(&request).await?.status == 200, "a read was refused");
        Ok((connection, request))
    };
    Ok(closed_loop(workers, length, Some(server.pid()), ask).await?.0)
}

async fn cached_reads(plan: &Plan) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (movies, shows) = stage::set(Place::of(dir.path()), 100, 1).await?;
    let marquee = Server::marquee(&plan.marquee, Place::of(dir.path()))?;
    for (name, path, goal) in [
        ("seat map, 200 seats", format!("/api/v1/shows/{}/seats", shows[0]), "0.70"),
        ("availability", format!("/api/v1/shows/{}/availability", shows[0]), ""),
        ("movie page", format!("/api/v1/movies/{}", movies[0]), ""),
        ("shows of a movie", format!("/api/v1/shows?movie_id={}", movies[0]), ""),
    ] {
        let bytes = dir.path().join("bytes");
        let mut connection = Connection::open(marquee.address).await?;
        std::fs::write(&bytes, connection.call(&get(&path)).await?.body)?;
        let bare = Server::floor(&bytes)?;
        let limit = repeat(bare.address, get("/"), &bare, (CONNECTIONS, plan.length)).await?;
        let outcome = repeat(marquee.address, get(&path), &marquee, (CONNECTIONS, plan.length)).await?;
        row(name, &outcome, Some(limit.rate), goal);
    }
    Ok(())
}

async fn echo(length: Duration, dir: &Path) -> Result<Outcome> {
    let bytes = dir.join("bytes");
    std::fs::write(&bytes, "{}")?;
    let bare = Server::floor(&bytes)?;
    let request = call("POST", "/echo", "x", &format!(r#"{{"seats":["{}"]}}"#, "x".repeat(130)));
    repeat(bare.address, request, &bare, (CONNECTIONS, length)).await
}

/// A buyer at work: a connection, a token, and the next seats of their own shows.
struct Buyer {
    connection: Connection,
    token: Arc<str>,
    seats: std::vec::IntoIter<(ShowId, String, String)>,
    /// Locks of pairs that are held ahead.
    held: Vec<String>,
}

async fn buyers(address: SocketAddr, shows: &[ShowId], many: usize) -> Result<Vec<Buyer>> {
    let mut buyers = Vec::new();
    for n in 0..many {
        let seats: Vec<_> =
            shows.iter().skip(n).step_by(many).flat_map(|show| stage::pairs().map(|(a, b)| (*show, a, b))).collect();
        let token = stage::buyer(address, n).await?.into();
        buyers.push(Buyer {
            connection: Connection::open(address).await?,
            token,
            seats: seats.into_iter(),
            held: Vec::new(),
        });
    }
    Ok(buyers)
}

impl Buyer {
    /// Holds the next pair; returns its lock.
    async fn hold(&mut self) -> Result<String> {
        let (show, a, b) = self.seats.next().context("the house is sold out: a longer run needs more shows")?;
        let body = format!(r#"{{"seats":["{a}","{b}"]}}"#);
        let request = call("POST", &format!("/api/v1/shows/{show}/reserve"), &self.token, &body);
        let answer = self.connection.call(&request).await?;
        ensure!(answer.status == 201, "reserve: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        answer.member("lock_id").map(str::to_owned).context("a lock id")
    }

    /// Holds so many of the next pairs, for later.
    async fn hold_ahead(mut self, pairs: usize) -> Result<Self> {
        for _ in 0..pairs {
            let lock = self.hold().await?;
            self.held.push(lock);
        }
        Ok(self)
    }

    async fn release(&mut self, lock: &str) -> Result<()> {
        let request = call("DELETE", &format!("/api/v1/locks/{lock}"), &self.token, "");
        let status = self.connection.call(&request).await?.status;
        ensure!(status == 204, "release: {status}");
        Ok(())
    }

    async fn book(&mut self, lock: &str) -> Result<()> {
        let body = format!(r#"{{"lock_id":"{lock}","payment_token":"pm_card_visa","idempotency_key":"{lock}"}}"#);
        let answer = self.connection.call(&call("POST", "/api/v1/booking", &self.token, &body)).await?;
        ensure!(answer.status == 201, "booking: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        Ok(())
    }
}

async fn hold_and_release(plan: &Plan) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (_, shows) = stage::set(Place::of(dir.path()), SELLING_SHOWS, 30).await?;
    let limit = echo(plan.length, dir.path()).await?;
    let marquee = Server::marquee(&plan.marquee, Place::of(dir.path()))?;
    let ready = buyers(marquee.address, &shows, CONNECTIONS).await?;
    let (outcome, _) = closed_loop(ready, plan.length, Some(marquee.pid()), |mut buyer: Buyer| async {
        let lock = buyer.hold().await?;
        buyer.release(&lock).await?;
        Ok(buyer)
    })
    .await?;
    // Two requests each: the echo limit counts requests.
    row("hold + release of two seats (2 requests)", &outcome, Some(limit.rate / 2.0), "0.50");
    Ok(())
}

async fn holds_in_redis(plan: &Plan, url: &str) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let place = Place { redis_url: Some(url), ..Place::of(dir.path()) };
    let (_, shows) = stage::set(place, SELLING_SHOWS, 30).await?;
    let limit = floor::redis(url)?;
    let marquee = Server::marquee(&plan.marquee, place)?;
    let ready = buyers(marquee.address, &shows, CONNECTIONS).await?;
    let (outcome, _) = closed_loop(ready, plan.length, Some(marquee.pid()), |mut buyer: Buyer| async {
        buyer.hold().await?;
        Ok(buyer)
    })
    .await?;
    row("hold of two seats in Redis, beside its own", &outcome, Some(limit), "0.50");
    Ok(())
}

/// Bookings of seats that are held already, in turns with their limit, since a machine that others share is not the same a minute later;
/// then with the hold in it.
async fn durable_bookings(
    plan: &Plan,
    place: Place<'_>,
    floor: impl Fn(Duration) -> Result<f64>,
    [path, goal]: [&str; 2],
) -> Result<()> {
    let (_, shows) = stage::set(place, SELLING_SHOWS, 30).await?;
    let marquee = Server::marquee(&plan.marquee, place)?;
    let ready = buyers(marquee.address, &shows, BOOKING_CONNECTIONS).await?;
    let ready = join_all(ready.into_iter().map(|buyer| buyer.hold_ahead(HELD_AHEAD))).await;
    let mut ready: Vec<Buyer> = ready.into_iter().collect::<Result<_>>()?;
    let (mut booked, mut limits, mut postgres_cpu) = (Vec::new(), Vec::new(), 0.0);
    let postgres_used = || place.database_url.map_or(Ok(0.0), floor::postgres_cpu_seconds);
    for _ in 0..TURNS {
        limits.push(floor(plan.length)?);
        let used_before = postgres_used()?;
        let (turn, back) = closed_loop(ready, plan.length, Some(marquee.pid()), |mut buyer: Buyer| async {
            let lock = buyer.held.pop().context("nothing is held any more: a longer run needs more held ahead")?;
            buyer.book(&lock).await?;
            Ok(buyer)
        })
        .await?;
        postgres_cpu += postgres_used()? - used_before;
        ready = back;
        booked.push(turn);
        place.database_url.map_or(Ok(()), floor::settled)?;
    }
    let each: Vec<_> = booked.iter().zip(&limits).map(|(turn, limit)| format!("{:.2}", turn.rate / limit)).collect();
    let (booked, limit) = (Outcome::of_turns(booked)?, limits.iter().sum::<f64>() / limits.len() as f64);
    row(path, &booked, Some(limit), goal);
    println!("{:<44} {}", "  its ratio in each turn", each.join(" "));
    if place.database_url.is_some() {
        let each = postgres_cpu * 1e6 / booked.latency.len() as f64;
        println!("{:<44} {:>12}", "  PostgreSQL's CPU, each", format!("{each:.0} µs"));
    }
    let (both, _) = closed_loop(ready, plan.length, Some(marquee.pid()), |mut buyer: Buyer| async {
        let lock = buyer.hold().await?;
        buyer.book(&lock).await?;
        Ok(buyer)
    })
    .await?;
    row("  with the hold in it (2 requests)", &both, Some(limit), "");
    drop(marquee);
    check(&plan.marquee, place)?;
    println!(
        "{:<44} {} bookings, every invariant holds",
        "  marquee check afterwards",
        booked.latency.len() + both.latency.len()
    );
    Ok(())
}

/// A run that ends with a broken invariant scores nothing.
fn check(marquee: &Path, place: Place<'_>) -> Result<()> {
    let mut check = place.command(marquee, "check");
    let status = check.stdout(std::process::Stdio::null()).status()?;
    ensure!(status.success(), "marquee check found faults after the run");
    Ok(())
}

async fn many_shows(plan: &Plan) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (movies, _) = stage::set(Place::of(dir.path()), MANY_SHOWS, 30).await?;
    let marquee = Server::marquee(&plan.marquee, Place::of(dir.path()))?;
    println!("{:<44} {:>12} {:>12}", "100,000 shows: start", format!("{:.2} s", marquee.start.as_secs_f64()), "5 s");
    let date = (Clock::System.now() + jiff::SignedDuration::from_hours(72)).to_zoned(jiff::tz::TimeZone::UTC).date();
    let path = format!("/api/v1/shows?movie_id={}&date={date}&limit=100", movies[0]);
    let outcome = repeat(marquee.address, get(&path), &marquee, (CONNECTIONS, plan.length)).await?;
    row("100,000 shows: by movie and date", &outcome, None, "");
    let alone = repeat(marquee.address, get(&path), &marquee, (1, plan.length)).await?;
    row("100,000 shows: the same, one at a time", &alone, None, "");
    println!(
        "{:<44} {:>12} {:>12}",
        "100,000 shows: memory",
        format!("{:.0} MiB", resident_mib(marquee.pid())?),
        "1024 MiB"
    );
    Ok(())
}
