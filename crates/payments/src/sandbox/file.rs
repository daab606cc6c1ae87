//! The sandbox's books on disk: one JSON object a line, append-only.
//!
//! Written before the answer and never synced: the sandbox plays a party that is not us, so its books must survive the
//! death of this process, not that of the machine.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use marquee_kernel::{BookingId, Currency, Money, RefundId, Timestamp};
use parking_lot::{Mutex, MutexGuard};
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

/// The open file, which several processes may share. One entry is one `write`, so that a killed process leaves whole lines,
/// all but perhaps the last.
#[derive(Debug)]
pub(crate) struct LedgerFile {
    path: PathBuf,
    tail: Mutex<Tail>,
}

#[derive(Debug)]
struct Tail {
    file: File,
    /// Bytes and lines read or written so far.
    length: u64,
    lines: usize,
    line: Vec<u8>,
}

/// The file, for one change: nobody else reads or writes it until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'f> {
    tail: MutexGuard<'f, Tail>,
}

impl LedgerFile {
    /// Opens or creates the file and hands every entry to `each`, in order.
    pub(crate) fn open(path: &Path, each: impl FnMut(Entry)) -> Result<Self, Error> {
        let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let file = opened.map_err(Error::io(path))?;
        let tail = Tail { file, length: 0, lines: 0, line: Vec::with_capacity(256) };
        let ledger = Self { path: path.to_owned(), tail: Mutex::new(tail) };
        drop(ledger.turn(each)?);
        Ok(ledger)
    }

    /// Reads the entries of the file at `path` and changes nothing; a missing file has none.
    pub(crate) fn read(path: &Path, each: impl FnMut(Entry)) -> Result<(), Error> {
        match File::open(path) {
            Ok(file) => read_entries(path, &file, 0, each).map(drop),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io(path)(error)),
        }
    }

    /// Waits for the file to be free, and hands what other processes wrote meanwhile to `each`. A torn last line is cut off:
    /// whoever wrote it is dead, and its change was never answered.
    pub(crate) fn turn(&self, each: impl FnMut(Entry)) -> Result<Turn<'_>, Error> {
        let wrong = |source| Error::Io { path: self.path.clone(), source };
        let tail = self.tail.lock();
        tail.file.lock().map_err(wrong)?;
        let mut turn = Turn { tail };
        let tail = &mut *turn.tail;
        let found = tail.file.metadata().map_err(wrong)?.len();
        if found > tail.length {
            tail.file.seek(SeekFrom::Start(tail.length)).map_err(wrong)?;
            let (bytes, lines) = read_entries(&self.path, &tail.file, tail.lines, each)?;
            (tail.length, tail.lines) = (tail.length + bytes, lines);
            if found > tail.length {
                warn!(length = tail.length, "torn last line of the sandbox ledger cut off");
                tail.file.set_len(tail.length).map_err(wrong)?;
            }
        }
        Ok(turn)
    }
}

impl Turn<'_> {
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let tail = &mut *self.tail;
        tail.line.clear();
        serde_json::to_writer(&mut tail.line, entry)?;
        tail.line.push(b'\n');
        if let Err(error) = tail.file.write_all(&tail.line) {
            // Half a line in the middle would spoil the file: what was not promised must leave no trace.
            tail.file.set_len(tail.length)?;
            return Err(error);
        }
        tail.length += tail.line.len() as u64;
        tail.lines += 1;
        Ok(())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.tail.file.unlock() {
            warn!(%error, "sandbox ledger not unlocked");
        }
    }
}

/// Reads whole lines after the first `lines`: their bytes, and how many lines there are now.
fn read_entries(
    path: &Path,
    file: &File,
    mut lines: usize,
    mut each: impl FnMut(Entry),
) -> Result<(u64, usize), Error> {
    let mut rest = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut length) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = rest.read_until(b'\n', &mut line).map_err(Error::io(path))?;
        match serde_json::from_slice(&line) {
            Ok(entry) if line.ends_with(b"\n") => each(entry),
            _ if rest.fill_buf().map_err(Error::io(path))?.is_empty() => return Ok((length, lines)),
            _ => return Err(Error::Corrupt { path: path.to_owned(), line: lines + 1 }),
        }
        lines += 1;
        length += read as u64;
    }
}
