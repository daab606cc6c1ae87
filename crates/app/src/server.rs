//! Accepts connections: HTTP/1.1 and h2c, with limits, and a drain that lets what is in flight finish.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use metrics::gauge;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::warn;

/// Connections open at once; past it new ones wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 16_384;
/// How long a client may take to send a request's head, and may idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Requests under way on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// How often an HTTP/2 peer is asked whether it is still there.
const H2_PING_EVERY: Duration = Duration::from_secs(20);
/// How long requests in flight may take to finish once the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// How long a client may go on sending after its last answer, and how many bytes of it are read.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The pause after the system had no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `stop`, then lets what is in flight finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    let connection = connection_settings();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, place))
        };
        match stop.run_until_cancelled(accepted).await {
            Some(Some((Ok((socket, peer)), place))) => {
                let serve = serve_connection(&connection, socket, peer, router.clone());
                tokio::spawn(finish(graceful.watch(serve), place));
            }
            Some(Some((Err(error), _))) => {
                // Out of file descriptors, mostly: accepting at once again would only spin.
                warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            Some(None) | None => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        warn!("connections cut that did not finish in time");
    }
}

fn connection_settings() -> auto::Builder<TokioExecutor> {
    let mut settings = auto::Builder::new(TokioExecutor::new());
    settings
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        // Never with pipeline_flush: it holds answers back while anything is unread, and what cannot be read stays unread,
        // so that the 400 to it would never go out.
        .max_buf_size(HEAD_BYTES_MAX);
    settings
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .keep_alive_interval(H2_PING_EVERY);
    settings
}

fn serve_connection(
    settings: &auto::Builder<TokioExecutor>,
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>> + use<> {
    // Small answers must not wait for more to fill a packet; a socket that refuses is closing anyway.
    let _ = socket.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(match router.oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            })
        }
    });
    let socket = Lingering { socket, linger: None, left: LINGER_BYTES_MAX };
    settings.serve_connection(TokioIo::new(socket), service).into_owned()
}

/// A socket that, once all is said, reads on for a while before it is closed: closed with something unread, it would be
/// reset, and the client might lose the answer to what it was still sending (RFC 9112, section 9.6).
struct Lingering {
    socket: TcpStream,
    linger: Option<Pin<Box<Sleep>>>,
    left: usize,
}

impl AsyncRead for Lingering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, into)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, linger, left } = &mut *self;
        let linger = match linger {
            Some(linger) => linger,
            None => {
                ready!(Pin::new(&mut *socket).poll_shutdown(cx))?;
                linger.insert(Box::pin(tokio::time::sleep(LINGER)))
            }
        };
        let mut scrap = [0; 4096];
        while *left > 0 && linger.as_mut().poll(cx).is_pending() {
            let mut scrap = ReadBuf::new(&mut scrap);
            match ready!(Pin::new(&mut *socket).poll_read(cx, &mut scrap)) {
                Ok(()) if !scrap.filled().is_empty() => *left = left.saturating_sub(scrap.filled().len()),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

async fn finish(connection: impl Future, place: OwnedSemaphorePermit) {
    gauge!("marquee_connections").increment(1);
    // How a client ends its connection is its own affair.
    connection.await;
    gauge!("marquee_connections").decrement(1);
    drop(place);
}
