//! A lean HTTP/1.1 client: one connection, one request at a time, so that the machine's time goes to the server.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes read at a time: a whole seat map.
const READ_BYTES: usize = 64 * 1024;

/// A kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer; its body lies in the connection's buffer until the next call.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The text of a member such as `"lock_id":"…"`; the answers of this API do not escape ids.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.body).ok()?;
        let start = text.find(&format!("\"{name}\":\""))? + name.len() + 4;
        text.get(start..)?.split('"').next()
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a request's bytes and reads the whole answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (status, body) = loop {
            if let Some((status, head, length)) = head(&self.buffer)? {
                if self.buffer.len() >= head + length {
                    break (status, head..head + length);
                }
                self.buffer.reserve(head + length - self.buffer.len());
            } else {
                self.buffer.reserve(READ_BYTES);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        Ok(Answer { status, body: &self.buffer[body] })
    }
}

/// Status, length of the head and of the body, once the head is there.
fn head(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|at| at == b"\r\n\r\n") else { return Ok(None) };
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "not an answer with a length");
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| bad())?;
    let status = text.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(bad)?;
    let length = text.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
    });
    match (status, length) {
        (204 | 304, _) => Ok(Some((status, end + 4, 0))),
        (_, Some(length)) => Ok(Some((status, end + 4, length))),
        (_, None) => Err(bad()),
    }
}

/// The bytes of a GET.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: marquee\r\n\r\n").into_bytes()
}

/// The bytes of a call with a bearer token and, unless it is empty, a JSON body.
pub(crate) fn call(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: marquee\r\nauthorization: Bearer {token}\r\n{kind}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
