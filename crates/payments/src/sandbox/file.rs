//! The sandbox's books on disk: one JSON object a line, append-only.
//!
//! Written before the answer and never synced: the sandbox plays a party that is not us, so its books must survive the
//! death of this process, not that of the machine.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use marquee_kernel::{BookingId, Currency, Money, RefundId, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::method::Method;
use crate::error::Error;

/// One change of a charge or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) entry: Kind,
    pub(crate) key: BookingId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) refund_id: Option<RefundId>,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) method: Method,
    pub(crate) at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Authorised,
    Declined,
    Captured,
    Voided,
    RefundRequested,
    RefundSettled,
}

impl Entry {
    pub(crate) fn new(entry: Kind, key: BookingId, money: Money, method: Method, at: Timestamp) -> Self {
        Self { entry, key, refund_id: None, amount: money.amount, currency: money.currency, method, at }
    }

    pub(crate) fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// The open file. One entry is one `write`, so that a killed process leaves whole lines, all but perhaps the last.
#[derive(Debug)]
pub(crate) struct LedgerFile {
    tail: Mutex<Tail>,
}

#[derive(Debug)]
struct Tail {
    file: File,
    length: u64,
    line: Vec<u8>,
}

impl LedgerFile {
    /// Opens or creates the file and hands every entry to `each`, in order. A torn last line is cut off: its change was
    /// never answered.
    pub(crate) fn open(path: &Path, each: impl FnMut(Entry)) -> Result<Self, Error> {
        let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let file = opened.map_err(Error::io(path))?;
        let length = read_entries(path, &file, each)?;
        if file.metadata().map_err(Error::io(path))?.len() > length {
            warn!(length, "torn last line of the sandbox ledger cut off");
            file.set_len(length).map_err(Error::io(path))?;
        }
        Ok(Self { tail: Mutex::new(Tail { file, length, line: Vec::with_capacity(256) }) })
    }

    /// Reads the entries of the file at `path` and changes nothing; a missing file has none.
    pub(crate) fn read(path: &Path, each: impl FnMut(Entry)) -> Result<(), Error> {
        match File::open(path) {
            Ok(file) => read_entries(path, &file, each).map(drop),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io(path)(error)),
        }
    }

    pub(crate) fn append(&self, entry: &Entry) -> io::Result<()> {
        let tail = &mut *self.tail.lock();
        tail.line.clear();
        serde_json::to_writer(&mut tail.line, entry)?;
        tail.line.push(b'\n');
        if let Err(error) = tail.file.write_all(&tail.line) {
            // Half a line in the middle would spoil the file: what was not promised must leave no trace.
            tail.file.set_len(tail.length)?;
            return Err(error);
        }
        tail.length += tail.line.len() as u64;
        Ok(())
    }
}

/// The length of the file's whole lines, in bytes.
fn read_entries(path: &Path, file: &File, mut each: impl FnMut(Entry)) -> Result<u64, Error> {
    let mut lines = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut number, mut length) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        number += 1;
        let read = lines.read_until(b'\n', &mut line).map_err(Error::io(path))?;
        match serde_json::from_slice(&line) {
            Ok(entry) if line.ends_with(b"\n") => each(entry),
            _ if lines.fill_buf().map_err(Error::io(path))?.is_empty() => return Ok(length),
            _ => return Err(Error::Corrupt { path: path.to_owned(), line: number }),
        }
        length += read as u64;
    }
}
