//! Debug builds alone: notes every distinct statement in the file that `MARQUEE_SQL_LOG` names, so that
//! `scripts/portable_sql.py` can prepare what the tests ran on the other engine too.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

struct Log {
    file: File,
    noted: HashSet<String>,
}

static LOG: LazyLock<Option<Mutex<Log>>> = LazyLock::new(|| {
    let path = std::env::var_os("MARQUEE_SQL_LOG")?;
    let file = OpenOptions::new().create(true).append(true).open(path).ok()?;
    Some(Mutex::new(Log { file, noted: HashSet::new() }))
});

pub(crate) fn note(sql: &str) {
    let Some(log) = &*LOG else { return };
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.noted.insert(sql.to_owned()) {
        let line = format!("{}\n", sql.split_whitespace().collect::<Vec<_>>().join(" "));
        // A note that is lost fails no test; one line, one write, so that processes can share the file.
        let _ = log.file.write_all(line.as_bytes());
    }
}
