//! The configuration: read once, checked whole, before anything starts.

mod database;
mod replicas;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use marquee_accounts::{Email, Hashing, Password};
use marquee_bus::kafka::{Kafka, NoKafka};
use marquee_http::front::{NoNetwork, TrustedProxies};
use marquee_telemetry::{BadFilter, LogFilter};

pub use database::Database;
use database::servers;
pub use replicas::Replicas;
pub use source::{BadSetting, DEFAULT};
use source::{Source, bad};

/// The longest hold anyone may configure, in seconds: a day.
const HOLD_S_MAX: u32 = 86_400;
/// The most seats a hold may ever have: a claim is one item of a batch, which has to stay small.
const SEATS_MAX: u32 = 100;
/// The slowest sandbox, in milliseconds: below the time the booking waits for a gateway.
const SANDBOX_LATENCY_MS_MAX: u32 = 2_000;

/// Everything that can be set. All of it has been checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where holds are, and what limits count, when several nodes sell; in this process otherwise.
    pub redis: Option<marquee_kv::Address>,
    /// Where the journal is published, when it is.
    pub kafka: Option<Kafka>,
    /// Further databases that shows live in, beside the home database.
    pub shards: Vec<String>,
    /// What this process does.
    pub roles: Roles,
    /// Where customers and partners connect. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where operators connect: health and metrics.
    pub ops_listen: SocketAddr,
    /// What is this node's alone: the database, when it is a file.
    pub data_dir: PathBuf,
    /// What all nodes of one shop share: the signing keys, and the sandbox's ledger. The data directory, unless said otherwise.
    pub shared_dir: PathBuf,
    /// Where the source of truth is.
    pub database: Database,
    /// Where it is read by those who browse.
    pub replicas: Replicas,
    /// Length of a hold, in seconds.
    pub hold_seconds: u32,
    /// The longest a hold can be extended to, in seconds.
    pub hold_max_seconds: u32,
    /// Seats of one hold.
    pub max_seats_per_hold: u32,
    /// Seats of all holds of a person for a show; 0 for no limit.
    pub max_held_seats_per_show: u32,
    /// Empty minutes between two shows on a screen.
    pub cleaning_minutes: u32,
    /// Whether rates, hold budgets and cool-downs are limited.
    pub rate_limits: bool,
    /// The proxies whose word about a client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Web origins that may call from a browser.
    pub cors_origins: Vec<HeaderValue>,
    /// What to log, when the operator says.
    pub log: Option<LogFilter>,
    /// The first administrator: e-mail address and password.
    pub admin: Option<(String, String)>,
    /// How long the sandbox takes to answer, in milliseconds.
    pub sandbox_latency_ms: u32,
    /// How hard passwords are to guess from their hashes.
    pub hashing: Hashing,
    /// Switches every guard of the seats off, so that a race test can show that it would notice. Debug builds alone.
    #[cfg(debug_assertions)]
    pub oversell_for_control_test: bool,
}

/// What a process of several nodes does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// It serves the API.
    pub api: bool,
    /// It does the jobs of a shard whenever it is its turn.
    pub worker: bool,
}

impl Roles {
    /// A process that does all.
    pub const ALL: Self = Self { api: true, worker: true };
}

/// What the command line says beside the settings.
#[derive(Clone, Debug)]
pub struct Places {
    /// `--listen`.
    pub listen: SocketAddr,
    /// `--ops-listen`.
    pub ops_listen: SocketAddr,
    /// `--data-dir`.
    pub data_dir: PathBuf,
    /// `--roles`.
    pub roles: Roles,
}

impl Config {
    /// The defaults, for a data directory and free ports.
    ///
    /// # Errors
    /// Never for the built-in defaults; [`BadSetting`] keeps the signature of [`Config::read`].
    pub fn for_data_dir(data_dir: impl Into<PathBuf>) -> Result<Self, BadSetting> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let places = Places { listen: any, ops_listen: any, data_dir: data_dir.into(), roles: Roles::ALL };
        Self::read(places, Some(Path::new("/dev/null")), std::iter::empty())
    }

    /// Every database: the home database, then the further shards.
    pub fn databases(&self) -> impl Iterator<Item = Database> {
        let shards = self.shards.iter().map(|url| Database::Server(url.clone()));
        std::iter::once(self.database.clone()).chain(shards.collect::<Vec<_>>())
    }

    /// Reads and checks every setting.
    ///
    /// # Errors
    /// The first [`BadSetting`].
    pub fn read(
        places: Places,
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, BadSetting> {
        let source = Source::read(file, env)?;
        let hold_seconds = source.number("MARQUEE_HOLD_SECONDS", 1..=HOLD_S_MAX)?;
        let hold_max_seconds = source.number("MARQUEE_HOLD_MAX_SECONDS", 1..=HOLD_S_MAX)?;
        if hold_max_seconds < hold_seconds {
            let problem = format!("must be at least MARQUEE_HOLD_SECONDS, which is {hold_seconds}");
            return Err(bad("MARQUEE_HOLD_MAX_SECONDS", problem));
        }
        let (database, shards) = databases(&source, &places.data_dir)?;
        Ok(Self {
            redis: redis(&source)?,
            kafka: kafka(&source)?,
            replicas: replicas(&source, &database)?,
            database,
            shards,
            roles: places.roles,
            listen: places.listen,
            ops_listen: places.ops_listen,
            shared_dir: source.text("MARQUEE_SHARED_DIR").map_or_else(|| places.data_dir.clone(), PathBuf::from),
            data_dir: places.data_dir,
            hold_seconds,
            hold_max_seconds,
            max_seats_per_hold: source.number("MARQUEE_MAX_SEATS_PER_HOLD", 1..=SEATS_MAX)?,
            max_held_seats_per_show: source.number("MARQUEE_MAX_HELD_SEATS_PER_SHOW", 0..=100_000)?,
            cleaning_minutes: source.number("MARQUEE_CLEANING_MINUTES", 0..=240)?,
            rate_limits: source.switch("MARQUEE_RATE_LIMITS")?,
            trusted_proxies: trusted_proxies(&source)?,
            cors_origins: origins(&source)?,
            log: log(&source)?,
            admin: admin(&source)?,
            sandbox_latency_ms: source.number("MARQUEE_SANDBOX_LATENCY_MS", 0..=SANDBOX_LATENCY_MS_MAX)?,
            hashing: Hashing::default(),
            #[cfg(debug_assertions)]
            oversell_for_control_test: false,
        })
    }
}

/// The home database, and the further shards.
fn databases(source: &Source, data_dir: &Path) -> Result<(Database, Vec<String>), BadSetting> {
    let Some(urls) = source.text("MARQUEE_DATABASE_URL") else {
        return Ok((Database::File(data_dir.join("marquee.db")), Vec::new()));
    };
    // The address may hold a password: it is not repeated.
    let wrong = || {
        let forms = "must be empty, sqlite:///path/to/file, or postgres://user@host/database, several of them separated by commas";
        bad("MARQUEE_DATABASE_URL", forms)
    };
    if let Some(path) = urls.strip_prefix("sqlite://") {
        let file = Database::File(PathBuf::from(path));
        return if path.is_empty() { Err(wrong()) } else { Ok((file, Vec::new())) };
    }
    let mut urls = servers(urls).ok_or_else(wrong)?.into_iter();
    let home = urls.next().ok_or_else(wrong)?;
    Ok((Database::Server(home), urls.collect()))
}

fn replicas(source: &Source, database: &Database) -> Result<Replicas, BadSetting> {
    let name = "MARQUEE_DATABASE_REPLICA_URLS";
    // An address may hold a password: it is not repeated.
    let wrong = || bad(name, "must be addresses such as postgres://user@host/database, separated by commas");
    let replicas = source.text(name).map_or(Some(Replicas::default()), Replicas::parse).ok_or_else(wrong)?;
    if !replicas.is_empty() && matches!(database, Database::File(_)) {
        return Err(bad(name, "must be empty unless MARQUEE_DATABASE_URL is a PostgreSQL: a file has no replicas"));
    }
    Ok(replicas)
}

fn redis(source: &Source) -> Result<Option<marquee_kv::Address>, BadSetting> {
    let name = "MARQUEE_REDIS_URL";
    // The address may hold a password: it is not repeated.
    let read = |text: &str| text.parse().map_err(|wrong: marquee_kv::NoAddress| bad(name, wrong.to_string()));
    source.text(name).map(read).transpose()
}

fn kafka(source: &Source) -> Result<Option<Kafka>, BadSetting> {
    let (brokers, topic) = ("MARQUEE_KAFKA_BROKERS", "MARQUEE_KAFKA_TOPIC");
    let read = |text: &str| {
        Kafka::new(text, source.text(topic).unwrap_or_default()).map_err(|wrong| match wrong {
            NoKafka::Brokers => bad(brokers, wrong.to_string()),
            NoKafka::Topic => bad(topic, wrong.to_string()),
        })
    };
    source.text(brokers).map(read).transpose()
}

fn trusted_proxies(source: &Source) -> Result<TrustedProxies, BadSetting> {
    let name = "MARQUEE_TRUSTED_PROXIES";
    let read = source.text(name).unwrap_or_default().parse();
    read.map_err(|error: NoNetwork| bad(name, error.to_string()))
}

fn origins(source: &Source) -> Result<Vec<HeaderValue>, BadSetting> {
    let name = "MARQUEE_CORS_ORIGINS";
    let listed = source.text(name).unwrap_or_default().split(',').map(str::trim).filter(|origin| !origin.is_empty());
    listed
        .map(|origin| {
            let whole = origin == "*" || origin.starts_with("https://") || origin.starts_with("http://");
            let value = HeaderValue::from_str(origin).ok().filter(|_| whole && !origin.ends_with('/'));
            value.ok_or_else(|| bad(name, "must be origins such as https://www.example.org, separated by commas, or *"))
        })
        .collect()
}

fn log(source: &Source) -> Result<Option<LogFilter>, BadSetting> {
    let name = "MARQUEE_LOG";
    let read = |text: &str| text.parse().map_err(|error: BadFilter| bad(name, error.to_string()));
    source.text(name).map(read).transpose()
}

fn admin(source: &Source) -> Result<Option<(String, String)>, BadSetting> {
    match (source.text("MARQUEE_ADMIN_EMAIL"), source.text("MARQUEE_ADMIN_PASSWORD")) {
        (None, None) => Ok(None),
        (Some(email), Some(password)) => {
            Email::parse(email).map_err(|rule| bad("MARQUEE_ADMIN_EMAIL", rule))?;
            Password::choose(password).map_err(|rule| bad("MARQUEE_ADMIN_PASSWORD", rule))?;
            Ok(Some((email.to_owned(), password.to_owned())))
        }
        (Some(_), None) => Err(bad("MARQUEE_ADMIN_PASSWORD", "must be set when MARQUEE_ADMIN_EMAIL is")),
        (None, Some(_)) => Err(bad("MARQUEE_ADMIN_EMAIL", "must be set when MARQUEE_ADMIN_PASSWORD is")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &[(&str, &str)]) -> Result<Config, String> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let places = Places { listen: any, ops_listen: any, data_dir: "data".into(), roles: Roles::ALL };
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(places, Some(Path::new("/dev/null")), env).map_err(|error| error.to_string())
    }

    #[test]
    fn the_built_in_file_holds_the_contract_s_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!((config.hold_seconds, config.hold_max_seconds), (480, 900));
        assert_eq!((config.max_seats_per_hold, config.max_held_seats_per_show), (10, 20));
        assert!(config.rate_limits);
        assert!(matches!(config.database, Database::File(path) if path == Path::new("data/marquee.db")));
    }

    #[test]
    fn a_bad_setting_is_named_with_what_it_must_be() {
        for (name, value) in [
            ("MARQUEE_HOLD_SECONDS", "soon"),
            ("MARQUEE_HOLD_SECONDS", "0"),
            ("MARQUEE_HOLD_MAX_SECONDS", "1"),
            ("MARQUEE_MAX_SEATS_PER_HOLD", "-1"),
            ("MARQUEE_RATE_LIMITS", "maybe"),
            ("MARQUEE_DATABASE_URL", "mysql://x"),
            ("MARQUEE_DATABASE_URL", "postgres://a/b,mysql://x"),
            ("MARQUEE_DATABASE_URL", "sqlite://"),
            ("MARQUEE_DATABASE_URL", "postgres://host:port/marquee"),
            ("MARQUEE_DATABASE_URL", "postgres://host/marquee?sslmode=verify"),
            ("MARQUEE_DATABASE_REPLICA_URLS", "host/marquee"),
            ("MARQUEE_DATABASE_REPLICA_URLS", "postgres://host/marquee"),
            ("MARQUEE_REDIS_URL", "127.0.0.1:6379"),
            ("MARQUEE_REDIS_URL", "redis-cluster://"),
            ("MARQUEE_KAFKA_BROKERS", "kafka.internal"),
            ("MARQUEE_KAFKA_BROKERS", "kafka://kafka.internal"),
            ("MARQUEE_TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
            ("MARQUEE_CORS_ORIGINS", "example.org"),
            ("MARQUEE_LOG", "[[["),
        ] {
            let line = read(&[(name, value)]).unwrap_err();
            assert!(line.starts_with(name) && line.contains("must"), "{line}");
            assert_eq!(line.lines().count(), 1);
        }
        assert!(read(&[("MARQUEE_ADMIN_EMAIL", "a@example.org")]).unwrap_err().contains("MARQUEE_ADMIN_PASSWORD"));
        let topic = read(&[("MARQUEE_KAFKA_BROKERS", "one:9092"), ("MARQUEE_KAFKA_TOPIC", "two words")]).unwrap_err();
        assert!(topic.starts_with("MARQUEE_KAFKA_TOPIC must"), "{topic}");
    }

    #[test]
    fn a_name_that_is_no_setting_is_refused_with_the_one_that_it_is_like() {
        for (misspelt, meant) in [
            ("MARQUEE_HOLD_SECOND", "MARQUEE_HOLD_SECONDS"),
            ("MARQUEE_MAX_SEATS_PER_HOLDS", "MARQUEE_MAX_SEATS_PER_HOLD"),
            ("MARQUEE_RATELIMITS", "MARQUEE_RATE_LIMITS"),
            ("MARQUEE_CORS_ORIGIN", "MARQUEE_CORS_ORIGINS"),
            ("MARQUEE_REDIS_ULR", "MARQUEE_REDIS_URL"),
            ("MARQUEE_DATADIR", "MARQUEE_DATA_DIR"),
        ] {
            let line = read(&[(misspelt, "1")]).unwrap_err();
            assert_eq!(line, format!("{misspelt} is not a setting; did you mean {meant}?"));
            assert!(read(&[(misspelt, "")]).is_err(), "an empty {misspelt} is as misspelt");
        }
    }

    #[test]
    fn names_that_others_read_or_put_there_are_no_settings_and_are_left_alone() {
        for (name, value) in [
            ("MARQUEE_DATA_DIR", "data"),
            ("MARQUEE_FAILPOINT", "claimed"),
            ("MARQUEE_SQL_LOG", "/tmp/sql.log"),
            ("MARQUEE_SERVICE_HOST", "10.0.0.1"),
            ("MARQUEE_SERVICE_PORT_HTTP", "80"),
            ("MARQUEE_PORT", "tcp://10.0.0.1:80"),
            ("MARQUEE_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("MARQUEE_OPS_PORT_9464_TCP", "tcp://10.0.0.2:9464"),
            ("HOLD_SECONDS", "x"),
        ] {
            assert_eq!(read(&[(name, value)]).err(), None, "{name}");
        }
        assert!(read(&[("MARQUEE_PORT", "8080")]).is_err(), "somebody meant MARQUEE_LISTEN");
    }

    #[test]
    fn a_first_administrator_who_cannot_be_is_refused_and_the_password_is_not_repeated() {
        let admin = |email, password| read(&[("MARQUEE_ADMIN_EMAIL", email), ("MARQUEE_ADMIN_PASSWORD", password)]);
        assert!(admin("a@example.org", "long enough").is_ok());
        assert_eq!(admin("nonsense", "long enough").unwrap_err(), "MARQUEE_ADMIN_EMAIL must be an e-mail address");
        let short = admin("a@example.org", "short").unwrap_err();
        assert!(short.starts_with("MARQUEE_ADMIN_PASSWORD must have 10 to ") && !short.contains("short"), "{short}");
    }
}
