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
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, Value};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tracing::{info, warn};

use super::Address;

/// The functions that Redis runs for us.
const LIBRARY: &str = include_str!("library.lua");
/// How long a call may take before its caller is told that nothing can be promised.
const CALL_MAX: Duration = Duration::from_millis(250);
/// How long making a connection may take, and loading the functions.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// The pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
/// Calls under way at once; past it a call fails at once.
const CALLS_MAX: usize = 4_096;
/// Calls in a row that got no answer in time before the connection is given up.
const LATE_MAX: u32 = 8;
/// How often a sign of life goes through Redis to every node.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Without any message for so long the listening connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// What a server says that is no longer, or not yet, the one to ask.
const SERVERS_PAST: [&str; 3] = ["READONLY", "LOADING", "MASTERDOWN"];
/// What a sign of life says.
const ALIVE: &str = "-";

/// Redis did not answer, or not in time: whether the call had its effect is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hold store does not answer")]
pub(crate) struct Down;

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

    /// Loads the functions on every server that runs them.
    async fn load(&self) -> RedisResult<()> {
        let mut load = redis::cmd("FUNCTION");
        load.arg("LOAD").arg("REPLACE").arg(LIBRARY);
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
pub(crate) struct Link {
    server: Server,
    connection: ArcSwapOption<Connection>,
    /// Counts the times that something may have been missed.
    epoch: AtomicU64,
    listening: AtomicBool,
    late: AtomicU32,
    calls: Semaphore,
    lost: Notify,
    channel: String,
}

impl Link {
    pub(crate) fn new(address: &Address, channel: String) -> RedisResult<Self> {
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
        Ok(Self {
            server,
            connection: ArcSwapOption::empty(),
            epoch: AtomicU64::new(1),
            listening: AtomicBool::new(false),
            late: AtomicU32::new(0),
            calls: Semaphore::new(CALLS_MAX),
            lost: Notify::new(),
            channel,
        })
    }

    /// Whether calls can be made.
    pub(crate) fn is_up(&self) -> bool {
        self.connection.load().is_some()
    }

    /// What a mirror that was read now, and follows what it hears, can be trusted until; none when nothing is heard.
    pub(crate) fn epoch(&self) -> Option<u64> {
        (self.is_up() && self.listening.load(Ordering::Acquire)).then(|| self.epoch.load(Ordering::Acquire))
    }

    fn note_gap(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Makes one call.
    pub(crate) async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Down> {
        let Ok(_place) = self.calls.try_acquire() else { return Err(Down) };
        let connection = self.connection.load_full().ok_or(Down)?;
        let mut answer = timeout(CALL_MAX, connection.send(command)).await;
        if let Ok(Err(error)) = &answer
            && error.to_string().contains("Function not found")
        {
            // A server that has taken over, or was emptied.
            self.note_gap();
            answer = match timeout(CONNECT_MAX, connection.load()).await {
                Ok(Ok(())) => timeout(CALL_MAX, connection.send(command)).await,
                Ok(Err(error)) => Ok(Err(error)),
                Err(late) => Err(late),
            };
        }
        match answer {
            Ok(Ok(answer)) => {
                self.late.store(0, Ordering::Relaxed);
                T::from_redis_value(answer).map_err(|error| {
                    warn!(%error, "answer of the hold store not understood");
                    Down
                })
            }
            Ok(Err(error)) if !error.is_timeout() => {
                warn!(%error, "hold store refused a call");
                let elsewhere = error.code().is_some_and(|code| SERVERS_PAST.contains(&code));
                if elsewhere || error.is_io_error() || error.is_cluster_error() || error.is_unrecoverable_error() {
                    self.lose(&connection);
                }
                Err(Down)
            }
            Ok(Err(_)) | Err(_) => {
                if self.late.fetch_add(1, Ordering::Relaxed) + 1 >= LATE_MAX {
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
            warn!("connection to the hold store lost");
            self.note_gap();
            self.lost.notify_one();
        }
    }

    /// Tries once to connect.
    pub(crate) async fn connect(&self) -> RedisResult<()> {
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
            connection.load().await?;
            RedisResult::Ok(connection)
        };
        let connection = timeout(2 * CONNECT_MAX, connect).await.map_err(std::io::Error::from)??;
        self.late.store(0, Ordering::Relaxed);
        self.note_gap();
        self.connection.store(Some(Arc::new(connection)));
        Ok(())
    }

    /// Keeps the connection, for ever; `told` hears what time it is there.
    pub(crate) async fn keep(&self, told: impl Fn(Timestamp)) {
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
                continue;
            }
            match self.connect().await {
                Ok(()) => info!("connected to the hold store"),
                Err(error) => {
                    warn!(%error, "hold store not reached, will retry");
                    tokio::time::sleep(CONNECT_PAUSE).await;
                }
            }
        }
    }

    /// Hears what changes, for ever.
    pub(crate) async fn listen(&self, mut heard: impl FnMut(&str)) {
        for attempt in 0_usize.. {
            if let Err(error) = self.listen_once(attempt, &mut heard).await {
                warn!(%error, "changes of the hold store not heard, will retry");
            }
            if self.listening.swap(false, Ordering::AcqRel) {
                self.note_gap();
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
        }
    }

    async fn listen_once(&self, attempt: usize, heard: &mut impl FnMut(&str)) -> RedisResult<()> {
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
        let mut messages = ears.on_message();
        while let Some(message) = timeout(SILENCE_MAX, messages.next()).await.map_err(std::io::Error::from)? {
            let text: String = message.get_payload()?;
            if text != ALIVE {
                heard(&text);
            }
        }
        Ok(())
    }
}
