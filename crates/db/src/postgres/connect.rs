//! How a connection is made: the hosts of an address tried in turn, and what is asked of the server first.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::{Client, Config, NoTls};
use tracing::warn;

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
/// How long bytes may go unacknowledged before the connection counts as lost.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// How often a connection that is quiet is asked whether its other end is there.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);

/// A record in the log that says nothing, committed like any sale.
pub(super) const PROBE: &str = "SELECT pg_logical_emit_message(true, 'marquee', 'probe') IS NOT NULL AS done";

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
}

impl Purpose {
    fn takes_its_time(self) -> bool {
        matches!(self, Purpose::Inspect | Purpose::Overhaul)
    }

    /// How long a round trip may take. Where there is no limit, the connection's own signs of life stand in for one.
    pub(super) fn round_trip_max(self) -> Duration {
        if self.takes_its_time() { Duration::MAX } else { ROUND_TRIP_MAX }
    }
}

/// The hosts of an address.
pub(super) struct Hosts {
    /// Each alone, in the order of the address.
    configs: Vec<(String, Config)>,
    /// The one that took the last connection, which is asked first.
    last: usize,
    settings: String,
}

impl Hosts {
    pub(super) fn of(url: &str, purpose: Purpose) -> Result<Self> {
        let whole: Config = url.parse().map_err(Error::from)?;
        let configs = each(&whole, purpose)?;
        Ok(Self { configs, last: 0, settings: settings(purpose) })
    }

    /// A connection to the first host that answers and serves the purpose; the error says what each of them said.
    pub(super) async fn connect(&mut self) -> Result<Client> {
        let mut said = Vec::new();
        let count = self.configs.len();
        for at in (0..count).map(|turn| (self.last + turn) % count) {
            let Some((name, config)) = self.configs.get(at) else { continue };
            let why = match timeout(CONNECT_MAX, connect(config, &self.settings)).await {
                Ok(Ok(client)) => {
                    self.last = at;
                    return Ok(client);
                }
                Ok(Err(error)) => match Error::from(error) {
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

async fn connect(config: &Config, settings: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            warn!(%error, "connection to postgresql ended");
        }
    });
    client.batch_execute(settings).await?;
    Ok(client)
}

/// Where an address leads, without who connects: hosts, ports and the database.
pub(crate) fn place(url: &str) -> Result<String> {
    let whole: Config = url.parse().map_err(Error::from)?;
    let hosts: Vec<String> = each(&whole, Purpose::Write)?.into_iter().map(|(name, _)| name).collect();
    Ok(format!("{}/{}", hosts.join(","), whole.get_dbname().or(whole.get_user()).unwrap_or_default()))
}

/// A configuration for each host that `whole` names.
fn each(whole: &Config, purpose: Purpose) -> Result<Vec<(String, Config)>> {
    let (hosts, addresses, ports) = (whole.get_hosts(), whole.get_hostaddrs(), whole.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |given: usize| given == count || given == 0;
    if count == 0 || !fits(hosts.len()) || !fits(addresses.len()) || !(fits(ports.len()) || ports.len() == 1) {
        return Err(Error::Unreachable("the address must name a host, and as many ports as hosts or one".to_owned()));
    }
    Ok((0..count).map(|at| one(whole, purpose, at)).collect())
}

fn one(whole: &Config, purpose: Purpose, at: usize) -> (String, Config) {
    let mut config = Config::new();
    let mut name = String::new();
    match whole.get_hosts().get(at) {
        Some(Host::Tcp(host)) => {
            name.clone_from(host);
            config.host(host);
        }
        Some(Host::Unix(folder)) => {
            name = folder.display().to_string();
            config.host_path(folder);
        }
        None => {}
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
        .ssl_mode(whole.get_ssl_mode())
        .application_name("marquee")
        .connect_timeout(CONNECT_MAX)
        .tcp_user_timeout(UNACKNOWLEDGED_MAX)
        .keepalives_idle(KEEP_ALIVE_EVERY)
        .keepalives_interval(KEEP_ALIVE_EVERY)
        .target_session_attrs(match purpose {
            Purpose::Write | Purpose::Read | Purpose::Overhaul => TargetSessionAttrs::ReadWrite,
            Purpose::Inspect => TargetSessionAttrs::Any,
        });
    (name, config)
}

/// What a connection begins with. Durability is never less than the server promises by default, whatever its administrator
/// chose for others. And where a standby must have what is committed, it has all that this connection will find: a primary that
/// comes back from a crash shows commits that were never answered, because no standby had them yet.
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
    if purpose != Purpose::Inspect {
        let _ = write!(settings, "{PROBE};");
    }
    if purpose == Purpose::Write {
        // What a writer touches it finds by key, in tables that grow faster than their statistics: a plan that was made while
        // one of them was small must not read all of it a batch later.
        settings.push_str("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;");
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(url: &str) -> Vec<String> {
        each(&url.parse().unwrap(), Purpose::Write).unwrap().into_iter().map(|(name, _)| name).collect()
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
    fn who_connects_and_with_what_is_the_same_for_each_host() {
        let url = "postgres://u:secret@a,b/d?options=-c%20work_mem%3D1MB";
        for (_, config) in each(&url.parse().unwrap(), Purpose::Read).unwrap() {
            assert_eq!((config.get_user(), config.get_dbname()), (Some("u"), Some("d")));
            assert_eq!((config.get_password(), config.get_options()), (Some(&b"secret"[..]), Some("-c work_mem=1MB")));
            assert_eq!(config.get_hosts().len(), 1);
        }
    }
}
