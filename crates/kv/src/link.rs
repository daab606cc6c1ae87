//! The way to Redis: one connection for calls and one that listens, each made again when it is lost.
//!
//! Nobody waits for a Redis that is not there: while the connection is down every call fails at once, and a call that gets no
//! answer in time fails by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::StreamExt as _;
use marquee_kernel::Timestamp;
use metrics::{Unit, describe_gauge, gauge};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, Value};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::Address;

/// How long a call may take before its caller is told that nothing can be promised: long enough for the last of a crowd that all
/// want the same show, short enough for a customer to try again.
const CALL_MAX: Duration = Duration::from_millis(500);
/// How long making a connection may take, and loading the functions.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// The pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
/// Calls under way at once; past it a call fails at once.
const CALLS_MAX: usize = 4_096;
/// Calls that got no answer in time before the connection is given up: so many, and one in so many of those of the last seconds.
/// Of a cluster one server may hang while the others answer; whoever took over from it, a new connection finds.
const LATE_MAX: u32 = 8;
const LATE_ONE_IN: u32 = 4;
/// How often a sign of life goes through Redis to every node.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Without any message for so long the listening connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// What a server says that is no longer, or not yet, the one to ask.
const SERVERS_PAST: [&str; 3] = ["READONLY", "LOADING", "MASTERDOWN"];
/// Whether each link is up.
const UP: &str = "marquee_redis_up";
/// What a sign of life says.
const ALIVE: &str = "-";

/// Redis did not answer, or not in time: whether the call had its effect is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis does not answer")]
pub struct Down;

/// Who uses a link, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// In the words of whoever reads the log.
    pub name: &'static str,
    /// The functions that Redis runs for it: a library of its own, with its version in its name. Every server has them that is
    /// asked, also one that has just taken over.
    pub library: &'static str,
    /// Where it speaks to the other nodes, after the address's prefix.
    pub channel: &'static str,
}

/// What is heard on a link's channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// From here on all is heard; what was said before may have been missed.
    Begins,
    /// What a node said.
    Says(&'a str),
}

enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Connection::Single(connection) => connection.clone().req_packed_command(command).await,
            Connection::Cluster(connection) => connection.clone().req_packed_command(command).await,
        }?
        .extract_error()
    }

    /// Loads functions on every server that runs them.
    async fn load(&self, library: &str) -> RedisResult<()> {
        let mut load = redis::cmd("FUNCTION");
        load.arg("LOAD").arg("REPLACE").arg(library);
        match self {
            Connection::Single(connection) => connection.clone().req_packed_command(&load).await,
            Connection::Cluster(connection) => {
                let everywhere = (MultipleNodeRoutingInfo::AllMasters, Some(ResponsePolicy::AllSucceeded));
                connection.clone().route_command(load, RoutingInfo::MultiNode(everywhere)).await
            }
        }?
        .extract_error()
        .map(drop)
    }
}

enum Server {
    Single(Client),
    Cluster { calls: Box<ClusterClient>, nodes: Vec<Client> },
}

/// The way to Redis.
pub struct Link {
    purpose: Purpose,
    server: Server,
    connection: ArcSwapOption<Connection>,
    /// Counts the times that something may have been missed.
    epoch: AtomicU64,
    listening: AtomicBool,
    /// Calls of the last seconds, and those of them that got no answer in time.
    asked: AtomicU32,
    late: AtomicU32,
    calls: Semaphore,
    lost: Notify,
    channel: String,
}

impl Link {
    /// A link that is not connected yet: [`Link::keep`] and [`Link::listen`] do that.
    ///
    /// # Errors
    /// What the client says of the address.
    pub fn new(address: &Address, purpose: Purpose) -> RedisResult<Self> {
        let server = if address.cluster {
            let calls = ClusterClient::builder(address.nodes.clone())
                .connection_timeout(CONNECT_MAX)
                .response_timeout(CALL_MAX)
                .overall_response_timeout(Some(CALL_MAX))
                .build()?;
            let nodes = address.nodes.iter().map(|node| Client::open(node.as_str())).collect::<RedisResult<_>>()?;
            Server::Cluster { calls: Box::new(calls), nodes }
        } else {
            Server::Single(Client::open(address.nodes.first().map(String::as_str).unwrap_or_default())?)
        };
        describe_gauge!(UP, Unit::Count, "Whether calls of Redis can be made, 1 or 0, by link: holds, limits");
        gauge!(UP, "link" => purpose.name).set(0);
        Ok(Self {
            purpose,
            server,
            connection: ArcSwapOption::empty(),
            epoch: AtomicU64::new(1),
            listening: AtomicBool::new(false),
            asked: AtomicU32::new(0),
            late: AtomicU32::new(0),
            calls: Semaphore::new(CALLS_MAX),
            lost: Notify::new(),
            channel: format!("{}{}", address.prefix(), purpose.channel),
        })
    }

    /// Where its nodes speak to one another.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Whether calls can be made.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connection.load().is_some()
    }

    /// What a mirror that was read now, and follows what it hears, can be trusted until; none when nothing is heard.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        (self.is_up() && self.listening.load(Ordering::Acquire)).then(|| self.epoch.load(Ordering::Acquire))
    }

    fn note_gap(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Makes one call.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Down> {
        let Ok(_place) = self.calls.try_acquire() else { return Err(Down) };
        let connection = self.connection.load_full().ok_or(Down)?;
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let mut answer = timeout(CALL_MAX, connection.send(command)).await;
        if let Ok(Err(error)) = &answer
            && error.to_string().contains("Function not found")
        {
            // A server that has taken over, or was emptied.
            self.note_gap();
            answer = match timeout(CONNECT_MAX, connection.load(self.purpose.library)).await {
                Ok(Ok(())) => timeout(CALL_MAX, connection.send(command)).await,
                Ok(Err(error)) => Ok(Err(error)),
                Err(late) => Err(late),
            };
        }
        match answer {
            Ok(Ok(answer)) => T::from_redis_value(answer).map_err(|error| {
                warn!(link = self.purpose.name, %error, "answer of Redis not understood");
                Down
            }),
            Ok(Err(error)) if !error.is_timeout() => {
                warn!(link = self.purpose.name, %error, "Redis refused a call");
                let elsewhere = error.code().is_some_and(|code| SERVERS_PAST.contains(&code));
                if elsewhere || error.is_io_error() || error.is_cluster_error() || error.is_unrecoverable_error() {
                    self.lose(&connection);
                }
                Err(Down)
            }
            Ok(Err(_)) | Err(_) => {
                let late = self.late.fetch_add(1, Ordering::Relaxed) + 1;
                if late >= LATE_MAX && late.saturating_mul(LATE_ONE_IN) >= asked {
                    self.lose(&connection);
                }
                Err(Down)
            }
        }
    }

    /// Gives a connection up, unless that has been done.
    fn lose(&self, connection: &Arc<Connection>) {
        let before = self.connection.compare_and_swap(connection, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, connection)) {
            warn!(link = self.purpose.name, "connection to Redis lost");
            gauge!(UP, "link" => self.purpose.name).set(0);
            self.note_gap();
            self.lost.notify_one();
        }
    }

    /// Tries once to connect.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn connect(&self) -> RedisResult<()> {
        let connect = async {
            let connection = match &self.server {
                Server::Single(client) => {
                    let settings = AsyncConnectionConfig::new()
                        .set_connection_timeout(Some(CONNECT_MAX))
                        .set_response_timeout(Some(CONNECT_MAX));
                    Connection::Single(client.get_multiplexed_async_connection_with_config(&settings).await?)
                }
                Server::Cluster { calls, .. } => Connection::Cluster(calls.get_async_connection().await?),
            };
            connection.load(self.purpose.library).await?;
            RedisResult::Ok(connection)
        };
        let connection = timeout(2 * CONNECT_MAX, connect).await.map_err(std::io::Error::from)??;
        self.asked.store(0, Ordering::Relaxed);
        self.late.store(0, Ordering::Relaxed);
        self.note_gap();
        self.connection.store(Some(Arc::new(connection)));
        gauge!(UP, "link" => self.purpose.name).set(1);
        Ok(())
    }

    /// Keeps the connection, for ever; `told` hears what time it is there.
    pub async fn keep(&self, told: impl Fn(Timestamp)) {
        let mut beat = redis::cmd("PUBLISH");
        beat.arg(&self.channel).arg(ALIVE);
        let time = redis::cmd("TIME");
        loop {
            if self.is_up() {
                // What is wrong, `call` has seen to.
                let (_, time) = tokio::join!(self.call::<i64>(&beat), self.call::<(i64, i64)>(&time));
                let time = time.ok().and_then(|(s, us)| Timestamp::from_microsecond(s * 1_000_000 + us).ok());
                time.into_iter().for_each(&told);
                let _ = timeout(HEARTBEAT, self.lost.notified()).await;
                // What was long ago weighs little.
                let halve =
                    |count: &AtomicU32| count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n / 2));
                let _ = [&self.asked, &self.late].map(halve);
                continue;
            }
            match self.connect().await {
                Ok(()) => info!(link = self.purpose.name, "connected to Redis"),
                Err(error) => {
                    warn!(link = self.purpose.name, %error, "Redis not reached, will retry");
                    tokio::time::sleep(CONNECT_PAUSE).await;
                }
            }
        }
    }

    /// Hears what the nodes say, for ever.
    pub async fn listen(&self, mut heard: impl FnMut(Heard<'_>)) {
        for attempt in 0_usize.. {
            if let Err(error) = self.listen_once(attempt, &mut heard).await {
                warn!(link = self.purpose.name, %error, "nothing heard from Redis, will retry");
            }
            if self.listening.swap(false, Ordering::AcqRel) {
                self.note_gap();
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
        }
    }

    async fn listen_once(&self, attempt: usize, heard: &mut impl FnMut(Heard<'_>)) -> RedisResult<()> {
        let client = match &self.server {
            Server::Single(client) => client,
            // Every node of a cluster hears everything.
            Server::Cluster { nodes, .. } => match nodes.get(attempt % nodes.len().max(1)) {
                Some(client) => client,
                None => return Ok(()),
            },
        };
        let subscribe = async {
            let mut ears = client.get_async_pubsub().await?;
            ears.subscribe(&self.channel).await?;
            RedisResult::Ok(ears)
        };
        let mut ears = timeout(2 * CONNECT_MAX, subscribe).await.map_err(std::io::Error::from)??;
        // What was read before this heard nothing of what came after.
        self.note_gap();
        self.listening.store(true, Ordering::Release);
        heard(Heard::Begins);
        let mut messages = ears.on_message();
        while let Some(message) = timeout(SILENCE_MAX, messages.next()).await.map_err(std::io::Error::from)? {
            let text: String = message.get_payload()?;
            if text != ALIVE {
                heard(Heard::Says(&text));
            }
        }
        Ok(())
    }
}
