//! The limits of this machine: bare axum over the same bytes, SQLite writing the same rows, pgbench booking as textbooks do.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::http::header;
use axum::routing::{get, post};
use bytes::Bytes;

use crate::measure::cpu_seconds;

/// Bookings of one transaction: the batch the yardstick names.
const BATCH: i64 = 100;
/// What pgbench runs.
const SCRIPTS: &str = "scripts/pgbench";
/// Clients of pgbench: past as many it gets no faster on two cores.
const PGBENCH_CLIENTS: &str = "16";

/// The functions that holds in Redis are placed by.
const LIBRARY: &str = "crates/seating/src/holds/redis/library.lua";
/// Shows that redis-benchmark holds seats of, and as many different seats of each.
const REDIS_SHOWS: usize = 5_000;
/// Holds that it places, from as many connections as the load on Marquee has.
const REDIS_HOLDS: &str = "300000";
const REDIS_CLIENTS: &str = "64";
/// The rules of a hold as the functions read them: no budgets, no limits.
const RULES: &str = "480000000,900000000,0,1,0,0,0,15000000";

/// Holds per second of Redis alone: redis-benchmark calling the function that Marquee calls, two seats each.
pub(crate) fn redis(url: &str) -> Result<f64> {
    let (host, port) =
        url.strip_prefix("redis://").and_then(|place| place.split_once(':')).context("redis://host:port")?;
    let ask = |words: &[&str], input: Vec<u8>| -> Result<()> {
        let mut cli = Command::new("redis-cli")
            .args(["-h", host, "-p", port])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        cli.stdin.take().context("its standard input")?.write_all(&input)?;
        ensure!(cli.wait()?.success(), "redis-cli {words:?}");
        Ok(())
    };
    ask(&["-x", "FUNCTION", "LOAD", "REPLACE"], std::fs::read(LIBRARY)?)?;
    let shows = (0..REDIS_SHOWS).map(|n| format!("HSET marquee:{{{n:012}}} g 1 v 1 k 1 r 1 n 0 d 0 p 1 c 0\n"));
    ask(&[], shows.collect::<String>().into_bytes())?;
    let random = REDIS_SHOWS.to_string();
    let bench = Command::new("redis-benchmark")
        .args(["-h", host, "-p", port, "-q", "-n", REDIS_HOLDS, "-c", REDIS_CLIENTS, "-r", &random])
        .args(["FCALL", "marquee_v1_place", "1", "marquee:{__rand_int__}", "marquee:changes", "0", "0", RULES])
        .args(["__rand_int__", "buyer", "buyer", "__rand_int__,__rand_int__"])
        .output()?;
    let said = String::from_utf8_lossy(&bench.stdout).into_owned();
    let rate = said.rsplit(" requests per second").nth(1).and_then(|before| before.rsplit(' ').next()?.parse().ok());
    ask(&["FLUSHALL"], Vec::new())?;
    rate.with_context(|| format!("redis-benchmark said no rate: {said}"))
}

/// Serves `body` at `/` and echoes posts at `/echo`, with bare axum, until the process is ended.
pub(crate) fn serve(address: SocketAddr, body: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(body)?);
    let fixed = get(async move || ([(header::CONTENT_TYPE, "application/json")], body));
    let app = Router::new().route("/", fixed).route("/echo", post(async |body: Bytes| body));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        println!("floor is ready: {}", listener.local_addr()?);
        Ok(axum::serve(listener, app).await?)
    })
}

/// Bookings per second of SQLite with `synchronous=FULL`, one booking and two seats each, in transactions of 100.
pub(crate) fn sqlite(length: Duration) -> Result<f64> {
    let dir = tempfile::tempdir()?;
    let mut db = rusqlite::Connection::open(dir.path().join("floor.db"))?;
    db.execute_batch(
        "pragma journal_mode=wal; pragma synchronous=full; pragma cache_size=-200000;
         create table bookings(booking_id blob primary key, user_id int, show_id int, status text, total int, payment text,
                               idempotency_key text unique, created int) without rowid;
         create index by_user on bookings(user_id);
         create table show_seats(show_id int, seat int, booking_id blob, price int, primary key(show_id, seat)) without rowid;",
    )?;
    let (start, mut n) = (Instant::now(), 0_i64);
    while start.elapsed() < length {
        let tx = db.transaction()?;
        {
            let mut booking =
                tx.prepare_cached("insert into bookings values(?1,?2,?3,'confirmed',50000,'pay',?4,0)")?;
            let mut seat = tx.prepare_cached("insert into show_seats values(?1,?2,?3,25000)")?;
            for _ in 0..BATCH {
                n += 1;
                let id = i128::from(n).to_be_bytes();
                booking.execute((&id[..], n % 100_000, n / 100, format!("idem-{n:036}")))?;
                seat.execute((n / 100, (n % 100) * 2, &id[..]))?;
                seat.execute((n / 100, (n % 100) * 2 + 1, &id[..]))?;
            }
        }
        tx.commit()?;
    }
    Ok(n as f64 / start.elapsed().as_secs_f64())
}

/// What a command says.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// CPU seconds that the processes of a PostgreSQL on this machine have used, those that serve a connection now included.
pub(crate) fn postgres_cpu_seconds(url: &str) -> Result<f64> {
    let processes = run(Command::new("psql").args(["-qXtA", "-d", url, "-c", "SELECT pid FROM pg_stat_activity"]))?;
    // The process that answered this has ended.
    let used = processes.lines().filter_map(|pid| cpu_seconds(pid.parse().ok()?).ok());
    Ok(used.sum())
}

/// Makes the tables of the textbook transaction.
pub(crate) fn set_postgres(url: &str) -> Result<()> {
    let schema = PathBuf::from(SCRIPTS).join("schema.sql");
    run(Command::new("psql").args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-f"]).arg(schema)).map(drop)
}

/// Bookings per second of PostgreSQL with the textbook transaction, one booking and two seats each.
pub(crate) fn postgres(url: &str, length: Duration) -> Result<f64> {
    let seconds = length.as_secs().to_string();
    let said = run(Command::new("pgbench")
        .args([
            "--no-vacuum",
            "--protocol=prepared",
            "--jobs=2",
            "--client",
            PGBENCH_CLIENTS,
            "--time",
            &seconds,
            "--file",
        ])
        .arg(PathBuf::from(SCRIPTS).join("textbook.sql"))
        .arg(url))?;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.context("pgbench said no rate")
}

/// Waits until nothing that was sold waits for its capture: what Marquee has put off must not slow its limit down.
pub(crate) fn settled(url: &str) -> Result<()> {
    let wait = "DO $$ BEGIN WHILE EXISTS (SELECT 1 FROM captures) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$";
    run(Command::new("psql").args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", wait])).map(drop)
}
