//! What a person can tell `marquee` to do.

mod check;
mod copy;
mod data;
mod events;
mod import;
mod keys;
mod migrate;
mod serve;
mod shards;
mod user;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use marquee_cluster::Size;
use marquee_http::Role;
use marquee_kernel::ShowId;
use marquee_telemetry::LogFilter;

use crate::config::Roles;
use crate::{Config, Places, StartError};

/// Exit code for a bad setting or option.
const EXIT_SETTING: u8 = 2;

/// Marquee: cinema booking. Settings: `marquee config` prints them all with their defaults.
#[derive(Debug, Parser)]
#[command(name = "marquee", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, and sell
    Serve(Serve),
    /// Import films and shows
    #[command(subcommand)]
    Import(Import),
    /// Add an account
    #[command(subcommand)]
    User(User),
    /// The keys that access tokens and tickets are signed with
    #[command(subcommand)]
    Keys(Keys),
    /// Print the OpenAPI 3.1 document
    Openapi,
    /// Settle pending bookings with the gateway now; for a data directory no server uses
    Reconcile(Data),
    /// Write a consistent copy of the database, also while it sells
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
        #[command(flatten)]
        data: Data,
    },
    /// Verify every invariant of the data and say what is wrong; also while it sells
    Check(Data),
    /// Bring the database's schema up to date and say what that took; any number at once, also while it sells
    Migrate(Data),
    /// Copy a file's data into an empty PostgreSQL, compare and check them there; for a data directory no server uses
    Copy {
        /// The database: postgres://user@host/database
        #[arg(long, env = "MARQUEE_COPY_TO", hide_env_values = true)]
        to: String,
        #[command(flatten)]
        data: Data,
    },
    /// The databases that shows live in
    #[command(subcommand)]
    Shards(ShardsCommand),
    /// The events on Kafka
    #[command(subcommand)]
    Events(Events),
    /// Print every setting with its default, as a file to start from
    Config,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where the data is.
#[derive(Args, Clone, Debug)]
struct Data {
    /// Directory of the database, the keys and the sandbox's ledger
    #[arg(long, default_value = "data", env = "MARQUEE_DATA_DIR")]
    data_dir: PathBuf,
    /// A file of settings; without it marquee.toml, if it is there
    #[arg(long)]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Serve {
    /// Address of the API
    #[arg(long, default_value = "127.0.0.1:8080", env = "MARQUEE_LISTEN")]
    listen: SocketAddr,
    /// Address of health and metrics
    #[arg(long, default_value = "127.0.0.1:9464", env = "MARQUEE_OPS_LISTEN")]
    ops_listen: SocketAddr,
    /// What this node does: serve the API, do the jobs when it is its turn
    #[arg(long, value_enum, value_delimiter = ',', default_value = "api,worker", env = "MARQUEE_ROLES")]
    roles: Vec<RoleOfNode>,
    /// Fill an empty database with real films, cinemas and a week of shows
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RoleOfNode {
    Api,
    Worker,
}

impl Serve {
    fn read(&self) -> Result<Config, StartError> {
        let has = |role| self.roles.contains(&role);
        let roles = Roles { api: has(RoleOfNode::Api), worker: has(RoleOfNode::Worker) };
        let (listen, ops_listen, data_dir) = (self.listen, self.ops_listen, self.data.data_dir.clone());
        self.data.read_for(Places { listen, ops_listen, data_dir, roles }, LogFilter::INFO)
    }
}

#[derive(Debug, Subcommand)]
enum ShardsCommand {
    /// Where each shard is, whether it answers, and what it takes
    Status {
        #[command(flatten)]
        data: Data,
    },
    /// Move what is sold of a show to another shard, while everything else is sold
    Move {
        /// The show
        show: ShowId,
        /// The number of the shard it goes to
        #[arg(long)]
        to: u16,
        /// Also when sales of both shards stop for seconds, for so much was sold of it
        #[arg(long)]
        large: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Give up a move that does not arrive: the show is sold again where it was
    Return {
        /// The show
        show: ShowId,
        #[command(flatten)]
        data: Data,
    },
    /// Take a shard out of service: no new shows go there, and those that live there move to the others
    Drain {
        /// Its number
        shard: u16,
        /// Also shows that so much was sold of that sales of both shards stop for seconds
        #[arg(long)]
        large: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Take a drained shard into service again: new shows go there from half a minute later on
    Reopen {
        /// Its number
        shard: u16,
        #[command(flatten)]
        data: Data,
    },
}

impl ShardsCommand {
    async fn run(self) -> Result<ExitCode, StartError> {
        let size = |large| if large { Size::Large } else { Size::Usual };
        match self {
            Self::Status { data } => shards::status(&data.read()?).await,
            Self::Move { show, to, large, data } => shards::move_show(&data.read()?, show, to, size(large)).await,
            Self::Return { show, data } => shards::return_show(&data.read()?, show).await,
            Self::Drain { shard, large, data } => shards::drain(&data.read()?, shard, size(large)).await,
            Self::Reopen { shard, data } => shards::reopen(&data.read()?, shard).await,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Import {
    /// Films from a JSON file: vega-datasets' movies.json, or schema.org Movie and ScreeningEvent as JSON-LD
    Movies {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Sign with a new key; what older ones signed stays good. Also while it sells
    Rotate {
        /// What the key signs
        #[arg(value_enum)]
        what: Signed,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Signed {
    /// Access tokens: the new key signs at once, older ones verify until their last token has expired
    AccessTokens,
    /// Tickets: the new key signs from the server's next start on, older ones verify as long as they are kept
    Tickets,
}

#[derive(Debug, Subcommand)]
enum Events {
    /// Print events as they come, a CloudEvent a line, until it is stopped
    Tail {
        /// Begin with the oldest that the topic still has, not with what comes next
        #[arg(long)]
        from_oldest: bool,
        /// Print dead letters instead: who could not act on what, and why
        #[arg(long)]
        dead: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Send every dead letter that was not sent back before to the topic of events again
    Replay(Data),
}

#[derive(Debug, Subcommand)]
enum User {
    /// Add an account, or give an existing one a role; the password is read from standard input
    Add {
        /// Its e-mail address
        #[arg(long)]
        email: String,
        /// Its name
        #[arg(long, default_value = "Staff")]
        name: String,
        /// What it may do
        #[arg(long, value_enum)]
        role: RoleArgument,
        /// In which cinema; may be repeated. Without it, in every cinema
        #[arg(long)]
        cinema: Vec<String>,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RoleArgument {
    Customer,
    #[value(name = "box_office", alias = "box-office")]
    BoxOffice,
    Manager,
    Admin,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Customer => Role::Customer,
            RoleArgument::BoxOffice => Role::BoxOffice,
            RoleArgument::Manager => Role::Manager,
            RoleArgument::Admin => Role::Admin,
        }
    }
}

/// Runs a command; what went wrong is one line on standard error.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&StartError::part("runtime", error)),
    };
    match runtime.block_on(carry_out(arguments.command)) {
        Ok(code) => code,
        Err(error) => refuse(&error),
    }
}

async fn carry_out(command: Command) -> Result<ExitCode, StartError> {
    match command {
        Command::Serve(serve) => serve::run(serve).await,
        Command::Import(Import::Movies { file, data }) => import::run(&file, &data.read()?).await,
        Command::User(User::Add { email, name, role, cinema, data }) => {
            user::add(&data.read()?, &email, &name, role.into(), &cinema).await
        }
        Command::Keys(Keys::Rotate { what: Signed::AccessTokens, data }) => keys::of_access_tokens(&data.read()?).await,
        Command::Keys(Keys::Rotate { what: Signed::Tickets, data }) => keys::of_tickets(&data.read()?).await,
        Command::Openapi => data::openapi().await,
        Command::Reconcile(data) => data::reconcile(&data.read()?).await,
        Command::Backup { file, data } => data::backup(&data.read()?, &file).await,
        Command::Check(data) => check::run(&data.read()?).await,
        Command::Migrate(data) => migrate::run(&data.read()?).await,
        Command::Copy { to, data } => copy::run(&data.read()?, &to).await,
        Command::Shards(command) => command.run().await,
        Command::Events(Events::Tail { from_oldest, dead, data }) => {
            events::tail(&data.read()?, from_oldest, dead).await
        }
        Command::Events(Events::Replay(data)) => events::replay(&data.read()?).await,
        Command::Config => print(crate::DEFAULT),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "marquee", &mut text);
            print(&String::from_utf8_lossy(&text))
        }
    }
}

impl Data {
    /// The configuration for a command that does not listen, with a log that does not talk over what the command says.
    fn read(&self) -> Result<Config, StartError> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let data_dir = self.data_dir.clone();
        self.read_for(Places { listen: any, ops_listen: any, data_dir, roles: Roles::ALL }, LogFilter::WARN)
    }

    /// The configuration, with the log started: at `usual_log` unless the operator says otherwise.
    fn read_for(&self, places: Places, usual_log: LogFilter) -> Result<Config, StartError> {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        let config = Config::read(places, self.config.as_deref(), environment)?;
        marquee_telemetry::start_log(config.log.as_ref().unwrap_or(&usual_log));
        Ok(config)
    }
}

/// Prints to standard output; a reader that went away is no error.
fn print(text: &str) -> Result<ExitCode, StartError> {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn complain(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn refuse(error: &StartError) -> ExitCode {
    complain(&format!("marquee: {error}"));
    match error {
        StartError::Setting(_) | StartError::Listen { .. } | StartError::DataDir { .. } => ExitCode::from(EXIT_SETTING),
        StartError::Part { .. } => ExitCode::FAILURE,
    }
}
