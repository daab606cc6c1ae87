//! How a connection is made: the hosts of an address tried in turn, and what is asked of the server first.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::warn;

use super::tls;
use super::turns::Turns;
use crate::{Error, Result};

/// How long one host may take to take a connection up, to the last word of it: a host that is stopped still accepts, and must
/// not keep the next one from being asked.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How long the server works on one statement of a sale or a page, in milliseconds.
const STATEMENT_MS: u32 = 8_000;
/// How long a writer waits for the other nodes' writers, in milliseconds.
const LOCK_WAIT_MS: u32 = 6_000;
/// How long a transaction may stand still before the server ends it, so that a stopped node stops nobody else.
const IDLE_IN_TRANSACTION_MS: u32 = 3_000;
/// How long a whole round trip may take before the connection counts as lost; more than the server's own limits.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(12);
/// The same on a replica, where nobody waits for longer.
const BROWSE_MAX: Duration = Duration::from_secs(1);
/// How long bytes may go unacknowledged before the connection counts as lost.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// How often a connection that is quiet is asked whether its other end is there.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);

/// A record in the log that says nothing, committed like any sale.
pub(super) const PROBE: &str = "SELECT pg_logical_emit_message(true, 'marquee', 'probe') IS NOT NULL AS done";

/// The time of the server, in microseconds since 1970.
pub(crate) const TIME: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS micros";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Changes; on the primary.
    Write,
    /// Pages and look-ups; on the primary.
    Read,
    /// A look at everything, however long it takes.
    Inspect,
    /// A change of everything, however long it takes; on the primary.
    Overhaul,
    /// A page that anybody may see, on a replica: at once, or the primary is asked instead.
    Browse,
}

impl Purpose {
    fn takes_its_time(self) -> bool {
        matches!(self, Purpose::Inspect | Purpose::Overhaul)
    }

    /// How long a round trip may take. Where there is no limit, the connection's own signs of life stand in for one.
    pub(super) fn round_trip_max(self) -> Duration {
        match self {
            Purpose::Inspect | Purpose::Overhaul => Duration::MAX,
            Purpose::Write | Purpose::Read => ROUND_TRIP_MAX,
            Purpose::Browse => BROWSE_MAX,
        }
    }

    fn target(self) -> TargetSessionAttrs {
        match self {
            Purpose::Write | Purpose::Read | Purpose::Overhaul => TargetSessionAttrs::ReadWrite,
            Purpose::Inspect | Purpose::Browse => TargetSessionAttrs::Any,
        }
    }

    /// Whether what it sees must be where a standby that takes over has it too.
    fn must_be_safe(self) -> bool {
        !matches!(self, Purpose::Inspect | Purpose::Browse)
    }
}

/// The server at an address, or the servers of which one is the primary: what all sessions with it share.
pub(crate) struct Server {
    /// Each host alone, in the order of the address.
    hosts: Vec<(String, Config)>,
    tls: MakeRustlsConnect,
    /// The host that took the last connection, which is asked first.
    last: AtomicUsize,
    /// How often the primary turned out to be another one, or said of a commit that it may not be where it must be. A session
    /// that is older than the last time could see what nobody may be told.
    doubts: AtomicU64,
    /// Which session's turn it is to write.
    pub(super) turns: Turns,
}

/// A connection that was made.
pub(super) struct Connected {
    pub(super) client: Client,
    /// Whether the server has warned of something since this was last put down.
    pub(super) warned: Arc<AtomicBool>,
    /// The doubts that it has overcome.
    pub(super) doubts: u64,
}

impl Server {
    /// Reads the address; nobody is asked yet.
    pub(crate) fn at(url: &str) -> Result<Arc<Self>> {
        let (url, trust) = tls::part(url)?;
        let hosts = each(&url.parse().map_err(Error::from)?)?;
        let tls = tls::connector(&trust)?;
        Ok(Arc::new(Self { hosts, tls, last: AtomicUsize::new(0), doubts: AtomicU64::new(0), turns: Turns::new() }))
    }

    /// Whether `url` can be read as an address.
    pub(crate) fn is_address(url: &str) -> bool {
        tls::part(url).is_ok_and(|(url, _)| url.parse::<Config>().is_ok_and(|whole| each(&whole).is_ok()))
    }

    /// The hosts, as the address names them, without who connects.
    pub(crate) fn name(&self) -> String {
        self.hosts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",")
    }

    pub(super) fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::SeqCst)
    }

    /// A connection to the first host that answers and serves the purpose; the error says what each of them said.
    pub(super) async fn connect(&self, purpose: Purpose) -> Result<Connected> {
        let mut said = Vec::new();
        let (count, first) = (self.hosts.len(), self.last.load(Ordering::Relaxed));
        for at in (0..count).map(|turn| (first + turn) % count) {
            let Some((name, config)) = self.hosts.get(at) else { continue };
            let mut doubts = self.doubts();
            let mut config = config.clone();
            config.target_session_attrs(purpose.target());
            let why = match timeout(CONNECT_MAX, connect(&config, self.tls.clone(), purpose)).await {
                Ok(Ok((client, warned))) => {
                    let moved = self.last.swap(at, Ordering::SeqCst) != at;
                    // The primary is another one now: whoever still talks to the old one is not to believe it.
                    if moved
                        && self.doubts.compare_exchange(doubts, doubts + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok()
                    {
                        doubts += 1;
                    }
                    return Ok(Connected { client, warned, doubts });
                }
                Ok(Err(error)) => match error {
                    Error::Unreachable(why) | Error::Postgres(why) => why,
                    other => other.to_string(),
                },
                Err(_) => "no answer in time".to_owned(),
            };
            said.push(if count == 1 { why } else { format!("{name}: {why}") });
        }
        Err(Error::Unreachable(said.join("; ")))
    }
}

async fn connect(config: &Config, tls: MakeRustlsConnect, purpose: Purpose) -> Result<(Client, Arc<AtomicBool>)> {
    let (client, connection) = config.connect(tls).await?;
    let warned = Arc::new(AtomicBool::new(false));
    tokio::spawn(drive(connection, warned.clone()));
    client.batch_execute(&settings(purpose)).await?;
    // What it warns of when it is greeted is none of this: a collation that changed, say.
    warned.store(false, Ordering::SeqCst);
    if purpose.must_be_safe() {
        // Where a standby must have what is committed, it has all that this connection will find: a primary that comes back from a
        // crash shows commits that were never answered, because no standby had them yet.
        client.batch_execute(PROBE).await?;
    }
    if warned.load(Ordering::SeqCst) {
        return Err(Error::Unreachable("what is committed may not be at its standby".to_owned()));
    }
    Ok((client, warned))
}

/// Moves what a connection has to send and to read, until it ends. A warning is noted before the answer that it comes with.
async fn drive<T>(mut connection: Connection<Socket, T>, warned: Arc<AtomicBool>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notice(notice)) if notice.parsed_severity() == Some(Severity::Warning) => {
                warn!(warning = notice.message(), "postgresql warns");
                warned.store(true, Ordering::SeqCst);
            }
            Ok(_) => {}
            Err(error) => return warn!(%error, "connection to postgresql ended"),
        }
    }
}

/// Where an address leads, without who connects: hosts, ports and the database.
pub(crate) fn place(url: &str) -> Result<String> {
    let (url, _) = tls::part(url)?;
    let whole: Config = url.parse().map_err(Error::from)?;
    let hosts: Vec<String> = each(&whole)?.into_iter().map(|(name, _)| name).collect();
    Ok(format!("{}/{}", hosts.join(","), whole.get_dbname().or(whole.get_user()).unwrap_or_default()))
}

/// A configuration for each host that `whole` names.
fn each(whole: &Config) -> Result<Vec<(String, Config)>> {
    let (hosts, addresses, ports) = (whole.get_hosts(), whole.get_hostaddrs(), whole.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |given: usize| given == count || given == 0;
    if count == 0 || !fits(hosts.len()) || !fits(addresses.len()) || !(fits(ports.len()) || ports.len() == 1) {
        return Err(Error::Unreachable("the address must name a host, and as many ports as hosts or one".to_owned()));
    }
    Ok((0..count).map(|at| one(whole, at)).collect())
}

fn one(whole: &Config, at: usize) -> (String, Config) {
    let mut config = Config::new();
    let mut name = String::new();
    match whole.get_hosts().get(at) {
        Some(Host::Tcp(host)) => {
            name.clone_from(host);
            config.host(host).ssl_mode(whole.get_ssl_mode());
        }
        Some(Host::Unix(folder)) => {
            name = folder.display().to_string();
            // What does not leave the machine is not encrypted, as with PostgreSQL's own clients.
            config.host_path(folder).ssl_mode(SslMode::Disable);
        }
        // The address is its name, also to its certificate.
        None => {
            let address = whole.get_hostaddrs().get(at).map(ToString::to_string).unwrap_or_default();
            config.host(address).ssl_mode(whole.get_ssl_mode());
        }
    }
    if let Some(address) = whole.get_hostaddrs().get(at) {
        name = address.to_string();
        config.hostaddr(*address);
    }
    if let Some(port) = whole.get_ports().get(at).or(whole.get_ports().first()) {
        let _ = write!(name, ":{port}");
        config.port(*port);
    }
    if let Some(user) = whole.get_user() {
        config.user(user);
    }
    if let Some(password) = whole.get_password() {
        config.password(password);
    }
    if let Some(database) = whole.get_dbname() {
        config.dbname(database);
    }
    if let Some(options) = whole.get_options() {
        config.options(options);
    }
    config
        .application_name("marquee")
        .connect_timeout(CONNECT_MAX)
        .tcp_user_timeout(UNACKNOWLEDGED_MAX)
        .keepalives_idle(KEEP_ALIVE_EVERY)
        .keepalives_interval(KEEP_ALIVE_EVERY);
    (name, config)
}

/// What a connection begins with. Durability is never less than the server promises by default, whatever its administrator
/// chose for others.
fn settings(purpose: Purpose) -> String {
    let mut settings = "SET TimeZone = 'UTC'; SET default_transaction_isolation = 'read committed'; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');"
        .to_owned();
    let (statement, lock, idle) =
        if purpose.takes_its_time() { (0, 0, 0) } else { (STATEMENT_MS, LOCK_WAIT_MS, IDLE_IN_TRANSACTION_MS) };
    let _ = write!(
        settings,
        "SET statement_timeout = {statement}; SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = {idle};"
    );
    if matches!(purpose, Purpose::Write | Purpose::Read) {
        // What is touched is found by key, in tables that grow faster than their statistics: a plan that was made while one of them was
        // empty must not read all of it a minute later. What has no key is none the worse for it, as long as it is not compiled first.
        settings.push_str("SET enable_seqscan = off; SET jit = off;");
    }
    if purpose == Purpose::Write {
        settings.push_str("SET enable_hashjoin = off; SET enable_mergejoin = off;");
        // And a plan for so many rows is the same whatever is in them: planning it anew, as is done five times first, costs more than it.
        settings.push_str("SET plan_cache_mode = force_generic_plan;");
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(url: &str) -> Vec<String> {
        each(&url.parse().unwrap()).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn each_host_of_an_address_has_its_own_port_or_the_one_of_all() {
        assert_eq!(names("postgres://u@a:1,b:2/d"), ["a:1", "b:2"]);
        assert_eq!(names("host=a,b port=7 user=u"), ["a:7", "b:7"]);
        assert_eq!(names("host=a,b hostaddr=10.0.0.1,10.0.0.2 port=7 user=u"), ["10.0.0.1:7", "10.0.0.2:7"]);
    }

    #[test]
    fn a_place_does_not_say_who_connects() {
        assert_eq!(place("postgres://u:secret@a:1,b:2/d?sslmode=disable").unwrap(), "a:1,b:2/d");
    }

    #[test]
    fn what_is_no_address_is_told_before_anybody_is_asked() {
        assert!(Server::is_address("postgres://u@a:1,b:2/d?target_session_attrs=read-write&sslmode=verify-full"));
        for wrong in
            ["postgres://a:port/d", "postgres:///d", "postgres://a/d?sslmode=maybe", "postgres://a/d?colour=red"]
        {
            assert!(!Server::is_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn who_connects_and_with_what_is_the_same_for_each_host() {
        let url = "postgres://u:secret@a,b/d?options=-c%20work_mem%3D1MB";
        for (_, config) in each(&url.parse().unwrap()).unwrap() {
            assert_eq!((config.get_user(), config.get_dbname()), (Some("u"), Some("d")));
            assert_eq!((config.get_password(), config.get_options()), (Some(&b"secret"[..]), Some("-c work_mem=1MB")));
            assert_eq!(config.get_hosts().len(), 1);
        }
    }
}
