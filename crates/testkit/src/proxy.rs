//! A way to a server that a test may spoil: slow, narrow, lossy, cut, or silent, for any protocol over TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use marquee_kernel::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Bytes that travel together.
const PIECE_BYTES: usize = 4 * 1024;
/// Pieces on their way in one direction; past it the sender waits, as it would for a full window.
const PIECES_MAX: usize = 1_024;

/// What the way is like, in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// How long a piece takes.
    pub latency: Duration,
    /// How much longer it takes at most; nothing overtakes.
    pub jitter: Duration,
    /// Bytes in a second; as many as there are otherwise.
    pub bytes_per_s: Option<u64>,
    /// One piece in so many is lost, and its connection with it; none otherwise.
    pub breaks_one_in: Option<u64>,
    /// Nothing arrives, and nobody is told so. What was sent meanwhile arrives when this ends.
    pub silent: bool,
}

/// What the connections of a proxy go by.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    conditions: Conditions,
    /// Whether new connections are closed at once.
    refuses: bool,
    /// How often all connections were cut.
    cuts: u64,
}

/// Passes connections on to a server under [`Conditions`] that a test sets. They end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A good way to `server`. What is drawn by lot is the same for the same `seed` and the same traffic.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn to(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state = watch::Sender::new(State::default());
        let accepting = tokio::spawn(accept(listener, server, seed, state.subscribe()));
        Self { address, state, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the way is like this, also for what is already on it.
    pub fn set(&self, conditions: Conditions) {
        self.state.send_modify(|state| state.conditions = conditions);
    }

    /// Nothing arrives any more, and nobody is told so.
    pub fn silence(&self) {
        self.state.send_modify(|state| state.conditions.silent = true);
    }

    /// Closes every connection, and each new one.
    pub fn refuse(&self) {
        self.state.send_modify(|state| (state.refuses, state.cuts) = (true, state.cuts + 1));
    }

    /// Closes every connection; new ones are good.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// A good way again.
    pub fn mend(&self) {
        self.state.send_modify(|state| (state.conditions, state.refuses) = (Conditions::default(), false));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, seed: u64, state: watch::Receiver<State>) {
    let (mut connections, number) = (JoinSet::new(), AtomicU64::new(0));
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let seed = seed.wrapping_add(2 * number.fetch_add(1, Ordering::Relaxed));
                connections.spawn(pass(client, server, seed, state.clone()));
            }
        }
    }
}

/// Passes one connection on until either side, a lost piece or a test ends it.
async fn pass(client: TcpStream, server: SocketAddr, seed: u64, mut state: watch::Receiver<State>) {
    let State { refuses, cuts, .. } = *state.borrow();
    if refuses {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        _ = carry(from_client, to_server, Rng::seeded(seed), state.clone()) => {}
        _ = carry(from_server, to_client, Rng::seeded(seed.wrapping_add(1)), state.clone()) => {}
        _ = state.wait_for(|state| state.cuts > cuts) => {}
    }
}

/// Carries one direction: what was read is written when it is due. Reading goes on meanwhile: a slow way is not a narrow one.
async fn carry(mut from: OwnedReadHalf, to: OwnedWriteHalf, rng: Rng, state: watch::Receiver<State>) -> io::Result<()> {
    let (sender, pieces) = mpsc::channel(PIECES_MAX);
    let read = async {
        let mut last = Instant::now();
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let length = from.read(&mut piece).await?;
            piece.truncate(length);
            let conditions = state.borrow().conditions;
            if conditions.breaks_one_in.is_some_and(|one_in| rng.below(one_in) == 0) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            last = due(conditions, length, &rng).max(last);
            if let Some(width) = conditions.bytes_per_s {
                last += Duration::from_secs(length as u64) / u32::try_from(width.max(1)).unwrap_or(u32::MAX);
            }
            if length == 0 || sender.send((last, piece)).await.is_err() {
                drop(sender);
                return Ok(());
            }
        }
    };
    tokio::try_join!(read, write(pieces, to, state.clone())).map(|_| ())
}

fn due(conditions: Conditions, length: usize, rng: &Rng) -> Instant {
    let jitter_us = u64::try_from(conditions.jitter.as_micros()).unwrap_or(u64::MAX);
    let extra = if length == 0 || jitter_us == 0 { 0 } else { rng.below(jitter_us) };
    Instant::now() + conditions.latency + Duration::from_micros(extra)
}

async fn write(
    mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    while let Some((due, piece)) = pieces.recv().await {
        sleep_until(due).await;
        let heard = state.wait_for(|state| !state.conditions.silent).await;
        heard.map_err(|_| io::ErrorKind::ConnectionReset)?;
        to.write_all(&piece).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventually;

    /// Says back whatever it hears.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn proxied() -> (Proxy, TcpStream) {
        let proxy = Proxy::to(echo().await, 7).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        say(&mut stream, b"hello").await.unwrap();
        (proxy, stream)
    }

    async fn say(stream: &mut TcpStream, word: &[u8]) -> io::Result<Duration> {
        let begun = Instant::now();
        stream.write_all(word).await?;
        let mut heard = vec![0; word.len()];
        stream.read_exact(&mut heard).await?;
        assert_eq!(heard, word);
        Ok(begun.elapsed())
    }

    #[tokio::test]
    async fn latency_counts_both_ways_and_a_long_way_is_not_a_narrow_one() {
        let (proxy, mut stream) = proxied().await;
        let latency = Duration::from_millis(50);
        proxy.set(Conditions { latency, jitter: Duration::from_millis(5), ..Conditions::default() });
        assert!(say(&mut stream, b"far").await.unwrap() >= 2 * latency);
        let (mut from, mut to) = stream.into_split();
        let (count, begun) = (100, Instant::now());
        let speak = async {
            for _ in 0..count {
                to.write_all(&[7; PIECE_BYTES]).await.unwrap();
            }
        };
        let mut heard = vec![0; count * PIECE_BYTES];
        tokio::join!(speak, async { from.read_exact(&mut heard).await.unwrap() });
        // One piece after the other would take this long.
        assert!(begun.elapsed() < latency * 2 * u32::try_from(count).unwrap());
        assert!(heard.iter().all(|byte| *byte == 7));
    }

    #[tokio::test]
    async fn a_narrow_way_takes_its_time_for_many_bytes() {
        let (proxy, mut stream) = proxied().await;
        proxy.set(Conditions { bytes_per_s: Some(100_000), ..Conditions::default() });
        assert!(say(&mut stream, &[1; 20_000]).await.unwrap() >= Duration::from_millis(200));
    }

    #[tokio::test]
    async fn what_was_sent_into_silence_arrives_when_it_ends() {
        let (proxy, mut stream) = proxied().await;
        proxy.silence();
        stream.write_all(b"anybody?").await.unwrap();
        let mut heard = [0; 8];
        let nothing = tokio::time::timeout(Duration::from_millis(50), stream.read_exact(&mut heard)).await;
        assert!(nothing.is_err(), "nobody is told that it is silent");
        proxy.mend();
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"anybody?");
    }

    #[tokio::test]
    async fn a_cut_ends_every_connection_and_a_refusal_new_ones_too() {
        let (proxy, mut stream) = proxied().await;
        proxy.cut();
        eventually("the connection is gone", async || say(&mut stream, b"x").await.err()).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        say(&mut stream, b"again").await.unwrap();
        proxy.refuse();
        eventually("the connection is gone", async || say(&mut stream, b"x").await.err()).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(say(&mut stream, b"x").await.is_err());
        proxy.mend();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        say(&mut stream, b"again").await.unwrap();
    }

    #[tokio::test]
    async fn a_lossy_way_breaks_connections_the_same_for_the_same_seed() {
        let survived = async || {
            let (proxy, mut stream) = proxied().await;
            proxy.set(Conditions { breaks_one_in: Some(20), ..Conditions::default() });
            let mut words = 0;
            while say(&mut stream, b"x").await.is_ok() {
                words += 1;
            }
            words
        };
        let first = survived().await;
        assert!(first > 0);
        assert_eq!(survived().await, first);
    }
}
